package check

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

func networkPolicyRules() []Rule {
	return []Rule{{
		IDs: []string{"NP-01", "NP-02"}, Step: StepIsolation, Reads: []model.Kind{model.Pods}, Uses: []model.Kind{model.NetworkPolicies},
		applies: func(s *subject) bool { return s.endpoints().UsableCount() > 0 },
		check:   checkPolicyIngress,
	}}
}

// otherPolicies says what is not judged. The policies of these APIs are added to NetworkPolicies, or overrule them.
const otherPolicies = "CiliumNetworkPolicies, Calico's own policies and AdminNetworkPolicies are not read, and may allow it."

// way is how one port of the Service leads into one Pod, and what isolates the Pod.
type way struct {
	index int
	pod   *corev1.Pod
	node  string
	to    destination
	fence *fence
}

// ways lists each port and Pod that traffic goes to once, as far as the Pods are known, with the policies that guard them.
func (s *subject) ways() []way {
	policies := s.in.Snapshot.NetworkPolicies(s.key.Namespace)
	endpoints := s.endpoints()
	var last *corev1.Pod
	var lastFence *fence
	guard := func(pod *corev1.Pod) *fence {
		// Pods of one workload carry the same labels, mostly.
		if last == nil || pod.Spec.HostNetwork != last.Spec.HostNetwork || !maps.Equal(pod.Labels, last.Labels) {
			made := fenceOf(policies, networkingv1.PolicyTypeIngress, pod)
			last, lastFence = pod, &made
		}
		return lastFence
	}
	type reached struct{ index, backend int }
	seen := map[reached]bool{}
	var found []way
	for i := range endpoints.Ports {
		port := &endpoints.Ports[i]
		for _, endpoint := range port.Usable {
			pod := endpoints.Backends[endpoint.Backend].Pod
			if pod == nil || seen[reached{port.Index, endpoint.Backend}] {
				continue
			}
			seen[reached{port.Index, endpoint.Backend}] = true
			number := endpoint.Port
			if number == 0 {
				// A headless Service leads to addresses; clients find the port by themselves.
				target, ok := model.ResolveTargetPort(&pod.Spec, &port.Port)
				if !ok {
					continue
				}
				number = target.Number
			}
			found = append(found, way{
				index: port.Index, pod: pod, node: endpoint.Node, fence: guard(pod),
				to: destination{protocol: protocolOf(port.Port.Protocol), number: number, pod: &pod.Spec},
			})
		}
	}
	return found
}

func (w *way) open() bool { return w.fence.admitsPort(w.to) }

func (d destination) String() string { return fmt.Sprintf("%d/%s", d.number, d.protocol) }

// checkPolicyIngress is NP-01: NetworkPolicies isolate Pods that the Service leads to, and no rule of them names the port
// that it leads to, so that nobody may connect; and NP-02, where a rule names the Service's own port instead. Whether the network plugin
// enforces NetworkPolicies at all the API does not tell, so it is likely at most.
func checkPolicyIngress(s *subject) []Finding {
	if !s.covered(model.NetworkPolicies).Known() || len(s.in.Snapshot.NetworkPolicies(s.key.Namespace)) == 0 {
		return nil
	}
	ways := s.ways()
	var closed []way
	var findings []Finding
	for index := range s.service.Spec.Ports {
		all := slices.DeleteFunc(slices.Clone(ways), func(w way) bool { return w.index != index })
		shut := slices.DeleteFunc(slices.Clone(all), func(w way) bool { return w.open() })
		switch confused, ok := s.confusedRule(all, len(shut)); {
		case ok && len(shut) > 0:
			findings = append(findings, s.portConfusion(confused, all, Likely))
		case ok:
			findings = append(findings, s.portConfusion(confused, all, Possible))
		default:
			closed = append(closed, shut...)
		}
	}
	if len(closed) > 0 {
		findings = append(findings, s.closedToAll(closed, len(closed) == len(ways)))
	}
	return findings
}

