package isolation

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// TestCommandsAreExplained holds what a person reads before a command runs.
func TestCommandsAreExplained(t *testing.T) {
	headless := webService()
	headless.Spec.ClusterIP = corev1.ClusterIPNone
	alias := webService()
	alias.Spec = corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "db.example.com", Ports: alias.Spec.Ports}
	ended := func(pod *corev1.Pod) { pod.Status.Phase = corev1.PodSucceeded }
	for _, test := range []struct {
		name    string
		service *corev1.Service
		client  func(*corev1.Pod)
		edit    func(*Request)
		want    []string
	}{
		{"nothing", webService(), nil, func(*Request) {}, nil},
		{"a client", webService(), nil, func(r *Request) { r.Client = client }, []string{"front-1/c tries 10.96.0.1:80, web.shop.svc:80 and 10.0.0.1:8080 from there"}},
		{"a client of a headless Service", headless, nil, func(r *Request) { r.Client = client }, []string{"front-1/c tries web.shop.svc:8080 and 10.0.0.1:8080 from there"}},
		{"a client of an ExternalName", alias, nil, func(r *Request) { r.Client = client }, []string{"front-1/c tries web.shop.svc:80 from there"}},
		{"a client that has ended", webService(), ended, func(r *Request) { r.Client = client }, nil},
		{"sockets", webService(), nil, func(r *Request) { r.Sockets = true }, []string{"web-1/c reads which addresses and ports are listened on"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			request := web
			test.edit(&request)
			var edits []func(*corev1.Pod)
			if test.client != nil {
				edits = append(edits, test.client)
			}
			var got []string
			for _, command := range Commands(withClient(test.service, edits...), request) {
				got = append(got, command.Pod+"/"+command.Container+" "+command.Purpose)
			}
			if strings.Join(got, "; ") != strings.Join(test.want, "; ") {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAgreed(t *testing.T) {
	wanted := model.ExecRequest{Namespace: "shop", Pod: "web-1", Container: "c", Command: []string{"cat", "/proc/net/tcp"}}
	with := func(edit func(*model.ExecRequest)) model.ExecRequest {
		request := wanted
		edit(&request)
		return request
	}
	for _, test := range []struct {
		name   string
		agreed []model.ExecRequest
		ok     bool
		why    string
	}{
		{"to nothing", nil, false, "nobody agreed to this command"},
		{"to this", []model.ExecRequest{wanted}, true, ""},
		{"to this, in the Pod's only container", []model.ExecRequest{with(func(r *model.ExecRequest) { r.Container = "" })}, true, ""},
		{"in another container", []model.ExecRequest{with(func(r *model.ExecRequest) { r.Container = "sidecar" })}, false, "another command than the one agreed to"},
		{"in another namespace", []model.ExecRequest{with(func(r *model.ExecRequest) { r.Namespace = "stage" })}, false, "another command than the one agreed to"},
		{"in another Pod", []model.ExecRequest{with(func(r *model.ExecRequest) { r.Pod = "web-2" })}, false, "another command than the one agreed to"},
		{"to another command", []model.ExecRequest{with(func(r *model.ExecRequest) { r.Command = []string{"cat"} })}, false, "another command than the one agreed to"},
		{"to another one and to this", []model.ExecRequest{with(func(r *model.ExecRequest) { r.Pod = "web-2" }), wanted}, true, ""},
	} {
		s := subject{request: Request{Agreed: test.agreed}}
		got, ok := s.agreed(wanted)
		if ok != test.ok || got.Pod != wanted.Pod || ok && got.Container != test.agreed[len(test.agreed)-1].Container {
			t.Errorf("%s: %t, %+v", test.name, ok, got)
		}
		if why := s.whyNotAgreed(); !test.ok && !strings.HasPrefix(why, test.why) {
			t.Errorf("%s: %q", test.name, why)
		}
	}
}

func TestTheDebugLineIsForAContainer(t *testing.T) {
	in := model.ExecRequest{Namespace: "shop", Pod: "web-1", Container: "app"}
	if line, want := debugLine(nil, in, []string{"curl", "a b"}), "kubectl -n shop debug -it web-1 --image=curlimages/curl --target=app -- curl 'a b'"; line != want {
		t.Errorf("got %s, want %s", line, want)
	}
	in.Container = ""
	if line := debugLine(nil, in, []string{"curl"}); strings.Contains(line, "--target") {
		t.Errorf("it has an empty target: %s", line)
	}
}
