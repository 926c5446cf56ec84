package tui

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

// Each line that is offered to be copied is one that kubectl takes, and that leads where the Service does.
func TestKubectlForward(t *testing.T) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "cart-1", Labels: map[string]string{"app": "cart"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Ports: []corev1.ContainerPort{{Name: "web", ContainerPort: 8080}}}}},
	}
	snapshot := model.NewBuilder(nil).Put(pod).Cover(model.Need{Kind: model.Pods, Namespace: "shop"}, model.Coverage{State: model.Live}).Build(time.Unix(0, 0))
	for _, test := range []struct {
		name string
		edit func(*corev1.Service)
		port corev1.ServicePort
		want string
	}{
		{"a plain Service", func(*corev1.Service) {}, corev1.ServicePort{Port: 80, TargetPort: intstr.FromInt32(8080)}, "svc/cart 8080:80"},
		{"UDP", func(*corev1.Service) {}, corev1.ServicePort{Port: 53, Protocol: corev1.ProtocolUDP}, ""},
		{"no selector", func(s *corev1.Service) { s.Spec.Selector = nil }, corev1.ServicePort{Port: 80}, ""},
		{"ExternalName", func(s *corev1.Service) { s.Spec.Type = corev1.ServiceTypeExternalName }, corev1.ServicePort{Port: 80}, ""},
		{"headless, to another port", func(s *corev1.Service) { s.Spec.ClusterIP = corev1.ClusterIPNone }, corev1.ServicePort{Port: 80, TargetPort: intstr.FromString("web")}, "pod/cart-1 8080:8080"},
		{"headless, to the same port", func(s *corev1.Service) { s.Spec.ClusterIP = corev1.ClusterIPNone }, corev1.ServicePort{Port: 8080, TargetPort: intstr.FromInt32(8080)}, "svc/cart 8080:8080"},
		{"headless, and no Pod has the port", func(s *corev1.Service) { s.Spec.ClusterIP = corev1.ClusterIPNone }, corev1.ServicePort{Port: 80, TargetPort: intstr.FromString("dns")}, ""},
	} {
		service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "cart"}, Spec: corev1.ServiceSpec{ClusterIP: "10.96.0.7", Selector: map[string]string{"app": "cart"}}}
		test.edit(service)
		if got := kubectlForward(snapshot, service, &test.port); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
