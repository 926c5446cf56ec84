package check

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// TestValueCostOfNearWords has pairs at the edge of what may be suggested.
func TestValueCostOfNearWords(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		wanted, got string
		cost        int
	}{
		{"redis-master", "redis", costAffix},
		{"master", "redis-master", costAffix},
		{"-", "redis", costOther},
		{"redis", "redis-redis", costAffix},
		{"a-b", "b-a", costOther},
		// Two slips need seven letters, over all words and in each.
		{"cart-web", "crat-wbe", costOther},
		{"abcd-efgh", "abce-efgi", costTwoTypos},
		{"web-app", "webb-appp", costOther},
		{"web-checkout", "web-chekout", costOneTypo},
		{"frontent", "fronttend", costTwoTypos},
		{"front", "frnot", costOneTypo},
		{"front", "frtno", costOther},
		{"abcdef", "abcxyf", costOther},
		{"abcdefg", "abcxyfg", costTwoTypos},
		{"abcdefghij", "abcdefghijkl", costTwoTypos},
		{"abcdefghij", "abcdefghijklm", costOther},
		// Of three letters only two that changed places.
		{"abc", "bac", costTwoTypos},
		{"abc", "acb", costTwoTypos},
		{"abc", "cab", costOther},
		{"abc", "cba", costOther},
		{"abc", "bad", costOther},
		{"abc", "acd", costOther},
		{"abc", "xcb", costOther},
		{"abcd", "bacd", costOneTypo},
		{"ab", "ba", costOther},
		{"abb", "bab", costTwoTypos},
		{"abc", "dab", costOther},
		{"abc", "bxc", costOther},
		{"abc", "xac", costOther},
		{"abc", "axb", costOther},
		// The words that people set up side by side, in one place only.
		{"blue-api", "green-app", costOther},
		{"blue-web", "web-green", costOther},
		{"v9", "v8", costSibling},
		{"web-9", "web9", costSeparator},
		{"web-09", "web-9", costSibling},
	} {
		if got := valueCost(test.wanted, test.got); got != test.cost {
			t.Errorf("%q for %q costs %d, want %d", test.got, test.wanted, got, test.cost)
		}
	}
}

func TestKeyCost(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		wanted, got string
		cost        int
	}{
		{"App", "app", costKeyCase},
		{"app", "k8s-app", costKeyAlias},
		{"app", "app.kubernetes.io/instance", costKeyAlias},
		{"example.com/role", "other.org/role", costKeyAlias},
		{"role", "app.kubernetes.io/name", costAbsent},
		{"app", "role", costAbsent},
		{"tier", "tire", costAbsent},
		{"tiers", "teirs", costKeyTypo},
		{"tier", "tiers", costAbsent},
		{"component", "compnentt", costKeyTypo},
		{"component", "cmpnentt", costAbsent},
		{"shard1", "shard2", costAbsent},
		{"release", "version", costAbsent},
	} {
		if got := keyCost(test.wanted, test.got); got != test.cost {
			t.Errorf("%q for %q costs %d, want %d", test.got, test.wanted, got, test.cost)
		}
	}
}

func released(by string, key string) func(*corev1.Service) {
	return func(svc *corev1.Service) {
		if key == "label" {
			svc.Labels = labels{instanceLabel: by}
		} else {
			svc.Annotations = labels{"meta.helm.sh/release-name": by}
		}
	}
}

