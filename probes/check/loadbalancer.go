package check

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

const (
	// loadBalancerPatience is how long a cloud may take to give an address.
	loadBalancerPatience = 5 * time.Minute
	// knownErrorPatience is how long an error that does not mend itself may last: a quota, a permission.
	knownErrorPatience = time.Minute
)

func loadBalancerRules() []Rule {
	pending := func(s *subject) bool { return s.loadBalancerPending() }
	served := func(s *subject) bool {
		return s.service.Spec.Type == corev1.ServiceTypeLoadBalancer && len(s.service.Status.LoadBalancer.Ingress) > 0
	}
	return []Rule{
		{IDs: []string{"LB-01"}, Step: StepService, Reads: []model.Kind{model.Events}, applies: pending, check: checkLoadBalancerError},
		{IDs: []string{"LB-01"}, Step: StepService, applies: served, check: checkLoadBalancerTrouble},
		{IDs: []string{"LB-02", "LB-03"}, Step: StepService, Awaits: []model.Kind{model.Events}, applies: pending, check: checkLoadBalancerPending},
	}
}

// loadBalancerPending tells whether a Service of type LoadBalancer has no address. A hostname is one.
func (s *subject) loadBalancerPending() bool {
	return s.service.Spec.Type == corev1.ServiceTypeLoadBalancer && len(s.service.Status.LoadBalancer.Ingress) == 0 &&
		s.service.DeletionTimestamp == nil
}

// loadBalancerSince is since when the Service waits for an address: a Service switched to LoadBalancer yesterday may be two
// years old.
func (s *subject) loadBalancerSince() time.Time {
	since := s.created()
	if change, ok := model.TypeChanged(s.service); ok && change.At.After(since) {
		since = change.At
	}
	for _, event := range s.in.Snapshot.EventsOf(s.key.Namespace, s.service.UID) {
		if event.Reason == "EnsuringLoadBalancer" && eventFirst(event).After(since) && eventCount(event) == 1 {
			since = eventFirst(event)
			break
		}
	}
	return since
}

func isLoadBalancerError(event *corev1.Event) bool {
	switch event.Reason {
	case "SyncLoadBalancerFailed", "CreatingLoadBalancerFailed", "UpdateLoadBalancerFailed", "UnAvailableLoadBalancer",
		"SyncExternalLoadBalancerFailed", "SyncInternalLoadBalancerFailed", "SyncInstanceGroupsFailed", "ConflictingConfiguration",
		"CanNotMigrateTargetPoolToRBS", "FailedBuildModel", "FailedDeployModel", "FailedAddFinalizer", "CreateOrUpdatePublicIPAddress",
		"CreateOrUpdateInterface", "ListLoadBalancers", "FailedToFindLoadBalancerForNode", "AllocationFailed", "LoadBalancerFailed",
		"announceFailed":
		return event.Type == corev1.EventTypeWarning
	case "LoadBalancerManualChange":
		// Normal by type: in a shared VPC a security admin has to open the firewall by hand.
		return true
	}
	return false
}

func isLoadBalancerSuccess(event *corev1.Event) bool {
	switch event.Reason {
	case "EnsuredLoadBalancer", "UpdatedLoadBalancer", "SuccessfullyReconciled", "SyncLoadBalancerSuccessful",
		"SyncExternalLoadBalancerSuccessful", "IPAllocated":
		return true
	}
	return false
}

// loadBalancerError returns the newest error of the cloud's controller that no success followed, or nil.
func (s *subject) loadBalancerError() *corev1.Event {
	var newest, success *corev1.Event
	for _, event := range s.in.Snapshot.EventsOf(s.key.Namespace, s.service.UID) {
		switch {
		case isLoadBalancerError(event) && (newest == nil || EventTime(event).After(EventTime(newest))):
			newest = event
		case isLoadBalancerSuccess(event) && (success == nil || EventTime(event).After(EventTime(success))):
			success = event
		}
	}
	if newest != nil && success != nil && !EventTime(newest).After(EventTime(success)) {
		return nil
	}
	return newest
}

// checkLoadBalancerError is LB-01: no address, and the newest word of the cloud's controller about this very Service is an error.
// Clients within the cluster are not hurt.
func checkLoadBalancerError(s *subject) []Finding {
	event := s.loadBalancerError()
	if event == nil || saysNoNodePorts(event) && !allocatesNodePorts(s.service) {
		// LB-08 tells the latter, with the command that mends it.
		return nil
	}
	class := loadBalancerClass(event.Message)
	finding := Finding{
		ID: "LB-01", Severity: Major, Confidence: Proven, Step: StepService,
		Title: "The load balancer has no address: " + class.title + ".",
		Why:   event.Message,
		Evidence: []Evidence{
			eventEvidence(event),
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "status.loadBalancer.ingress", Value: "absent"},
		},
		Since: s.loadBalancerSince(),
		Fix:   s.serviceFix(Fix{Note: class.note}),
	}
	finding.Short = short("%s", class.short)
	if class.known {
		finding.Cause = &Cause{Text: class.title, Confidence: Likely}
		finding.Since = eventFirst(event)
		return []Finding{s.heldFor(finding, knownErrorPatience)}
	}
	return []Finding{s.heldFor(finding, loadBalancerPatience)}
}

