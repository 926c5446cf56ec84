package isolation

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// atOnce answers everything that goes through the API server without waiting, so that what is left is the test's own work.
type atOnce struct{}

func (atOnce) PortForward(context.Context, model.PodIdentity, int32) (model.Stream, error) {
	return nil, errForbidden
}

func (atOnce) Proxy(_ context.Context, request model.ProxyRequest) (*http.Response, error) {
	return replies(http.StatusOK, "fine")(request)
}

func (atOnce) ReadPod(context.Context, model.Key) (*corev1.Pod, error) { return nil, errForbidden }

func (atOnce) Exec(context.Context, model.ExecRequest) (model.ExecResult, error) {
	return model.ExecResult{}, errForbidden
}

func (atOnce) DialHere(context.Context, string, string) (net.Conn, error) { return nil, errForbidden }

func (atOnce) LookupHere(context.Context, string) ([]string, error) { return nil, errForbidden }

// large is a Service of so many Pods, all listed.
func large(count int) *model.Snapshot {
	objects := []metav1.Object{webService()}
	pods := make([]*corev1.Pod, 0, count)
	for i := range count {
		pod := runningPod(fmt.Sprintf("web-%d", i+1), fmt.Sprintf("10.0.%d.%d", i/250, i%250+1))
		objects, pods = append(objects, pod), append(pods, pod)
	}
	return snapshotOf(append(objects, sliceOf("", 8080, pods...))...)
}

// BenchmarkSweep sweeps as many Pods as a sweep takes where nobody says how many, of a Service of 4,000.
func BenchmarkSweep(b *testing.B) {
	snapshot := large(4000)
	for b.Loop() {
		if result := Sweep(b.Context(), atOnce{}, snapshot, web, nil); result.Done != sweepPods {
			b.Fatalf("%d cells were tried: %+v", result.Done, result.Conclusion)
		}
	}
}

// BenchmarkRun tests one Pod of such a Service.
func BenchmarkRun(b *testing.B) {
	snapshot := large(4000)
	for b.Loop() {
		if result := Run(b.Context(), atOnce{}, snapshot, web, nil); result.Conclusion == nil {
			b.Fatal("no conclusion")
		}
	}
}
