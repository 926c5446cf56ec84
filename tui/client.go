package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/report"
)

// chooseClient says for whom Services are looked at from now on; the zero Client is nobody in particular.
func (sh *shell) chooseClient(client check.Client) {
	sh.client = client
	if sh.session != nil {
		sh.session.FocusClient(client)
	}
}

// clientCrumb names the chosen client in the header; none where nobody is chosen.
func (sh *shell) clientCrumb() []string {
	if !sh.client.Chosen() {
		return nil
	}
	return []string{"for " + shorten(strings.TrimPrefix(clientName(sh.client), "Pod "), max(12, sh.width/5))}
}

// clientName is a client in few words.
func clientName(client check.Client) string {
	switch {
	case client.Pod != model.Key{}:
		return "Pod " + clean(client.Pod.String())
	case client.Namespace != "":
		return "namespace " + clean(client.Namespace)
	}
	return clean(client.String())
}

// clientAction is the key that chooses for whom the Service is judged.
func clientAction(service func(sh *shell) (key model.Key, whyNone string)) binding {
	return binding{
		keys: []string{"w"}, name: "for whom", brief: "who", help: "chooses a client: a Pod, a namespace or an IP; NetworkPolicies, traffic policies and source ranges are judged for it",
		disabled: func(sh *shell) string {
			_, whyNone := service(sh)
			return firstReason(whyNone, sh.notConnected())
		},
		run: func(sh *shell) tea.Cmd {
			if key, whyNone := service(sh); whyNone == "" {
				sh.open(newClientPicker(sh, key, "for whom?", true, func(sh *shell, client check.Client) tea.Cmd {
					sh.chooseClient(client)
					return nil
				}))
			}
			return nil
		},
	}
}

// mostClients bounds the list of Pods to choose from; any other can be typed.
const mostClients = 2000

// newClientPicker asks for a client: those Pods that are known, or what is typed. Anybody says that it may also be a namespace, an address or
// nobody.
func newClientPicker(sh *shell, service model.Key, title string, anybody bool, choose func(*shell, check.Client) tea.Cmd) page {
	page := newPickPage(title, func(sh *shell, value string) tea.Cmd {
		if value == anyPodItem {
			return choose(sh, check.Client{})
		}
		client, err := check.ParseClient(value, service.Namespace)
		if err != nil {
			sh.notify(noteWarning, clean(err.Error()))
			return nil
		}
		if sh.state != nil {
			client = client.In(sh.state.Snapshot)
		}
		return choose(sh, client)
	})
	page.picker.hint = "type to search, or POD or NAMESPACE/POD that is not listed"
	if anybody {
		page.picker.hint = "type to search, or NAMESPACE/POD, namespace:NAME, an IP address"
	}
	page.picker.whole = func(typed string) bool {
		client, err := check.ParseClient(typed, service.Namespace)
		return err == nil && (client.Pod == model.Key{} || strings.Contains(typed, "/"))
	}
	page.picker.refuse = func(typed string) string {
		client, err := check.ParseClient(typed, service.Namespace)
		pod := client.Pod
		switch {
		case err != nil && anybody:
			return "names no client: want NAMESPACE/POD, namespace:NAME or an IP"
		case err != nil, !anybody && client.Pod == model.Key{}:
			return "names no Pod: want POD or NAMESPACE/POD"
		case pod != model.Key{} && sh.state != nil && sh.state.Snapshot.Coverage(model.Pods, pod.Namespace).Known() && sh.state.Snapshot.Pod(pod) == nil:
			return "there is no Pod " + clean(pod.String())
		case client.Namespace != "" && sh.state != nil && sh.state.Snapshot.Coverage(model.Namespaces, "").Known() && sh.state.Snapshot.Namespace(client.Namespace) == nil:
			return "there is no namespace " + clean(client.Namespace)
		}
		return ""
	}
	page.picker.setItems(clientItems(sh, service, anybody))
	if sh.state != nil && !sh.state.Snapshot.Coverage(model.Pods, model.AllNamespaces).Known() {
		page.picker.note = "Only Pods that are read are listed. Any other can be typed: NAMESPACE/POD."
	}
	return page
}