// closedToAll is NP-01.
func (s *subject) closedToAll(closed []way, everything bool) Finding {
	policies := policiesOf(closed)
	first := &closed[0]
	ports := firstOf(portsOf(closed), 3)
	subjectOf := "NetworkPolicy " + policies[0].Name + " admits"
	if len(policies) > 1 {
		subjectOf = fmt.Sprintf("%d NetworkPolicies admit", len(policies))
	}
	finding := Finding{
		ID: "NP-01", Severity: Critical, Confidence: Likely, Step: StepIsolation,
		Short: "NetworkPolicy lets nobody in",
		Title: fmt.Sprintf("%s nobody to port %s of the Service's Pods.", subjectOf, ports),
		Why: "Pods that a policy selects accept what a rule names, and nothing else; where the network plugin enforces that, clients time out, all but the Pod's own node. " +
			otherPolicies,
	}
	if !everything {
		finding.Severity = Major
		finding.Short = short("NetworkPolicy: nobody may reach %d", first.to.number)
		if pods := podsOf(closed); pods < s.endpoints().UsableCount() {
			finding.Short = short("NetworkPolicy shuts off %s", counted(pods, "Pod"))
			finding.Title = fmt.Sprintf("%s nobody to port %s of %d of the Service's %d usable Pods.", subjectOf, ports, pods, s.endpoints().UsableCount())
		}
	}
	finding.Evidence = append(policyEvidence(policies, networkingv1.PolicyTypeIngress), s.wayEvidence(first)...)
	if other := ownPolicies(s); other.name != "" && !slices.ContainsFunc(closed, func(w way) bool { return len(w.fence.rules) > 0 }) {
		// Whoever has policies of the network plugin's own kinds denies everything by a NetworkPolicy, and admits by those.
		finding.Confidence = Possible
		finding.Why += fmt.Sprintf(" Here is %s, and the NetworkPolicies have no rule at all: policies of its own kinds probably say who may.", other.name)
		finding.Evidence = append(finding.Evidence, other.evidence)
	}
	if cause := closedCause(first); cause != "" {
		finding.Cause = &Cause{Text: cause, Confidence: Likely}
	}
	finding.Fix = s.withOwner(Fix{
		Command: s.kubectl("describe", "networkpolicy", policies[0].Name), Look: true,
		Note: "add an ingress rule that admits the clients to port " + ports + ": the container's port, not the Service's",
	}, policies[0], "")
	finding.Since = newest(policies)
	return s.heldFor(finding, settleTime)
}

// ownPolicies returns the network plugin that is recognised and has kinds of policies of its own, which are not read.
func ownPolicies(s *subject) otherProxy {
	if other := dataPlane(s); strings.Contains(other.name, ciliumName) || other.name == "Antrea" {
		return other
	}
	for i, node := range s.in.Snapshot.Nodes() {
		if i == nodesAsked {
			break
		}
		for _, key := range slices.Sorted(maps.Keys(node.Annotations)) {
			if strings.HasPrefix(key, "projectcalico.org/") {
				return otherProxy{"Calico", Evidence{Kind: "Node", Name: node.Name, Field: "metadata.annotations." + key, Value: node.Annotations[key]}}
			}
		}
	}
	return otherProxy{}
}

// closedCause guesses why no rule names the port: a name that no container's port has, or another protocol.
func closedCause(w *way) string {
	for i := range w.fence.rules {
		rule := &w.fence.rules[i]
		for j := range rule.ports {
			port := &rule.ports[j]
			switch {
			case port.Port == nil:
			case port.Port.Type == intstr.String:
				if _, found := model.ContainerPort(w.to.pod, port.Port.StrVal, policyProtocol(port)); !found {
					return fmt.Sprintf("a rule of %s names the port %s (%s), and no container has one of that name", rule.policy.Name, port.Port.StrVal, policyProtocol(port))
				}
			case port.Port.IntVal == w.to.number:
				return fmt.Sprintf("a rule of %s allows %d/%s, and the Service's port is %s", rule.policy.Name, port.Port.IntVal, policyProtocol(port), w.to.protocol)
			}
		}
	}
	return ""
}

