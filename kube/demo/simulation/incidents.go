package simulation

import (
	"slices"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/demo/apiserver"
	"github.com/svctui/svctui/kube/demo/apps"
)

// Incident is a trouble inside an application: for as long as it lasts, the Pods of a workload answer some requests
// differently, and log that they fail.
type Incident struct {
	Namespace string
	// Workload is the name of a Deployment, StatefulSet or DaemonSet.
	Workload string
	// Pods limits it to the first so many Pods by name; zero means all.
	Pods int
	// Path is what is answered differently; empty means every path.
	Path   string
	Answer apps.Response
}

// incidents remembers what struck when. It is safe for concurrent use.
type incidents struct {
	mu    sync.RWMutex
	spans []*incidentSpan
}

type incidentSpan struct {
	Incident
	pods       map[string]bool
	begin, end time.Time
}

func (i *incidentSpan) strikes(pod *corev1.Pod, at time.Time) bool {
	return i.Namespace == pod.Namespace && !at.Before(i.begin) && (i.end.IsZero() || at.Before(i.end)) &&
		workloadOf(pod) == i.Workload && (i.pods == nil || i.pods[pod.Name])
}

func (l *incidents) striking(pod *corev1.Pod, at time.Time) *incidentSpan {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, span := range l.spans {
		if span.strikes(pod, at) {
			return span
		}
	}
	return nil
}

// forget drops incidents that ended before a time.
func (l *incidents) forget(before time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spans = slices.DeleteFunc(l.spans, func(span *incidentSpan) bool { return !span.end.IsZero() && span.end.Before(before) })
}

// Strike lets an incident begin now, and returns what ends it. To be called from inside an action.
func (s *Simulation) Strike(incident Incident) (end func()) {
	span := &incidentSpan{Incident: incident, begin: s.now}
	if incident.Pods > 0 {
		span.pods = map[string]bool{}
		for _, pod := range apiserver.List(s.store, &corev1.Pod{}, incident.Namespace) {
			if len(span.pods) < incident.Pods && pod.DeletionTimestamp == nil && workloadOf(pod) == incident.Workload {
				span.pods[pod.Name] = true
			}
		}
	}
	known := &s.network.incidents
	known.mu.Lock()
	known.spans = append(known.spans, span)
	known.mu.Unlock()
	look := func(pod *corev1.Pod) bool {
		return pod.Namespace == span.Namespace && workloadOf(pod) == span.Workload
	}
	s.reprobe(look)
	return func() {
		known.mu.Lock()
		span.end = s.now
		known.mu.Unlock()
		s.reprobe(look)
	}
}

// workloadOf returns the name of the workload at the root of a Pod's owners.
func workloadOf(pod *corev1.Pod) string {
	owner := metav1.GetControllerOf(pod)
	if owner == nil {
		return ""
	}
	if hash := pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey]; hash != "" {
		return strings.TrimSuffix(owner.Name, "-"+hash)
	}
	return owner.Name
}
