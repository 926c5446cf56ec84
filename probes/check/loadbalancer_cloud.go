package check

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// loadBalancerCloudRules read the annotations by which the clouds are told what load balancer to make. A cloud says nothing of one
// that it does not understand.
func loadBalancerCloudRules() []Rule {
	applies := func(s *subject) bool {
		return s.service.Spec.Type == corev1.ServiceTypeLoadBalancer && s.service.DeletionTimestamp == nil && len(s.service.Annotations) > 0
	}
	return []Rule{
		{
			IDs: []string{"LB-06"}, Step: StepService, Awaits: []model.Kind{model.Nodes}, check: checkInternalAnnotation,
			applies: func(s *subject) bool { return applies(s) && asksInternal(s.service) },
		},
		{
			IDs: []string{"LB-05"}, Step: StepService, Awaits: []model.Kind{model.Nodes}, check: checkStaticAddress,
			applies: func(s *subject) bool { return applies(s) && s.service.Annotations[gkeAddresses] != "" },
		},
	}
}

const gkeAddresses = "networking.gke.io/load-balancer-ip-addresses"

// heeded grades a finding about an annotation by whether the cloud that reads it is the one that runs the nodes. ok is false where it is
// another one: the annotation means nothing there. Where no cloud is recognised it is advice: on such a cluster nobody may read it.
func heeded(s *subject, by cloud, finding Finding) (graded Finding, ok bool) {
	sign, known := cloudOf(s)
	switch {
	case sign.cloud == by:
		finding.Confidence = Proven
		finding.Evidence = append(finding.Evidence, sign.evidence)
	case sign.cloud != cloudUnknown:
		return Finding{}, false
	case known:
		finding.Severity, finding.Confidence = Info, Possible
		finding.Why += fmt.Sprintf(" No node shows that this is %s, and elsewhere the annotation means nothing.", by)
	default:
		finding.Confidence = Likely
		finding.Why += fmt.Sprintf(" Whether this is %s could not be read.", by)
	}
	return finding, true
}

// checkStaticAddress is LB-05: the annotation takes names of reserved addresses, and holds an address. GKE looks for an address of that
// name, finds none, says nothing, and takes any address.
func checkStaticAddress(s *subject) []Finding {
	value := s.service.Annotations[gkeAddresses]
	var literal string
	for item := range strings.SplitSeq(value, ",") {
		if _, err := netip.ParseAddr(strings.TrimSpace(item)); err == nil {
			literal = strings.TrimSpace(item)
			break
		}
	}
	if literal == "" || slices.Contains(externalAddresses(s.service), literal) {
		return nil
	}
	finding := Finding{
		ID: "LB-05", Severity: Major, Step: StepService, Since: s.created(),
		Short: short("static IP %s: give its name", literal),
		Title: fmt.Sprintf("The load balancer is asked for the address %s by number; GKE wants the name it is reserved under.", literal),
		Why:   "A name that is not found is passed over silently: the load balancer gets some other address, and keeps it no longer than it lives.",
		Evidence: []Evidence{
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "metadata.annotations." + gkeAddresses, Value: value},
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "status.loadBalancer.ingress", Value: cmp.Or(strings.Join(externalAddresses(s.service), ", "), "absent")},
		},
		Fix: s.serviceFix(Fix{Note: fmt.Sprintf("gcloud compute addresses list --filter=address=%s shows the name; write that into the annotation. It has to be a regional address", shellQuote(literal))}),
	}
	if graded, ok := heeded(s, cloudGKE, finding); ok {
		return []Finding{graded}
	}
	return nil
}

// asksInternal tells whether any annotation is one that makes a load balancer internal, or nearly is.
func asksInternal(service *corev1.Service) bool {
	for key := range service.Annotations {
		if rule, _ := internalAnnotationLike(key); rule != nil {
			return true
		}
	}
	return false
}