// confusion is a port of a policy's rule that names the Service's port.
type confusion struct {
	way  way
	rule policyRule
	port int
}

// confusedRule finds a rule that allows the Service's port, where Pods listen on another one. Where the targetPort is admitted by
// another rule, it counts only of a policy that is about certain Pods, and where these do not declare the Service's port.
func (s *subject) confusedRule(ways []way, shut int) (confusion, bool) {
	for _, w := range ways {
		asked := s.service.Spec.Ports[w.index].Port
		if shut > 0 && w.open() {
			continue
		}
		for _, rule := range w.fence.rules {
			if rule.namesPort(w.to) || shut == 0 && (declaresPort(w.to.pod, asked, w.to.protocol) || isEmptySelector(&rule.policy.Spec.PodSelector)) {
				continue
			}
			for i := range rule.ports {
				if policyPortIs(&rule.ports[i], destination{protocol: w.to.protocol, number: asked}) {
					return confusion{w, rule, i}, true
				}
			}
		}
	}
	return confusion{}, false
}

// portConfusion is NP-02.
func (s *subject) portConfusion(found confusion, ways []way, confidence Confidence) Finding {
	port, policy := &s.service.Spec.Ports[found.way.index], found.rule.policy
	finding := Finding{
		ID: "NP-02", Severity: Major, Confidence: confidence, Step: StepIsolation,
		Short: short("NetworkPolicy has %d, not %d", port.Port, found.way.to.number),
		Title: fmt.Sprintf("NetworkPolicy %s allows port %d, which is the Service's; the Pods listen on %d.", policy.Name, port.Port, found.way.to.number),
		Why: "Policies see the connection when the Service's port is translated already, so they have to name the container's; where the network plugin enforces them, " +
			"clients time out. " + otherPolicies,
		Evidence: append(policyEvidence([]*networkingv1.NetworkPolicy{policy}, networkingv1.PolicyTypeIngress), s.wayEvidence(&found.way)...),
		Since:    policy.CreationTimestamp.Time,
	}
	if confidence < Likely {
		finding.Severity = Info
		finding.Why = "Another rule admits clients to the container's port. Those that this rule is meant for get in only if that one is about them too."
	}
	finding.Fix = s.withOwner(s.confusionFix(found, port, ways), policy, "")
	return s.heldFor(finding, settleTime)
}

// confusionFix replaces the port in the rule where that cannot hurt: no other Pod is selected by the policy, none of these has the
// Service's port, and it is no range. Else it adds one.
func (s *subject) confusionFix(found confusion, port *corev1.ServicePort, ways []way) Fix {
	policy := found.rule.policy
	list := fmt.Sprintf("/spec/ingress/%d/ports", found.rule.index)
	path := list + "/" + strconv.Itoa(found.port)
	var target any = found.way.to.number
	if port.TargetPort.Type == intstr.String {
		target = port.TargetPort.StrVal
	}
	own := map[string]bool{}
	for _, w := range ways {
		own[w.pod.Name] = !declaresPort(w.to.pod, port.Port, w.to.protocol)
	}
	alone := found.rule.ports[found.port].EndPort == nil
	for _, pod := range s.in.Snapshot.Pods(s.key.Namespace) {
		if selectorMatches(&policy.Spec.PodSelector, knownLabels{set: pod.Labels}) == answerYes && !own[pod.Name] {
			alone = false
		}
	}
	operations := []jsonPatch{{"test", path + "/port", found.rule.ports[found.port].Port}}
	note := "the policy is then about the container's port"
	if alone {
		operations = append(operations, jsonPatch{"replace", path + "/port", target})
	} else {
		operations = append(operations, jsonPatch{"add", list + "/-", map[string]any{"protocol": found.way.to.protocol, "port": target}})
		note = "this adds the container's port, and leaves the other for whatever needs it"
	}
	return Fix{Command: s.kubectl("patch", "networkpolicy", policy.Name, "--type=json", "-p", asJSON(operations)), Note: note}
}

