package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// APIVersion names the contract that `-o json` and `-o yaml` keep. Fields may be added within a version;
// none is renamed, removed or given another meaning.
const APIVersion = "svctui/v1"

// The types of the contract. Every list is there even when it is empty.
type (
	contract struct {
		APIVersion string            `json:"apiVersion"`
		Context    string            `json:"context"`
		Summary    contractSummary   `json:"summary"`
		Services   []contractService `json:"services"`
	}
	contractSummary struct {
		Services int `json:"services"`
		Fail     int `json:"fail"`
		Warn     int `json:"warn"`
		Unknown  int `json:"unknown"`
		OK       int `json:"ok"`
	}
	contractService struct {
		Namespace string              `json:"namespace"`
		Name      string              `json:"name"`
		Type      string              `json:"type"`
		Verdict   string              `json:"verdict"`
		Settling  string              `json:"settling,omitempty"`
		Findings  []contractFinding   `json:"findings"`
		Unchecked []contractUnchecked `json:"unchecked"`
		// Unasked are the ports, by name or else by number, of which nothing that was read tells whether they answer: no readiness probe
		// dials them on the Pods' own IPs, or not every endpoint passes it. Such a Service can be ok and refuse its clients: the isolation
		// test asks. It is empty for one that does not exist and for an ExternalName.
		Unasked []string `json:"unasked"`
		// Suffers are those who send requests to the Service and feel its trouble, as far as they are known; empty while it fails
		// nobody. Not to be able to read a kind of them is no gap of the verdict, and is not told.
		Suffers []contractSufferer `json:"suffers"`
		// Client is there where the Services were looked at for somebody.
		Client *contractClient `json:"client,omitempty"`
	}
	// contractClient is what keeps one client from the Service, beside what keeps everybody from it.
	contractClient struct {
		Name      string              `json:"name,omitempty"`
		Findings  []contractFinding   `json:"findings"`
		Unchecked []contractUnchecked `json:"unchecked"`
	}
	// contractSufferer is one place in one object that names the Service: an Ingress's or a route's backend, a webhook, an
	// APIService, a StatefulSet. Field is where; port is the Service's port, by number or name, empty where none is named;
	// hosts and paths are those of the requests, empty for any; webhook and failurePolicy are of a webhook only.
	contractSufferer struct {
		Kind          string   `json:"kind"`
		Namespace     string   `json:"namespace"`
		Name          string   `json:"name"`
		Field         string   `json:"field"`
		Port          string   `json:"port"`
		Hosts         []string `json:"hosts"`
		Paths         []string `json:"paths"`
		Webhook       string   `json:"webhook,omitempty"`
		FailurePolicy string   `json:"failurePolicy,omitempty"`
	}
	contractFinding struct {
		ID         string             `json:"id"`
		Severity   string             `json:"severity"`
		Confidence string             `json:"confidence"`
		Title      string             `json:"title"`
		Why        string             `json:"why"`
		Cause      *contractCause     `json:"cause,omitempty"`
		Evidence   []contractEvidence `json:"evidence"`
		Fix        *contractFix       `json:"fix,omitempty"`
	}
	contractCause struct {
		Text       string `json:"text"`
		Confidence string `json:"confidence"`
	}
	contractEvidence struct {
		Kind      string `json:"kind"`
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
		Field     string `json:"field"`
		Value     string `json:"value"`
	}
	contractFix struct {
		Command string `json:"command"`
		Note    string `json:"note"`
		Look    bool   `json:"look,omitempty"`
	}
	contractUnchecked struct {
		Check string `json:"check"`
		What  string `json:"what,omitempty"`
		Need  string `json:"need"`
		Why   string `json:"why"`
	}
)

// affected names the checks that a gap is about: those that cannot be made, else those that say less.
func affected(unchecked check.Unchecked) []string {
	if len(unchecked.Check) > 0 {
		return unchecked.Check
	}
	return unchecked.Less
}

