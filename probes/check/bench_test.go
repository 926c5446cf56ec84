package check

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// largeCluster has the given number of Services in namespaces of a hundred, three Pods each; one Service in fifty is broken.
func largeCluster(services int) (Input, []model.Key) {
	builder := cluster()
	var keys []model.Key
	put := func(object metav1.Object, namespace string) {
		object.SetNamespace(namespace)
		builder.Put(object)
	}
	for i := range services {
		namespace := fmt.Sprintf("team-%d", i/100)
		name := fmt.Sprintf("app-%d", i)
		selector := labels{"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name}
		svc := service(name, selector)
		var pods []*corev1.Pod
		for replica := range 3 {
			pods = append(pods, pod(fmt.Sprintf("%s-%d", name, replica), selector, ofDeploy(name)))
		}
		for _, slice := range slicesFor(svc, pods...) {
			if i%50 == 0 {
				slice.Endpoints, slice.Ports = nil, nil
			}
			for i := range slice.Endpoints {
				slice.Endpoints[i].TargetRef.Namespace = namespace
			}
			put(slice, namespace)
		}
		if i%50 == 0 {
			svc.Spec.Selector = labels{"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name + "-typo"}
		}
		put(svc, namespace)
		for _, pod := range pods {
			put(pod, namespace)
		}
		keys = append(keys, model.Key{Namespace: namespace, Name: name})
	}
	return input(builder), keys
}

// BenchmarkJudgeAll judges 10,000 Services with 30,000 Pods from a fresh snapshot, the building of its indices included.
// The budget is 250 ms.
func BenchmarkJudgeAll(b *testing.B) {
	in, keys := largeCluster(10_000)
	for _, key := range keys {
		Judge(in, key)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, key := range keys {
			Judge(in, key)
		}
	}
}

func BenchmarkJudgeHealthy(b *testing.B) {
	in, keys := largeCluster(200)
	b.ReportAllocs()
	for b.Loop() {
		Judge(in, keys[1])
	}
}

func BenchmarkJudgeNearMiss(b *testing.B) {
	in, keys := largeCluster(200)
	b.ReportAllocs()
	for b.Loop() {
		Judge(in, keys[50])
	}
}