type loadBalancerFailure struct {
	short, title, note string
	known              bool
}

var quotaName = regexp.MustCompile(`[Qq]uota '?"?([A-Z][A-Z_]{3,})`)

var forbiddenCode = regexp.MustCompile(`\b403\b`)

// loadBalancerClass reads what a cloud's controller says, in the words of the clouds' own errors.
func loadBalancerClass(message string) loadBalancerFailure {
	lower := strings.ToLower(message)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(lower, word) })
	}
	switch {
	case has("throttl", "rate exceeded", "ratelimit", "rate limit", "requestlimitexceeded", "too many requests", "toomanyrequests", "rate of requests", "statuscode: 429"):
		return loadBalancerFailure{"the cloud slows its controller down", "the cloud takes no more requests for a while", "nothing but to wait: the controller tries again by itself; look at what else asks the cloud's API", false}
	case has("quota", "limitexceeded", "publicipcountlimitreached"), has("exceeded") && !has("deadline exceeded"):
		failure := loadBalancerFailure{"cloud quota used up", "a quota of the cloud project is used up", "raise the quota, or free some of it: the controller tries again by itself", true}
		if name := quotaName.FindStringSubmatch(message); name != nil {
			failure.short, failure.title = "quota "+name[1], "the quota "+name[1]+" of the cloud project is used up"
		}
		return failure
	case has("could not find any suitable subnets", "unable to resolve at least one subnet"):
		return loadBalancerFailure{"no subnet for the load balancer", "no subnet carries the tag for load balancers", "tag subnets with kubernetes.io/role/elb=1, or kubernetes.io/role/internal-elb=1 for internal ones", true}
	case has("neither static nor assigned", "network tier", "ip_in_use_by_another_resource", "invalid ip address specified", "already in use"):
		return loadBalancerFailure{"static IP cannot be used", "the static address that is asked for cannot be used", "reserve the address in this region and tier, and free it elsewhere", true}
	case has(unallocatedNodePort):
		return loadBalancerFailure{"load balancer needs node ports", "this kind of load balancer needs node ports, and none are allocated", "set spec.allocateLoadBalancerNodePorts to true", true}
	case has("no hosts", "no available nodes", "no available backend nodes"):
		return loadBalancerFailure{"no node for the load balancer", "no node may take the load balancer's traffic", "look at the nodes, and their label node.kubernetes.io/exclude-from-external-load-balancers", true}
	case has("firewall change required", "xpn"):
		return loadBalancerFailure{"firewall rule must be made by hand", "a security admin has to open the firewall of the shared network", "hand the rule in the message to whoever owns the network", true}
	case has("permission_denied", "forbidden", "accessdenied", "authorizationfailed", "unauthorizedoperation", "not authorized"), forbiddenCode.MatchString(lower):
		return loadBalancerFailure{"cloud permission denied (IAM)", "the controller's cloud account lacks a permission", "grant the permission that the message names", true}
	case has("no available ips", "no available ip"):
		return loadBalancerFailure{"address pool is used up", "the address pool has no free address", "add addresses to the pool", true}
	}
	return loadBalancerFailure{"load balancer error: see the event", "its controller reports an error", "the message says what the cloud objects to", false}
}