func isEmptySelector(selector *metav1.LabelSelector) bool {
	return len(selector.MatchLabels) == 0 && len(selector.MatchExpressions) == 0
}

// policiesOf returns the policies that isolate the Pods of the ways, each once.
func policiesOf(ways []way) []*networkingv1.NetworkPolicy {
	var all []*networkingv1.NetworkPolicy
	for _, w := range ways {
		for _, policy := range w.fence.policies {
			if !slices.Contains(all, policy) {
				all = append(all, policy)
			}
		}
	}
	return all
}

func portsOf(ways []way) []string {
	var all []string
	for _, w := range ways {
		if text := w.to.String(); !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

func podsOf(ways []way) int {
	pods := map[*corev1.Pod]bool{}
	for _, w := range ways {
		pods[w.pod] = true
	}
	return len(pods)
}

// newest is when the last of the policies was made.
func newest(policies []*networkingv1.NetworkPolicy) time.Time {
	var at time.Time
	for _, policy := range policies {
		if policy.CreationTimestamp.After(at) {
			at = policy.CreationTimestamp.Time
		}
	}
	return at
}

// policyEvidence shows whom some policies select, and which ports their rules name.
func policyEvidence(policies []*networkingv1.NetworkPolicy, direction networkingv1.PolicyType) []Evidence {
	var evidence []Evidence
	for _, policy := range policies[:min(len(policies), 3)] {
		evidence = append(evidence,
			Evidence{Kind: "NetworkPolicy", Namespace: policy.Namespace, Name: policy.Name, Field: "spec.podSelector", Value: labelSelectorText(&policy.Spec.PodSelector)},
			Evidence{Kind: "NetworkPolicy", Namespace: policy.Namespace, Name: policy.Name, Field: "spec." + strings.ToLower(string(direction)), Value: rulesText(policy, direction)},
		)
	}
	return evidence
}

// wayEvidence shows the port of the Service and the Pod that a way leads to.
func (s *subject) wayEvidence(w *way) []Evidence {
	port := &s.service.Spec.Ports[w.index]
	return []Evidence{
		{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: fmt.Sprintf("spec.ports[%d]", w.index), Value: fmt.Sprintf("port %d, targetPort %s (%s)", port.Port, targetPortText(port), w.to.protocol)},
		{Kind: "Pod", Namespace: w.pod.Namespace, Name: w.pod.Name, Field: "metadata.labels", Value: selectorText(w.pod.Labels)},
	}
}

func labelSelectorText(selector *metav1.LabelSelector) string {
	if isEmptySelector(selector) {
		return "{} (every Pod)"
	}
	return metav1.FormatLabelSelector(selector)
}

func rulesText(policy *networkingv1.NetworkPolicy, direction networkingv1.PolicyType) string {
	rules := rulesOf(policy, direction)
	if len(rules) == 0 {
		return "no rule"
	}
	texts := make([]string, len(rules))
	for i := range rules {
		var ports []string
		for j := range rules[i].ports {
			ports = append(ports, policyPortText(&rules[i].ports[j]))
		}
		texts[i] = firstOf(ports, 3)
		if len(ports) == 0 {
			texts[i] = "every port"
		}
	}
	return "ports " + firstOf(texts, 3)
}

func policyPortText(port *networkingv1.NetworkPolicyPort) string {
	switch {
	case port.Port == nil:
		return "every " + string(policyProtocol(port))
	case port.EndPort != nil:
		return fmt.Sprintf("%s-%d/%s", port.Port.String(), *port.EndPort, policyProtocol(port))
	}
	return fmt.Sprintf("%s/%s", port.Port.String(), policyProtocol(port))
}
