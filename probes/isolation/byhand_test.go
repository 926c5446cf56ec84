package isolation

import (
	"strings"
	"testing"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// UDP cannot be told from here. A DNS server can be asked by hand, which needs one line.
func TestADNSServerIsAskedByHand(t *testing.T) {
	for _, test := range []struct {
		name   string
		port   corev1.ServicePort
		client model.Key
		want   string
	}{
		{"from a Pod of its own", corev1.ServicePort{Port: 53, Protocol: corev1.ProtocolUDP}, model.Key{}, "run dns-try -it --rm --restart=Never --image=curlimages/curl -- nslookup -type=a kubernetes.default.svc.cluster.local. 10.96.0.1"},
		{"from a client", corev1.ServicePort{Port: 53, Protocol: corev1.ProtocolUDP}, client, "exec front-1 -- nslookup -type=a kubernetes.default.svc.cluster.local. 10.96.0.1"},
		{"another protocol of UDP", corev1.ServicePort{Port: 123, Protocol: corev1.ProtocolUDP}, model.Key{}, ""},
		{"DNS over TCP is tried", corev1.ServicePort{Port: 53, Protocol: corev1.ProtocolTCP}, model.Key{}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				snapshot := snapshotOf(webService(test.port), clientPodOf())
				request := web
				request.Client = test.client
				rung := rowOf(Run(t.Context(), newWorld(t), snapshot, request, nil), RungInCluster)
				if test.want == "" && rung.Paste != "" || !strings.Contains(rung.Paste, test.want) {
					t.Errorf("got %q, want %q", rung.Paste, test.want)
				}
				if creates := strings.Contains(rung.Paste, " run "); creates != (rung.PasteNote != "") {
					t.Errorf("the note is %q", rung.PasteNote)
				}
			})
		})
	}
}

// A line that is known not to be permitted is for others.
func TestADNSServerIsAskedByOthers(t *testing.T) {
	dns := corev1.ServicePort{Port: 53, Protocol: corev1.ProtocolUDP}
	for right, test := range map[string]struct {
		client model.Key
		denied []model.AccessQuestion
	}{
		"create pods in namespace shop":      {model.Key{}, []model.AccessQuestion{runRight("shop")}},
		"create pods/exec in namespace shop": {client, execRights("shop")},
	} {
		s := newSubject(snapshotOf(webService(dns), clientPodOf()), Request{Service: web.Service, Client: test.client, Denied: test.denied})
		if line, note := s.dnsLine(); line == "" || !strings.HasPrefix(note, "you may not "+right+", so this line is for somebody who may") {
			t.Errorf("%s: %q, %q", right, line, note)
		}
	}
}
