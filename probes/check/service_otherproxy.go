package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

func otherProxyRule() Rule {
	return Rule{
		IDs: []string{"SVC-07"}, Step: StepService, Uses: []model.Kind{model.Nodes}, Beyond: proxiesBeyond, check: checkOtherProxy,
		applies: func(s *subject) bool { return s.otherProxyNamed() != "" },
	}
}

// ProxyNameLabel hands a Service to another proxy; kube-proxy does not watch Services that carry it (KEP-2447).
const ProxyNameLabel = "service.kubernetes.io/service-proxy-name"

// otherProxyNamed returns the proxy that the Service is handed to; empty for none, and where it does not matter: a headless Service
// has no address that a proxy serves.
func (s *subject) otherProxyNamed() string {
	if !s.routes() || s.headless() {
		return ""
	}
	name, labelled := s.service.Labels[ProxyNameLabel]
	if labelled && name == "" {
		return `""`
	}
	return name
}

// proxiesBeyond asks for the DaemonSets of all namespaces, which are few: a proxy has one, or Pods that are read already.
func proxiesBeyond(s *subject) []model.Need {
	if s.in.Snapshot.Coverage(model.Pods, model.AllNamespaces).Known() {
		return nil
	}
	return []model.Need{{Kind: model.DaemonSets, Namespace: model.AllNamespaces}}
}

// checkOtherProxy is SVC-07: a label takes the Service away from kube-proxy, so that nobody answers for its ClusterIP unless the
// proxy that the label names does. Where it could run in a namespace that is not read, that nobody does is only likely.
func checkOtherProxy(s *subject) []Finding {
	proxy := s.otherProxyNamed()
	finding := Finding{
		ID: "SVC-07", Severity: Critical, Confidence: Proven, Step: StepService, Since: s.created(),
		Short: short("left to proxy %s, not kube-proxy", proxy),
		Title: fmt.Sprintf("A label hands the Service to the proxy %s, and kube-proxy ignores it.", proxy),
		Why:   "Connections to the ClusterIP, and to node ports, time out, unless that proxy serves them.",
		Evidence: []Evidence{{
			Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "metadata.labels." + ProxyNameLabel, Value: s.service.Labels[ProxyNameLabel],
		}},
		Fix: s.serviceFix(Fix{Command: s.kubectl("label", "svc", s.key.Name, ProxyNameLabel+"-"), Note: "only where no such proxy is meant to serve it"}),
	}
	if s.service.Spec.Type == corev1.ServiceTypeLoadBalancer {
		// Its load balancer may send straight to the Pods.
		finding.Severity = Major
	}
	running, seen := s.proxyRunning(proxy)
	switch {
	case seen:
		finding.Confidence = Possible
		finding.Why = "Only that proxy answers for its ClusterIP. It seems to run in this cluster."
		finding.Evidence = append(finding.Evidence, running)
	case slices.Contains(knownProxies(), proxy):
		finding.Confidence = Likely
	case s.proxyMayHide():
		finding.Confidence = Likely
		finding.Why += " It was looked for in the namespaces that are read, and not found: " + firstOf(s.namespacesRead(), 3) + "."
	}
	finding = s.heldFor(dataPlane(s).graded(finding), settleTime)
	if !finding.Settling {
		// Nothing tells when the label came.
		finding.Since = time.Time{}
	}
	return []Finding{finding}
}

// knownProxies are values of the label that programs ask for by their own documents.
func knownProxies() []string { return []string{"multus-proxy", "kpng"} }

// proxyRunning finds a DaemonSet, or a Pod, of any namespace that somebody read, that is named after the proxy. The Service's own Pods
// are what is behind it, whatever they are called.
func (s *subject) proxyRunning(proxy string) (Evidence, bool) {
	for _, set := range s.in.Snapshot.DaemonSetsNamed(proxy) {
		own := set.Namespace == s.key.Namespace && s.selects() && carries(set.Spec.Template.Labels, s.service.Spec.Selector)
		if (set.Name == proxy || strings.HasPrefix(set.Name, proxy+"-")) && !own {
			return Evidence{Kind: "DaemonSet", Namespace: set.Namespace, Name: set.Name, Field: "metadata.name", Value: set.Name}, true
		}
	}
	for _, pod := range s.in.Snapshot.PodsNamed(proxy + "-") {
		if !PodEnded(pod) && !slices.Contains(s.live(), pod) {
			return Evidence{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Field: "metadata.name", Value: pod.Name}, true
		}
	}
	return Evidence{}, false
}

// proxyMayHide tells whether there may be namespaces of which neither Pods nor DaemonSets are read.
func (s *subject) proxyMayHide() bool {
	return !s.in.Snapshot.Coverage(model.Pods, model.AllNamespaces).Known() && !s.in.Snapshot.Coverage(model.DaemonSets, model.AllNamespaces).Known()
}

// namespacesRead are those of which Pods or DaemonSets are known, sorted; "none" where there is none.
func (s *subject) namespacesRead() []string {
	read := map[string]bool{}
	for need, coverage := range s.in.Snapshot.Covered() {
		if (need.Kind == model.Pods || need.Kind == model.DaemonSets) && coverage.Known() {
			read[need.Namespace] = true
		}
	}
	if len(read) == 0 {
		return []string{"none"}
	}
	return slices.Sorted(maps.Keys(read))
}
