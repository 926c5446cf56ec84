package check

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func image(image string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.Containers[0].Image = image }
}

func with(key, value string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Labels[key] = value }
}

func own(labels labels) labels {
	own := map[string]string{}
	for key, value := range labels {
		own[key] = value
	}
	return own
}

// TestMixedBackends has two workloads behind one Service, which may be one application.
func TestMixedBackends(t *testing.T) {
	t.Parallel()
	web := labels{"team": "shop"}
	pair := func(change ...func(*corev1.Pod)) objects {
		return objects{
			pod("web-a", own(web), append([]func(*corev1.Pod){ofDeploy("web"), with("app", "web")}, image("registry.example/web:1"))...),
			pod("db-a", own(web), append([]func(*corev1.Pod){ofDeploy("db"), with("app", "db"), image("registry.example/db@sha256:0")}, change...)...),
		}
	}
	otherPort := containerPorts(corev1.ContainerPort{Name: "sql", ContainerPort: 5432})
	for name, test := range map[string]struct {
		service    *corev1.Service
		pods       objects
		confidence Confidence
		verdict    Verdict
		fix        string
	}{
		"two images":               {service("web", web), pair(), Possible, OK, `'{"spec":{"selector":{"app":"web"}}}'`},
		"one lacks the number":     {service("web", web), pair(otherPort), Likely, Warn, `'{"spec":{"selector":{"app":"web"}}}'`},
		"neither is named like it": {service("front", web), pair(), Possible, OK, ""},
	} {
		report := Judge(input(cluster(append(test.pods, test.service)...)), keyOf(test.service))
		record(t, name, report)
		lead := report.Leading()
		if lead == nil || lead.ID != "SEL-05" || lead.Confidence != test.confidence || lead.Severity != Major || report.Verdict != test.verdict {
			t.Errorf("%s: %s", name, told(report))
			continue
		}
		if command := `kubectl --context prod -n shop patch svc web --type=merge -p ` + test.fix; test.fix != "" && lead.Fix.Command != command || test.fix == "" && lead.Fix.Command != "" {
			t.Errorf("%s: fix %s", name, lead.Fix.Command)
		}
	}
	named := service("web", web, ports(port(80, "http")))
	report := Judge(input(cluster(append(pair(otherPort), named)...)), keyOf(named))
	if lead := report.Leading(); lead == nil || lead.ID != "PORT-02" || !says(report, "SEL-05") {
		t.Errorf("a named port that one lacks is the proven fault, and the mix its reason: %s", told(report))
	}
	for name, test := range map[string]struct {
		service *corev1.Service
		pods    objects
	}{
		"one repository":           {service("web", web), pair(image("registry.example/web:2"))},
		"one release":              {service("web", web), objects{pod("a", own(web), ofDeploy("web"), with(instanceLabel, "x"), image("web")), pod("b", own(web), ofDeploy("store"), with(instanceLabel, "x"), image("store"))}},
		"a registry with a port":   {service("web", web), objects{pod("a", own(web), ofDeploy("web"), image("registry:5000/web:1")), pod("b", own(web), ofDeploy("canary"), image("registry:5000/web"))}},
		"one workload, two images": {service("web", web), objects{pod("a", own(web), ofDeploy("web"), image("one")), pod("b", own(web), ofDeploy("web"), image("two"))}},
		"headless":                 {service("web", web, headless), pair()},
		"one of them is not Ready": {service("web", web), pair(notReady)},
		"the main container is the same": {service("web", web), pair(func(p *corev1.Pod) {
			p.Annotations = labels{"kubectl.kubernetes.io/default-container": "main"}
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "main", Image: "registry.example/web:3"})
		})},
	} {
		if report := Judge(input(cluster(append(test.pods, test.service)...)), keyOf(test.service)); says(report, "SEL-05") {
			t.Errorf("%s: %s", name, told(report))
		}
	}
	// A release whose parts do not all have the port is mixed all the same; a container that declares none need not.
	release := objects{pod("a", own(web), ofDeploy("web"), with(instanceLabel, "x"), image("web")), pod("b", own(web), ofDeploy("store"), with(instanceLabel, "x"), image("store"), otherPort)}
	if report := judge(t, "web", append(release, service("web", web))...); !says(report, "SEL-05") {
		t.Errorf("one release, and a port that one lacks: %s", told(report))
	}
	if report := judge(t, "web", append(pair(containerPorts()), service("web", web))...); report.Leading().Confidence != Possible {
		t.Errorf("no port declared at all: %s", told(report))
	}
}

func says(report *Report, id string) bool {
	for i := range report.Findings {
		if report.Findings[i].ID == id {
			return true
		}
	}
	return false
}

func TestJobPodsBehindAService(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	unprobed := func(p *corev1.Pod) { p.Spec.Containers[0].ReadinessProbe = nil }
	job := pod("job-x", own(app), ownedBy("Job", "job"), unprobed)
	serving := pod("a", own(app), ofDeploy("web"), with("tier", "front"))
	report := judge(t, "web", service("web", app), serving, job)
	lead := report.Leading()
	if lead == nil || lead.ID != "SEL-06" || report.Verdict != OK || lead.Severity != Minor || lead.Confidence != Likely {
		t.Fatalf("%s", told(report))
	}
	if want := `kubectl --context prod -n shop patch svc web --type=merge -p '{"spec":{"selector":{"tier":"front"}}}'`; lead.Fix.Command != want {
		t.Errorf("%s", lead.Fix.Command)
	}
	for name, objects := range map[string]objects{
		"only a Job":             {service("web", app), job},
		"a Job that serves":      {service("web", app), serving, pod("job-y", own(app), ownedBy("Job", "job"))},
		"a Job that has ended":   {service("web", app), serving, pod("job-y", own(app), ownedBy("Job", "job"), unprobed, ended(corev1.PodSucceeded))},
		"a Job that starts":      {service("web", app), serving, pod("job-y", own(app), ownedBy("Job", "job"), unprobed, notReady)},
		"headless, of every Pod": {service("web", app, headless), serving, job},
	} {
		if report := judge(t, "web", objects...); says(report, "SEL-06") {
			t.Errorf("%s: %s", name, told(report))
		}
	}
}
