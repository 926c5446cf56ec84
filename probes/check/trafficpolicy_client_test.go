package check

import (
	"net/netip"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

func TestParseClient(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a": "Pod shop/a", "prod/a.b": "Pod prod/a.b", "namespace:prod": "any Pod of namespace prod", "203.0.113.7": "203.0.113.7",
		"::ffff:203.0.113.7": "203.0.113.7", "fe80::1%eth0": "fe80::1",
	} {
		if got, err := ParseClient(text, "shop"); err != nil || got.String() != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "A", "a/b/c", "namespace:", "namespace:A", "/a", "a/", "a b", "a\x1b[31m"} {
		if got, err := ParseClient(text, "shop"); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestWhereTheClientIs(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	local := func(change ...func(*corev1.Service)) *corev1.Service {
		return service("web", app, append([]func(*corev1.Service){internallyLocal}, change...)...)
	}
	outside := service("web", app, nodePort, externallyLocal)
	ranges := served("1.2.3.4", func(svc *corev1.Service) { svc.Spec.LoadBalancerSourceRanges = []string{"192.0.2.0/24"} })
	here, client := pod("a", app), Client{Pod: model.Key{Namespace: "shop", Name: "client"}}
	elsewhere := Client{Address: netip.MustParseAddr("203.0.113.7")}
	for name, test := range map[string]struct {
		objects objects
		client  Client
		want    string
		says    string
	}{
		"no Pod on its node":            {objects{local(), here, pod("client", nil, onNode("node-2"))}, client, "TP-02 major proven", "runs on its node node-2"},
		"a Pod on its node":             {objects{local(), here, pod("client", nil)}, client, "", ""},
		"a Pod on its node, not Ready":  {objects{local(), here, pod("b", app, onNode("node-2"), notReady), pod("client", nil, onNode("node-2"))}, client, "TP-02 major proven", "runs on its node node-2"},
		"nothing is usable anywhere":    {objects{local(), pod("a", app, notReady), pod("client", nil, onNode("node-2"))}, client, "", ""},
		"policy Cluster":                {objects{service("web", app), here, pod("client", nil, onNode("node-2"))}, client, "", ""},
		"headless":                      {objects{local(headless, ports(port(8080, 8080))), here, pod("client", nil, onNode("node-2"))}, client, "", ""},
		"a client that is on no node":   {objects{local(), here, pod("client", nil, onNode(""))}, client, "", ""},
		"a client that is not there":    {objects{local(), here}, client, "", ""},
		"a namespace":                   {objects{local(), here, pod("client", nil, onNode("node-2"))}, Client{Namespace: "shop"}, "", ""},
		"outside, by some nodes":        {objects{outside, here}, elsewhere, "TP-01 info proven", "the node port of node-1, and by no other"},
		"outside, by all nodes":         {objects{outside, here, pod("b", app, onNode("node-2"))}, elsewhere, "", ""},
		"inside, by some nodes":         {objects{outside, here, pod("client", nil, onNode("node-2"))}, client, "", ""},
		"out of the ranges":             {objects{ranges, here}, elsewhere, "LB-07 major proven", "203.0.113.7 is in none"},
		"in the ranges":                 {objects{ranges, here}, Client{Address: netip.MustParseAddr("192.0.2.9")}, "", ""},
		"a Pod is not kept out by them": {objects{ranges, here, pod("client", nil)}, client, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(cluster(append(test.objects, twoNodes()...)...))
			got := Reaches(in, model.Key{Namespace: "shop", Name: "web"}, 0, test.client).Findings
			said := ""
			if len(got) > 0 {
				said = strings.Join([]string{got[0].ID, got[0].Severity.String(), got[0].Confidence.String()}, " ")
			}
			if said != test.want || len(got) > 1 || test.says != "" && !strings.Contains(got[0].Title, test.says) {
				t.Errorf("got %q, want %q: %+v", said, test.want, got)
			}
		})
	}
}
