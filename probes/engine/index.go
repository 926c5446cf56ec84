package engine

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// controllerName is the label value of the slices that Kubernetes makes from a Service's selector.
const controllerName = "endpointslice-controller.k8s.io"

// index finds the Services that a change of another object touches.
type index struct {
	entries map[model.Key]indexEntry
	// bySelector holds Services under one pair of their selector: a Pod without that pair is not selected.
	bySelector map[selectorPair]keySet
	// everywhere is bySelector without namespaces: a Service that selects nothing looks for its Pods in the others.
	everywhere map[selectorPair]keySet
	// byExternalName holds the ExternalName Services under the Service of this cluster that they lead to.
	byExternalName map[model.Key]keySet
	// handed holds the Services that a label hands to another proxy than kube-proxy, with its name.
	handed map[model.Key]string
	// kept holds the Services that have slices of somebody else than the EndpointSlice controller.
	kept keySet
	// foreign holds, by namespace, the Services whose slices may list a Pod that no selector tells of.
	foreign map[string]keySet
}

type keySet map[model.Key]struct{}

type selectorPair struct{ namespace, key, value string }

func (p selectorPair) anywhere() selectorPair {
	p.namespace = ""
	return p
}

type indexEntry struct {
	selector map[string]string
	pair     selectorPair
	external model.Key
}

func newIndex(snapshot *model.Snapshot, scope string) *index {
	x := &index{
		entries:        map[model.Key]indexEntry{},
		bySelector:     map[selectorPair]keySet{},
		everywhere:     map[selectorPair]keySet{},
		byExternalName: map[model.Key]keySet{},
		handed:         map[model.Key]string{},
		kept:           keySet{},
		foreign:        map[string]keySet{},
	}
	for _, service := range snapshot.Services(scope) {
		x.set(model.Key{Namespace: service.Namespace, Name: service.Name}, service)
	}
	return x
}

// set notes a Service as it is now; nil for one that is gone.
func (x *index) set(key model.Key, service *corev1.Service) {
	if old, ok := x.entries[key]; ok {
		remove(x.bySelector, old.pair, key)
		remove(x.everywhere, old.pair.anywhere(), key)
		remove(x.byExternalName, old.external, key)
		delete(x.entries, key)
		delete(x.handed, key)
	}
	if service == nil {
		remove(x.foreign, key.Namespace, key)
		delete(x.kept, key)
		return
	}
	if proxy, handed := service.Labels[check.ProxyNameLabel]; handed {
		x.handed[key] = proxy
	}
	var entry indexEntry
	switch {
	case service.Spec.Type == corev1.ServiceTypeExternalName:
		entry.external = serviceNamed(service.Spec.ExternalName)
		if entry.external != (model.Key{}) {
			add(x.byExternalName, entry.external, key)
		}
	case len(service.Spec.Selector) > 0:
		entry.selector = service.Spec.Selector
		first := slices.Min(slices.Collect(maps.Keys(entry.selector)))
		entry.pair = selectorPair{key.Namespace, first, entry.selector[first]}
		add(x.bySelector, entry.pair, key)
		add(x.everywhere, entry.pair.anywhere(), key)
	}
	x.entries[key] = entry
}

// setForeign notes whether the slices of a Service list a Pod that its selector does not tell of: because
// somebody else made them, or the Pod was relabelled or went.
func (x *index) setForeign(key model.Key, snapshot *model.Snapshot) {
	if x.isForeign(key, snapshot) {
		add(x.foreign, key.Namespace, key)
	} else {
		remove(x.foreign, key.Namespace, key)
	}
	delete(x.kept, key)
	if _, held := x.entries[key]; held && slices.ContainsFunc(snapshot.SlicesOf(key), func(slice *discoveryv1.EndpointSlice) bool {
		return slice.Labels[discoveryv1.LabelManagedBy] != controllerName
	}) {
		x.kept[key] = struct{}{}
	}
}

func (x *index) isForeign(key model.Key, snapshot *model.Snapshot) bool {
	entry, held := x.entries[key]
	if !held {
		return false
	}
	for _, slice := range snapshot.SlicesOf(key) {
		if slice.Labels[discoveryv1.LabelManagedBy] != controllerName {
			return true
		}
		for i := range slice.Endpoints {
			target := slice.Endpoints[i].TargetRef
			if target == nil {
				continue
			}
			pod := snapshot.Pod(model.Key{Namespace: key.Namespace, Name: target.Name})
			if pod == nil || len(entry.selector) == 0 || !matches(entry.selector, pod.Labels) {
				return true
			}
		}
	}
	return false
}

// selecting calls found for every Service whose selector matches the labels.
func (x *index) selecting(namespace string, labels map[string]string, found func(model.Key)) {
	for name, value := range labels {
		for key := range x.bySelector[selectorPair{namespace, name, value}] {
			if matches(x.entries[key].selector, labels) {
				found(key)
			}
		}
	}
}

// selectingAnywhere is selecting for the Services of every namespace but one.
func (x *index) selectingAnywhere(but string, labels map[string]string, found func(model.Key)) {
	for name, value := range labels {
		for key := range x.everywhere[selectorPair{"", name, value}] {
			if key.Namespace != but && matches(x.entries[key].selector, labels) {
				found(key)
			}
		}
	}
}

func matches(selector, labels map[string]string) bool {
	for name, value := range selector {
		if got, ok := labels[name]; !ok || got != value {
			return false
		}
	}
	return true
}

// serviceNamed returns the Service of this cluster that an external name may mean: NAME.NAMESPACE, with or
// without what a cluster's DNS zone adds; the zero Key where it cannot be one.
func serviceNamed(externalName string) model.Key {
	labels := strings.Split(strings.TrimSuffix(externalName, "."), ".")
	if len(labels) < 2 || len(labels) > 2 && labels[2] != "svc" {
		return model.Key{}
	}
	return model.Key{Namespace: labels[1], Name: labels[0]}
}

func add[K comparable](sets map[K]keySet, at K, key model.Key) {
	if sets[at] == nil {
		sets[at] = keySet{}
	}
	sets[at][key] = struct{}{}
}

func remove[K comparable](sets map[K]keySet, at K, key model.Key) {
	delete(sets[at], key)
	if len(sets[at]) == 0 {
		delete(sets, at)
	}
}
