package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// JudgeMissing reports on a Service that was asked for and is not in the snapshot. That it does not exist is said only where the
// Services of its namespace are known: not being permitted to look is no answer. It is pure and safe for concurrent use.
func JudgeMissing(in Input, key model.Key) *Report {
	report, known := newMissing(in, key)
	if known {
		fillMissing(in, report, in.Snapshot.Referrers(key), harmProven)
	}
	return report
}

// JudgeMissed reports on a Service that something refers to and that is not in the snapshot; nil where nothing fails
// without it. It is red where requests fail, and a warning where that is only likely. It is pure and safe for concurrent use.
func JudgeMissed(in Input, key model.Key) *Report {
	referrers := in.Snapshot.Referrers(key)
	if harmOf(referrers) == harmless {
		return nil
	}
	report, known := newMissing(in, key)
	if !known {
		return report
	}
	// What rests on stale data may be over by now.
	stale := func(referrer model.Referrer) bool {
		return in.Snapshot.Coverage(referrer.Kind, referrer.Namespace).State == model.Stale
	}
	fresh := slices.DeleteFunc(slices.Clone(referrers), stale)
	grade := harmOf(fresh)
	if grade == harmless {
		of := referrers[slices.IndexFunc(referrers, func(r model.Referrer) bool { return harmWithout(&r) > harmless })]
		report.Unchecked = []Unchecked{newUnchecked([]string{"SVC-01"}, of.Kind, of.Namespace, in.Snapshot.Coverage(of.Kind, of.Namespace))}
		return report
	}
	fillMissing(in, report, fresh, grade)
	settleMissing(in, report, fresh)
	return report
}

// newMissing begins the report on a Service that is not there, and tells whether that can be known.
func newMissing(in Input, key model.Key) (report *Report, known bool) {
	report = &Report{Key: key, Missing: true, Verdict: Unknown}
	report.Route = []Hop{{Text: "clients"}, {Text: key.Name + "." + key.Namespace}}
	coverage := in.Snapshot.Coverage(model.Services, key.Namespace)
	if coverage.Known() && coverage.State != model.Stale {
		return report, true
	}
	report.Unchecked = []Unchecked{newUnchecked([]string{"SVC-01"}, model.Services, key.Namespace, coverage)}
	report.Steps[StepService].Mark = MarkUnknown
	return report, false
}

func fillMissing(in Input, report *Report, referrers []model.Referrer, grade harm) {
	near, elsewhere := nearAndElsewhere(in, report.Key)
	finding := missingFinding(in, report.Key, referrers, near, elsewhere)
	told := inOrder(referrersOfMissing(in, report.Key, near))
	if len(near) == 1 && len(elsewhere) == 0 && len(told) > 0 {
		// Only one can be meant, and who names it can name that one.
		finding.Fix = told[0].Fix
	}
	report.Verdict = Fail
	if grade < harmProven {
		report.Verdict = Warn
		finding.Severity, finding.Confidence = Major, Likely
	}
	report.Findings = slices.Concat([]Finding{finding}, told, wrongNamespace(in, report.Key, elsewhere))
	report.Suffers = sending(slices.Clone(referrers))
	report.Steps[StepService] = StepResult{Mark: findingMark(&finding), Note: "absent"}
	last := len(report.Route) - 1
	report.Route[last].Broken, report.Route[last].Fault = true, report.Key.Name
	if gravest := gravestOf(referrers); gravest != nil {
		report.Route = slices.Insert(report.Route, last, Hop{Text: gravest.Kind.ObjectKind() + " " + gravest.Name})
	}
}

// settleMissing calls nothing a fault that is younger than what whoever applies a folder of manifests needs for it.
func settleMissing(in Input, report *Report, referrers []model.Referrer) {
	var oldest time.Time
	for i := range referrers {
		if created := referrers[i].Created; harmWithout(&referrers[i]) > harmless && (oldest.IsZero() || created.Before(oldest)) {
			oldest = created
		}
	}
	held := in.Now.Sub(oldest)
	if held >= settleTime || held < -settleTime {
		return
	}
	report.Again = oldest.Add(settleTime)
	for i := range report.Findings {
		finding := &report.Findings[i]
		finding.Severity, finding.Settling, finding.Again = min(finding.Severity, Minor), true, report.Again
	}
	report.Verdict, report.Settling = Partial, true
	report.Steps[StepService].Mark = MarkPending
	report.Suffers = nil
}

// gravestOf is the first of those that fail most without the Service; nil for none.
func gravestOf(referrers []model.Referrer) *model.Referrer {
	grade := harmOf(referrers)
	for i := range referrers {
		if grade > harmless && harmWithout(&referrers[i]) == grade {
			return &referrers[i]
		}
	}
	return nil
}