// internalAnnotationLike returns the annotation that a key is, or is nearly: a slip of two letters at most, on one side of the slash.
func internalAnnotationLike(key string) (rule *internalAnnotation, exact bool) {
	for i := range internalAnnotations {
		if internalAnnotations[i].key == key {
			return &internalAnnotations[i], true
		}
	}
	if annotationMeaning(key) != "" {
		return nil, false
	}
	for i := range internalAnnotations {
		if editDistance(internalAnnotations[i].key, key) <= editLimit {
			return &internalAnnotations[i], false
		}
	}
	return nil, false
}

// checkInternalAnnotation is LB-06: somebody asked for an internal load balancer in words that the cloud does not understand, and it
// makes an external one. An address of the private ranges shows that it was understood after all.
func checkInternalAnnotation(s *subject) []Finding {
	if internalBy(s.service) != "" {
		if finding, ok := inertAnnotation(s); ok {
			return []Finding{finding}
		}
		return nil
	}
	if s.service.Spec.LoadBalancerClass != nil || slices.ContainsFunc(externalAddresses(s.service), isPrivate) {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(s.service.Annotations)) {
		rule, exact := internalAnnotationLike(key)
		if rule == nil {
			continue
		}
		value := s.service.Annotations[key]
		// Without an annotation that it knows, the AWS Load Balancer Controller makes an internal one.
		if exact && !rule.misspelt(value) || !exact && (!rule.means(value) || rule.cloud == cloudAWS) {
			continue
		}
		finding := Finding{
			ID: "LB-06", Severity: Major, Step: StepService, Since: s.created(),
			Short: short("external load balancer: %q", value),
			Title: fmt.Sprintf("The load balancer is external: %s does not take %q for internal.", rule.cloud, value),
			Why:   fmt.Sprintf("Only %s makes it internal, letter by letter; anything else makes one that the internet can reach.", strings.Join(rule.values, " or ")),
			Evidence: []Evidence{
				{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "metadata.annotations." + key, Value: value},
				{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "status.loadBalancer.ingress", Value: cmp.Or(strings.Join(externalAddresses(s.service), ", "), "absent")},
			},
		}
		words := []string{"annotate", "svc", s.key.Name, rule.key + "=" + rule.values[0], "--overwrite"}
		if !exact {
			finding.Short = short("external: misspelt %s", key[strings.LastIndexByte(key, '/')+1:])
			finding.Title = fmt.Sprintf("The load balancer is external: no cloud knows the annotation %s.", key)
			finding.Why = fmt.Sprintf("%s is probably meant. What a cloud does not know it passes over, and makes a load balancer that the internet can reach.", rule.key)
			words = append(words, key+"-")
		}
		finding.Fix = s.serviceFix(Fix{
			Command: s.kubectl(words...), Note: "the load balancer gets another address then; until it has, anybody may reach it",
		})
		if graded, ok := heeded(s, rule.cloud, finding); ok {
			return []Finding{graded}
		}
	}
	return nil
}

// inertAnnotation tells of an annotation that would make the load balancer internal on another cloud than this.
func inertAnnotation(s *subject) (Finding, bool) {
	sign, _ := cloudOf(s)
	if sign.cloud == cloudUnknown || slices.ContainsFunc(externalAddresses(s.service), isPrivate) {
		return Finding{}, false
	}
	var other string
	for _, key := range slices.Sorted(maps.Keys(s.service.Annotations)) {
		rule, exact := internalAnnotationLike(key)
		if !exact || !rule.means(s.service.Annotations[key]) {
			continue
		}
		if rule.cloud == sign.cloud {
			return Finding{}, false
		}
		other = key
	}
	if other == "" {
		return Finding{}, false
	}
	return Finding{
		ID: "LB-06", Severity: Info, Confidence: Likely, Step: StepService, Since: s.created(),
		Short: "annotation of another cloud",
		Title: fmt.Sprintf("%s means nothing on %s.", other, sign.cloud),
		Why:   "It asks another cloud for an internal load balancer; see whether this one is.",
		Evidence: []Evidence{
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "metadata.annotations." + other, Value: s.service.Annotations[other]},
			sign.evidence,
		},
	}, true
}

func isPrivate(address string) bool {
	parsed, err := netip.ParseAddr(address)
	return err == nil && parsed.IsPrivate()
}
