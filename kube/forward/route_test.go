package forward

import (
	"errors"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

func TestRouteToService(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	readyAt := func(name string, minutes int) *corev1.Pod {
		pod := readyPod(name)
		pod.Status.Conditions[0].LastTransitionTime = metav1.NewTime(at.Add(time.Duration(minutes) * time.Minute))
		return pod
	}
	terminating := func(pod *corev1.Pod) *corev1.Pod {
		now := metav1.NewTime(at)
		pod.DeletionTimestamp = &now
		return pod
	}
	always, sidecar := corev1.ContainerRestartPolicyAlways, readyPod("sidecar")
	sidecar.Spec = corev1.PodSpec{
		Containers:     []corev1.Container{{Name: "c"}},
		InitContainers: []corev1.Container{{Name: "s", RestartPolicy: &always, Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 7777}}}},
	}
	plainInit := readyPod("init")
	plainInit.Spec = corev1.PodSpec{
		Containers:     []corev1.Container{{Name: "c"}},
		InitContainers: []corev1.Container{{Name: "s", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 7777}}}},
	}
	headless := webService()
	headless.Spec.ClusterIP = corev1.ClusterIPNone
	headless.Spec.Ports[0].TargetPort = intstr.FromInt32(8081)
	sameNumber := webService()
	sameNumber.Spec.ClusterIP = corev1.ClusterIPNone
	sameNumber.Spec.Ports[0].TargetPort = intstr.FromInt32(80)
	ended := readyPod("ended")
	ended.Status.Phase = corev1.PodSucceeded

	for _, test := range []struct {
		name    string
		service *corev1.Service
		port    string
		pods    []*corev1.Pod
		present route
		pod     string
		number  int32
	}{
		{"the longest Ready", webService(), "80", []*corev1.Pod{readyAt("a", 5), readyAt("b", 3)}, route{}, "b", 8080},
		{"the present one as long as it is Ready", webService(), "80", []*corev1.Pod{readyAt("a", 5), readyAt("b", 3)}, route{pod: "a", uid: "uid-a"}, "a", 8080},
		{"not another of the same name", webService(), "80", []*corev1.Pod{readyAt("a", 5), readyAt("b", 3)}, route{pod: "a", uid: "before"}, "b", 8080},
		{"not the present one when it terminates", webService(), "80", []*corev1.Pod{terminating(readyAt("a", 1)), readyAt("b", 3)}, route{pod: "a", uid: "uid-a"}, "b", 8080},
		{"none that is not Ready", webService(), "80", []*corev1.Pod{unreadyPod("a")}, route{}, "", 0},
		{"none that terminates", webService(), "80", []*corev1.Pod{terminating(readyAt("a", 1))}, route{}, "", 0},
		{"none that has ended", webService(), "80", []*corev1.Pod{ended}, route{}, "", 0},
		{"by number", webService(), "81", []*corev1.Pod{readyPod("a")}, route{}, "a", 9999},
		{"by name", webService(), "number", []*corev1.Pod{readyPod("a")}, route{}, "a", 9999},
		{"a sidecar's named port", webService(), "80", []*corev1.Pod{sidecar}, route{}, "sidecar", 7777},
		{"not a plain init container's", webService(), "80", []*corev1.Pod{plainInit}, route{}, "", 0},
		{"past a Pod without the named port", webService(), "80", []*corev1.Pod{plainInit, readyAt("z", 9)}, route{}, "z", 8080},
		{"not the name with another protocol", webService(), "82", []*corev1.Pod{readyPod("a")}, route{}, "", 0},
		{"headless: its targetPort", headless, "80", []*corev1.Pod{readyPod("a")}, route{}, "a", 8081},
		{"headless: its targetPort, without a Pod", headless, "80", nil, route{}, "", 0},
		{"headless: the same number, without a Pod", sameNumber, "80", nil, route{}, "", 0},
		{"without a Pod", webService(), "80", nil, route{}, "", 0},
		{"headless: the same number", sameNumber, "80", []*corev1.Pod{readyPod("a")}, route{}, "a", 80},
	} {
		t.Run(test.name, func(t *testing.T) {
			target := model.ForwardTarget{Namespace: "ns", Service: "web", Port: test.port}
			got, err := routeToService(target, test.service, test.pods, test.present)
			if got.pod != test.pod || got.port != test.number || (err == nil) != (test.pod != "") {
				t.Errorf("got %+v and %v", got, err)
			}
			var none *noRoute
			differs := errors.As(err, &none) && none.kubectlDiffers || got.kubectlDiffers
			if differs != (test.service == headless || slices.Contains([]string{"past a Pod without the named port", "not a plain init container's", "not the name with another protocol"}, test.name)) {
				t.Errorf("kubectl dials another port: %t", differs)
			}
		})
	}
}