func missingFinding(in Input, key model.Key, referrers []model.Referrer, near, elsewhere []string) Finding {
	finding := Finding{
		ID: "SVC-01", Severity: Critical, Confidence: Proven, Step: StepService,
		Short:    "does not exist",
		Title:    fmt.Sprintf("There is no Service %s in namespace %s.", key.Name, key.Namespace),
		Why:      "Its name does not resolve, and whoever calls it gets no connection.",
		Evidence: []Evidence{{Kind: "Service", Namespace: key.Namespace, Name: key.Name, Field: "metadata.name", Value: "absent"}},
	}
	gravest := gravestOf(referrers)
	if gravest != nil {
		kind := gravest.Kind.ObjectKind()
		if gravest.Webhook != "" {
			kind = "webhook"
		}
		finding.Short = short("does not exist: %s %s", kind, gravest.Name)
		finding.Why = whyMissed(gravest)
	}
	for i := range referrers {
		finding.Evidence = append(finding.Evidence, Evidence{
			Kind: referrers[i].Kind.ObjectKind(), Namespace: referrers[i].Namespace, Name: referrers[i].Name,
			Field: referrers[i].Field, Value: key.Name,
		})
	}
	var causes, notes []string
	// The very name in another namespace says more than a name that is only near.
	if len(elsewhere) > 0 {
		causes = append(causes, "a Service of that name is in namespace "+firstOf(elsewhere, 3))
		notes = append(notes, elsewhereNote(key, elsewhere[0], gravest))
		finding.Short = short("does not exist here; in %s it does", elsewhere[0])
		for _, namespace := range elsewhere[:min(len(elsewhere), 3)] {
			finding.Evidence = append(finding.Evidence, Evidence{Kind: "Service", Namespace: namespace, Name: key.Name, Field: "metadata.namespace", Value: namespace})
		}
	}
	if len(near) > 0 {
		causes = append(causes, "the name is near to "+firstOf(near, 3))
		notes = append(notes, "call "+near[0]+", if that is the one that is meant")
		if len(elsewhere) == 0 {
			finding.Short = short("does not exist; %s does", near[0])
		}
		for _, name := range near[:min(len(near), 3)] {
			finding.Evidence = append(finding.Evidence, Evidence{Kind: "Service", Namespace: key.Namespace, Name: name, Field: "metadata.name", Value: name})
		}
	}
	if namespaceAbsent(in.Snapshot, key.Namespace) {
		near := nearNamespaces(in.Snapshot, key.Namespace)
		finding.Title = fmt.Sprintf("There is no namespace %s, and so no Service %s in it.", key.Namespace, key.Name)
		finding.Evidence = append(finding.Evidence, Evidence{Kind: "Namespace", Name: key.Namespace, Field: "metadata.name", Value: "absent"})
		if len(elsewhere) == 0 {
			finding.Short = short("namespace %s does not exist", key.Namespace)
		}
		if len(near) > 0 {
			causes = append(causes, "the namespace's name is near to "+firstOf(near, 3))
			notes = append(notes, "look in namespace "+near[0]+", if that is the one that is meant")
		}
	}
	if namespace := terminatingNamespace(in.Snapshot, key.Namespace); namespace != nil {
		causes = append([]string{"the namespace is being deleted"}, causes...)
	}
	if len(causes) > 0 {
		finding.Cause = &Cause{Text: strings.Join(causes, "; or "), Confidence: Likely}
	}
	finding.Fix = missingFix(in, key, gravest, strings.Join(notes, "; or "))
	return finding
}

// namespaceAbsent tells whether a namespace is known not to exist. A list without any is none of a cluster's: default is always there.
func namespaceAbsent(snapshot *model.Snapshot, name string) bool {
	coverage := snapshot.Coverage(model.Namespaces, model.AllNamespaces)
	return coverage.Known() && coverage.State != model.Stale && snapshot.Namespace(name) == nil && len(snapshot.Namespaces()) > 0
}

// nearNamespaces are the namespaces whose names are near to one, the nearest first.
func nearNamespaces(snapshot *model.Snapshot, name string) []string {
	var names []string
	for _, namespace := range snapshot.Namespaces() {
		names = append(names, namespace.Name)
	}
	return nearest(name, names)
}

// nearest are those of names that are near to one, the nearest first.
func nearest(wanted string, names []string) []string {
	distances := map[string]int{}
	var near []string
	for _, name := range names {
		if distance := editDistance(name, wanted); distance <= editLimit && distance < max(len(wanted), 2) {
			near, distances[name] = append(near, name), distance
		}
	}
	slices.SortStableFunc(near, func(a, b string) int { return distances[a] - distances[b] })
	return near
}

func nearAndElsewhere(in Input, key model.Key) (near, elsewhere []string) {
	near, elsewhere = NearNames(in.Snapshot, key)
	for _, other := range in.Elsewhere {
		if other.Name == key.Name && other.Namespace != key.Namespace && !slices.Contains(elsewhere, other.Namespace) {
			elsewhere = append(elsewhere, other.Namespace)
		}
	}
	slices.Sort(elsewhere)
	return near, elsewhere
}

