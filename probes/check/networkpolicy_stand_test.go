package check

import (
	"testing"

	"github.com/svctui/svctui/kube/model"
)

func TestPoliciesFor(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	front := fromPods(labels{"app": "front"})
	for name, test := range map[string]struct {
		objects objects
		want    PolicyStand
		policy  string
	}{
		"none":                      {nil, PoliciesOpen, ""},
		"of other Pods":             {objects{policy("p", labels{"app": "db"})}, PoliciesOpen, ""},
		"deny all":                  {objects{policy("deny", nil)}, PoliciesAdmitNobody, "deny"},
		"another port":              {objects{policy("p", app, allowIn(policyPorts(80)))}, PoliciesAdmitNobody, "p"},
		"some":                      {objects{policy("p", app, allowIn(policyPorts(8080), front), allowIn(policyPorts(80)))}, PoliciesAdmitSome, "p"},
		"everybody":                 {objects{policy("p", app, allowIn(policyPorts(8080)))}, PoliciesOpen, "p"},
		"everybody, beside some":    {objects{policy("a", app, allowIn(nil, front)), policy("p", app, allowIn(nil))}, PoliciesOpen, "a"},
		"some, beside another port": {objects{policy("a", app, allowIn(policyPorts(80))), policy("p", app, allowIn(nil, front))}, PoliciesAdmitSome, "a"},
	} {
		stand, name2 := PoliciesFor(cluster(test.objects...).Build(now), pod("a", app), 8080)
		if stand != test.want || name2 != test.policy {
			t.Errorf("%s: %d by %q", name, stand, name2)
		}
	}
	unread := cluster(policy("deny", nil)).Cover(model.Need{Kind: model.NetworkPolicies}, model.Coverage{State: model.Forbidden}).Build(now)
	if stand, by := PoliciesFor(unread, pod("a", app), 8080); stand != PoliciesUnread || by != "" {
		t.Errorf("not read: %d by %q", stand, by)
	}
}