// TestSelectorsThatMatchNothing holds which Pods a selector may have meant, and how sure that is.
func TestSelectorsThatMatchNothing(t *testing.T) {
	t.Parallel()
	selects := func(selector labels, change ...func(*corev1.Service)) *corev1.Service {
		return service("web", selector, change...)
	}
	app := func(name string, own labels, change ...func(*corev1.Pod)) *corev1.Pod {
		return pod(name, own, append([]func(*corev1.Pod){ofDeploy(name)}, change...)...)
	}
	other := containerPorts(declared("x", 1, "TCP"))
	// never is a slice that never held an endpoint, unknown one of which nothing is told.
	never := func(svc *corev1.Service) *discoveryv1.EndpointSlice {
		slice := slicesFor(svc)[0]
		slice.ManagedFields = managedBySlices(`{"f:addressType":{}}`, time.Hour)
		return slice
	}
	unknown := func(svc *corev1.Service) *discoveryv1.EndpointSlice {
		slice := slicesFor(svc)[0]
		slice.ManagedFields = nil
		return slice
	}
	cart, replica := selects(labels{"app": "cart"}), selects(labels{"app": "db", "role": "replica"})
	changed := changedBy("kubectl-edit", `{"f:spec":{"f:selector":{}}}`, 5*time.Minute)
	three := labels{"app": "wbe"}
	stale := labels{"app": "web", "pod-template-hash": "abc"}
	emptied := slicesFor(selects(stale))[0]
	emptied.ManagedFields = managedBySlices(`{"f:endpoints":{}}`, 30*time.Second)
	situations := map[string]situation{
		"nothing":                                                {objects: objects{selects(labels{"app": "cart"}), app("a", labels{"app": "payments"})}, want: "SEL-04 critical proven"},
		"nothing, since the selector changed":                    {objects: objects{selects(labels{"app": "cart"}, changed), app("a", labels{"app": "payments"})}, want: "SEL-04 critical proven"},
		"nothing, the selector changed long ago":                 {objects: objects{selects(labels{"app": "cart"}, changedBy("kubectl-edit", `{"f:spec":{"f:selector":{}}}`, 50*time.Minute)), app("a", labels{"app": "payments"})}, want: "SEL-04 critical proven"},
		"nothing, and never":                                     {objects: objects{cart, never(cart)}, want: "SEL-04 major likely"},
		"nothing, and nobody knows of ever":                      {objects: objects{cart, unknown(cart)}, want: "SEL-04 critical proven"},
		"nothing, in one of two slices never":                    {objects: objects{cart, never(cart), func() metav1.Object { s := unknown(cart); s.Name = "second"; return s }()}, want: "SEL-04 critical proven"},
		"nothing, workloads not to be read":                      {objects: objects{selects(labels{"app": "cart"})}, want: "SEL-04 critical proven", without: []model.Kind{model.Deployments}},
		"a slip, two Pods":                                       {objects: objects{selects(labels{"app": "checkout"}), pod("a", labels{"app": "chekout"}, ofDeploy("x")), pod("b", labels{"app": "chekout"}, ofDeploy("x"))}, want: "SEL-01 critical proven"},
		"a slip, four Pods":                                      {objects: objects{selects(labels{"app": "checkout"}), pod("a", labels{"app": "chekout"}), pod("b", labels{"app": "chekout"}), pod("c", labels{"app": "chekout"}), pod("d", labels{"app": "chekout"})}, want: "SEL-01 critical proven"},
		"two slips":                                              {objects: objects{selects(labels{"app": "shipments"}), app("a", labels{"app": "shipmnt"})}, want: "SEL-01 critical proven"},
		"three letters":                                          {objects: objects{selects(three), app("a", labels{"app": "web"})}, want: "SEL-01 critical proven"},
		"a part of a name":                                       {objects: objects{selects(labels{"app": "redis"}), app("a", labels{"app": "redis-master"})}, want: "SEL-01 critical proven"},
		"a dash":                                                 {objects: objects{selects(labels{"app": "myapp"}), app("a", labels{"app": "my-app"})}, want: "SEL-01 critical proven"},
		"a dash and case":                                        {objects: objects{selects(labels{"app": "myapp"}), app("a", labels{"app": "My-App"})}, want: "SEL-01 critical proven"},
		"another key, two pairs right":                           {objects: objects{selects(labels{"app": "web", "tier": "front"}), app("a", labels{"name": "web", "tier": "front"})}, want: "SEL-01 critical proven"},
		"two keys":                                               {objects: objects{selects(labels{"app": "web", "component": "front"}), app("a", labels{"name": "web", "app.kubernetes.io/component": "front"})}, want: "SEL-01 critical proven"},
		"two keys and a slip":                                    {objects: objects{selects(labels{"app": "checkout", "component": "front"}), app("a", labels{"app": "chekout", "app.kubernetes.io/component": "front"})}, want: "SEL-01 critical proven"},
		"the values swapped, and a third":                        {objects: objects{selects(labels{"app": "web", "tier": "front", "team": "a"}), app("a", labels{"app": "front", "tier": "web", "team": "a"})}, want: "SEL-01 critical proven"},
		"one value twice":                                        {objects: objects{selects(labels{"app": "web", "name": "web"}), app("a", labels{"app": "web"})}, want: "SEL-02 critical proven"},
		"one value twice, and none":                              {objects: objects{selects(labels{"app": "web", "name": "web"}), app("a", labels{"k8s-app": "web"})}, want: "SEL-01 critical proven"},
		"a value under the other's key":                          {objects: objects{selects(labels{"app": "web", "tier": "front"}), app("a", labels{"app": "front", "tier": "else"})}, want: "SEL-04 critical proven"},
		"an unrelated key, three letters":                        {objects: objects{selects(labels{"app": "web"}), app("a", labels{"service": "web"})}, want: "SEL-01 critical proven"},
		"an unrelated key, two letters":                          {objects: objects{selects(labels{"app": "db"}), app("a", labels{"service": "db"})}, want: "SEL-04 critical proven"},
		"an unrelated key, another value":                        {objects: objects{selects(labels{"app": "payments"}), app("a", labels{"service": "payment"})}, want: "SEL-04 critical proven"},
		"a name's key, a value too far":                          {objects: objects{selects(labels{"app": "payments"}), app("a", labels{"name": "orders"})}, want: "SEL-04 critical proven"},
		"two keys, the nearer first":                             {objects: objects{selects(labels{"App": "payments"}), app("a", labels{"app": "payments", "name": "payments"})}, want: "SEL-01 critical proven"},
		"two keys, the nearer last":                              {objects: objects{selects(labels{"app": "payments"}), app("a", labels{"aaa": "payments", "name": "payments"})}, want: "SEL-01 critical proven"},
		"two keys as near, none an instance":                     {objects: objects{selects(labels{"app": "payments"}), app("a", labels{"k8s-app": "payments", "name": "payments"})}, want: "SEL-01 critical proven"},
		"instance first, too far":                                {objects: objects{selects(labels{"app": "web"}), app("a", labels{"app.kubernetes.io/instance": "orders", "name": "cart"})}, want: "SEL-04 critical proven"},
		"a label without a value, and a slip":                    {objects: objects{selects(labels{"app": "", "component": "frontend"}), app("a", labels{"component": "fronted"})}, want: "SEL-04 critical proven"},
		"two labels without a value":                             {objects: objects{selects(labels{"app": "", "tier": ""}), app("a", labels{"team": "x"})}, want: "SEL-04 critical proven"},
		"a value and none swapped":                               {objects: objects{selects(labels{"app": "", "tier": "front"}), app("a", labels{"app": "front"})}, want: "SEL-04 critical proven"},
		"half swapped, and a slip in the other":                  {objects: objects{selects(labels{"app": "checkout", "tier": "frontend"}), app("a", labels{"app": "frontend", "tier": "frontends"})}, want: "SEL-04 critical proven"},
		"a value and none swapped, and a key":                    {objects: objects{selects(labels{"app": "", "tier": "front"}), app("a", labels{"app": "front", "example.com/tier": "front"})}, want: "SEL-04 critical proven"},
		"half swapped, and a slip":                               {objects: objects{selects(labels{"app": "backend", "tier": "backends"}), app("a", labels{"app": "backends", "tier": "x"})}, want: "SEL-04 critical proven"},
		"instance first, the name farther":                       {objects: objects{selects(labels{"app": "checkout"}), app("a", labels{"app.kubernetes.io/instance": "checkout", "name": "checkout-api"})}, want: "SEL-01 critical proven"},
		"the label is absent, another Service has another label": {objects: objects{selects(labels{"app": "web", "tier": "front"}), app("a", labels{"app": "web", "part": "x"}), service("part", labels{"app": "web", "part": "x"})}, want: "SEL-02 critical proven"},
		"another value, another Service has one pair more":       {objects: objects{selects(labels{"app": "web", "tier": "front"}), app("a", labels{"app": "web", "tier": "back", "version": "v2"}), service("v2", labels{"app": "web", "tier": "back", "version": "v2"})}, want: "SEL-02 critical proven"},
		"another value, another Service has another of the rest": {objects: objects{selects(labels{"app": "web", "tier": "front"}), app("a", labels{"app": "web", "tier": "back", "team": "x"}), service("x", labels{"team": "x", "tier": "back"})}, want: "SEL-02 critical proven"},
		"a label without a value, and Pods without it":           {objects: objects{selects(labels{"app": "web", "tier": ""}), app("a", labels{"app": "web"})}, want: "SEL-02 critical proven"},
		"a label without a value":                                {objects: objects{selects(labels{"app": ""}), app("a", labels{"tier": "x"})}, want: "SEL-04 critical proven"},
		"a label whose value is empty":                           {objects: objects{selects(labels{"app": "web"}), app("a", labels{"app": ""})}, want: "SEL-04 critical proven"},

		"two groups, one is of its release":                {objects: objects{selects(labels{"app": "redis"}, released("shop", "label")), app("m", labels{"app": "redis-master", instanceLabel: "shop"}), app("n", labels{"app": "redis-node", instanceLabel: "other"}, other)}, want: "SEL-01 critical proven"},
		"two groups, one is of its Helm release":           {objects: objects{selects(labels{"app": "redis"}, released("shop", "annotation")), app("m", labels{"app": "redis-master", "release": "shop"}), app("n", labels{"app": "redis-node"}, other)}, want: "SEL-01 critical proven"},
		"two groups, one has its port":                     {objects: objects{selects(labels{"app": "redis"}), app("m", labels{"app": "redis-master"}), app("n", labels{"app": "redis-node"}, other)}, want: "SEL-01 critical proven"},
		"two groups, one has its port, the other its name": {objects: objects{selects(labels{"app": "redis"}), app("m", labels{"app": "redis-master"}), app("web", labels{"app": "redis-node"}, other)}, want: "SEL-01 critical proven"},
		"two groups, one has its port by name":             {objects: objects{selects(labels{"app": "redis"}, ports(port(80, "http"))), app("m", labels{"app": "redis-master"}), app("n", labels{"app": "redis-node"}, other)}, want: "SEL-01 critical proven"},
		"two groups, one has one of its ports":             {objects: objects{selects(labels{"app": "redis"}, ports(namedPort("a", 80, "http"), namedPort("b", 81, "more"))), app("m", labels{"app": "redis-master"}), app("n", labels{"app": "redis-node"}, other)}, want: "SEL-01 critical proven"},
		"two groups of a Service without ports":            {objects: objects{selects(labels{"app": "redis"}, headless, ports()), app("m", labels{"app": "redis-master"}), app("n", labels{"app": "redis-node"}, other)}, want: "SEL-01 critical proven"},
		"two groups, one is another Service's":             {objects: objects{selects(labels{"app": "redis"}), app("m", labels{"app": "redis-master"}), app("n", labels{"app": "redis-node"}, other), service("node", labels{"app": "redis-node"})}, want: "SEL-01 critical proven"},
		"two groups, one is an ExternalName's":             {objects: objects{selects(labels{"app": "redis"}), app("m", labels{"app": "redis-master"}), app("n", labels{"app": "redis-node"}), service("node", labels{"app": "redis-master"}, externalName("db.example.com"))}, want: "SEL-01 critical proven"},
		"two groups, and a Service without a selector":     {objects: objects{selects(labels{"app": "redis"}), app("m", labels{"app": "redis-master"}), app("n", labels{"app": "redis-node"}), service("node", nil)}, want: "SEL-01 critical proven"},
		"two groups, one of more Pods":                     {objects: objects{selects(labels{"app": "redis"}), app("m", labels{"app": "redis-master"}), app("n", labels{"app": "redis-node"}), app("o", labels{"app": "redis-node"})}, want: "SEL-01 critical proven"},
		"two groups, the nearer one last":                  {objects: objects{selects(labels{"app": "checkout"}), app("a", labels{"app": "checkout-api"}), app("z", labels{"app": "chekout"})}, want: "SEL-01 critical proven"},
		"two groups as near, and one farther":              {objects: objects{selects(labels{"app": "checkout"}), app("a", labels{"app": "chekout"}), app("b", labels{"app": "checkoutt"}), app("z", labels{"app": "checkout-api"})}, want: "SEL-01 critical proven"},
		"five groups":                                      {objects: objects{selects(labels{"app": "redis"}), app("k", labels{"app": "redis-k"}), app("l", labels{"app": "redis-l"}), app("m", labels{"app": "redis-m"}), app("n", labels{"app": "redis-n"}), app("o", labels{"app": "redis-o"})}, want: "SEL-01 critical proven"},
		"four groups":                                      {objects: objects{selects(labels{"app": "redis"}), app("k", labels{"app": "redis-k"}), app("l", labels{"app": "redis-l"}), app("m", labels{"app": "redis-m"}), app("n", labels{"app": "redis-n"})}, want: "SEL-01 critical proven"},
		"named like it by one slip":                        {objects: objects{service("checkout", labels{"app": "redis"}), app("m", labels{"app": "redis-m"}), app("chekcuot", labels{"app": "redis-n"}, ports8080)}, want: "SEL-01 critical proven"},
		"a Pod of nobody that is named like it":            {objects: objects{service("checkout", labels{"app": "redis"}), pod("checkout-x", labels{"app": "redis-m"}), pod("other", labels{"app": "redis-n"})}, want: "SEL-01 critical proven"},

		"one pair, the label is absent":           {objects: objects{selects(labels{"app": "web", "tier": "front"}), app("a", labels{"app": "web"})}, want: "SEL-02 critical proven"},
		"one pair, another value":                 {objects: objects{selects(labels{"app": "web", "tier": "front"}), app("a", labels{"app": "web", "tier": "middle"})}, want: "SEL-02 critical proven"},
		"one pair, another value of some":         {objects: objects{selects(labels{"app": "web", "tier": "front"}), app("a", labels{"app": "web", "tier": "middle"}), app("b", labels{"app": "web"})}, want: "SEL-02 critical proven"},
		"one pair, another value of two of three": {objects: objects{selects(labels{"app": "web", "tier": "front"}), app("a", labels{"app": "web", "tier": "middle"}), app("c", labels{"app": "web", "tier": "middle"}), app("b", labels{"app": "web"})}, want: "SEL-02 critical proven"},
		"one pair, five values, four Pods":        {objects: objects{selects(labels{"app": "web", "tier": "front"}), app("a", labels{"app": "web", "tier": "q"}), app("b", labels{"app": "web", "tier": "r"}), app("c", labels{"app": "web", "tier": "s"}), app("d", labels{"app": "web", "tier": "t"}), app("e", labels{"app": "web", "tier": "u"})}, want: "SEL-02 critical proven"},
		"one pair, of a team":                     {objects: objects{selects(labels{"team": "a", "tier": "front"}), app("a", labels{"team": "a"})}, want: "SEL-04 critical proven"},
		"one pair, the Pods have ended":           {objects: objects{selects(labels{"app": "web", "tier": "front"}), app("a", labels{"app": "web"}, ended(corev1.PodFailed))}, want: "SEL-04 critical proven"},
		"one pair of one":                         {objects: objects{selects(labels{"app": "web"}), app("a", labels{"tier": "x"})}, want: "SEL-04 critical proven"},
		"a standby, and never":                    {objects: objects{replica, never(replica), app("a", labels{"app": "db", "role": "primary"})}, want: "SEL-02 major likely"},
		"a standby without the label, and never":  {objects: objects{replica, never(replica), app("a", labels{"app": "db"})}, want: "SEL-02 critical proven"},
		"no standby, and never": func() situation {
			svc := selects(labels{"app": "db", "role": "first"})
			return situation{objects: objects{svc, never(svc), app("a", labels{"app": "db", "role": "primary"})}, want: "SEL-02 critical proven"}
		}(),

		"a stale hash": {objects: objects{selects(labels{"app": "web", "pod-template-hash": "abc"}), app("a", labels{"app": "web"})}, want: "SEL-08 critical likely"},
		"a stale hash, ReplicaSets not to be read":               {objects: objects{selects(labels{"app": "web", "pod-template-hash": "abc"}), app("a", labels{"app": "web"})}, want: "SEL-08 critical possible", without: []model.Kind{model.ReplicaSets}},
		"a stale hash of half a minute":                          {objects: objects{selects(labels{"app": "web", "pod-template-hash": "abc"}, changedBy("rollouts-controller", `{"f:spec":{"f:selector":{}}}`, 30*time.Second)), app("a", labels{"app": "web"})}, want: "SEL-08 minor likely"},
		"a stale hash of two minutes":                            {objects: objects{selects(labels{"app": "web", "pod-template-hash": "abc"}, changedBy("rollouts-controller", `{"f:spec":{"f:selector":{}}}`, 2*time.Minute)), app("a", labels{"app": "web"})}, want: "SEL-08 critical likely"},
		"a stale hash of two minutes, slices that changed since": {objects: objects{selects(stale, changedBy("rollouts-controller", `{"f:spec":{"f:selector":{}}}`, 2*time.Minute)), app("a", labels{"app": "web"}), emptied}, want: "SEL-08 critical likely"},
		"a stale hash of the stable Service":                     {objects: objects{selects(labels{"app": "web", "pod-template-hash": "abc"}), app("a", labels{"app": "web"}), rollout("web", 1, labels{"app": "web"}, func(r *model.Rollout) { r.StableService, r.CanaryService = "web", "web" })}, want: "SEL-08 critical likely"},
		"at 0, a hash, of the stable Service":                    {objects: objects{selects(labels{"app": "web", "pod-template-hash": "abc"}), owned(replicaSet("web-abc", 0, labels{"app": "web", "pod-template-hash": "abc"}), "Rollout", "web"), rollout("web", 1, labels{"app": "web"}, func(r *model.Rollout) { r.StableService = "web" })}, want: "WL-01 major proven"},
	}
	far := func(name string, namespaces ...string) objects {
		all := objects{selects(labels{"app": "cart"})}
		for i, namespace := range namespaces {
			all = append(all, placed(pod(name+string(rune('a'+i)), labels{"app": "cart"}), namespace))
		}
		return all
	}
	situations["elsewhere"] = situation{objects: far("p", "pay"), want: "SEL-03 critical proven"}
	situations["elsewhere, three Pods"] = situation{objects: append(far("p", "pay"), placed(pod("q", labels{"app": "cart"}), "pay"), placed(pod("r", labels{"app": "cart"}), "pay")), want: "SEL-03 critical proven"}
	situations["elsewhere, in four namespaces"] = situation{objects: far("p", "n1", "n2", "n3", "n4"), want: "SEL-03 critical proven"}
	situations["elsewhere, with a Service"] = situation{objects: append(far("p", "pay"), placed(service("there", labels{"app": "cart"}), "pay")), want: "SEL-03 critical proven"}
	situations["elsewhere, with a Service, and never"] = situation{objects: append(far("p", "n1", "pay", "z"), placed(service("there", labels{"app": "cart"}), "pay"), never(cart)), want: "SEL-03 critical likely"}
	situations["elsewhere, without a Service, and never"] = situation{objects: append(far("p", "pay"), never(cart)), want: "SEL-03 critical proven"}
	situations["elsewhere, ended"] = situation{objects: objects{selects(labels{"app": "cart"}), placed(pod("a", labels{"app": "cart"}, ended(corev1.PodFailed)), "pay")}, want: "SEL-04 critical proven"}
	testSituations(t, "selector", situations)
}

