package main

import (
	"strings"
	"testing"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/isolation"
)

func TestAgreed(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]bool{"y\n": true, "Yes\n": true, "  Y\n": true, "n\n": false, "\n": false, "": false, "yy\n": false} {
		var asked strings.Builder
		if err := agreed(strings.NewReader(answer), &asked, "Run it?"); (err == nil) != want || asked.String() != "Run it?" {
			t.Errorf("%q: %v, asked %q", answer, err, asked.String())
		}
	}
}

func TestConsentNamesAll(t *testing.T) {
	t.Parallel()
	text := consentText(model.SessionInfo{Context: "prod\x1b[2J", KubectlArgs: []string{"--context", "prod"}}, []isolation.Command{{
		ExecRequest: model.ExecRequest{Namespace: "shop", Pod: "front-1", Container: "app", Command: model.DialCommand("http", []string{"10.96.0.1:80/"})},
		Purpose:     "tries things",
	}})
	for _, want := range []string{"Pod shop/front-1", "container app", "context prod", "kubectl --context prod -n shop exec front-1 -c app -- sh -c '", "svctui http 10.96.0.1:80/", "[y/N]", "for a; do dial & done; wait"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing:\n%s", want, text)
		}
	}
	if strings.Contains(text, "\x1b") {
		t.Error("control characters get through")
	}
}
