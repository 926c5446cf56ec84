package check

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func nodeNamed(name string, change ...func(*corev1.Node)) *corev1.Node {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
	}}
	for _, change := range change {
		change(node)
	}
	return node
}

func nodeLabelled(labels labels) func(*corev1.Node) {
	return func(node *corev1.Node) { node.Labels = labels }
}

func nodeAnnotated(annotations map[string]string) func(*corev1.Node) {
	return func(node *corev1.Node) { node.Annotations = annotations }
}

// cilium is a Node as Cilium's operator marks it.
func cilium(node *corev1.Node) {
	node.Status.Conditions = append(node.Status.Conditions, corev1.NodeCondition{
		Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionFalse, Reason: "CiliumIsUp",
	})
}

func inSystem(p *corev1.Pod) { p.Namespace = systemNamespace }

func TestDataPlane(t *testing.T) {
	t.Parallel()
	gke := labels{"cloud.google.com/gke-nodepool": "default"}
	kubeProxy := pod("kube-proxy-a", labels{"k8s-app": "kube-proxy"}, inSystem)
	for name, test := range map[string]struct {
		objects objects
		want    string
	}{
		"nothing is known":                          {nil, ""},
		"Nodes without a sign":                      {objects{nodeNamed("a"), nodeNamed("b")}, ""},
		"Cilium's condition":                        {objects{nodeNamed("a", cilium)}, "Cilium"},
		"Cilium's condition on the second Node":     {objects{nodeNamed("a"), nodeNamed("b", cilium)}, "Cilium"},
		"a network condition of another":            {objects{nodeNamed("a", func(n *corev1.Node) { cilium(n); n.Status.Conditions[1].Reason = "CalicoIsUp" })}, ""},
		"a condition of Cilium's that is another":   {objects{nodeNamed("a", func(n *corev1.Node) { cilium(n); n.Status.Conditions[1].Type = "Other" })}, ""},
		"Cilium's annotation":                       {objects{nodeNamed("a", nodeAnnotated(map[string]string{"network.cilium.io/ipv4-cilium-host": "10.0.0.1"}))}, "Cilium"},
		"OVN-Kubernetes":                            {objects{nodeNamed("a", nodeAnnotated(map[string]string{"k8s.ovn.org/node-subnets": "{}"}))}, "OVN-Kubernetes"},
		"Antrea":                                    {objects{nodeNamed("a", nodeAnnotated(map[string]string{"node.antrea.io/mac-address": "x"}))}, "Antrea"},
		"an annotation of flannel":                  {objects{nodeNamed("a", nodeAnnotated(map[string]string{"flannel.alpha.coreos.com/backend-type": "vxlan"}))}, ""},
		"Azure":                                     {objects{nodeNamed("a", nodeLabelled(labels{"kubernetes.azure.com/ebpf-dataplane": "cilium"}))}, "Azure CNI powered by Cilium"},
		"GKE, and no more is known":                 {objects{nodeNamed("a", nodeLabelled(gke))}, "GKE, perhaps with Dataplane V2"},
		"GKE with kube-proxy's own label":           {objects{nodeNamed("a", nodeLabelled(labels{"cloud.google.com/gke-nodepool": "x", "node.kubernetes.io/kube-proxy-ds-ready": "true"}))}, ""},
		"GKE with a Pod of kube-proxy":              {objects{nodeNamed("a", nodeLabelled(gke)), kubeProxy}, ""},
		"GKE with a Pod of kube-proxy elsewhere":    {objects{nodeNamed("a", nodeLabelled(gke)), pod("kube-proxy-a", labels{"k8s-app": "kube-proxy"})}, "GKE, perhaps with Dataplane V2"},
		"GKE with a static Pod of kube-proxy":       {objects{nodeNamed("a", nodeLabelled(gke)), pod("kube-proxy-node", labels{"component": "kube-proxy"}, inSystem)}, ""},
		"GKE with Dataplane V2":                     {objects{nodeNamed("a", nodeLabelled(gke)), kubeProxy, pod("anetd-x", labels{"k8s-app": "cilium"}, inSystem)}, "GKE Dataplane V2"},
		"a Pod of Cilium":                           {objects{pod("cilium-x", labels{"k8s-app": "cilium"}, inSystem)}, "Cilium"},
		"a Pod of Cilium beside kube-proxy":         {objects{kubeProxy, pod("cilium-x", labels{"k8s-app": "cilium"}, inSystem)}, "Cilium"},
		"a Pod of Cilium that ended":                {objects{pod("cilium-x", labels{"k8s-app": "cilium"}, inSystem, ended(corev1.PodFailed))}, ""},
		"a Pod called cilium in another namespace":  {objects{pod("cilium-x", labels{"k8s-app": "cilium"})}, ""},
		"Cilium's condition beyond the Nodes asked": {append(manyNodes(nodesAsked), nodeNamed("z", cilium)), ""},
		"Cilium's condition on the last Node asked": {append(manyNodes(nodesAsked-1), nodeNamed("z", cilium)), "Cilium"},
		"GKE with kube-proxy by the common label":   {objects{nodeNamed("a", nodeLabelled(gke)), pod("proxy-a", labels{"app.kubernetes.io/name": "kube-proxy"}, inSystem)}, ""},
		"an agent of Antrea's name, of another app": {objects{pod("agent-x", labels{"app": "agent", "component": "antrea-agent"}, inSystem)}, ""},
		"kube-router":                               {objects{pod("kube-router-x", labels{"k8s-app": "kube-router"}, inSystem)}, "kube-router"},
		"an agent of Antrea":                        {objects{pod("antrea-agent-x", labels{"app": "antrea", "component": "antrea-agent"}, inSystem)}, "Antrea"},
		"the controller of Antrea":                  {objects{pod("antrea-controller-x", labels{"app": "antrea", "component": "antrea-controller"}, inSystem)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSubject(input(cluster(test.objects...)), service("web", labels{"app": "web"}))
			if got := dataPlane(s); got.name != test.want || (got.name == "") != (got.evidence == Evidence{}) {
				t.Errorf("dataPlane = %+v, want %q", got, test.want)
			}
		})
	}
}

func TestGradedByDataPlane(t *testing.T) {
	t.Parallel()
	proven := Finding{Severity: Major, Confidence: Proven, Why: "It is so.", Evidence: []Evidence{{Kind: "Service"}}}
	if got := (otherProxy{}).graded(proven); !got.Red() || got.Why != proven.Why || len(got.Evidence) != 1 {
		t.Errorf("with kube-proxy: %+v", got)
	}
	got := otherProxy{name: "Cilium", evidence: Evidence{Kind: "Node"}}.graded(proven)
	if got.Confidence != Likely || got.Why != "It is so. So it is with kube-proxy; here is Cilium, which may do otherwise." || len(got.Evidence) != 2 {
		t.Errorf("beside Cilium: %+v", got)
	}
	possible := Finding{Severity: Major, Confidence: Possible}
	if got := (otherProxy{name: "Cilium"}).graded(possible); got.Confidence != Possible {
		t.Errorf("a possible finding became %s", got.Confidence)
	}
}