func ports8080(p *corev1.Pod) { containerPorts(declared("http", 8080, "TCP"))(p) }

// TestLabelsThatLeft holds what is said of Pods whose label was edited, and of rollouts whose template drops a label.
func TestLabelsThatLeft(t *testing.T) {
	t.Parallel()
	two := labels{"app": "web", "tier": "front"}
	hash := func(p *corev1.Pod) { p.Labels["pod-template-hash"] = "7d9f6b" }
	generated := func(prefix string) func(*corev1.Pod) { return func(p *corev1.Pod) { p.GenerateName = prefix } }
	edited := func(name string, change ...func(*corev1.Pod)) *corev1.Pod {
		return pod(name, labels{"app": "web", "tier": "debug"}, append([]func(*corev1.Pod){hash}, change...)...)
	}
	rolls := func(name string, template labels, change ...func(*appsv1.Deployment)) *appsv1.Deployment {
		return deployment(name, 2, template, append([]func(*appsv1.Deployment){rollingOut}, change...)...)
	}
	app := func(name string, change ...func(*corev1.Pod)) *corev1.Pod {
		return pod(name, two, append([]func(*corev1.Pod){ofDeploy("web")}, change...)...)
	}
	set := owned(replicaSet("web-7d9f6b", 2, two), "Deployment", "web")
	set.Annotations, set.OwnerReferences[0].UID = labels{revisionAnnotation: "1"}, deployment("web", 1, nil).UID
	relabelled := func(p *corev1.Pod) {
		at := ago(10 * time.Minute)
		p.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "patroni", Time: &at, FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:labels":{}}}`)}}
	}
	dropped := labels{"app": "web"}
	testSituations(t, "selector_left", map[string]situation{
		"one of two pairs":                     {objects: objects{service("web", two), edited("a")}, want: "SEL-02 critical proven, SEL-09 info likely"},
		"four Pods":                            {objects: objects{service("web", two), edited("a"), edited("b"), edited("c"), edited("d")}, want: "SEL-02 critical proven, SEL-09 info likely"},
		"the only pair, of a Deployment":       {objects: objects{service("web", labels{"tier": "front"}), edited("a", generated("web-7d9f6b-")), deployment("web", 1, labels{"tier": "front"})}, want: "WL-02 critical likely, SEL-09 info likely"},
		"the only pair, of a StatefulSet":      {objects: objects{service("web", labels{"tier": "front"}), edited("a", generated("web-7d9f6b-")), statefulSet("web", 1, labels{"tier": "front"})}, want: "WL-02 critical likely"},
		"the only pair, of another Deployment": {objects: objects{service("web", labels{"tier": "front"}), edited("a", generated("other-7d9f6b-")), deployment("web", 1, labels{"tier": "front"})}, want: "WL-02 critical likely"},

		"a rollout drops a label":                            {objects: objects{service("web", two), app("a"), rolls("web", dropped)}, want: "SEL-02 major proven"},
		"a rollout changes a label":                          {objects: objects{service("web", two), app("a"), app("b"), rolls("web", labels{"app": "web", "tier": "middle"})}, want: "SEL-02 major proven"},
		"a rollout drops the first of two":                   {objects: objects{service("web", two), app("a"), rolls("web", labels{"tier": "front"})}, want: "SEL-02 major proven"},
		"a rollout empties a label":                          {objects: objects{service("web", labels{"app": "web", "tier": ""}), pod("a", labels{"app": "web", "tier": ""}, ofDeploy("web")), rolls("web", dropped)}, want: "SEL-02 major proven"},
		"a rollout with a way back":                          {objects: objects{service("web", two), app("a"), rolls("web", dropped, func(d *appsv1.Deployment) { d.Annotations = labels{revisionAnnotation: "2"} }), set}, want: "SEL-02 major proven"},
		"a rollout keeps the labels":                         {objects: objects{service("web", two), app("a"), rolls("web", two)}, want: ""},
		"no rollout":                                         {objects: objects{service("web", two), app("a"), deployment("web", 2, dropped)}, want: ""},
		"a rollout of no Pods":                               {objects: objects{service("web", two), app("a"), rolls("web", dropped, func(d *appsv1.Deployment) { d.Spec.Replicas = new(int32) })}, want: ""},
		"a rollout beside Pods of nobody":                    {objects: objects{service("web", two), app("a"), pod("b", two), rolls("web", dropped)}, want: ""},
		"a rollout, and Pods of nobody first":                {objects: objects{service("web", two), pod("0", two), app("a"), rolls("web", dropped)}, want: ""},
		"Pods of nobody, twice":                              {objects: objects{service("web", two), pod("a", two), pod("b", two), rolls("", dropped)}, want: ""},
		"a rollout beside another's Pods":                    {objects: objects{service("web", two), app("a"), pod("b", two, ofDeploy("other")), rolls("web", dropped)}, want: ""},
		"two rollouts":                                       {objects: objects{service("web", two), app("a"), pod("b", two, ofDeploy("other")), rolls("web", dropped), rolls("other", dropped)}, want: "SEL-02 major proven"},
		"a label that somebody set later":                    {objects: objects{service("web", two), app("a", relabelled), rolls("web", dropped)}, want: ""},
		"a label that the template never had":                {objects: objects{service("web", two), app("a"), rolls("web", dropped), owned(replicaSet("web-7d9f6b", 2, dropped), "Deployment", "web")}, want: ""},
		"a DaemonSet's Pods beside a rollout of its name":    {objects: objects{service("web", two), pod("a", two, ownedBy("DaemonSet", "web")), rolls("web", dropped)}, want: ""},
		"a StatefulSet's Pods, and a ReplicaSet of its name": {objects: objects{service("web", two), pod("a", two, ownedBy("StatefulSet", "web-7d9f6b")), rolls("web", dropped), owned(replicaSet("web-7d9f6b", 2, dropped), "Deployment", "web")}, want: ""},
	})
}

