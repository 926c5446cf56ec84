package isolation

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

// What bears on a conclusion makes it outdated; what does not, as another Pod that comes, does not.
func TestWhatMakesATestOutdated(t *testing.T) {
	t.Parallel()
	service := func(edits ...func(*corev1.Service)) *corev1.Service {
		object := webService()
		for _, edit := range edits {
			edit(object)
		}
		return object
	}
	running := func(restarts int32) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "c", RestartCount: restarts, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
		}
	}
	ended := func(pod *corev1.Pod) {
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "c", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}}}
	}
	one, two, three := runningPod("web-1", "10.0.0.1", running(0)), runningPod("web-2", "10.0.0.2"), runningPod("web-3", "10.0.0.3")
	denyAll := &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "deny"},
		Spec:       networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}},
	}
	ofOthers := denyAll.DeepCopy()
	ofOthers.Spec.PodSelector.MatchLabels = map[string]string{"app": "db"}
	deleted := runningPod("web-1", "10.0.0.1", running(0), func(pod *corev1.Pod) { pod.DeletionTimestamp = &metav1.Time{} })
	withSidecar := func(pod *corev1.Pod) {
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{Name: "proxy"})
	}
	twoPorts := webService(
		corev1.ServicePort{Name: "a", Port: 80, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(8080)},
		corev1.ServicePort{Name: "b", Port: 81, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(9090)},
	)
	usual := []metav1.Object{webService(), one, two, sliceOf("", 8080, one, two)}
	for _, test := range []struct {
		name          string
		before, after []metav1.Object
		want          string
	}{
		{"nothing", usual, usual, ""},
		{"the same, read anew", usual, []metav1.Object{webService(), one.DeepCopy(), two.DeepCopy(), sliceOf("", 8080, one, two)}, ""},
		{"targetPort", usual, []metav1.Object{webService(corev1.ServicePort{Port: 80, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(9090)}), one, two, sliceOf("", 8080, one, two)}, "ports were changed"},
		{"selector", usual, []metav1.Object{service(func(s *corev1.Service) { s.Spec.Selector = map[string]string{"app": "api"} }), one, two, sliceOf("", 8080, one, two)}, "selector was changed"},
		{"what else is of the Service", usual, []metav1.Object{service(func(s *corev1.Service) { s.Spec.Type = corev1.ServiceTypeNodePort }), one, two, sliceOf("", 8080, one, two)}, "the Service was changed"},
		{"a label of the Service", usual, []metav1.Object{service(func(s *corev1.Service) { s.Labels = map[string]string{"team": "shop"} }), one, two, sliceOf("", 8080, one, two)}, ""},
		{"another Service of the name", usual, []metav1.Object{service(func(s *corev1.Service) { s.UID = "another" }), one, two, sliceOf("", 8080, one, two)}, "made anew"},
		{"no Service", usual, []metav1.Object{one, two}, "the Service is gone"},
		{"the Pod restarted", usual, []metav1.Object{webService(), runningPod("web-1", "10.0.0.1", running(1)), two, sliceOf("", 8080, one, two)}, "container c of Pod web-1"},
		{"the container ended", usual, []metav1.Object{webService(), runningPod("web-1", "10.0.0.1", ended), two, sliceOf("", 8080, one, two)}, "container c of Pod web-1"},
		{"the Pod was replaced", usual, []metav1.Object{webService(), runningPod("web-1", "10.0.0.1", running(0), func(pod *corev1.Pod) { pod.UID = "another" }), two, sliceOf("", 8080, one, two)}, "Pod web-1 was replaced"},
		{"the Pod is gone", usual, []metav1.Object{webService(), two, sliceOf("", 8080, two)}, "Pod web-1 is gone"},
		{"the Pod is being deleted", usual, []metav1.Object{
			webService(), runningPod("web-1", "10.0.0.1", running(0), func(pod *corev1.Pod) { pod.DeletionTimestamp = &metav1.Time{} }), two, sliceOf("", 8080, one, two),
		}, "Pod web-1 is terminating"},
		{"another Pod restarted", usual, []metav1.Object{webService(), one, runningPod("web-2", "10.0.0.2", running(4)), sliceOf("", 8080, one, two)}, ""},
		{"another endpoint came", usual, []metav1.Object{webService(), one, two, three, sliceOf("", 8080, one, two, three)}, ""},
		{"another endpoint went", usual, []metav1.Object{webService(), one, two, sliceOf("", 8080, one)}, "an endpoint is gone"},
		{"another endpoint went, one came", usual, []metav1.Object{webService(), one, two, three, sliceOf("", 8080, one, three)}, "an endpoint is gone"},
		{"the endpoints' port", usual, []metav1.Object{webService(), one, two, sliceOf("", 9090, one, two)}, "an endpoint is gone"},
		{"the first endpoint", []metav1.Object{webService(), one, two, sliceOf("", 8080)}, usual, "the Service has endpoints now"},
		{"the Pod's own endpoint", []metav1.Object{webService(), one, two, sliceOf("", 8080, two)}, usual, "Pod web-1 is an endpoint now"},
		{"none then, none now", []metav1.Object{webService(), one, sliceOf("", 8080)}, []metav1.Object{webService(), one, sliceOf("", 8080)}, ""},
		{"a NetworkPolicy for the Pod", usual, append([]metav1.Object{denyAll}, usual...), "NetworkPolicies make something else of Pod web-1"},
		{"a NetworkPolicy for others", usual, append([]metav1.Object{ofOthers}, usual...), ""},
		{"the Pod was being deleted", []metav1.Object{webService(), deleted, two, sliceOf("", 8080, one, two)}, []metav1.Object{webService(), deleted, two, sliceOf("", 8080, one, two)}, ""},
		{"a container came", usual, []metav1.Object{webService(), runningPod("web-1", "10.0.0.1", running(0), withSidecar), two, sliceOf("", 8080, one, two)}, "container proxy of Pod web-1"},
		{
			"an endpoint of another port went",
			[]metav1.Object{twoPorts, one, two, sliceOf("a", 8080, one, two), sliceOf("b", 9090, one, two)},
			[]metav1.Object{twoPorts, one, two, sliceOf("a", 8080, one, two), sliceOf("b", 9090, one)},
			"",
		},
		{"a Service that was missed", []metav1.Object{one}, usual, "the Service is there now"},
		{"a Service that is missed still", []metav1.Object{one}, []metav1.Object{one, two}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			request := web
			request.ReadOnly, request.Pod = true, "web-1"
			basis := Run(t.Context(), nil, allKnown(test.before...), request, nil).Basis
			got := basis.Outdated(allKnown(test.after...))
			if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if got := basis.Outdated(model.NewBuilder(nil).Build(allKnown().At())); got != "" {
				t.Errorf("what is not read now is taken for changed: %q", got)
			}
		})
	}
	if got := (Basis{}).Outdated(allKnown(usual...)); got != "" {
		t.Errorf("what rests on nothing is outdated: %q", got)
	}
}

