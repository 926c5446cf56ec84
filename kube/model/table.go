package model

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// table holds the objects of one kind, a shelf per namespace. Cluster-scoped objects lie on the shelf "".
type table[T metav1.Object] struct {
	byNamespace map[string]*shelf[T]
	// references, writings and podRanges are nil where there is no object.
	references *references
	writings   *writings
	podRanges  *podRanges
}

// shelf holds the objects of one kind in one namespace, sorted by name. Its indices are built when first
// used, once, and are safe for concurrent use.
type shelf[T metav1.Object] struct {
	objects []T

	labelsOnce sync.Once
	byLabel    map[labelPair][]T

	uidOnce sync.Once
	byUID   map[types.UID][]T

	fieldOnce sync.Once
	byField   map[string][]T

	addressOnce sync.Once
	byAddress   map[string][]T
}

type labelPair struct{ key, value string }

func (t table[T]) list(namespace string) []T {
	if namespace != AllNamespaces {
		if shelf := t.byNamespace[namespace]; shelf != nil {
			return shelf.objects
		}
		return nil
	}
	if len(t.byNamespace) == 1 {
		for _, shelf := range t.byNamespace {
			return shelf.objects
		}
	}
	var all []T
	for _, namespace := range slices.Sorted(maps.Keys(t.byNamespace)) {
		all = append(all, t.byNamespace[namespace].objects...)
	}
	return all
}

func (t table[T]) get(key Key) T {
	var none T
	shelf := t.byNamespace[key.Namespace]
	if shelf == nil {
		return none
	}
	if i, ok := shelf.search(key.Name); ok {
		return shelf.objects[i]
	}
	return none
}

func (s *shelf[T]) search(name string) (int, bool) {
	return slices.BinarySearchFunc(s.objects, name, func(object T, name string) int {
		return cmp.Compare(object.GetName(), name)
	})
}

// named returns the objects whose names begin so, sorted by namespace and name.
func (t table[T]) named(prefix string) []T {
	var having []T
	for _, namespace := range slices.Sorted(maps.Keys(t.byNamespace)) {
		shelf := t.byNamespace[namespace]
		first, _ := shelf.search(prefix)
		for _, object := range shelf.objects[first:] {
			if !strings.HasPrefix(object.GetName(), prefix) {
				break
			}
			having = append(having, object)
		}
	}
	return having
}

func (s *shelf[T]) index() map[labelPair][]T {
	s.labelsOnce.Do(func() {
		s.byLabel = map[labelPair][]T{}
		for _, object := range s.objects {
			for key, value := range object.GetLabels() {
				pair := labelPair{key, value}
				s.byLabel[pair] = append(s.byLabel[pair], object)
			}
		}
	})
	return s.byLabel
}

func (s *shelf[T]) labelled(key, value string) []T { return s.index()[labelPair{key, value}] }

// selected looks only at the objects of the rarest pair, so that a label every Pod carries costs nothing.
func (s *shelf[T]) selected(selector map[string]string) []T {
	index := s.index()
	var rarest []T
	first := true
	for key, value := range selector {
		having := index[labelPair{key, value}]
		if first || len(having) < len(rarest) {
			rarest, first = having, false
		}
	}
	if len(selector) == 1 {
		return rarest
	}
	var matching []T
	for _, object := range rarest {
		if carries(object.GetLabels(), selector) {
			matching = append(matching, object)
		}
	}
	return matching
}

func carries(labels, selector map[string]string) bool {
	for key, value := range selector {
		if got, ok := labels[key]; !ok || got != value {
			return false
		}
	}
	return true
}

func (s *shelf[T]) about(uid types.UID) []T {
	s.uidOnce.Do(func() {
		s.byUID = map[types.UID][]T{}
		for _, object := range s.objects {
			if event, ok := any(object).(*corev1.Event); ok {
				s.byUID[event.InvolvedObject.UID] = append(s.byUID[event.InvolvedObject.UID], object)
			}
		}
	})
	return s.byUID[uid]
}

// withField returns the objects whose indexed field, see indexedField, holds the value.
func (s *shelf[T]) withField(value string) []T { return s.fields()[value] }

func (s *shelf[T]) fields() map[string][]T {
	s.fieldOnce.Do(func() {
		s.byField = map[string][]T{}
		for _, object := range s.objects {
			for _, value := range indexedField(object) {
				s.byField[value] = append(s.byField[value], object)
			}
		}
	})
	return s.byField
}

// withAddress returns the Pods that have an IP address, by their status.
func (s *shelf[T]) withAddress(address string) []T {
	s.addressOnce.Do(func() {
		s.byAddress = map[string][]T{}
		for _, object := range s.objects {
			pod, ok := any(object).(*corev1.Pod)
			if !ok {
				continue
			}
			for _, ip := range pod.Status.PodIPs {
				s.byAddress[ip.IP] = append(s.byAddress[ip.IP], object)
			}
			if len(pod.Status.PodIPs) == 0 && pod.Status.PodIP != "" {
				s.byAddress[pod.Status.PodIP] = append(s.byAddress[pod.Status.PodIP], object)
			}
		}
	})
	return s.byAddress[address]
}

// indexedField returns the values by which objects of a kind are looked up besides their names and labels: the addresses of
// Services, the Service that a StatefulSet names, the object that an event speaks of, what is written into Pods.
func indexedField(object any) []string {
	switch object := object.(type) {
	case *corev1.Service:
		switch {
		case object.Spec.ClusterIP == "" || object.Spec.ClusterIP == corev1.ClusterIPNone:
			return nil
		case len(object.Spec.ClusterIPs) == 0:
			return []string{object.Spec.ClusterIP}
		}
		return object.Spec.ClusterIPs
	case *corev1.Pod:
		var values []string
		for _, written := range WrittenInto(&object.Spec) {
			if value := written.Value(); !slices.Contains(values, value) {
				values = append(values, value)
			}
		}
		return values
	case *appsv1.StatefulSet:
		if object.Spec.ServiceName != "" {
			return []string{object.Spec.ServiceName}
		}
	case *corev1.Event:
		return []string{object.InvolvedObject.Kind + "/" + object.InvolvedObject.Name}
	}
	return nil
}
