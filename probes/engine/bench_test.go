package engine

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// tenThousand is a source with 10,000 Services of three Pods each, in so many namespaces.
func tenThousand(namespaces int) *fixture {
	source := newFixture(model.AllNamespaces)
	source.live()
	for _, kind := range kindsOfChecks() {
		source.cover(model.Live, model.Need{Kind: kind})
	}
	var objects []metav1.Object
	for i := range 10_000 {
		namespace, name := fmt.Sprintf("ns-%03d", i%namespaces), fmt.Sprintf("service-%05d", i)
		service, slice := aService(namespace, name), aSlice(namespace, name, 3)
		port := int32(8080)
		slice.Ports[0].Port = &port
		service.CreationTimestamp = metav1.NewTime(time.Now().Add(-time.Hour))
		objects = append(objects, service, slice)
		for n := range 3 {
			slice.Endpoints[n].Addresses = []string{fmt.Sprintf("10.0.0.%d", n+1)}
			slice.Endpoints[n].TargetRef = &corev1.ObjectReference{Kind: "Pod", Namespace: namespace, Name: fmt.Sprintf("%s-%d", name, n)}
			objects = append(objects, aPod(namespace, name, n))
		}
	}
	builder := model.NewBuilder(source.snapshot).Put(objects...)
	source.snapshot = builder.Build(time.Now())
	return source
}

func aPod(namespace, app string, n int) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("%s-%d", app, n), Labels: map[string]string{"app": app}},
		Spec: corev1.PodSpec{NodeName: "node", Containers: []corev1.Container{{
			Name: "app", Ports: []corev1.ContainerPort{{ContainerPort: 8080, Protocol: corev1.ProtocolTCP}},
		}}},
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning, PodIP: fmt.Sprintf("10.0.0.%d", n+1),
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		},
	}
}

// BenchmarkJudgeAll judges 10,000 Services from a snapshot.
func BenchmarkJudgeAll(b *testing.B) {
	source := tenThousand(100)
	for b.Loop() {
		j := judgement{checks: catalogue()}
		j.update(time.Now(), source.snapshot, nil, model.AllNamespaces)
		if len(j.reports) != 10_000 {
			b.Fatal(len(j.reports))
		}
	}
}

// BenchmarkOnePodChange is one step of the engine after one Pod changed, among 10,000 Services.
func BenchmarkOnePodChange(b *testing.B) {
	for _, namespaces := range []int{100, 1} {
		b.Run(fmt.Sprintf("namespaces=%d", namespaces), func(b *testing.B) {
			source := tenThousand(namespaces)
			e := newEngine(source, Options{}, catalogue())
			e.step()
			b.ReportAllocs()
			for b.Loop() {
				source.put(aPod("ns-000", "service-00000", 0))
				if !e.step() {
					b.Fatal("nothing was judged")
				}
			}
		})
	}
}