// toContract passes every string that may come from the cluster through text.
func toContract(document Document, text func(string) string) contract {
	tally := Count(document.Reports)
	out := contract{
		APIVersion: APIVersion,
		Context:    text(document.Context),
		Summary:    contractSummary(tally),
		Services:   make([]contractService, 0, len(document.Reports)),
	}
	for _, report := range document.Reports {
		service := contractService{
			Namespace: text(report.Key.Namespace),
			Name:      text(report.Key.Name),
			Type:      text(document.typeOf(report.Key)),
			Verdict:   Verdict(report).String(),
			Settling:  settling(report, document.At),
			Findings:  make([]contractFinding, 0, len(report.Findings)),
			Unchecked: make([]contractUnchecked, 0, len(report.Unchecked)),
			Unasked:   []string{},
			Suffers:   make([]contractSufferer, 0, len(report.Suffers)),
		}
		for _, port := range document.unasked(report.Key) {
			service.Unasked = append(service.Unasked, text(port))
		}
		for i := range report.Suffers {
			service.Suffers = append(service.Suffers, toContractSufferer(&report.Suffers[i], text))
		}
		for _, finding := range report.Findings {
			service.Findings = append(service.Findings, toContractFinding(finding, text))
		}
		for _, unchecked := range report.Unchecked {
			service.Unchecked = append(service.Unchecked, toContractUnchecked(unchecked, text))
		}
		if document.Client.Chosen() && !report.Missing {
			client := toContractClient(document.Client, document.ForClient[report.Key], text)
			service.Client = &client
		}
		out.Services = append(out.Services, service)
	}
	return out
}

func toContractUnchecked(unchecked check.Unchecked, text func(string) string) contractUnchecked {
	return contractUnchecked{
		Check: strings.Join(affected(unchecked), ","),
		What:  unchecked.What,
		Need:  text(unchecked.Need),
		Why:   unchecked.Coverage.State.String(),
	}
}

func toContractClient(client check.Client, report check.ClientReport, text func(string) string) contractClient {
	out := contractClient{Findings: make([]contractFinding, 0, len(report.Findings)), Unchecked: make([]contractUnchecked, 0, len(report.Unchecked))}
	if client.Chosen() {
		out.Name = text(client.String())
	}
	for i := range report.Findings {
		out.Findings = append(out.Findings, toContractFinding(report.Findings[i], text))
	}
	for i := range report.Unchecked {
		out.Unchecked = append(out.Unchecked, toContractUnchecked(report.Unchecked[i], text))
	}
	return out
}

func toContractSufferer(referrer *model.Referrer, text func(string) string) contractSufferer {
	each := func(all []string) []string {
		texts := make([]string, len(all))
		for i := range all {
			texts[i] = text(all[i])
		}
		return texts
	}
	out := contractSufferer{
		Kind: referrer.Kind.ObjectKind(), Namespace: text(referrer.Namespace), Name: text(referrer.Name), Field: text(referrer.Field),
		Port: text(referrer.PortName), Hosts: each(referrer.Hosts), Paths: each(referrer.Paths),
		Webhook: text(referrer.Webhook), FailurePolicy: text(referrer.FailurePolicy),
	}
	if referrer.Port != 0 {
		out.Port = strconv.Itoa(int(referrer.Port))
	}
	return out
}

func toContractFinding(finding check.Finding, text func(string) string) contractFinding {
	out := contractFinding{
		ID:         finding.ID,
		Severity:   finding.Severity.String(),
		Confidence: finding.Confidence.String(),
		Title:      text(finding.Title),
		Why:        text(finding.Why),
		Evidence:   make([]contractEvidence, 0, len(finding.Evidence)),
	}
	if finding.Cause != nil {
		out.Cause = &contractCause{Text: text(finding.Cause.Text), Confidence: finding.Cause.Confidence.String()}
	}
	for _, evidence := range finding.Evidence {
		out.Evidence = append(out.Evidence, contractEvidence{
			Kind:      text(evidence.Kind),
			Namespace: text(evidence.Namespace),
			Name:      text(evidence.Name),
			Field:     text(evidence.Field),
			Value:     text(evidence.Value),
		})
	}
	if finding.Fix != nil {
		out.Fix = &contractFix{Command: text(finding.Fix.Command), Note: text(finding.Fix.Note), Look: finding.Fix.Look}
	}
	return out
}

func toJSON(document Document) (string, error) {
	return EncodeJSON(toContract(document, verbatim))
}

func verbatim(text string) string { return text }

// EncodeJSON writes a value as indented JSON that is safe to print: what Clean would take out is written as
// a \u escape, so that a program still reads the very string that the cluster holds.
func EncodeJSON(value any) (string, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return "", err
	}
	plain := buffer.String()
	var out strings.Builder
	out.Grow(len(plain))
	for _, r := range plain {
		// Outside of strings JSON is ASCII, and inside of them the encoder has escaped everything below a space.
		switch {
		case r < 0x7f || !unsafe(r):
			out.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			r -= 0x10000
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		}
	}
	return out.String(), nil
}

// toYAML cleans the strings, as YAML's writer would let some of the hostile ones through.
func toYAML(document Document) (string, error) {
	out, err := yaml.Marshal(toContract(document, CleanLines))
	return string(out), err
}