// TestBackendsThatDoNotBelongTogether holds what is said of Pods of several applications behind one Service.
func TestBackendsThatDoNotBelongTogether(t *testing.T) {
	t.Parallel()
	svc := service("web", webApp)
	of := func(name, owner, repository string, change ...func(*corev1.Pod)) *corev1.Pod {
		return pod(name, labels{"app": "web"}, append([]func(*corev1.Pod){ofDeploy(owner), image(repository)}, change...)...)
	}
	front, back := of("a", "front", "registry.example/front:1"), of("b", "back", "registry.example/back:1")
	lacks := containerPorts(declared("x", 9090, "TCP"))
	byHandOf := func(pods ...*corev1.Pod) *discoveryv1.EndpointSlice { return slicesFor(svc, pods...)[0] }
	unread := byHand("more", "web", new(""), new(int32(8080)), "192.0.2.7")
	// stranger and strangerJob do not carry the selector.
	stranger := pod("s", labels{"app": "other"}, ofDeploy("other"), image("other"))
	strangerJob := pod("s", labels{"app": "other"}, ownedBy("Job", "once"), noProbe)
	listing := func(name string, p *corev1.Pod) *discoveryv1.EndpointSlice {
		slice := byHand(name, "web", new(""), new(int32(8080)), p.Status.PodIP)
		slice.Endpoints[0].TargetRef = &corev1.ObjectReference{Kind: "Pod", Namespace: "shop", Name: p.Name, UID: p.UID}
		return slice
	}
	second := func(image string) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "main", Image: image})
			p.Annotations = labels{"kubectl.kubernetes.io/default-container": "main"}
		}
	}
	jobPod := func(name string, change ...func(*corev1.Pod)) *corev1.Pod {
		return pod(name, labels{"app": "web", "job": "yes"}, append([]func(*corev1.Pod){ownedBy("Job", "once"), noProbe}, change...)...)
	}
	once := jobPod("j")
	testSituations(t, "selector_mixedbackends", map[string]situation{
		"two applications":                                     {objects: objects{svc, front, back}, want: "SEL-05 major possible"},
		"two applications, one named like it":                  {objects: objects{svc, of("a", "web", "front", with("tier", "front")), of("b", "back", "back")}, want: "SEL-05 major possible"},
		"two applications, one named like it, a label of both": {objects: objects{svc, of("a", "web", "front", with("tier", "front")), of("b", "back", "back", with("tier", "front"))}, want: "SEL-05 major possible"},
		"two applications, a label of some":                    {objects: objects{svc, of("a", "web", "front", with("tier", "front")), of("c", "web", "front"), of("b", "back", "back")}, want: "SEL-05 major possible"},
		"three applications, a label of two":                   {objects: objects{svc, of("a", "web", "front", with("tier", "front")), of("b", "back", "back", with("tier", "front")), of("c", "more", "more")}, want: "SEL-05 major possible"},
		"three applications, a label of the first and last":    {objects: objects{svc, of("a", "web", "front", with("tier", "front")), of("b", "back", "back"), of("c", "more", "more", with("tier", "front"))}, want: "SEL-05 major possible"},
		"four applications":                                    {objects: objects{svc, front, back, of("c", "c", "c"), of("d", "d", "d")}, want: "SEL-05 major possible"},
		"two tags":                                             {objects: objects{svc, of("a", "front", "registry.example:5000/front:1"), of("b", "canary", "registry.example:5000/front:2")}, want: ""},
		"two applications, a label of the first and last Pod":  {objects: objects{svc, of("a", "web", "front", with("tier", "front")), of("b", "web", "front"), of("c", "web", "front", with("tier", "front")), of("z", "back", "back")}, want: "SEL-05 major possible"},
		"two have the port, a label of each":                   {objects: objects{svc, of("a", "front", "front", with("tier", "x")), of("c", "more", "more", with("tier", "y")), of("b", "back", "back", lacks)}, want: "SEL-05 major likely"},
		"one repository, and a Job's":                          {objects: objects{svc, front, of("c", "canary", "registry.example/front:2"), jobPod("j", image("job"))}, want: "SEL-06 minor likely"},
		"another's Pod in a slice by hand":                     {objects: objects{svc, front, stranger, byHandOf(front), listing("more", stranger)}, want: "EPS-09 minor proven"},
		"two digests":                                          {objects: objects{svc, of("a", "front", "registry.example/front@sha256:1"), of("b", "canary", "registry.example/front@sha256:2")}, want: ""},
		"two workloads of one repository, a third of another":  {objects: objects{svc, front, of("c", "canary", "registry.example/front:2"), back}, want: "SEL-05 major possible"},
		"one lacks the port":                                   {objects: objects{svc, front, of("b", "back", "back", lacks)}, want: "SEL-05 major likely"},
		"two lack the port":                                    {objects: objects{svc, front, of("b", "back", "back", lacks), of("c", "more", "more", lacks)}, want: "SEL-05 major likely"},
		"two have the port":                                    {objects: objects{svc, of("a", "front", "front", with("tier", "x")), of("c", "more", "more", with("tier", "x")), of("b", "back", "back", lacks)}, want: "SEL-05 major likely"},
		"nobody has the port":                                  {objects: objects{svc, of("a", "front", "front", lacks), of("b", "back", "back", lacks)}, want: "SEL-05 major possible"},
		"one declares nothing":                                 {objects: objects{svc, front, of("b", "back", "back", containerPorts())}, want: "SEL-05 major possible"},
		"one lacks the port, of one repository":                {objects: objects{svc, front, of("c", "canary", "registry.example/front:2", lacks), of("b", "back", "back", lacks)}, want: "SEL-05 major likely"},
		"one lacks the port, of one repository, and another":   {objects: objects{svc, front, of("b", "canary", "registry.example/front:2", lacks), of("c", "back", "back", lacks)}, want: "SEL-05 major likely"},
		"one lacks the port by name":                           {objects: objects{service("web", webApp, ports(port(80, "http"))), front, of("b", "back", "back", lacks)}, want: "PORT-02 major proven, SEL-05 major likely"},
		"one instance":                                         {objects: objects{svc, of("a", "front", "front", with(instanceLabel, "shop")), of("b", "back", "back", with(instanceLabel, "shop"))}, want: ""},
		"two instances":                                        {objects: objects{svc, of("a", "front", "front", with(instanceLabel, "shop")), of("b", "back", "back", with(instanceLabel, "pay"))}, want: "SEL-05 major possible"},
		"one instance, and one lacks the port":                 {objects: objects{svc, of("a", "front", "front", with(instanceLabel, "shop")), of("b", "back", "back", with(instanceLabel, "shop"), lacks)}, want: "SEL-05 major likely"},
		"one not Ready":                                        {objects: objects{svc, front, of("b", "back", "back", notReady)}, want: "POD-06 info proven"},
		"one not Ready, of a third":                            {objects: objects{svc, front, back, of("c", "more", "more", notReady)}, want: "SEL-05 major possible, POD-06 info proven"},
		"one of a Job":                                         {objects: objects{svc, front, back, jobPod("j", image("job"))}, want: "SEL-06 minor likely, SEL-05 major possible"},
		"an address of nobody":                                 {objects: objects{svc, front, back, byHandOf(front, back), unread}, want: "EPS-09 minor proven, SEL-05 major possible"},
		"Pods of nobody":                                       {objects: objects{svc, pod("a", webApp, image("front")), pod("b", webApp, image("back"))}, want: "SEL-05 major possible"},
		"the default container":                                {objects: objects{svc, of("a", "front", "front", second("main-a")), of("b", "back", "front", second("main-b"))}, want: "SEL-05 major possible"},
		"the default container of one image":                   {objects: objects{svc, of("a", "front", "front", second("main")), of("b", "back", "back", second("main"))}, want: ""},
		"a default container that is not there":                {objects: objects{svc, of("a", "front", "front", func(p *corev1.Pod) { p.Annotations = labels{"kubectl.kubernetes.io/default-container": "none"} }), of("b", "back", "front")}, want: ""},
		"a container without a name":                           {objects: objects{svc, of("a", "front", "front", func(p *corev1.Pod) { p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Image: "unnamed"}) }), of("b", "back", "front")}, want: ""},
		"no containers":                                        {objects: objects{svc, of("a", "front", "front"), of("b", "back", "back", func(p *corev1.Pod) { p.Spec.Containers = nil })}, want: "SEL-05 major possible"},

		"a Job's Pod":                {objects: objects{svc, front, jobPod("j")}, want: "SEL-06 minor likely"},
		"four Pods of a Job":         {objects: objects{svc, front, jobPod("j"), jobPod("k"), jobPod("l"), jobPod("m")}, want: "SEL-06 minor likely"},
		"a Job's Pod, a label tells": {objects: objects{svc, of("a", "front", "front", with("tier", "front")), jobPod("j")}, want: "SEL-06 minor likely"},
		"a Job's Pod, a label of the Pods that are Ready": {objects: objects{svc, of("a", "front", "front", with("tier", "front")), of("b", "front", "front", notReady), jobPod("j")}, want: "SEL-06 minor likely, POD-06 info proven"},
		"a Job's Pod, and an address of nobody":           {objects: objects{svc, front, once, byHandOf(front, once), unread}, want: "SEL-06 minor likely, EPS-09 minor proven"},
		"a Job's Pod in a slice by hand":                  {objects: objects{svc, front, strangerJob, byHandOf(front), listing("more", strangerJob)}, want: "EPS-09 minor proven"},
		"a Job's Pod, a label of both":                    {objects: objects{svc, of("a", "front", "front", with("job", "yes")), jobPod("j")}, want: "SEL-06 minor likely"},
		"a Job's Pod that is not Ready":                   {objects: objects{svc, front, jobPod("j", notReady)}, want: "POD-06 info proven"},
		"only a Job's Pod":                                {objects: objects{svc, jobPod("j")}, want: "ADV-04 info proven"},
	})
}