// checkLoadBalancerPending is LB-02, and LB-03 with a class: no address for five minutes, and nothing shows that anybody works on
// it. The cloud's controller puts its finalizer on the Service before it asks the cloud, so its absence says much.
func checkLoadBalancerPending(s *subject) []Finding {
	if s.eventsKnown() && s.loadBalancerError() != nil {
		return nil
	}
	finding := Finding{
		ID: "LB-02", Severity: Major, Confidence: Likely, Step: StepService,
		Short: "no controller gives it an address",
		Title: "The load balancer has no address, and nothing shows that anybody works on it.",
		Why:   "No event and no finalizer of a load balancer controller. Clients in the cluster reach the Service by its ClusterIP.",
		Evidence: []Evidence{
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "status.loadBalancer.ingress", Value: "absent"},
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "metadata.finalizers", Value: strings.Join(s.service.Finalizers, ", ")},
		},
		Since: s.loadBalancerSince(),
		Fix:   s.serviceFix(Fix{Note: "minikube: run minikube tunnel; kind: cloud-provider-kind; bare metal: MetalLB or kube-vip; in a cloud: look at its controller"}),
	}
	if class := s.service.Spec.LoadBalancerClass; class != nil {
		finding.ID = "LB-03"
		finding.Short = short("no controller for class %s", *class)
		finding.Title = fmt.Sprintf("The load balancer has no address: nothing shows a controller for the class %s.", *class)
		finding.Evidence = append(finding.Evidence, Evidence{
			Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.loadBalancerClass", Value: *class,
		})
		finding.Fix = s.serviceFix(Fix{Note: "install the controller of this class; the class cannot be changed: to take another, make the Service anew"})
	}
	if worker := s.loadBalancerWorker(); worker != "" {
		finding.Short = "address pending"
		finding.Title = "The load balancer has no address, and its controller does not say why."
		finding.Why = worker + " shows that a controller has taken it on. Clients in the cluster reach the Service by its ClusterIP."
		finding.Fix = s.serviceFix(Fix{Note: "look at the log of the load balancer's controller"})
	}
	if refused := s.balancerCondition(); refused != nil {
		finding.Short = short("no address: %s", refused.Reason)
		finding.Title = fmt.Sprintf("The load balancer has no address: its controller says %s.", refused.Reason)
		finding.Why = strings.TrimSpace(Sentence(refused.Message) + " Clients in the cluster reach the Service by its ClusterIP.")
		finding.Evidence = append(finding.Evidence, Evidence{
			Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "status.conditions[" + refused.Type + "]", Value: "False " + refused.Reason,
		})
		finding.Fix = s.serviceFix(Fix{Note: "mend what the condition names"})
	}
	if !s.eventsKnown() {
		finding.Why += " Events may not be read here: they would say more."
	}
	finding = s.heldFor(finding, loadBalancerPatience)
	if finding.Settling {
		finding.Short = "waits for an address"
		finding.Title = "The load balancer has no address yet."
		finding.Why = "A cloud takes some minutes. Clients in the cluster reach the Service by its ClusterIP."
		finding.Fix = nil
	}
	return []Finding{finding}
}

// loadBalancerWorker names what shows that a controller has taken the Service on; empty for nothing.
func (s *subject) loadBalancerWorker() string {
	for _, finalizer := range s.service.Finalizers {
		if isLoadBalancerFinalizer(finalizer) || strings.Contains(finalizer, "load-balancer") || strings.Contains(finalizer, "loadbalancer") {
			return "The finalizer " + finalizer
		}
	}
	for _, event := range s.in.Snapshot.EventsOf(s.key.Namespace, s.service.UID) {
		if strings.Contains(event.Reason, "LoadBalancer") {
			return "The event " + event.Reason
		}
	}
	return ""
}

// balancerCondition returns a condition by which the load balancer's controller says on the Service itself that it cannot serve it, as
// Cilium's does for an address pool that is used up (cilium.io/IPAMRequestSatisfied); nil for none.
func (s *subject) balancerCondition() *metav1.Condition {
	for i := range s.service.Status.Conditions {
		if condition := &s.service.Status.Conditions[i]; condition.Status == metav1.ConditionFalse {
			return condition
		}
	}
	return nil
}

// checkLoadBalancerTrouble is LB-01 of a load balancer that has its address: the newest word of its controller is an error, so what
// changed since, as the nodes, does not reach it. Events are not read for it where nothing else asks for them.
func checkLoadBalancerTrouble(s *subject) []Finding {
	event := s.loadBalancerError()
	if !s.eventsKnown() || event == nil || event.Reason == "LoadBalancerManualChange" {
		return nil
	}
	class := loadBalancerClass(event.Message)
	finding := Finding{
		ID: "LB-01", Severity: Major, Confidence: Likely, Step: StepService,
		Short: short("load balancer: %s", class.short),
		Title: "The load balancer has an address, and its controller cannot bring it up to date: " + class.title + ".",
		Why:   strings.TrimSpace(Sentence(event.Message) + " What it served before, it may go on to serve."),
		Evidence: []Evidence{
			eventEvidence(event),
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "status.loadBalancer.ingress", Value: balancerAddresses(s.service)},
		},
		Since: eventFirst(event),
		Fix:   s.serviceFix(Fix{Note: class.note}),
	}
	return []Finding{s.heldFor(finding, loadBalancerPatience)}
}

func balancerAddresses(service *corev1.Service) string {
	var addresses []string
	for _, ingress := range service.Status.LoadBalancer.Ingress {
		addresses = append(addresses, cmp.Or(ingress.IP, ingress.Hostname))
	}
	return firstOf(addresses, 3)
}
