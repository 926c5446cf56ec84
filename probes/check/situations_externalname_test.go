package check

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// TestNamesOutsideOfTheCluster holds what is said of ExternalNames, by what cluster DNS and a Pod's resolver make of them.
func TestNamesOutsideOfTheCluster(t *testing.T) {
	t.Parallel()
	alias := func(target string) *corev1.Service { return aliasOf("web", target) }
	db := func() *corev1.Service { return service("db", nil) }
	chain := func(length int) objects {
		all := objects{aliasOf("web", "a1.shop.svc.cluster.local")}
		for i := 1; i < length; i++ {
			all = append(all, aliasOf(fmt.Sprintf("a%d", i), fmt.Sprintf("a%d.shop.svc.cluster.local", i+1)))
		}
		return all
	}
	keepsName := func(svc *corev1.Service) { svc.Spec.ExternalName = "nope.shop.svc.cluster.local" }
	testSituations(t, "externalname", map[string]situation{
		"a host":                          {objects: objects{alias("db.example.com")}, want: ""},
		"a host, with a dot":              {objects: objects{alias("db.example.com.")}, want: ""},
		"a host of two words":             {objects: objects{alias("example.com")}, want: ""},
		"a host that begins as a Service": {objects: objects{alias("db.pay.com"), inPay(db())}, want: ""},
		"itself":                          {objects: objects{alias("localhost")}, want: ""},
		"itself, in capitals":             {objects: objects{alias("LOCALHOST.")}, want: ""},
		"nothing":                         {objects: objects{alias("")}, want: ""},
		"an address":                      {objects: objects{alias("192.0.2.7")}, want: "EN-01 critical proven"},
		"one word":                        {objects: objects{alias("db")}, want: "EN-02 critical proven"},
		"one word, a Service":             {objects: objects{alias("db"), db()}, want: "EN-02 critical proven"},
		"one word, a Service elsewhere":   {objects: objects{alias("db"), inPay(db())}, want: "EN-02 critical proven"},
		"two words, a Service":            {objects: objects{alias("db.pay"), inPay(db())}, want: "EN-02 critical likely"},
		"two words and svc, a Service":    {objects: objects{alias("db.pay.svc"), inPay(db())}, want: "EN-02 critical likely"},
		"two words and svc, nothing":      {objects: objects{alias("db.pay.svc")}, want: ""},
		"another cluster's domain":        {objects: objects{alias("db.pay.svc.prod.local")}, want: ""},
		"a domain that begins as ours":    {objects: objects{alias("db.pay.svc.cluster.example")}, want: ""},

		"a Service that is absent":           {objects: objects{alias("till.pay.svc.cluster.local")}, want: "EN-03 critical proven"},
		"one of a name that is near":         {objects: objects{alias("db1.pay.svc.cluster.local"), inPay(db())}, want: "EN-03 critical proven"},
		"one of that name elsewhere":         {objects: objects{alias("db.stage.svc.cluster.local"), inPay(db())}, want: "EN-03 critical proven"},
		"one of that name beside the alias":  {objects: objects{alias("db.stage.svc.cluster.local"), db()}, want: "EN-03 critical proven"},
		"the alias itself has that name":     {objects: objects{alias("web.stage.svc.cluster.local")}, want: "EN-03 critical proven"},
		"both, so nobody knows":              {objects: objects{alias("db1.pay.svc.cluster.local"), inPay(db()), service("db1", nil)}, want: "EN-03 critical proven"},
		"an alias of an absent one":          {objects: objects{alias("a.shop.svc.cluster.local"), aliasOf("a", "db.pay.svc.cluster.local")}, want: "EN-03 critical proven"},
		"a circle of three":                  {objects: objects{alias("a.shop.svc.cluster.local"), aliasOf("a", "b.shop.svc.cluster.local"), aliasOf("b", "web.shop.svc.cluster.local")}, want: "EN-03 critical proven"},
		"as many aliases as are followed":    {objects: chain(aliasesFollowed), want: "EN-03 critical proven"},
		"more aliases than are followed":     {objects: chain(aliasesFollowed + 1), want: ""},
		"a Service that keeps a former name": {objects: objects{alias("db.shop.svc.cluster.local"), service("db", nil, keepsName)}, want: ""},
	})
}

// TestNoNameOutsideOfTheClusterIsAskedFor holds that only an alias of a Service is a reason to read another namespace.
func TestNoNameOutsideOfTheClusterIsAskedFor(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]int{"db.pay.svc.cluster.local": 1, "db.example.com": 0, "db.pay.svc.prod.local": 0, "db": 0} {
		snapshot := cluster(aliasOf("web", target)).Uncover(model.Need{Kind: model.Services}).
			Cover(model.Need{Kind: model.Services, Namespace: "shop"}, model.Coverage{State: model.Live}).Build(now)
		if needs := BeyondNeeds(web, snapshot); len(needs) != want {
			t.Errorf("%s: %v", target, needs)
		}
	}
}
