package check

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// namesPatience is how long none of a StatefulSet's Pods may be Ready before that counts as a sign that they lack their names.
const namesPatience = 5 * time.Minute

// namesOfPodsRules are about the DNS names that a StatefulSet's Pods have by their headless Service.
func namesOfPodsRules() []Rule {
	return []Rule{
		{
			IDs: []string{"HL-03"}, Step: StepReadiness, Reads: []model.Kind{model.Pods}, Uses: []model.Kind{model.StatefulSets},
			applies: func(s *subject) bool {
				return s.headless() && !s.service.Spec.PublishNotReadyAddresses && s.dead()
			},
			looks: func(s *subject) bool { return len(s.current()) > 0 },
			check: checkPeersNeedNames,
		},
		{
			// A healthy Service is no reason to read StatefulSets: where somebody did, they are looked at.
			IDs: []string{"HL-04"}, Step: StepService, check: checkStatefulSetsService,
			applies: func(s *subject) bool { return s.routes() && s.covered(model.StatefulSets).Known() },
		},
	}
}

// checkPeersNeedNames is HL-03: no Pod of a StatefulSet is Ready, so none has a name in DNS. Where the Pods need each other's names
// to become Ready, they never will.
func checkPeersNeedNames(s *subject) []Finding {
	sets := s.in.Snapshot.StatefulSetsNaming(s.key)
	if len(sets) == 0 || slices.ContainsFunc(s.current(), model.PodReady) {
		return nil
	}
	set := sets[0]
	finding := Finding{
		ID: "HL-03", Severity: Minor, Confidence: Possible, Step: StepReadiness,
		Short: "not Ready, so without names in DNS",
		Title: fmt.Sprintf("No Pod of %s is Ready, so none of them has a name in DNS.", Owner{"StatefulSet", set.Name}),
		Why:   "A headless Service names only Ready Pods. If the Pods need each other's names before they are Ready, they wait for ever.",
		Evidence: []Evidence{
			{Kind: "StatefulSet", Namespace: set.Namespace, Name: set.Name, Field: "spec.serviceName", Value: set.Spec.ServiceName},
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.publishNotReadyAddresses", Value: "false"},
		},
		Fix: s.serviceFix(Fix{
			Command: s.mergeService(map[string]any{"publishNotReadyAddresses": true}),
			Note:    "only where the Pods look for each other before they are Ready: clients then get addresses of Pods that are not",
		}),
	}
	return []Finding{s.settled(finding)}
}

// checkStatefulSetsService is HL-04: a StatefulSet names, as the Service that governs its Pods' names, one that does not exist, that
// selects other Pods, or that is not headless. It is said of the Service that is named, or, where there is none, of those that
// select the Pods. Where it is not there or selects others, per-Pod names do not resolve; whether anybody uses them is not known, but Pods
// that are not Ready are a sign.
func checkStatefulSetsService(s *subject) []Finding {
	for _, set := range s.in.Snapshot.StatefulSetsNaming(s.key) {
		switch {
		case !carries(set.Spec.Template.Labels, s.service.Spec.Selector):
			finding := s.namesOfPods(set, "selects other Pods", "serviceName cannot be changed")
			if set.Spec.Selector != nil && len(set.Spec.Selector.MatchLabels) > 0 && len(s.live()) == 0 {
				finding.Fix = s.serviceFix(Fix{Command: s.patchService(
					jsonPatch{Op: "test", Path: "/spec/selector", Value: s.service.Spec.Selector},
					jsonPatch{Op: "replace", Path: "/spec/selector", Value: set.Spec.Selector.MatchLabels},
				), Note: "its selector then is that of " + Owner{"StatefulSet", set.Name}.String()})
			}
			return []Finding{finding}
		case s.selects() && !s.headless():
			return []Finding{s.namesBesideAnAddress(set)}
		}
	}
	for _, pod := range s.live() {
		set := s.setOf(pod)
		if set == nil || set.Spec.ServiceName == "" {
			continue
		}
		named := model.Key{Namespace: set.Namespace, Name: set.Spec.ServiceName}
		if s.in.Snapshot.Service(named) != nil {
			return nil
		}
		finding := s.namesOfPods(set, "does not exist", "")
		finding.Evidence = append(finding.Evidence, Evidence{Kind: "Service", Namespace: named.Namespace, Name: named.Name, Field: "metadata.name", Value: "absent"})
		finding.Fix = &Fix{
			Command: s.kubectl("expose", "svc", s.key.Name, "--name="+named.Name, "--cluster-ip=None"),
			Note:    "makes it, headless, with this Service's selector; serviceName cannot be changed",
		}
		return []Finding{finding}
	}
	return nil
}

