package kube

import (
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

func managed(manager string, at time.Time, fields string) metav1.ManagedFieldsEntry {
	stamp := metav1.NewTime(at)
	return metav1.ManagedFieldsEntry{Manager: manager, Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "v1", FieldsType: "FieldsV1", Time: &stamp, FieldsV1: metav1.NewFieldsV1(fields)}
}

func TestTrimKeepsWhoChangedNamesAndBackends(t *testing.T) {
	at := time.Unix(100, 0)
	alias := service("shop", "alias")
	alias.ManagedFields = []metav1.ManagedFieldsEntry{managed("kubectl-edit", at, `{"f:spec":{"f:externalName":{},"f:sessionAffinity":{}}}`)}
	trim(alias)
	if got := alias.ManagedFields[0].FieldsV1.GetRawString(); got != `{"f:spec":{"f:externalName":{}}}` {
		t.Errorf("of the alias %s is kept", got)
	}
	ingress := &networkingv1.Ingress{}
	ingress.ManagedFields = []metav1.ManagedFieldsEntry{managed("kubectl-edit", at, `{"f:metadata":{"f:labels":{}},"f:spec":{"f:defaultBackend":{"f:service":{}},"f:ingressClassName":{},"f:rules":{}}}`)}
	trim(ingress)
	if got := ingress.ManagedFields[0].FieldsV1.GetRawString(); got != `{"f:spec":{"f:rules":{},"f:defaultBackend":{}}}` {
		t.Errorf("of the Ingress %s is kept", got)
	}
}

func TestTrimService(t *testing.T) {
	early, late := time.Unix(100, 0), time.Unix(200, 0)
	cart := service("shop", "cart")
	cart.Annotations = map[string]string{
		corev1.LastAppliedConfigAnnotation: strings.Repeat("x", 10),
		"meta.helm.sh/release-name":        "shop",
		"big":                              strings.Repeat("x", annotationLimit+1),
	}
	cart.ManagedFields = []metav1.ManagedFieldsEntry{
		managed("helm", early, `{"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:internalTrafficPolicy":{},"f:ports":{"k:{\"port\":80}":{}},"f:selector":{},"f:type":{}}}`),
		managed("kubectl-patch", late, `{"f:spec":{"f:selector":{"f:app":{}}}}`),
		managed("cloud", late, `{"f:status":{"f:loadBalancer":{"f:ingress":{}}}}`),
	}
	trim(cart)
	if change, ok := model.SelectorChanged(cart); !ok || change.Manager != "kubectl-patch" || !change.At.Equal(late) {
		t.Errorf("the selector was changed: %+v", change)
	}
	if change, ok := model.TypeChanged(cart); !ok || change.Manager != "helm" || !change.At.Equal(early) {
		t.Errorf("the type was changed: %+v", change)
	}
	if change, ok := model.PortsChanged(cart); !ok || change.Manager != "helm" {
		t.Errorf("the ports were changed: %+v", change)
	}
	if got := cart.ManagedFields[0].FieldsV1.GetRawString(); got != `{"f:spec":{"f:selector":{},"f:type":{},"f:ports":{}}}` {
		t.Errorf("helm keeps %s", got)
	}
	if cart.ManagedFields[2].FieldsV1 != nil {
		t.Errorf("cloud keeps %v", cart.ManagedFields[2].FieldsV1)
	}
	if value, ok := cart.Annotations[corev1.LastAppliedConfigAnnotation]; !ok || value != "" {
		t.Errorf("last-applied is %q, %v", value, ok)
	}
	if cart.Annotations["meta.helm.sh/release-name"] != "shop" || len(cart.Annotations) != 2 {
		t.Errorf("annotations are %v", cart.Annotations)
	}
	before := cart.DeepCopy()
	if trim(cart); cart.String() != before.String() {
		t.Error("trimming twice changes something")
	}
}

func TestTrimSlice(t *testing.T) {
	at := time.Unix(100, 0)
	for _, test := range []struct {
		fields string
		ever   bool
	}{
		{`{"f:addressType":{},"f:endpoints":{},"f:metadata":{"f:labels":{"f:app":{}}},"f:ports":{}}`, true},
		{`{"f:addressType":{},"f:metadata":{"f:labels":{"f:endpoints":{}}}}`, false},
	} {
		s := slice("shop", "cart-1", "cart")
		s.ManagedFields = []metav1.ManagedFieldsEntry{managed("kube-controller-manager", at, test.fields)}
		trim(s)
		if got, known := model.EverHadEndpoints(s); got != test.ever || !known {
			t.Errorf("%s: ever had endpoints: %v", test.fields, got)
		}
		if !model.SliceChanged(s).Equal(at) {
			t.Errorf("changed %v", model.SliceChanged(s))
		}
		if len(s.ManagedFields) != 1 || len(s.ManagedFields[0].FieldsV1.GetRawBytes()) > 20 {
			t.Errorf("keeps %v", s.ManagedFields)
		}
	}
}

func TestTrimPod(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	probe := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(80)}}}
	p := pod("shop", "cart-x")
	p.Labels = map[string]string{"app": "cart"}
	p.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "cart"}}
	p.ManagedFields = []metav1.ManagedFieldsEntry{managed("kubelet", time.Now(), `{"f:status":{}}`)}
	p.Spec = corev1.PodSpec{
		NodeName: "n1", HostNetwork: true, RestartPolicy: corev1.RestartPolicyAlways,
		ReadinessGates: []corev1.PodReadinessGate{{ConditionType: "gate"}},
		Volumes:        []corev1.Volume{{Name: "v"}},
		InitContainers: []corev1.Container{{Name: "side", RestartPolicy: &always, Ports: []corev1.ContainerPort{{Name: "m", ContainerPort: 9}}}},
		Containers: []corev1.Container{{
			Name: "app", Image: "cart:1", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 80}}, ReadinessProbe: probe,
			Env: []corev1.EnvVar{{Name: "PASSWORD", Value: "secret"}, {Name: "DB", Value: "pg://me:secret@10.96.0.9:5432/x"}}, Args: []string{"--listen=127.0.0.1"},
		}},
	}
	p.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: "10.0.0.1", PodIPs: []corev1.PodIP{{IP: "10.0.0.1"}},
		Conditions:        []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse}},
		ContainerStatuses: []corev1.ContainerStatus{{Name: "app", RestartCount: 3, ImageID: "sha", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}}},
	}
	trim(p)
	app := p.Spec.Containers[0]
	switch {
	case p.Labels["app"] != "cart", len(p.OwnerReferences) != 1, p.Spec.NodeName != "n1", !p.Spec.HostNetwork,
		len(p.Spec.ReadinessGates) != 1, p.Spec.RestartPolicy != corev1.RestartPolicyAlways,
		*p.Spec.InitContainers[0].RestartPolicy != always, p.Spec.InitContainers[0].Ports[0].Name != "m",
		app.Image != "cart:1", app.Ports[0].Name != "http", app.ReadinessProbe != probe, app.Args[0] != "--listen=127.0.0.1",
		len(app.Env) != 1, app.Env[0] != corev1.EnvVar{Name: "DB", Value: "10.96.0.9:5432"},
		p.Status.PodIPs[0].IP != "10.0.0.1", p.Status.Phase != corev1.PodRunning, len(p.Status.Conditions) != 1,
		p.Status.ContainerStatuses[0].RestartCount != 3, p.Status.ContainerStatuses[0].State.Waiting.Reason != "CrashLoopBackOff":
		t.Errorf("something that checks need is gone: %+v", p)
	}
	if p.ManagedFields != nil || p.Spec.Volumes != nil || p.Status.ContainerStatuses[0].ImageID != "" {
		t.Errorf("something that nobody needs is still there: %+v", p)
	}
}

