package apps_test

import (
	"testing"

	"github.com/svctui/svctui/kube/demo/apps"
)

func TestFind(t *testing.T) {
	known := apps.ByImage{
		"registry.example:5000/web":   {PullError: "any"},
		"registry.example:5000/web:2": {PullError: "second"},
	}
	for image, want := range map[string]string{
		"registry.example:5000/web":                 "any",
		"registry.example:5000/web:1":               "any",
		"registry.example:5000/web:2":               "second",
		"registry.example:5000/web:1@sha256:abcdef": "any",
		"registry.example:5000/other":               "",
	} {
		if got := known.Find(image).PullError; got != want {
			t.Errorf("%s is %q, want %q", image, got, want)
		}
	}
}

func TestListens(t *testing.T) {
	app := apps.Application{Ports: []apps.Port{{Number: 1}, {Number: 2, LoopbackOnly: true}, {Number: 3, PodIPOnly: true}, {Number: 4, UDP: true}}}
	for _, test := range []struct {
		number            int
		byPodIP, loopback bool
	}{{1, true, true}, {2, false, true}, {3, true, false}, {4, false, false}, {5, false, false}} {
		if _, ok := app.Listens(test.number, false); ok != test.byPodIP {
			t.Errorf("%d by the Pod's IP: %t", test.number, ok)
		}
		if _, ok := app.Listens(test.number, true); ok != test.loopback {
			t.Errorf("%d by localhost: %t", test.number, ok)
		}
	}
}

func TestPaths(t *testing.T) {
	answer := apps.Paths(map[string]apps.Response{"/": apps.Text(200, "root"), "/api/": apps.Text(201, "api"), "/healthz": apps.Text(503, "no")})
	for path, want := range map[string]int{"/": 200, "/x": 200, "/api/x": 201, "/healthz": 503, "/healthz/x": 200} {
		if got := answer(apps.Call{Path: path}).Status; got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	if got := apps.Paths(nil)(apps.Call{Path: "/"}).Status; got != 404 {
		t.Errorf("nothing there: %d", got)
	}
}