func clientItems(sh *shell, service model.Key, anybody bool) []pickItem {
	var items []pickItem
	if anybody {
		items = append(items, pickItem{value: anyPodItem, label: "nobody in particular", current: !sh.client.Chosen()})
		if client := sh.client; client.Namespace != "" || client.Address.IsValid() {
			value := "namespace:" + client.Namespace
			if client.Address.IsValid() {
				value = client.Address.String()
			}
			items = append(items, pickItem{value: value, label: clientName(client), current: true})
		}
	}
	if sh.state == nil {
		return items
	}
	pods := clientPods(sh.state.Snapshot, service, sh.client.Pod)
	for _, pod := range pods[:min(len(pods), mostClients)] {
		key := model.Key{Namespace: pod.Namespace, Name: pod.Name}
		detail := clean(pod.Spec.NodeName)
		if behind(sh.state.Snapshot, service, pod) {
			detail = strings.TrimSpace("behind this Service  " + detail)
		}
		detail = fmt.Sprintf("%-15s  %s", clean(pod.Status.PodIP), detail) // the widest IPv4 address
		items = append(items, pickItem{value: key.String(), label: clean(key.String()), detail: detail, current: key == sh.client.Pod})
	}
	if !anybody {
		return items
	}
	for _, namespace := range sh.state.Snapshot.Namespaces() {
		items = append(items, pickItem{value: "namespace:" + namespace.Name, label: "namespace:" + clean(namespace.Name), detail: "any Pod of it"})
	}
	return items
}

// clientPods are the Pods that run: the chosen one, those of the Service's namespace that are not behind it, those of other
// namespaces, and at last those behind it, which would call themselves.
func clientPods(snapshot *model.Snapshot, service, chosen model.Key) []*corev1.Pod {
	rank := func(pod *corev1.Pod) int {
		switch {
		case pod.Namespace == chosen.Namespace && pod.Name == chosen.Name:
			return 0
		case behind(snapshot, service, pod):
			return 3
		case pod.Namespace != service.Namespace:
			return 2
		}
		return 1
	}
	var pods []*corev1.Pod
	for _, pod := range snapshot.Pods(model.AllNamespaces) {
		if pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp == nil {
			pods = append(pods, pod)
		}
	}
	slices.SortStableFunc(pods, func(a, b *corev1.Pod) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	return pods
}

func behind(snapshot *model.Snapshot, key model.Key, pod *corev1.Pod) bool {
	service := snapshot.Service(key)
	if service == nil || pod.Namespace != key.Namespace || len(service.Spec.Selector) == 0 {
		return false
	}
	for name, value := range service.Spec.Selector {
		if pod.Labels[name] != value {
			return false
		}
	}
	return true
}

// clientReport is what keeps the chosen client from a Service, judged once a state.
type clientReport struct {
	of      *model.Snapshot
	client  check.Client
	service model.Key
	report  check.ClientReport
}

func (c *clientReport) gather(sh *shell, service model.Key) check.ClientReport {
	if sh.state == nil || !sh.client.Chosen() {
		return check.ClientReport{}
	}
	if c.of != sh.state.Snapshot || c.client != sh.client || c.service != service {
		in := check.Input{Snapshot: sh.state.Snapshot, Now: sh.now(), KubectlArgs: sh.info.KubectlArgs}
		*c = clientReport{sh.state.Snapshot, sh.client, service, check.Reaches(in, service, 0, sh.client)}
	}
	return c.report
}

// drawClient tells what keeps the chosen client from the Service; nothing where nobody is chosen.
func drawClient(sh *shell, service model.Key, judged check.ClientReport, width int) []string {
	if !sh.client.Chosen() {
		return nil
	}
	t := &sh.theme
	lines := []string{t.heading.on("For " + clientName(sh.client))}
	entry := func(mark check.Mark, text, more string) {
		glyph, paint := t.mark(mark)
		for i, line := range wrap(text, width-2) {
			sign := "  "
			if i == 0 {
				sign = paint.on(glyph) + " "
			}
			lines = append(lines, sign+t.text.on(line))
		}
		for _, line := range wrap(more, width-2) {
			if more != "" {
				lines = append(lines, "  "+t.dim.on(line))
			}
		}
	}
	if len(judged.Findings)+len(judged.Unchecked) == 0 {
		if sh.client.Pod != (model.Key{}) && sh.state != nil && sh.state.Snapshot.Pod(sh.client.Pod) == nil {
			entry(check.MarkUnknown, "this Pod is not there, or not read yet", "")
			return lines
		}
		entry(check.MarkNone, report.ClientClear(reportOf(sh.state, service), judged), "")
		return lines
	}
	for i := range judged.Findings {
		finding := &judged.Findings[i]
		entry(markOfFinding(finding), clean(finding.Title), clean(finding.ID)+" · "+finding.Confidence.String()+"  "+clean(finding.Why))
		if finding.Fix != nil {
			for _, line := range wrap(clean(finding.Fix.Note), width-2) {
				lines = append(lines, "  "+t.dim.on(line))
			}
			for _, line := range layCommand(finding.Fix.Command, width-2) {
				lines = append(lines, "  "+t.text.on(line.text))
			}
		}
	}
	for i := range judged.Unchecked {
		entry(check.MarkUnknown, uncheckedText(&judged.Unchecked[i]), "")
	}
	return lines
}