// What a container may take of memory is kept where it ran out of it.
func TestTrimKeepsTheMemoryLimitThatWasReached(t *testing.T) {
	limited := func(limit string) corev1.ResourceRequirements {
		list := corev1.ResourceList{corev1.ResourceMemory: apiresource.MustParse(limit), corev1.ResourceCPU: apiresource.MustParse("1")}
		return corev1.ResourceRequirements{Limits: list, Requests: list}
	}
	ended := func(reason string) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: reason}}
	}
	for name, test := range map[string]struct {
		status corev1.ContainerStatus
		ofPod  bool
		want   string
		pod    string
	}{
		"it ran out of it before":      {corev1.ContainerStatus{Name: "app", LastTerminationState: ended("OOMKilled")}, false, "32Mi", ""},
		"it ran out of it just now":    {corev1.ContainerStatus{Name: "app", State: ended("OOMKilled")}, false, "32Mi", ""},
		"its Pod has a limit too":      {corev1.ContainerStatus{Name: "app", State: ended("OOMKilled")}, true, "32Mi", "64Mi"},
		"another container did":        {corev1.ContainerStatus{Name: "side", State: ended("OOMKilled")}, false, "0", ""},
		"it ended for another reason":  {corev1.ContainerStatus{Name: "app", State: ended("Error")}, true, "0", ""},
		"nothing is told of its state": {corev1.ContainerStatus{Name: "app"}, true, "0", ""},
	} {
		p := pod("shop", "cart-x")
		p.Spec.Containers = []corev1.Container{{Name: "app", Resources: limited("32Mi")}, {Name: "side"}}
		if test.ofPod {
			p.Spec.Resources = new(limited("64Mi"))
		}
		p.Status.ContainerStatuses = []corev1.ContainerStatus{test.status}
		trim(p)
		app := p.Spec.Containers[0].Resources
		if app.Limits.Memory().String() != test.want || len(app.Limits) > 1 || app.Requests != nil {
			t.Errorf("%s: %v", name, app)
		}
		if (p.Spec.Resources != nil) != (test.pod != "") || test.pod != "" && p.Spec.Resources.Limits.Memory().String() != test.pod {
			t.Errorf("%s: of the Pod %v", name, p.Spec.Resources)
		}
	}
}

