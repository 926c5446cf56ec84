package engine

import (
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// references touches the Services that an object names, and those that it named before: they, and nobody else, say who refers
// to them, and appear or go where they do not exist.
func (t *touched) references(change model.Change) {
	for _, object := range []metav1.Object{change.Before, change.After} {
		for _, reference := range model.ReferencesOf(object) {
			t.service(reference.Service)
		}
	}
}

// byIngresses touches the Services that any Ingress names: each may be of a class that changed, or of none and so of the default.
func (t *touched) byIngresses() {
	for _, ingress := range t.snapshot.Ingresses(model.AllNamespaces) {
		for _, reference := range model.ReferencesOf(ingress) {
			t.service(reference.Service)
		}
	}
}

// byRoutesOf touches the Services behind the routes that want to be attached to a Gateway, or whose status speaks of it.
func (t *touched) byRoutesOf(gateway model.Key) {
	leadsTo := func(parent model.GatewayRef) bool {
		return parent.Namespace == gateway.Namespace && parent.Name == gateway.Name
	}
	t.byRoutes(func(route *model.Route) bool {
		for _, parent := range route.Parents {
			if leadsTo(parent) {
				return true
			}
		}
		for i := range route.Statuses {
			if leadsTo(route.Statuses[i].Parent) {
				return true
			}
		}
		return false
	}, func(model.Key) bool { return true })
}

// byRoutesInto touches the Services of a namespace that routes of other namespaces name.
func (t *touched) byRoutesInto(namespace string) {
	t.byRoutes(
		func(route *model.Route) bool { return route.Namespace != namespace },
		func(service model.Key) bool { return service.Namespace == namespace },
	)
}

func (t *touched) byRoutes(these func(*model.Route) bool, to func(model.Key) bool) {
	for _, route := range t.snapshot.Routes(model.AllNamespaces) {
		if !these(route) {
			continue
		}
		for _, reference := range model.ReferencesOf(route) {
			if to(reference.Service) {
				t.service(reference.Service)
			}
		}
	}
}

// scaler touches the Services that an autoscaler may keep without Pods. Its status is written every few seconds,
// and most of that is not kept.
func (t *touched) scaler(change model.Change) {
	before, _ := change.Before.(*model.Autoscaler)
	after, _ := change.After.(*model.Autoscaler)
	if before != nil && after != nil && sameScaler(*before, *after) {
		return
	}
	// It matters only to Services without Pods, and those have findings.
	t.uneasy[change.Key.Namespace] = true
}

func sameScaler(a, b model.Autoscaler) bool {
	a.ResourceVersion, b.ResourceVersion = "", ""
	a.ManagedFields, b.ManagedFields = nil, nil
	return reflect.DeepEqual(a, b)
}
