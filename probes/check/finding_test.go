package check

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// TestWhatStandsInTheHealthColumn holds that advice has no place in a row, that what is mild but no advice leads a Service's own screen
// and not its row, and that a gap is told only where the verdict hangs on it.
func TestWhatStandsInTheHealthColumn(t *testing.T) {
	t.Parallel()
	gap := []Unchecked{{Need: "list pods", Kind: model.Pods, Coverage: model.Coverage{State: model.Forbidden}}}
	for name, test := range map[string]struct {
		report Report
		leads  bool
		health string
	}{
		"nothing":                             {Report{}, false, ""},
		"a fault":                             {Report{Findings: []Finding{{ID: "SEL-01", Severity: Critical, Short: "x"}}}, true, "x"},
		"a small fault":                       {Report{Findings: []Finding{{ID: "EPS-09", Severity: Minor, Short: "x"}}}, true, "x"},
		"a small fault of a family of advice": {Report{Findings: []Finding{{ID: "LB-03", Severity: Minor, Short: "x"}}}, true, "x"},
		"worth knowing":                       {Report{Findings: []Finding{{ID: "EN-04", Severity: Info, Short: "x"}}}, true, ""},
		"worth knowing, and settles":          {Report{Findings: []Finding{{ID: "EN-04", Severity: Info, Settling: true, Short: "x"}}}, true, "x"},
		"a Pod that is not Ready":             {Report{Findings: []Finding{{ID: "POD-06", Severity: Info, Short: "x"}}}, true, "x"},
		"advice":                              {Report{Findings: []Finding{{ID: "ADV-01", Severity: Info, Short: "x"}}}, false, ""},
		"advice on load balancers":            {Report{Findings: []Finding{{ID: "LB-20", Severity: Info, Short: "x"}}}, false, ""},
		"advice on policies":                  {Report{Findings: []Finding{{ID: "TP-05", Severity: Info, Short: "x"}}}, false, ""},
		"advice on ports":                     {Report{Findings: []Finding{{ID: "PORT-10", Severity: Info, Short: "x"}}}, false, ""},
		"advice that settles":                 {Report{Findings: []Finding{{ID: "PORT-10", Severity: Info, Settling: true, Short: "x"}}}, true, "x"},
		"a gap":                               {Report{Verdict: Unknown, Unchecked: gap}, false, "may not list pods"},
		"a gap that does not matter":          {Report{Verdict: OK, Unchecked: gap}, false, ""},
		"nobody knows why":                    {Report{Verdict: Unknown}, false, ""},
		"a gap, and worth knowing":            {Report{Verdict: Unknown, Unchecked: gap, Findings: []Finding{{ID: "EN-04", Severity: Info, Short: "x"}}}, true, "may not list pods"},
	} {
		if got := test.report.Leading() != nil; got != test.leads {
			t.Errorf("%s: leads %v", name, got)
		}
		if got := test.report.Health(); got != test.health {
			t.Errorf("%s: %q, want %q", name, got, test.health)
		}
	}
}

// TestWhoManagesAService holds whom a fix names, because what is changed by hand would be undone by the next sync.
func TestWhoManagesAService(t *testing.T) {
	t.Parallel()
	by := func(selector, ports string) func(*corev1.Service) {
		return func(svc *corev1.Service) {
			if selector != "" {
				changedBy(selector, `{"f:spec":{"f:selector":{}}}`, 0)(svc)
			}
			if ports != "" {
				changedBy(ports, portsField, 0)(svc)
			}
		}
	}
	labelled := func(key, value string) func(*corev1.Service) {
		return func(svc *corev1.Service) { svc.Labels = labels{key: value} }
	}
	annotated := func(key, value string) func(*corev1.Service) {
		return func(svc *corev1.Service) { svc.Annotations = labels{key: value} }
	}
	for name, test := range map[string]struct {
		change func(*corev1.Service)
		want   string
	}{
		"nobody known":           {by("", ""), ""},
		"somebody's hand":        {by("kubectl-edit", ""), ""},
		"Argo CD, by its fields": {by("argocd-controller", ""), "Argo CD: fix its source"},
		"Argo CD, in capitals":   {by("ArgoCD-application-controller", ""), "Argo CD: fix its source"},
		"Flux, by its fields":    {by("kustomize-controller", ""), "Flux: fix its source"},
		"Flux's Helm":            {by("helm-controller", ""), "Flux: fix its source"},
		"Helm, by its fields":    {by("helm", ""), "Helm: fix the chart"},
		"Helm, by its label":     {labelled("app.kubernetes.io/managed-by", "Helm"), "Helm: fix the chart"},
		"a HelmRelease":          {labelled("helm.toolkit.fluxcd.io/name", "web"), "the Flux HelmRelease web: fix its values or chart"},
		"a Kustomization":        {labelled("kustomize.toolkit.fluxcd.io/name", "apps"), "the Flux Kustomization apps: fix its source"},
		"an Argo CD application": {annotated("argocd.argoproj.io/tracking-id", "shop:/Service:shop/web"), "the Argo CD application shop: fix its source"},
		"a release":              {annotated("meta.helm.sh/release-name", "shop"), "Helm release shop: fix the chart"},
		"the ports alone tell":   {by("", "argocd-controller"), "Argo CD: fix its source"},
		"the selector's manager": {by("helm", "argocd-controller"), "Helm: fix the chart"},
		"an owner": {func(svc *corev1.Service) {
			svc.OwnerReferences = []metav1.OwnerReference{{Kind: "Database", Name: "db", Controller: new(true)}}
		}, "Database db: change that"},
		"an owner that is no owner": {func(svc *corev1.Service) {
			svc.OwnerReferences = []metav1.OwnerReference{{Kind: "Database", Name: "db"}}
		}, ""},
	} {
		if got := ServiceFacts(cluster(service("web", nil, test.change)).Build(now), web).ManagedBy; got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// TestPatchesAreWrittenAsTheyAreRead holds that a patch shows what it sets, not an escape of it.
func TestPatchesAreWrittenAsTheyAreRead(t *testing.T) {
	t.Parallel()
	if got := asJSON(map[string]any{"a": "b&<c>"}); got != `{"a":"b&<c>"}` {
		t.Error(got)
	}
}
