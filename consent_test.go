package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/isolation"
)

func TestAgreed(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]bool{"y\n": true, "Yes\n": true, "  Y\n": true, "n\n": false, "\n": false, "": false, "yy\n": false} {
		var asked strings.Builder
		question := "Run it?"
		if !strings.HasSuffix(answer, "\n") {
			question += "\n"
		}
		if err := agreed(t.Context(), strings.NewReader(answer), &asked, "Run it?"); (err == nil) != want || asked.String() != question {
			t.Errorf("%q: %v, asked %q", answer, err, asked.String())
		}
	}
}

func TestInterruptedInsteadOfAgreed(t *testing.T) {
	t.Parallel()
	// Nobody ever answers.
	in, typing := io.Pipe()
	t.Cleanup(func() { _ = typing.Close() })
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	var asked strings.Builder
	if err := agreed(ctx, in, &asked, "Run it?"); !errors.Is(err, errInterruptedAsking) || asked.String() != "Run it?\n" {
		t.Errorf("%v, asked %q", err, asked.String())
	}
	if err := agreed(ctx, strings.NewReader("y\n"), &asked, "Run it?"); !errors.Is(err, errInterruptedAsking) {
		t.Errorf("a yes counts for a program that is ending: %v", err)
	}
}

func TestConsentNamesAll(t *testing.T) {
	t.Parallel()
	text := consentText(model.SessionInfo{Context: "prod\x1b[2J", KubectlArgs: []string{"--context", "prod"}}, []isolation.Command{{
		ExecRequest: model.ExecRequest{Namespace: "shop", Pod: "front-1", Container: "app", Command: model.DialCommand("http", 5*time.Second, []string{"10.96.0.1:80/"})},
		Purpose:     "tries things",
	}})
	for _, want := range []string{"Pod shop/front-1", "container app", "context prod", "kubectl --context prod -n shop exec front-1 -c app -- sh -c '", "svctui http 5 10.96.0.1:80/", "[y/N]", "for a; do dial & done; wait"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing:\n%s", want, text)
		}
	}
	if strings.Contains(text, "\x1b") {
		t.Error("control characters get through")
	}
}
