package isolation

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

func named(externalName string, ports ...corev1.ServicePort) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "web"},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: externalName, Ports: ports},
	}
}

func TestExternalName(t *testing.T) {
	const name = "erp.example.com"
	http := corev1.ServicePort{Port: 80, Protocol: corev1.ProtocolTCP}
	db := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "db"}}
	for _, test := range []struct {
		name     string
		service  *corev1.Service
		port     string
		unknown  bool
		outside  map[string]func(net.Conn)
		refuses  string
		here     string
		mark     check.Mark
		id, says string
	}{
		{
			name: "it answers", service: named(name+".", http), outside: map[string]func(net.Conn){name + ":80": httpApp(200, "fine")},
			here: name + ":80 ok", mark: check.MarkOK, says: "200 OK; resolves to 198.51.100.7",
		},
		{
			name: "any answer is one", service: named(name, http), outside: map[string]func(net.Conn){name + ":80": httpApp(503, "")},
			here: name + ":80 ok", mark: check.MarkOK, says: "503",
		},
		{
			name: "it refuses", service: named(name, http), refuses: name + ":80",
			here: name + ":80 refused", mark: check.MarkWarn, says: "refuses connections from here",
		},
		{
			name: "it is not reached", service: named(name, http), outside: map[string]func(net.Conn){name + ":80": nil},
			here: name + ":80 timeout", mark: check.MarkUnknown, says: "is not reached from here",
		},
		{
			name: "it is silent", service: named(name, http), outside: map[string]func(net.Conn){name + ":80": silentApp},
			here: name + ":80 timeout", mark: check.MarkUnknown, says: "does not answer",
		},
		{
			name: "it does not resolve", service: named("gone.example.com", http),
			here: "gone.example.com:80 error", mark: check.MarkUnknown, says: "does not resolve here: no such host",
		},
		{
			name: "it has no ports", service: named(name),
			here: name + " ok", mark: check.MarkUnknown, says: "declares no port, so none was dialled",
		},
		{
			name: "a person names the port", service: named(name), port: "8080", outside: map[string]func(net.Conn){name + ":8080": silentApp},
			here: name + ":8080 ok", mark: check.MarkOK, says: "connected; nothing was sent",
		},
		{
			name: "UDP", service: named(name, corev1.ServicePort{Port: 53, Protocol: corev1.ProtocolUDP}),
			here: name + " ok", mark: check.MarkUnknown, says: "UDP cannot be probed from here",
		},
		{
			name: "a Service of the cluster", service: named("db.shop.svc.cluster.local", http),
			here: "db.shop.svc.cluster.local not-run", mark: check.MarkUnknown, says: "svctui test db -n shop",
		},
		{
			name: "a Service that is not there", service: named("nothing.shop.svc.cluster.local", http),
			here: "nothing.shop.svc.cluster.local not-run", mark: check.MarkFail, id: "EN-03", says: "shop/nothing, which does not exist",
		},
		{
			name: "a Service that may be there", service: named("nothing.elsewhere.svc", http),
			here: "nothing.elsewhere.svc not-run", mark: check.MarkUnknown, says: "svctui test nothing -n elsewhere",
		},
		{
			name: "shorter", service: named("db.shop", http),
			here: "db.shop not-run", mark: check.MarkUnknown, says: "svctui test db -n shop",
		},
		{
			name: "without a dot", service: named("db", http),
			here: "db not-run", mark: check.MarkFail, id: "EN-02", says: "svctui test db -n shop",
		},
		{
			name: "without a dot, and no such Service", service: named("mainframe", http),
			here: "mainframe not-run", mark: check.MarkFail, id: "EN-02", says: "mainframe.NAMESPACE.svc.cluster.local",
		},
		{
			name: "an address", service: named("198.51.100.7", http),
			here: "198.51.100.7 not-run", mark: check.MarkFail, id: "EN-01", says: "DNS can only answer with a name",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.outside, w.names = test.outside, map[string][]string{name: {"198.51.100.7"}}
				w.refuses = map[string]bool{test.refuses: test.refuses != ""}
				got := Run(t.Context(), w, snapshotOf(test.service, db), Request{Service: model.Key{Namespace: namespace, Name: "web"}, Port: test.port, ReadOnly: true}, nil)
				said := fmt.Sprint(got.Conclusion)
				for _, seen := range got.Rungs {
					said += " " + seen.Detail
				}
				if here := fromHereOf(got); here != test.here || got.Conclusion.Mark != test.mark || got.Conclusion.ID != test.id || !strings.Contains(said, test.says) {
					t.Errorf("got %s, mark %v, %s\nwant %s, mark %v, %s, %q", here, got.Conclusion.Mark, said, test.here, test.mark, test.id, test.says)
				}
				if outcomesOf(got) != "not-run not-run not-run not-run" {
					t.Errorf("an ExternalName has no Pods: %s", outcomesOf(got))
				}
			})
		})
	}
}
