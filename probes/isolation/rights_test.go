package isolation

import (
	"context"
	"strings"
	"testing"

	"github.com/svctui/svctui/kube/model"
)

// What is known not to be permitted is not proposed as if it were; what is not known is left as it was.
func TestWhatIsNotPermitted(t *testing.T) {
	exec, overWebSocket := execRights("shop")[0], execRights("shop")[1]
	debug, elsewhere := debugRight("shop"), Rights("stage")
	const neither = "(needs create pods/exec, or patch pods/ephemeralcontainers for kubectl debug; you have neither in namespace shop)"
	for _, test := range []struct {
		name   string
		denied []model.AccessQuestion
		// asked is whether a person is asked before commands are run.
		asked bool
		note  string
		next  string
	}{
		{"nothing is known", nil, true, "", ""},
		{"in another namespace", elsewhere, true, "", ""},
		{"exec over SPDY, but not over a WebSocket", []model.AccessQuestion{exec}, true, "", ""},
		{"exec over a WebSocket, but not over SPDY", []model.AccessQuestion{overWebSocket}, true, "", ""},
		{"kubectl debug", []model.AccessQuestion{debug}, true, "", ""},
		{"exec", []model.AccessQuestion{exec, overWebSocket}, false, debugNote, "(you may not create pods/exec in namespace shop)"},
		{"both", Rights("shop"), false, "you may not patch pods/ephemeralcontainers in namespace shop, so this line is for somebody who may; " + debugNote, neither},
	} {
		t.Run(test.name, func(t *testing.T) {
			snapshot := withClient(webService())
			request := web
			request.Client, request.Sockets, request.Denied = client, true, test.denied
			if commands := Commands(snapshot, request); (len(commands) == 2) != test.asked || len(commands) == 1 {
				t.Errorf("the commands are %+v", commands)
			}
			w := newWorld(t)
			w.loopback["web-1:8080"] = httpApp(200, "fine")
			refused := statusReply(403, "Forbidden", `services "web:80" is forbidden: User "eve" cannot get resource "services/proxy" in API group ""`)
			w.proxied["services/web:80"], w.proxied["pods/web-1:8080"] = refused, refused
			result := Run(context.Background(), w, snapshot, request, nil)
			for _, rung := range []Rung{RungInCluster, RungSockets} {
				seen := rowOf(result, rung)
				if test.asked {
					if seen.Outcome != NotRun || seen.Paste != "" {
						t.Errorf("%s: %+v", rung, seen)
					}
					continue
				}
				if seen.Outcome != Denied || seen.Detail != "you may not create pods/exec in namespace shop" || !strings.Contains(seen.Paste, " debug -it ") || seen.PasteNote != test.note {
					t.Errorf("%s: %+v", rung, seen)
				}
			}
			if len(w.ran) > 0 {
				t.Errorf("ran %q", w.ran)
			}
			if next := result.Conclusion.Next; !strings.Contains(next, fromAPod) || !strings.HasSuffix(next, test.next) || test.next == "" && strings.Contains(next, "you ") {
				t.Errorf("next is %q", next)
			}
		})
	}
}

// An advice that takes no right in Pods stays as it is.
func TestOnlyWhatRunsInAPodNeedsTheRight(t *testing.T) {
	s := subject{judged: &judged{}, request: Request{Service: web.Service, Denied: Rights(web.Service.Namespace)}}
	for _, next := range []string{"", "let it listen on 0.0.0.0:8080, then run the test again", "look at the firewall"} {
		if got := s.permitted(next); got != next {
			t.Errorf("%q became %q", next, got)
		}
	}
	for _, next := range []string{nextFor(RungInCluster, nil), nextFor(RungSockets, nil)} {
		if got := s.permitted(next); !strings.HasSuffix(got, "you have neither in namespace shop)") {
			t.Errorf("%q became %q", next, got)
		}
	}
}

func TestALineForOthers(t *testing.T) {
	for _, test := range []struct{ mayNot, note, want string }{
		{"", "", ""},
		{"", "it stays", "it stays"},
		{"you may not x", "", "you may not x, so this line is for somebody who may"},
		{"you may not x", "it stays", "you may not x, so this line is for somebody who may; it stays"},
	} {
		if got := forOthers(test.mayNot, test.note); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
