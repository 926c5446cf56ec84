package check

import (
	"fmt"
	"strings"

	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/kube/model"
)

func misplacedSliceRule() Rule {
	return Rule{
		IDs: []string{"EPS-03"}, Step: StepEndpoints, explains: true,
		applies: func(s *subject) bool { return !s.selects() && s.dead() },
		check:   checkMisplacedSlice,
	}
}

// checkMisplacedSlice is EPS-03: a Service without a selector has nothing usable, and a slice is there that seems to be meant for it
// and does not belong to it: its name begins with the Service's and it has no label kubernetes.io/service-name, or one that names no
// Service; or it carries the label in another namespace, where there is no such Service.
func checkMisplacedSlice(s *subject) []Finding {
	finding := Finding{ID: "EPS-03", Severity: Critical, Confidence: Likely, Step: StepEndpoints}
	belongs := fmt.Sprintf("A slice belongs to a Service by the label %s and the namespace; its name means nothing.", discoveryv1.LabelServiceName)
	if slice := s.unlabelledSlice(); slice != nil {
		label, labelled := slice.Labels[discoveryv1.LabelServiceName]
		finding.Short = short("slice %s has no service label", slice.Name)
		finding.Title = fmt.Sprintf("EndpointSlice %s seems to be meant for this Service, and lacks the label %s=%s.", slice.Name, discoveryv1.LabelServiceName, s.key.Name)
		value := "absent"
		if labelled {
			value = label
			finding.Short = short("slice %s is labelled for %s", slice.Name, label)
			finding.Title = fmt.Sprintf("EndpointSlice %s seems to be meant for this Service, and is labelled for Service %s, which does not exist.", slice.Name, label)
		}
		finding.Why = belongs
		finding.Evidence = []Evidence{
			{Kind: "EndpointSlice", Namespace: slice.Namespace, Name: slice.Name, Field: "metadata.labels." + discoveryv1.LabelServiceName, Value: value},
		}
		words := []string{"label", "endpointslice", slice.Name, discoveryv1.LabelServiceName + "=" + s.key.Name}
		if labelled {
			words = append(words, "--overwrite")
		}
		finding.Fix = s.withOwner(Fix{Command: s.kubectl(words...)}, slice, "")
		return []Finding{s.settled(finding)}
	}
	if slice := s.sliceElsewhere(); slice != nil {
		finding.Short = short("its slice is in namespace %s", slice.Namespace)
		finding.Title = fmt.Sprintf("EndpointSlice %s is labelled for this Service, and is in namespace %s, where there is no Service %s.", slice.Name, slice.Namespace, s.key.Name)
		finding.Why = belongs
		finding.Evidence = []Evidence{
			{Kind: "EndpointSlice", Namespace: slice.Namespace, Name: slice.Name, Field: "metadata.namespace", Value: slice.Namespace},
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "metadata.namespace", Value: s.key.Namespace},
		}
		finding.Fix = s.withOwner(Fix{Note: "make the slice anew in namespace " + s.key.Namespace}, slice, "")
		return []Finding{s.settled(finding)}
	}
	return nil
}

// unlabelledSlice finds a slice of the namespace with endpoints whose name shows that the Service is meant, and whose label names none.
func (s *subject) unlabelledSlice() *discoveryv1.EndpointSlice {
	for _, slice := range s.in.Snapshot.EndpointSlices(s.key.Namespace) {
		if !meantByName(slice.Name, s.key.Name) || len(slice.Endpoints) == 0 || ofKubernetes(slice) {
			continue
		}
		label := model.Key{Namespace: s.key.Namespace, Name: slice.Labels[discoveryv1.LabelServiceName]}
		if s.in.Snapshot.Service(label) == nil && !s.nearerName(slice.Name) {
			return slice
		}
	}
	return nil
}

// meantByName tells whether a slice is named as its Service's slices use to be: NAME, or NAME and more behind a dash.
func meantByName(slice, service string) bool {
	return slice == service || strings.HasPrefix(slice, service+"-")
}

// nearerName tells whether another Service of the namespace is meant by the name rather, because more of it agrees.
func (s *subject) nearerName(slice string) bool {
	for at := len(s.key.Name) + 1; at <= len(slice); at++ {
		if at < len(slice) && slice[at] != '-' {
			continue
		}
		if s.in.Snapshot.Service(model.Key{Namespace: s.key.Namespace, Name: slice[:at]}) != nil {
			return true
		}
	}
	return false
}

// sliceElsewhere finds a slice with endpoints that carries the Service's name in another namespace, where no such Service is.
func (s *subject) sliceElsewhere() *discoveryv1.EndpointSlice {
	snapshot := s.in.Snapshot
	for _, namespace := range snapshot.SliceNamespaces() {
		key := model.Key{Namespace: namespace, Name: s.key.Name}
		if snapshot.Service(key) != nil || !snapshot.Coverage(model.Services, namespace).Known() {
			continue
		}
		for _, slice := range snapshot.SlicesOf(key) {
			if len(slice.Endpoints) > 0 && !ofKubernetes(slice) {
				return slice
			}
		}
	}
	return nil
}

// ofKubernetes tells whether one of Kubernetes' own controllers made a slice: those label what they make.
func ofKubernetes(slice *discoveryv1.EndpointSlice) bool {
	switch slice.Labels[discoveryv1.LabelManagedBy] {
	case endpointSliceController, sliceMirroringController:
		return true
	}
	return false
}
