package isolation

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestReadinessIsReadFromItsNewestFailure(t *testing.T) {
	const refused = `Readiness probe failed: Get "http://10.0.0.1:8080/": dial tcp 10.0.0.1:8080: connect: connection refused`
	const answered = "Readiness probe failed: HTTP probe failed with statuscode: 503"
	pod := runningPod("web-1", "10.0.0.1", notReady, probing(httpProbe("/", 8080)))
	failure := func(message string, at int64) *corev1.Event {
		return &corev1.Event{
			ObjectMeta:     metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("web-1.%d", at)},
			InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: namespace, Name: pod.Name, UID: pod.UID},
			Reason:         "Unhealthy", Message: message, LastTimestamp: metav1.Unix(at, 0),
		}
	}
	for _, test := range []struct {
		name   string
		events []metav1.Object
		want   Readiness
	}{
		{"none", nil, ReadinessOnPodIP},
		{"refused", []metav1.Object{failure(refused, 1)}, RefusedOnPodIP},
		{"refused, joined from similar ones", []metav1.Object{failure("(combined from similar events): "+refused, 1)}, RefusedOnPodIP},
		{"refused while it started, then answered", []metav1.Object{failure(refused, 1), failure(answered, 2)}, ReadinessOnPodIP},
		{"answered, then refused", []metav1.Object{failure(answered, 1), failure(refused, 2)}, RefusedOnPodIP},
		{"the liveness probe", []metav1.Object{failure(strings.Replace(refused, "Readiness", "Liveness", 1), 1)}, ReadinessOnPodIP},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := readinessOf(snapshotOf(append(test.events, webService(), pod)...), pod, 8080); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}
