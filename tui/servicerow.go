package tui

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// serviceColumn is a column of the list of Services.
type serviceColumn uint8

const (
	columnNamespace serviceColumn = iota
	columnName
	columnType
	columnClusterIP
	columnExternalIP
	columnPorts
	columnReady
	columnHealth
	columnSelector
	columnSince
	columnAge
	serviceColumns
)

// heading is the column's name, letter the key (with shift) that sorts by it.
func (c serviceColumn) heading() string {
	return [...]string{"NAMESPACE", "NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORTS", "READY", "HEALTH", "SELECTOR", "SINCE", "AGE"}[c]
}

func (c serviceColumn) letter() string {
	return [...]string{"M", "N", "T", "C", "E", "P", "R", "H", "", "S", "A"}[c]
}

// serviceRow is one Service in the list. The row of a Service stays the same value while the Service is there,
// so that selection and order can hold on to it; its content follows the newest report.
type serviceRow struct {
	key     model.Key
	report  *check.Report
	service *corev1.Service
	// judged is the report as the state has it, report the one with what is known besides.
	judged *check.Report
	// text is clean; the columns of time have none.
	text  [serviceColumns]string
	width [serviceColumns]int
	// title is the leading finding's, for where there is room for it.
	title      string
	searchable string
	// place is what the row was last sorted by; it lags behind the report while the order is frozen.
	place place
}

// place is the part of a row that changes by itself and that rows are sorted by.
type place struct {
	verdict  check.Verdict
	severity check.Severity
	usable   int
	selected int
	health   string
}

func (r *serviceRow) current() place {
	p := place{verdict: r.report.Verdict, usable: r.report.Usable, selected: r.report.Selected, health: r.text[columnHealth]}
	if lead := r.report.Leading(); lead != nil && r.report.Verdict >= check.Warn {
		p.severity = lead.Severity
	}
	return p
}

// fill takes the row's texts from a report and its Service, which is nil where there is none.
func (r *serviceRow) fill(report *check.Report, service *corev1.Service) {
	r.key, r.report, r.service = report.Key, report, service
	r.text = [serviceColumns]string{
		columnNamespace:  clean(report.Key.Namespace),
		columnName:       clean(report.Key.Name),
		columnType:       glyphNone,
		columnClusterIP:  glyphNone,
		columnExternalIP: glyphNone,
		columnPorts:      glyphNone,
		columnReady:      glyphNone,
		columnHealth:     clean(report.Health()),
	}
	if report.Counted {
		r.text[columnReady] = strconv.Itoa(report.Usable) + "/" + strconv.Itoa(report.Selected)
	}
	if service != nil {
		r.text[columnType] = clean(string(service.Spec.Type))
		r.text[columnClusterIP] = clusterIP(service)
		r.text[columnExternalIP] = externalAddress(service)
		r.text[columnPorts] = portsText(service)
		r.text[columnSelector] = selectorText(service)
	}
	r.title = ""
	if lead := report.Leading(); lead != nil && r.text[columnHealth] != "" {
		r.title = clean(lead.Title)
	}
	for c, text := range r.text {
		r.width[c] = cells(text)
	}
	r.searchable = ""
}

// search is what the filter looks into, in lower case, made when first needed.
func (r *serviceRow) search() string {
	if r.searchable == "" {
		var b strings.Builder
		b.WriteString(r.key.Namespace + "/" + r.key.Name)
		for c := columnType; c <= columnSelector; c++ {
			b.WriteString(" " + r.text[c])
		}
		for i := range r.report.Findings {
			b.WriteString(" " + r.report.Findings[i].ID)
		}
		r.searchable = strings.ToLower(b.String())
	}
	return r.searchable
}

func clusterIP(service *corev1.Service) string {
	switch {
	case service.Spec.Type == corev1.ServiceTypeExternalName:
		return glyphNone
	case service.Spec.ClusterIP == "":
		return glyphNone
	default:
		return clean(service.Spec.ClusterIP)
	}
}

// externalAddress is where clients outside of the cluster would go.
func externalAddress(service *corev1.Service) string {
	var addresses []string
	switch service.Spec.Type {
	case corev1.ServiceTypeExternalName:
		return clean(service.Spec.ExternalName)
	case corev1.ServiceTypeLoadBalancer:
		for _, ingress := range service.Status.LoadBalancer.Ingress {
			switch {
			case ingress.IP != "":
				addresses = append(addresses, ingress.IP)
			case ingress.Hostname != "":
				addresses = append(addresses, ingress.Hostname)
			}
		}
		if len(addresses) == 0 && len(service.Spec.ExternalIPs) == 0 {
			return "<pending>"
		}
	case corev1.ServiceTypeNodePort:
		for _, port := range service.Spec.Ports {
			if port.NodePort != 0 {
				addresses = append(addresses, strconv.Itoa(int(port.NodePort)))
			}
		}
		if len(addresses) > 0 {
			addresses = []string{"nodes:" + strings.Join(addresses, ",")}
		}
	}
	addresses = append(addresses, service.Spec.ExternalIPs...)
	if len(addresses) == 0 {
		return glyphNone
	}
	return clean(strings.Join(addresses, ","))
}

// portsText writes the ports as the Service has them: port→targetPort, the same number once.
func portsText(service *corev1.Service) string {
	var ports []string
	for i := range service.Spec.Ports {
		ports = append(ports, portText(&service.Spec.Ports[i]))
	}
	if len(ports) == 0 {
		return glyphNone
	}
	return clean(strings.Join(ports, ","))
}

func portText(port *corev1.ServicePort) string {
	text := strconv.Itoa(int(port.Port))
	switch target := port.TargetPort; {
	case target.Type == intstr.String && target.StrVal != "":
		text += "→" + target.StrVal
	case target.IntVal != 0 && target.IntVal != port.Port:
		text += fmt.Sprintf("→%d", target.IntVal)
	}
	if port.Protocol != "" && port.Protocol != corev1.ProtocolTCP {
		text += "/" + string(port.Protocol)
	}
	return text
}

func selectorText(service *corev1.Service) string {
	pairs := sortedPairs(service.Spec.Selector)
	if len(pairs) == 0 {
		return glyphNone
	}
	return clean(strings.Join(pairs, " "))
}
