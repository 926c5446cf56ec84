package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// route follows a request from its client to the Pods, up to where it breaks.
func route(s *subject, report *Report) []Hop {
	hops := make([]Hop, 1, 6)
	hops[0].Text = "clients"
	service := s.service
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		broken := report.Verdict == Fail || report.Verdict == Warn
		hops = append(hops, Hop{Text: s.key.Name + "." + s.key.Namespace})
		hop := Hop{Text: "CNAME " + service.Spec.ExternalName, Broken: broken}
		if broken {
			hop.Fault = service.Spec.ExternalName
		}
		return append(hops, hop)
	}
	lead := report.Leading()
	if service.Spec.Type == corev1.ServiceTypeLoadBalancer {
		hop := Hop{Text: strings.Join(externalAddresses(service), ", ")}
		if s.loadBalancerPending() {
			hop.Text = "<pending>"
			hop.Broken = lead != nil && strings.HasPrefix(lead.ID, "LB-") && (lead.Red() || lead.Amber())
			if hop.Broken {
				hop.Fault = hop.Text
			}
		}
		hops = append(hops, hop)
		if hop.Broken {
			return hops
		}
	}
	index := portToShow(s)
	address := Hop{Text: addressHop(service)}
	hops = append(hops, Hop{Text: portHop(s, index)}, address)
	if lead != nil && lead.ID == "SVC-07" && (lead.Red() || lead.Amber()) {
		// Nobody takes what is sent there any further.
		hops[len(hops)-1].Broken, hops[len(hops)-1].Fault = true, address.Text
		return hops
	}
	if s.selects() {
		hops = append(hops, selectorHop(s, lead))
	} else {
		hops = append(hops, Hop{Text: counted(len(s.slices), "EndpointSlice")})
	}
	return append(hops, lastHop(s, index, lead))
}

// portToShow is the first port that leads nowhere, else the first.
func portToShow(s *subject) int {
	for index := range s.service.Spec.Ports {
		if s.endpoints().PortDead(index) {
			return index
		}
	}
	return 0
}

func portHop(s *subject, index int) string {
	text := s.key.Name + "." + s.key.Namespace
	if index < len(s.service.Spec.Ports) {
		text += ":" + strconv.Itoa(int(s.service.Spec.Ports[index].Port))
	}
	if more := len(s.service.Spec.Ports) - 1; more > 0 {
		text += fmt.Sprintf(" (+%d)", more)
	}
	return text
}

func addressHop(service *corev1.Service) string {
	switch service.Spec.ClusterIP {
	case corev1.ClusterIPNone:
		return "headless"
	case "":
		return "no ClusterIP"
	}
	return service.Spec.ClusterIP
}

func selectorHop(s *subject, lead *Finding) Hop {
	hop := Hop{Text: selectorText(s.service.Spec.Selector)}
	if lead == nil {
		return hop
	}
	if text, ok := strings.CutPrefix(lead.Short, "no Pod has "); ok && strings.Contains(hop.Text, text) {
		hop.Fault = text
	}
	return hop
}

func lastHop(s *subject, index int, lead *Finding) Hop {
	endpoints := s.endpoints()
	usable := endpoints.UsableCount()
	if !s.slicesKnown() {
		return Hop{Text: "endpoints not known"}
	}
	if endpoints.PortDead(index) || usable == 0 {
		return brokenHop(s, index, lead)
	}
	if lead != nil && lead.ID == "EPS-05" && lead.Severity == Critical {
		address := lead.Evidence[0].Value
		return Hop{Text: "endpoint " + address, Broken: true, Fault: address}
	}
	var targets []string
	for i := range endpoints.Ports {
		port := &endpoints.Ports[i]
		if port.Index != index {
			continue
		}
		for _, endpoint := range port.Usable {
			if target := ":" + strconv.Itoa(int(endpoint.Port)); endpoint.Port != 0 && !slices.Contains(targets, target) {
				targets = append(targets, target)
			}
		}
	}
	what := "endpoint"
	if s.selects() {
		what = "Pod"
	}
	_, selected, _ := s.figures()
	text := fmt.Sprintf("%d of %s", usable, counted(selected, what))
	if usable == selected {
		text = counted(usable, what)
	}
	if len(targets) > 0 {
		text += " → " + firstOf(targets, 3)
	}
	return Hop{Text: text}
}

func brokenHop(s *subject, index int, lead *Finding) Hop {
	switch {
	case lead != nil && strings.HasPrefix(lead.ID, "PORT-0") && index < len(s.service.Spec.Ports):
		fault := targetPortText(&s.service.Spec.Ports[index])
		return Hop{Text: "container port " + fault, Broken: true, Fault: fault}
	case !s.selects():
		return Hop{Text: "no usable endpoint", Broken: true, Fault: "no usable endpoint"}
	case !s.coverage(model.Pods).Known():
		return Hop{Text: "no usable endpoint", Broken: true}
	case len(s.live()) == 0:
		return Hop{Text: "0 of " + counted(s.podsInNamespace(), "Pod"), Broken: true}
	}
	ready := 0
	for _, pod := range s.live() {
		if model.PodReady(pod) {
			ready++
		}
	}
	return Hop{Text: fmt.Sprintf("%d of %s Ready", ready, counted(len(s.live()), "Pod")), Broken: true}
}

func externalAddresses(service *corev1.Service) []string {
	var addresses []string
	for i := range service.Status.LoadBalancer.Ingress {
		ingress := &service.Status.LoadBalancer.Ingress[i]
		for _, address := range []string{ingress.IP, ingress.Hostname} {
			if address != "" && !slices.Contains(addresses, address) {
				addresses = append(addresses, address)
			}
		}
	}
	return append(addresses, service.Spec.ExternalIPs...)
}