// whyMissed says what becomes of those who come by the way of a referrer.
func whyMissed(referrer *model.Referrer) string {
	text := referrer.Kind.ObjectKind() + " " + referrer.Name
	switch referrer.Kind {
	case model.Ingresses, model.HTTPRoutes, model.GRPCRoutes:
		return text + " sends requests there: clients get an error, 503 or 500, or a default page."
	case model.TLSRoutes, model.TCPRoutes:
		return text + " sends connections there: they are refused or closed."
	case model.ValidatingWebhooks, model.MutatingWebhooks:
		return text + " calls it: the API server refuses every write that the webhook's rules match."
	case model.APIServices:
		return text + " is served from there: that API is not available."
	case model.StatefulSets:
		return text + " names it: its Pods have no DNS names of their own."
	}
	return text + " names it, and does not go on without it."
}

// elsewhereNote says how to reach the Service of the same name in another namespace. An Ingress cannot name one.
func elsewhereNote(key model.Key, namespace string, referrer *model.Referrer) string {
	switch {
	case referrer == nil:
		return fmt.Sprintf("look there, with -n %s; from another namespace it is called %s.%s", namespace, key.Name, namespace)
	case referrer.Kind == model.Ingresses:
		return fmt.Sprintf("an Ingress reaches Services of its own namespace only: it belongs to namespace %s, or the Service to %s", namespace, key.Namespace)
	}
	return fmt.Sprintf("let %s name that one, if it is meant", objectText(referrer))
}

// missingFix makes the Service for the Deployment of its name; nil where there is nothing to say.
func missingFix(in Input, key model.Key, referrer *model.Referrer, note string) *Fix {
	fix := &Fix{Note: note}
	// What a StatefulSet names has to be headless, and to select its own Pods.
	ofSet := referrer != nil && referrer.Kind == model.StatefulSets
	if command := exposeCommand(in, key, referrer); command != "" && !ofSet {
		fix.Command = command
		if note == "" {
			fix.Note = "makes one for the Deployment of that name"
		} else {
			fix.Note += "; else this command makes one for the Deployment of the name that was asked for"
		}
	}
	if fix.Note == "" && referrer != nil {
		fix.Note = missedNote(referrer)
	}
	if fix.Note == "" {
		return nil
	}
	return fix
}

// missedNote is for a referrer of a Service whose like is nowhere.
func missedNote(referrer *model.Referrer) string {
	object := objectText(referrer)
	switch referrer.Kind {
	case model.ValidatingWebhooks, model.MutatingWebhooks, model.APIServices:
		return "bring the Service back; or delete " + object + ", where what it belongs to is gone for good"
	case model.StatefulSets:
		return "create a headless Service of that name with the StatefulSet's selector"
	}
	return "create it, or let " + object + " name the one that is meant"
}

// wrongNamespace is SVC-02: a Service of exactly the name that was asked for is in another namespace, and in one only. Clients
// that call it by its bare name ask in their own. That its Pods are in another namespace than the Service is SEL-03.
func wrongNamespace(in Input, key model.Key, elsewhere []string) []Finding {
	if len(elsewhere) != 1 {
		return nil
	}
	there := model.Key{Namespace: elsewhere[0], Name: key.Name}
	return []Finding{{
		ID: "SVC-02", Severity: Major, Confidence: Likely, Step: StepService,
		Short:    short("it is in namespace %s", there.Namespace),
		Title:    fmt.Sprintf("Service %s is in namespace %s.", there.Name, there.Namespace),
		Why:      "A bare name is looked up in the client's own namespace.",
		Evidence: []Evidence{{Kind: "Service", Namespace: there.Namespace, Name: there.Name, Field: "metadata.namespace", Value: there.Namespace}},
		Fix: &Fix{
			Command: kubectlIn(in, there.Namespace, "get", "svc", there.Name, "-o", "wide"), Look: true,
			Note: fmt.Sprintf("let clients of other namespaces call %s.%s", there.Name, there.Namespace),
		},
	}}
}

// exposeCommand makes the Service for a Deployment of its name that declares a port. Clients ask for the port that the referrer
// names, else for the container's.
func exposeCommand(in Input, key model.Key, referrer *model.Referrer) string {
	deployment := in.Snapshot.Deployment(key)
	if deployment == nil {
		return ""
	}
	var target *corev1.ContainerPort
	for container := range model.ServingContainers(&deployment.Spec.Template.Spec) {
		if len(container.Ports) > 0 {
			target = &container.Ports[0]
			break
		}
	}
	if target == nil {
		return ""
	}
	port := target.ContainerPort
	if referrer != nil && referrer.Port != 0 {
		port = referrer.Port
	}
	return kubectlIn(in, key.Namespace, "expose", "deploy/"+key.Name, "--port="+fmt.Sprint(port), "--target-port="+fmt.Sprint(target.ContainerPort))
}

// NearNames returns, for a Service that is not there, those of its namespace whose names are at most two letters from its own, nearest
// first, and the other namespaces, as far as they are known, that have a Service of exactly that name.
func NearNames(snapshot *model.Snapshot, key model.Key) (near, elsewhere []string) {
	var names []string
	for _, service := range snapshot.Services(key.Namespace) {
		names = append(names, service.Name)
	}
	near = nearest(key.Name, names)
	for _, namespace := range snapshot.ServiceNamespaces() {
		if snapshot.Service(model.Key{Namespace: namespace, Name: key.Name}) != nil {
			elsewhere = append(elsewhere, namespace)
		}
	}
	return near, elsewhere
}
