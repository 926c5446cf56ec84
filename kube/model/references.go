package model

import (
	"iter"
	"maps"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// references finds those objects of a table that name a Service. It is built when first used, once, and is safe for
// concurrent use; a table that changed has a new one.
type references struct {
	once      sync.Once
	byService map[Key][]Referrer
}

func (t table[T]) referrers() map[Key][]Referrer {
	if t.references == nil {
		return nil
	}
	t.references.once.Do(func() {
		byService := map[Key][]Referrer{}
		for _, namespace := range slices.Sorted(maps.Keys(t.byNamespace)) {
			for _, object := range t.byNamespace[namespace].objects {
				for _, reference := range ReferencesOf(metav1.Object(object)) {
					byService[reference.Service] = append(byService[reference.Service], reference.Referrer)
				}
			}
		}
		t.references.byService = byService
	})
	return t.references.byService
}

// referrers yields what names Services, kind by kind in the order of ReferringKinds.
func (s *Snapshot) referrers() iter.Seq[map[Key][]Referrer] {
	t := &s.tables
	return func(yield func(map[Key][]Referrer) bool) {
		_ = yield(t.ingresses.referrers()) && yield(t.httpRoutes.referrers()) &&
			yield(t.validatingWebhooks.referrers()) && yield(t.mutatingWebhooks.referrers()) &&
			yield(t.grpcRoutes.referrers()) && yield(t.apiServices.referrers()) &&
			yield(t.tlsRoutes.referrers()) && yield(t.tcpRoutes.referrers()) &&
			yield(t.statefulSets.referrers()) && yield(t.rollouts.referrers())
	}
}

// Referrers returns every place that names a Service, whether that exists or not, as far as the kinds of ReferringKinds are
// read, in their order and then by namespace and name. The caller owns the list.
func (s *Snapshot) Referrers(service Key) []Referrer {
	var found []Referrer
	for byService := range s.referrers() {
		found = append(found, byService[service]...)
	}
	return found
}

// Referred returns the Services of a namespace, or of all, that anything names, whether they exist or not, sorted.
func (s *Snapshot) Referred(namespace string) []Key {
	keys := map[Key]bool{}
	for byService := range s.referrers() {
		for key := range byService {
			if namespace == AllNamespaces || key.Namespace == namespace {
				keys[key] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(keys), Key.Compare)
}
