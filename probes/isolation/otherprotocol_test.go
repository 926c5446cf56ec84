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

// TestAnotherProtocolWhereHTTPIsPromised has an application that answers HTTP with a line of its own.
func TestAnotherProtocolWhereHTTPIsPromised(t *testing.T) {
	const noHTTP = `net/http: HTTP/1.x transport connection broken: malformed HTTP response "-ERR unknown command"`
	line := func(conn net.Conn) {
		if _, err := conn.Read(make([]byte, 4096)); err == nil {
			_, _ = io.WriteString(conn, "-ERR unknown command\r\n")
		}
	}
	for _, test := range []struct {
		name, appProtocol, scheme string
		proxied                   string
		client                    string
		mark                      check.Mark
		id, text, why             string
	}{
		{name: "http by appProtocol", appProtocol: "http", proxied: noHTTP, mark: check.MarkWarn, id: "PORT-13", text: "does not speak HTTP where HTTP is promised", why: "from appProtocol http"},
		{name: "as a person asked", appProtocol: "redis", scheme: "http", proxied: noHTTP, mark: check.MarkWarn, id: "PORT-13", text: "does not speak HTTP, in which it was asked", why: "by the evidence it speaks tcp, from appProtocol redis"},
		{name: "by the number alone", proxied: noHTTP, mark: check.MarkOK, text: "The application answers"},
		{name: "something else is promised", appProtocol: "redis", proxied: noHTTP, mark: check.MarkOK, text: "The application answers"},
		{name: "another endpoint answers in HTTP", appProtocol: "http", mark: check.MarkOK, text: "The application answers"},
		{name: "its client waits in vain", appProtocol: "http", proxied: noHTTP, client: "wget 143 connecting to 10.0.0.1 (10.0.0.1)... connected.", mark: check.MarkWarn, id: "PORT-13", text: "does not speak HTTP"},
		{name: "its client is hung up on", appProtocol: "http", proxied: noHTTP, client: "wget 1 wget: error getting response: Connection reset by peer", mark: check.MarkWarn, id: "PORT-13", text: "does not speak HTTP"},
		{name: "its client waits in vain, and the number alone speaks for HTTP", proxied: noHTTP, client: "wget 143 connecting to 10.0.0.1 (10.0.0.1)... connected.", mark: check.MarkOK, text: "a client inside the cluster gets a connection"},
		{name: "its client is not served", appProtocol: "http", proxied: noHTTP, client: "wget 1 wget: can't connect to remote host: Connection refused", mark: check.MarkFail},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.loopback["web-1:8080"] = line
			for _, path := range []string{"services/web:80", "pods/web-1:8080"} {
				w.proxied[path] = cannotReach(test.proxied)
				if test.proxied == "" {
					w.proxied[path] = replies(200, "fine")
				}
			}
			snapshot, request := withClient(speaking(test.appProtocol)), web
			request.Scheme = test.scheme
			if test.client != "" {
				request.Client = client
				request = agreeing(snapshot, request)
				w.run = byScript(test.client)
			}
			synctest.Test(t, func(t *testing.T) {
				got := Run(t.Context(), w, snapshot, request, nil).Conclusion
				if got.Mark != test.mark || got.ID != test.id || !strings.Contains(got.Text, test.text) || !strings.Contains(got.Why, test.why) {
					t.Errorf("got %v %s %q %q", got.Mark, got.ID, got.Text, got.Why)
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