func BenchmarkTrimService(b *testing.B) {
	at := time.Unix(100, 0)
	cart := service("shop", "cart")
	entries := []metav1.ManagedFieldsEntry{
		managed("kubectl-client-side-apply", at, `{"f:metadata":{"f:annotations":{".":{},"f:kubectl.kubernetes.io/last-applied-configuration":{}},"f:labels":{".":{},"f:app":{},"f:component":{},"f:type":{}}},"f:spec":{"f:internalTrafficPolicy":{},"f:ports":{".":{},"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:name":{},"f:port":{},"f:protocol":{},"f:targetPort":{}}},"f:selector":{},"f:sessionAffinity":{},"f:type":{}}}`),
		managed("cloud", at, `{"f:metadata":{"f:finalizers":{".":{},"v:\"service.kubernetes.io/load-balancer-cleanup\"":{}}},"f:status":{"f:loadBalancer":{"f:ingress":{}}}}`),
	}
	b.ReportAllocs()
	for b.Loop() {
		cart.ManagedFields = entries
		trim(cart)
	}
}

func TestTrimKeepsWhoRelabelledAPod(t *testing.T) {
	made := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	labels := `{"f:metadata":{"f:labels":{"f:app":{}},"f:annotations":{"f:x":{}}}}`
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.NewTime(made), ManagedFields: []metav1.ManagedFieldsEntry{
		managed("kube-controller-manager", made, labels),
		managed("kubelet", made.Add(time.Second), `{"f:status":{"f:phase":{}}}`),
		managed("kubectl-label", made.Add(time.Minute), labels),
	}}}
	trim(p)
	if len(p.ManagedFields) != 1 || p.ManagedFields[0].Manager != "kubectl-label" || p.ManagedFields[0].FieldsV1.GetRawString() != `{"f:metadata":{"f:labels":{}}}` {
		t.Errorf("kept %v", p.ManagedFields)
	}
}

func TestAddressesIn(t *testing.T) {
	for value, want := range map[string]string{
		"10.96.0.1":                      "10.96.0.1",
		"10.96.0.1:80":                   "10.96.0.1:80",
		"http://10.96.0.1:8080/path?q=1": "10.96.0.1:8080",
		"https://10.96.0.1/":             "10.96.0.1",
		"tcp:10.96.0.1:53":               "10.96.0.1:53",
		"10.96.0.1:80,10.96.0.2:81":      "10.96.0.1:80 10.96.0.2:81",
		"fd00::1":                        "fd00::1",
		"http://[fd00::1]:80/":           "[fd00::1]:80",
		"http://[fd00::1]/":              "fd00::1",
		"10.0.0.0/8,10.96.0.5,.svc":      "10.96.0.5",
		"10.96.0.0/16":                   "",
		"http://10.96.0.1/1/x":           "10.96.0.1",
		"12:30:45":                       "",
		"secret":                         "",
		"::":                             "::",
		":[]:":                           "",
		"1.2.3.4.5":                      "",
		"a10.96.0.1":                     "",
		"":                               "",
		strings.Repeat("10.96.0.1 ", annotationLimit): "",
	} {
		if got := addressesIn(value); got != want {
			t.Errorf("%.40q holds %q, want %q", value, got, want)
		}
	}
}

func TestTrimWebhooks(t *testing.T) {
	client := admissionv1.WebhookClientConfig{CABundle: []byte("certificate"), Service: &admissionv1.ServiceReference{Name: "hook"}}
	rules := []admissionv1.RuleWithOperations{{Operations: []admissionv1.OperationType{"*"}}}
	validating := &admissionv1.ValidatingWebhookConfiguration{Webhooks: []admissionv1.ValidatingWebhook{{ClientConfig: client, Rules: rules}}}
	mutating := &admissionv1.MutatingWebhookConfiguration{Webhooks: []admissionv1.MutatingWebhook{{ClientConfig: client, Rules: rules}}}
	validating.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "somebody"}}
	mutating.ManagedFields = validating.ManagedFields
	trim(validating)
	trim(mutating)
	if v, m := validating.Webhooks[0], mutating.Webhooks[0]; validating.ManagedFields != nil || mutating.ManagedFields != nil ||
		v.ClientConfig.CABundle != nil || m.ClientConfig.CABundle != nil {
		t.Errorf("something that nobody needs is still there: %+v %+v", validating, mutating)
	} else if v.ClientConfig.Service.Name != "hook" || m.ClientConfig.Service.Name != "hook" || len(v.Rules) != 1 || len(m.Rules) != 1 {
		t.Errorf("something that checks need is gone: %+v %+v", v, m)
	}
}
