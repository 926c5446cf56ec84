package simulation

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/svctui/svctui/kube/demo/apiserver"
)

// eventTTL is how long the API server keeps an event after its last change (--event-ttl).
const eventTTL = time.Hour

// source is who reports an event.
type source struct{ component, host string }

func kubelet(node string) source { return source{component: "kubelet", host: node} }

// normal reports an event of type Normal about obj.
func (s *Simulation) normal(obj apiserver.Object, from source, reason, message string) {
	s.event(obj, "", from, corev1.EventTypeNormal, reason, message)
}

// warning reports an event of type Warning about obj.
func (s *Simulation) warning(obj apiserver.Object, from source, reason, message string) {
	s.event(obj, "", from, corev1.EventTypeWarning, reason, message)
}

// event reports something about an object, or about a field of it. The same report again makes the count of the first one
// rise, as the recorder of client-go does.
func (s *Simulation) event(obj apiserver.Object, fieldPath string, from source, kind, reason, message string) {
	if s.now.Before(s.eventsFrom) {
		return // it would have expired long ago
	}
	kinds, _, err := scheme.Scheme.ObjectKinds(obj)
	if err != nil {
		return
	}
	gvk := kinds[0]
	namespace := obj.GetNamespace()
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	key := eventKey{obj.GetUID(), fieldPath, from, kind, reason, message}
	if stored, known := s.events[key]; known {
		if old, ok := apiserver.Get(s.store, &corev1.Event{}, stored.namespace, stored.name); ok {
			again := old.DeepCopy()
			again.Count++
			again.LastTimestamp = s.metaNow()
			again.ManagedFields = nil
			s.put(again)
			return
		}
	}
	s.planned++
	event := &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace,
			Name:      fmt.Sprintf("%s.%x%06x", obj.GetName(), s.now.UnixNano()>>24, s.planned&0xffffff),
		},
		InvolvedObject: corev1.ObjectReference{
			Kind: gvk.Kind, APIVersion: gvk.GroupVersion().String(), Namespace: obj.GetNamespace(), Name: obj.GetName(),
			UID: obj.GetUID(), ResourceVersion: obj.GetResourceVersion(), FieldPath: fieldPath,
		},
		Reason: reason, Message: message, Type: kind, Count: 1,
		FirstTimestamp: s.metaNow(), LastTimestamp: s.metaNow(),
		Source:              corev1.EventSource{Component: from.component, Host: from.host},
		ReportingController: from.component, ReportingInstance: from.host,
	}
	s.events[key] = eventName{namespace, event.Name}
	s.put(event)
}

// eventKey is what makes two reports the same.
type eventKey struct {
	uid          types.UID
	fieldPath    string
	from         source
	kind, reason string
	message      string
}

// expireEvents removes the events that are older than their TTL.
func (s *Simulation) expireEvents() {
	for _, event := range apiserver.List(s.store, &corev1.Event{}, metav1.NamespaceAll) {
		if s.now.Sub(event.LastTimestamp.Time) > eventTTL {
			s.remove(event)
		}
	}
	for key, event := range s.events {
		if _, ok := apiserver.Get(s.store, &corev1.Event{}, event.namespace, event.name); !ok {
			delete(s.events, key)
		}
	}
}

// eventName is where an event is stored.
type eventName struct{ namespace, name string }