// namesBesideAnAddress is HL-04 for a Service that selects the set's Pods and has a ClusterIP. The specification of Kubernetes' DNS
// (kubernetes/dns, docs/specification.md, 2.3 and 2.4) asks for names of endpoints of headless Services only; CoreDNS serves those of any
// Service whose slices carry host names (plugin kubernetes, findServices), and controllers write them whatever its ClusterIP is.
func (s *subject) namesBesideAnAddress(set *appsv1.StatefulSet) Finding {
	return Finding{
		ID: "HL-04", Severity: Info, Confidence: Possible, Step: StepService,
		Short: short("sts/%s: Service %s is not headless", set.Name, set.Spec.ServiceName),
		Title: fmt.Sprintf("StatefulSet %s names Service %s for its Pods' names, and that is not headless.", set.Name, set.Spec.ServiceName),
		Why: fmt.Sprintf("CoreDNS serves names such as %s-0.%s.%s all the same while the Pod is Ready; other name servers need not: only a headless Service is promised them.",
			set.Name, set.Spec.ServiceName, set.Namespace),
		Evidence: []Evidence{
			{Kind: "StatefulSet", Namespace: set.Namespace, Name: set.Name, Field: "spec.serviceName", Value: set.Spec.ServiceName},
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.clusterIP", Value: s.service.Spec.ClusterIP},
		},
		Since: latestOf(s.created(), set.CreationTimestamp.Time),
		Fix:   &Fix{Note: "none is needed while the names resolve; leave this Service as it is"},
	}
}

func (s *subject) setOf(pod *corev1.Pod) *appsv1.StatefulSet {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil || owner.Kind != "StatefulSet" {
		return nil
	}
	return s.in.Snapshot.StatefulSet(model.Key{Namespace: pod.Namespace, Name: owner.Name})
}

func (s *subject) namesOfPods(set *appsv1.StatefulSet, how, note string) Finding {
	finding := Finding{
		ID: "HL-04", Severity: Minor, Confidence: Likely, Step: StepService,
		Short: short("sts/%s: Service %s %s", set.Name, set.Spec.ServiceName, how),
		Title: fmt.Sprintf("StatefulSet %s names Service %s for its Pods' names, and that %s.", set.Name, set.Spec.ServiceName, how),
		Why:   fmt.Sprintf("Names such as %s-0.%s.%s do not resolve. Nothing else suffers.", set.Name, set.Spec.ServiceName, set.Namespace),
		Evidence: []Evidence{{
			Kind: "StatefulSet", Namespace: set.Namespace, Name: set.Name, Field: "spec.serviceName", Value: set.Spec.ServiceName,
		}},
		Since: latestOf(s.created(), set.CreationTimestamp.Time),
		Fix:   s.serviceFix(Fix{Note: note}),
	}
	if replicas(set.Spec.Replicas) > 0 && set.Status.ReadyReplicas == 0 {
		finding.Severity = Major
		finding.Why = fmt.Sprintf("Names such as %s-0.%s.%s do not resolve, and none of its Pods is Ready: they may need them.", set.Name, set.Spec.ServiceName, set.Namespace)
		finding.Evidence = append(finding.Evidence, Evidence{
			Kind: "StatefulSet", Namespace: set.Namespace, Name: set.Name, Field: "status.readyReplicas", Value: "0",
		})
		// Pods that just came, or ceased to be Ready, may only be starting anew.
		for _, pod := range s.live() {
			finding.Since = latestOf(finding.Since, pod.CreationTimestamp.Time)
			if ready := podCondition(pod, corev1.PodReady); ready != nil {
				finding.Since = latestOf(finding.Since, ready.LastTransitionTime.Time)
			}
		}
		return s.heldFor(finding, namesPatience)
	}
	return s.heldFor(finding, settleTime)
}

func headlessRules() []Rule {
	return []Rule{{
		IDs: []string{"HL-01"}, Step: StepService, check: checkHeadlessPorts,
		applies: func(s *subject) bool { return s.headless() && s.selects() },
	}}
}

// checkHeadlessPorts is HL-01: nothing stands between a client of a headless Service and the Pod, so nobody maps port to
// targetPort. Clients that read SRV records or slices do not mind.
func checkHeadlessPorts(s *subject) []Finding {
	for index := range s.service.Spec.Ports {
		port := &s.service.Spec.Ports[index]
		if port.TargetPort.IntVal == 0 || port.TargetPort.IntVal == port.Port {
			continue
		}
		return []Finding{{
			ID: "HL-01", Severity: Minor, Confidence: Possible, Step: StepService, Since: s.created(),
			Short: short("headless: clients must use %d", port.TargetPort.IntVal),
			Title: fmt.Sprintf("Nobody maps port %d of a headless Service to targetPort %d.", port.Port, port.TargetPort.IntVal),
			Why:   "DNS gives the Pods' addresses, and clients go straight there: they have to ask for the targetPort, or read the SRV record.",
			Evidence: []Evidence{{
				Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: fmt.Sprintf("spec.ports[%d]", index),
				Value: fmt.Sprintf("port %d, targetPort %d", port.Port, port.TargetPort.IntVal),
			}},
			Fix: s.serviceFix(Fix{Note: "let port and targetPort be the same"}),
		}}
	}
	return nil
}