// What could not be read, then or now, is not taken for changed.
func TestWhatIsNotReadMakesNoTestOutdated(t *testing.T) {
	t.Parallel()
	one, two := runningPod("web-1", "10.0.0.1"), runningPod("web-2", "10.0.0.2")
	denyAll := &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "deny"},
		Spec:       networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}},
	}
	all := []metav1.Object{webService(), one, two, sliceOf("", 8080, one, two), denyAll}
	for _, kind := range []model.Kind{model.Services, model.Pods, model.EndpointSlices, model.NetworkPolicies} {
		var others []metav1.Object
		for _, object := range all {
			var ofKind bool
			switch object.(type) {
			case *corev1.Service:
				ofKind = kind == model.Services
			case *corev1.Pod:
				ofKind = kind == model.Pods
			case *networkingv1.NetworkPolicy:
				ofKind = kind == model.NetworkPolicies
			default:
				ofKind = kind == model.EndpointSlices
			}
			if !ofKind {
				others = append(others, object)
			}
		}
		denied := model.Coverage{State: model.Forbidden}
		unread := model.NewBuilder(allKnown(others...)).Cover(model.Need{Kind: kind, Namespace: namespace}, denied).Build(allKnown().At())
		request := web
		request.ReadOnly = true
		if got := Run(t.Context(), nil, allKnown(all...), request, nil).Basis.Outdated(unread); got != "" {
			t.Errorf("%s are not read now: %q", kind, got)
		}
		if got := Run(t.Context(), nil, unread, request, nil).Basis.Outdated(allKnown(all...)); got != "" && kind != model.Services && kind != model.Pods {
			t.Errorf("%s were not read then: %q", kind, got)
		}
	}
}

// allKnown is a snapshot in which everything of the namespace was read.
func allKnown(objects ...metav1.Object) *model.Snapshot {
	builder := model.NewBuilder(snapshotOf(objects...))
	return builder.Cover(model.Need{Kind: model.NetworkPolicies, Namespace: namespace}, model.Coverage{State: model.Live}).Build(snapshotOf().At())
}
