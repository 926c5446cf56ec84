package isolation

import (
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// plainApp answers whatever it is sent in plain HTTP.
func plainApp(conn net.Conn) {
	if _, err := conn.Read(make([]byte, 4096)); err == nil {
		_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
	}
}

func TestPlainHTTPWhereTLSIsPromised(t *testing.T) {
	const notTLS = "tls: first record does not look like a TLS handshake"
	of := func(appProtocol string) *model.Snapshot {
		pod := runningPod("web-1", "10.0.0.1")
		return snapshotOf(speaking(appProtocol), pod, sliceOf("", 8080, pod))
	}
	for _, test := range []struct {
		name, appProtocol, scheme, proxied string
		mark                               check.Mark
		id                                 string
	}{
		{"https by appProtocol", "https", "", notTLS, check.MarkWarn, "PORT-12"},
		{"in the words of a client", "https", "", "http: server gave HTTP response to HTTPS client", check.MarkWarn, "PORT-12"},
		{"as a person asked", "http", "https", notTLS, check.MarkWarn, "PORT-12"},
		{"a TLS alert is TLS", "https", "", "remote error: tls: bad certificate", check.MarkOK, ""},
		{"nothing promises TLS", "redis", "", "", check.MarkOK, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.loopback["web-1:8080"] = plainApp
			if test.mark == check.MarkOK {
				w.forwardErr = errForbidden
			}
			for _, path := range []string{"services/https:web:80", "pods/https:web-1:8080"} {
				w.proxied[path] = cannotReach(test.proxied)
			}
			for _, path := range []string{"services/web:80", "pods/web-1:8080"} {
				w.proxied[path] = replies(200, "fine")
			}
			request := web
			request.Scheme = test.scheme
			synctest.Test(t, func(t *testing.T) {
				got := Run(t.Context(), w, of(test.appProtocol), request, nil).Conclusion
				if got.Mark != test.mark || got.ID != test.id || test.id != "" && !strings.Contains(got.Text, "does not speak TLS") {
					t.Errorf("got %v %s %q", got.Mark, got.ID, got.Text)
				}
			})
		})
	}
}

// That an application hangs is seen by its client as well, and is not laid to what keeps clients out, nor to DNS.
func TestHangsForItsClientToo(t *testing.T) {
	silentAPI := silentOn(RungPod, RungService, RungProxyService, RungProxyPod)
	for _, test := range []struct {
		name, seen string
		edits      []edit
		mark       check.Mark
		text       string
	}{
		{"the client connects by the name only", "TMO TMO TMO TMO TMO SIL TMO", []edit{silentAPI}, check.MarkFail, "accepts connections and does not answer"},
		{"its queue is full by then", "TMO TMO TMO TMO TMO TMO TMO", []edit{silentAPI}, check.MarkFail, "accepts connections and does not answer"},
		{"the forward alone is silent, and the client is not connected", "TMO TMO PERM PERM TMO TMO TMO", []edit{silentOn(RungPod, RungService)}, check.MarkFail, "is kept out"},
		{"the application answers others", "OK OK OK OK TMO TMO TMO", nil, check.MarkFail, "is kept out"},
		{"a name that is not answered, and a Pod that is not either", "OK OK OK OK CON TMO TMO", nil, check.MarkUnknown, ""},
		{"a name that is not answered, and a Pod that is", "OK OK OK OK OK TMO OK", nil, check.MarkFail, "by its name"},
	} {
		t.Run(test.name, func(t *testing.T) {
			facts := oneUsable(test.edits...)
			got := Conclude(seenByClient(t, test.seen, &facts), facts)
			if got.Mark != test.mark || !strings.Contains(got.Text+got.Why, test.text) {
				t.Errorf("got %v %q %q", got.Mark, got.Text, got.Why)
			}
		})
	}
}
