package kube

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/demo/apiserver"
	"github.com/svctui/svctui/kube/model"
)

func TestServiceName(t *testing.T) {
	for argument, want := range map[string][2]string{
		"checkout": {"checkout"}, "svc/checkout": {"checkout"}, "service/checkout": {"checkout"}, "Services/checkout": {"checkout"},
		"checkout.shop": {"checkout", "shop"}, "svc/checkout.shop": {"checkout", "shop"}, "checkout.shop.svc": {"checkout", "shop"},
		"checkout.shop.svc.cluster.local": {"checkout", "shop"}, "checkout.shop.svc.k8s.example.": {"checkout", "shop"},
		"pod/checkout": {}, "svc/": {}, "": {}, "svc/a/b": {}, "a b": {},
		"checkout.": {"checkout"}, ".shop": {}, "checkout..svc": {}, "checkout.shop.pod": {}, "checkout.shop.example": {}, ".": {},
	} {
		name, namespace, err := ServiceName(argument)
		if name != want[0] || namespace != want[1] || (err == nil) != (want[0] != "") {
			t.Errorf("%q: %q in %q, %v", argument, name, namespace, err)
		}
	}
}

// TestNamespaceOfAService holds that the namespace in a Service's name counts like -n, and never silently against it.
func TestNamespaceOfAService(t *testing.T) {
	for line, want := range map[string]struct{ namespace, scope string }{
		"":          {"shop", "shop"},
		"-n shop":   {"shop", "shop"},
		"-A":        {"shop", "shop"},
		"-n pay":    {"shop", ""},
		"-n own -A": {"", model.AllNamespaces},
	} {
		set := pflag.NewFlagSet("", pflag.ContinueOnError)
		flags := NewFlags()
		flags.AddFlags(set)
		if err := set.Parse(strings.Fields(line)); err != nil {
			t.Fatal(err)
		}
		err := flags.In(want.namespace, "web")
		if refused := want.namespace != "" && want.scope == ""; (err != nil) != refused {
			t.Errorf("%q: %v", line, err)
		} else if !refused && flags.Scope("own") != want.scope {
			t.Errorf("%q: %q", line, flags.Scope("own"))
		}
	}
}

func TestScope(t *testing.T) {
	for line, want := range map[string]struct{ scope, home string }{
		"":          {"own", "own"},
		"-n shop":   {"shop", "shop"},
		"-A":        {model.AllNamespaces, "own"},
		"-A -n pay": {model.AllNamespaces, "own"},
	} {
		set := pflag.NewFlagSet("", pflag.ContinueOnError)
		flags := NewFlags()
		flags.AddFlags(set)
		if err := set.Parse(strings.Fields(line)); err != nil {
			t.Fatal(err)
		}
		if scope, home := flags.Scope("own"), flags.Home("own"); scope != want.scope || home != want.home {
			t.Errorf("%q: %q, %q", line, scope, home)
		}
	}
	if flags := NewFlags(); flags.Scope("") != "default" || flags.Home("") != "default" {
		t.Errorf("nothing named: %q, %q", flags.Scope(""), flags.Home(""))
	}
}

func TestFindServices(t *testing.T) {
	c := newTestCluster(t, nil, service("shop", "cart"), service("pay", "cart"), service("shop", "web"))
	session := c.session()
	for _, test := range []struct {
		namespace, name string
		want            []model.Key
	}{
		{"shop", "cart", []model.Key{{Namespace: "shop", Name: "cart"}}},
		{model.AllNamespaces, "cart", []model.Key{{Namespace: "pay", Name: "cart"}, {Namespace: "shop", Name: "cart"}}},
		{"shop", "", []model.Key{{Namespace: "shop", Name: "cart"}, {Namespace: "shop", Name: "web"}}},
		{"shop", "gone", []model.Key{}},
	} {
		if got, err := session.FindServices(t.Context(), test.namespace, test.name); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%q in %q: %v, %v", test.name, test.namespace, got, err)
		}
	}
}

func TestCheckNamespace(t *testing.T) {
	c := newTestCluster(t, nil, &corev1.Namespace{ObjectMeta: named("", "shop")}, &corev1.Namespace{ObjectMeta: named("", "pay")})
	session := c.session()
	for namespace, want := range map[string]string{
		"shop": "", model.AllNamespaces: "",
		"shop-prod": "did you mean shop?",
		"other":     "`kubectl get namespaces`",
	} {
		if err := session.CheckNamespace(t.Context(), namespace); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", namespace, err)
		}
	}
	c.deny(func(a apiserver.Attributes) bool { return a.Resource == "namespaces" && a.Verb == "list" })
	for namespace, missing := range map[string]bool{"shop": false, "other": true} {
		if err := session.CheckNamespace(t.Context(), namespace); (err != nil) != missing {
			t.Errorf("%q, of namespaces that may be got and not listed: %v", namespace, err)
		}
	}
	c.deny(func(a apiserver.Attributes) bool { return a.Resource == "namespaces" })
	if err := session.CheckNamespace(t.Context(), "other"); err != nil {
		t.Errorf("what may not be known is told: %v", err)
	}
}
