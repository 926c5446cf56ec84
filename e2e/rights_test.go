package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/terminal"
)

// rightsManifest gives one user rights in a namespace by a list of rules.
const rightsManifest = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: USER}
rules:
RULES
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: USER}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: USER}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: "USER of ${namespace}"}]
`

// what a user needs in all, each a rule of a role.
var allRules = map[string]string{
	"services":             `{apiGroups: [""], resources: [services], verbs: [get, list, watch]}`,
	"endpointslices":       `{apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [get, list, watch]}`,
	"pods":                 `{apiGroups: [""], resources: [pods, pods/log], verbs: [get, list, watch]}`,
	"events":               `{apiGroups: [""], resources: [events], verbs: [get, list, watch]}`,
	"workloads":            `{apiGroups: [apps, batch], resources: ["*"], verbs: [get, list, watch]}`,
	"pods/portforward":     `{apiGroups: [""], resources: [pods/portforward], verbs: [create, get]}`,
	"services/proxy":       `{apiGroups: [""], resources: [services/proxy], verbs: [get]}`,
	"pods/proxy":           `{apiGroups: [""], resources: [pods/proxy], verbs: [get]}`,
	"services, list alone": `{apiGroups: [""], resources: [services], verbs: [get, list]}`,
	"slices, list alone":   `{apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [get, list]}`,
}

// everywhereManifest gives one user rights in every namespace, but none about the namespaces themselves.
const everywhereManifest = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "USER-${namespace}"}
rules:
RULES
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "USER-${namespace}"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "USER-${namespace}"}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: "USER of ${namespace}"}]
`

// grant makes a user with all rights but the ones left out, and those besides, and returns the kubeconfig.
func grant(t *testing.T, c *harness.Cluster, namespace, user string, leftOut, besides []string) string {
	t.Helper()
	without := map[string]bool{"services, list alone": true, "slices, list alone": true}
	for _, name := range leftOut {
		without[name] = true
	}
	for _, name := range besides {
		delete(without, name)
	}
	var rules []string
	for name, rule := range allRules {
		if !without[name] {
			rules = append(rules, "  - "+rule)
		}
	}
	c.Apply(t, namespace, replaced(rightsManifest, "USER", user, "RULES", strings.Join(rules, "\n")))
	return c.UserKubeconfig(t, user+" of "+namespace)
}

// everyRule is all that a user needs.
func everyRule() string {
	var rules []string
	for name, rule := range allRules {
		if !strings.Contains(name, "list alone") {
			rules = append(rules, "  - "+rule)
		}
	}
	return strings.Join(rules, "\n")
}

// flat is a screen as one line, so that a sentence is found wherever it was wrapped.
func flat(screen string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "▌", " ").Replace(screen)), " ")
}

// A right that is missing makes Unknown what it would have shown, by its name, and nothing else; it never makes
// anything green, and never "none".
func TestMissingRights(t *testing.T) {
	c := harness.Use(t)
	namespace := startTwo(t, c)
	admin := c.Terminal(t, 120, 40, "-n", namespace)
	waitForRow(admin, "zeta", `^✗`, verdictLimit) // nothing of what follows has to wait for a guard time
	leave(t, admin)

	t.Run("no list of services", func(t *testing.T) {
		kubeconfig := grant(t, c, namespace, "no-services", []string{"services"}, nil)
		for _, command := range []string{"diagnose", "diagnose alpha", "test alpha"} {
			result := c.Run(t, harness.Run{Args: append(strings.Fields(command), "-n", namespace), Kubeconfig: kubeconfig})
			if result.Code != 2 || !strings.Contains(flat(result.Stdout+result.Stderr), "services") || !strings.Contains(result.Stdout+result.Stderr, "list") {
				t.Errorf("%s: want 2, and list services named\n%s", command, result)
			}
		}
		screen := c.TerminalRun(t, 120, 40, harness.Run{Args: []string{"-n", namespace}, Kubeconfig: kubeconfig})
		screen.WaitFor("You may not list Services in namespace "+namespace, 20*time.Second)
		screen.WaitFor("is therefore unknown", 10*time.Second)
		screen.Send(":ns", terminal.Enter)
		screen.WaitFor("namespaces cannot be listed, type a name", 10*time.Second)
		screen.Send(terminal.Esc)
		screen.WaitGone("type a name", 10*time.Second)
		leave(t, screen)
	})
	t.Run("no list of endpointslices", func(t *testing.T) {
		kubeconfig := grant(t, c, namespace, "no-slices", []string{"endpointslices"}, nil)
		diagnosis := unknownBy(t, c, namespace, kubeconfig, "alpha", "list endpointslices")
		if diagnosis.Verdict == "ok" {
			t.Errorf("alpha is ok although its slices cannot be read")
		}
		screen := c.TerminalRun(t, 120, 40, harness.Run{Args: []string{"-n", namespace}, Kubeconfig: kubeconfig})
		waitForRow(screen, "alpha", `^\?`, 20*time.Second)
		if shown := screen.WaitQuiet(500*time.Millisecond, 10*time.Second); strings.Contains(rowOf(shown, "alpha"), "0/") || strings.Contains(shown, "✓ alpha") {
			t.Errorf("none, or green, although unknown:\n%s", shown)
		}
		selectRow(t, screen, "alpha")
		screen.Send(terminal.Enter, "2")
		screen.WaitUntil("list endpointslices to be named", 10*time.Second, func(shown string) bool {
			return strings.Contains(flat(shown), "list endpointslices")
		})
		screen.Send("q")
		screen.WaitFor("HEALTH", 10*time.Second)
		leave(t, screen)
	})
	t.Run("no list of pods", func(t *testing.T) {
		kubeconfig := grant(t, c, namespace, "no-pods", []string{"pods"}, nil)
		if got := unknownBy(t, c, namespace, kubeconfig, "zeta", "list pods"); got.Verdict == "ok" {
			t.Errorf("zeta is ok although its Pods cannot be read: %+v", got)
		}
		if got := unknownBy(t, c, namespace, kubeconfig, "alpha", "list pods"); got.Verdict != "ok" {
			t.Errorf("alpha is %s although its slices have a ready endpoint: %+v", got.Verdict, got)
		}
		screen := c.TerminalRun(t, 120, 40, harness.Run{Args: []string{"zeta", "-n", namespace}, Kubeconfig: kubeconfig})
		screen.Send("4")
		screen.WaitUntil("list pods to be named", 20*time.Second, func(shown string) bool { return strings.Contains(flat(shown), "list pods") })
		if shown := screen.WaitQuiet(500*time.Millisecond, 10*time.Second); regexp.MustCompile(`0 of \d+ Pod`).MatchString(shown) {
			t.Errorf("it counts Pods that it cannot see:\n%s", shown)
		}
		screen.Send("q")
		screen.WaitFor("HEALTH", 10*time.Second)
		leave(t, screen)
	})
	t.Run("no list of namespaces", func(t *testing.T) {
		const user = "no-namespaces"
		c.Apply(t, namespace, replaced(everywhereManifest, "USER", user, "RULES", everyRule()))
		defer c.Kubectl(t, "delete", "clusterrole,clusterrolebinding", user+"-"+namespace)
		kubeconfig := c.UserKubeconfig(t, user+" of "+namespace)
		diagnosis, result := diagnose(t, c, namespace, kubeconfig)
		if alpha, zeta := diagnosis.Find(namespace, "alpha"), diagnosis.Find(namespace, "zeta"); alpha == nil || zeta == nil || alpha.Verdict != "ok" || zeta.Verdict != "fail" {
			t.Errorf("without the list of namespaces all else is the same, not\n%s", result)
		}
		all := c.Run(t, harness.Run{Args: []string{"diagnose", "-A", "-o", "json"}, Kubeconfig: kubeconfig})
		var everywhere harness.Diagnosis
		all.Decode(t, &everywhere)
		if everywhere.Find(namespace, "alpha") == nil || everywhere.Find("default", "kubernetes") == nil {
			t.Errorf("-A needs no list of namespaces\n%s", all)
		}
		screen := c.TerminalRun(t, 120, 40, harness.Run{Args: []string{"-n", namespace}, Kubeconfig: kubeconfig})
		waitForRow(screen, "alpha", `^✓`, 20*time.Second)
		screen.Send(":ns", terminal.Enter)
		screen.WaitFor("namespaces cannot be listed, type a name", 10*time.Second)
		screen.Send("default", terminal.Enter)
		waitForRow(screen, "kubernetes", `^✓`, 20*time.Second)
		leave(t, screen)
	})
	t.Run("list without watch", func(t *testing.T) {
		kubeconfig := grant(t, c, namespace, "no-watch", []string{"services", "endpointslices"}, []string{"services, list alone", "slices, list alone"})
		screen := c.TerminalRun(t, 120, 40, harness.Run{Args: []string{"-n", namespace}, Kubeconfig: kubeconfig})
		waitForRow(screen, "alpha", `^. .* 1/1 `, 20*time.Second)
		header := regexp.MustCompile(`snapshot \d\d:\d\d`)
		screen.WaitUntil("the header to say snapshot", 20*time.Second, func(shown string) bool {
			return header.MatchString(strings.Split(shown, "\n")[0])
		})
		leave(t, screen)
	})
	t.Run("view only", func(t *testing.T) {
		kubeconfig := c.UserKubeconfig(t, "vera", "viewers of "+namespace)
		diagnosis, _ := diagnose(t, c, namespace, kubeconfig)
		if alpha, zeta := diagnosis.Find(namespace, "alpha"), diagnosis.Find(namespace, "zeta"); alpha == nil || zeta == nil || alpha.Verdict != "ok" || zeta.Verdict != "fail" {
			t.Errorf("a viewer sees %+v", diagnosis.Services)
		}
		result := c.Run(t, harness.Run{Args: []string{"test", "alpha", "-n", namespace, "-o", "json"}, Kubeconfig: kubeconfig})
		checkDenied(t, result, "pod", "service", "proxy-service", "proxy-pod")
		// Without a namespace of the context, and without the right to list everywhere, a namespace is asked for.
		screen := c.TerminalRun(t, 120, 40, harness.Run{Kubeconfig: kubeconfig})
		screen.WaitFor("namespaces cannot be listed, type a name", 20*time.Second)
		screen.Send(namespace, terminal.Enter)
		waitForRow(screen, "alpha", `^✓`, 20*time.Second)
		leave(t, screen)
	})
	t.Run("no pods/portforward", func(t *testing.T) {
		kubeconfig := grant(t, c, namespace, "no-forward", []string{"pods/portforward"}, nil)
		result := c.Run(t, harness.Run{Args: []string{"test", "alpha", "-n", namespace, "-o", "json"}, Kubeconfig: kubeconfig})
		ports := checkDenied(t, result, "pod", "service")
		if got := ports[0].Result("proxy-pod"); got != "ok" {
			t.Errorf("the proxy to the Pod says %q, want ok", got)
		}
		screen := c.TerminalRun(t, 120, 40, harness.Run{Args: []string{"-n", namespace}, Kubeconfig: kubeconfig})
		selectRow(t, screen, "alpha")
		screen.WaitQuiet(500*time.Millisecond, 10*time.Second)
		screen.Send("F")
		screen.WaitFor("no permission: create pods/portforward", 10*time.Second)
		leave(t, screen)
	})
	t.Run("no pods/exec", func(t *testing.T) {
		kubeconfig := grant(t, c, namespace, "no-exec", nil, nil)
		pods, err := c.Pods(t.Context(), namespace, "")
		if err != nil || len(pods) == 0 {
			t.Fatalf("there are Pods %v, %v", pods, err)
		}
		result := c.Run(t, harness.Run{Args: []string{"test", "alpha", "-n", namespace, "--from", pods[0].Name, "--yes", "-o", "json"}, Kubeconfig: kubeconfig})
		ports := checkDenied(t, result, "in-cluster")
		pasted := false
		for _, rung := range ports[0].Rungs {
			pasted = pasted || strings.Contains(rung.Paste, "debug -it")
			if rung.Rung == "in-cluster" && !strings.Contains(rung.Detail, "pods/exec") {
				t.Errorf("it is not said which right is missing: %+v", rung)
			}
		}
		if !pasted {
			t.Errorf("there is no line to go on by hand: %+v", ports[0].Rungs)
		}
		if ports[0].Result("proxy-pod") != "ok" {
			t.Errorf("the other rungs were not tried: %+v", ports[0].Rungs)
		}
	})
	t.Run("no services/proxy", func(t *testing.T) {
		kubeconfig := grant(t, c, namespace, "no-proxy", []string{"services/proxy"}, nil)
		result := c.Run(t, harness.Run{Args: []string{"test", "alpha", "-n", namespace, "-o", "json"}, Kubeconfig: kubeconfig})
		checkDenied(t, result, "proxy-service")
	})
}

func diagnose(t *testing.T, c *harness.Cluster, namespace, kubeconfig string) (harness.Diagnosis, harness.Result) {
	t.Helper()
	result := c.Run(t, harness.Run{Args: []string{"diagnose", "-n", namespace, "-o", "json"}, Kubeconfig: kubeconfig})
	var diagnosis harness.Diagnosis
	result.Decode(t, &diagnosis)
	if want := exitCode(diagnosis); result.Code != want {
		t.Errorf("want exit code %d\n%s", want, result)
	}
	return diagnosis, result
}

// unknownBy is the diagnosis of a Service of which something could not be looked at for want of a right.
func unknownBy(t *testing.T, c *harness.Cluster, namespace, kubeconfig, service, need string) harness.DiagnosedService {
	t.Helper()
	diagnosis, result := diagnose(t, c, namespace, kubeconfig)
	found := diagnosis.Find(namespace, service)
	if found == nil {
		t.Fatalf("no %s\n%s", service, result)
	}
	for _, unchecked := range found.Unchecked {
		if strings.Contains(unchecked.Need, need) && strings.Contains(unchecked.Why, "forbidden") {
			return *found
		}
	}
	t.Errorf("%s does not say that %q is missing: %+v", service, need, found)
	return *found
}

// checkDenied checks that a test was denied on these rungs, and never passed for want of rights.
func checkDenied(t *testing.T, result harness.Result, rungs ...string) []harness.PortTest {
	t.Helper()
	var ports []harness.PortTest
	result.Decode(t, &ports)
	if len(ports) != 1 {
		t.Fatalf("want one port\n%s", result)
	}
	for _, rung := range rungs {
		if got := ports[0].Result(rung); got != "denied" {
			t.Errorf("rung %s is %q, want denied", rung, got)
		}
	}
	if len(rungs) == 4 && result.Code != 2 {
		t.Errorf("nothing could be tried, want exit code 2\n%s", result)
	}
	t.Log(fmt.Sprint(result.Code), ports[0].Conclusion.ID, ports[0].Conclusion.Text, ports[0].Conclusion.Next)
	return ports
}

// Whether a name stands for anything is unknown to whoever may not look where it leads, and he is told where that is.
func TestANameThatLeadsOutOfSight(t *testing.T) {
	c := harness.Use(t)
	namespace := c.Namespace(t)
	c.Apply(t, namespace, `
apiVersion: v1
kind: Service
metadata: {name: api}
spec: {type: ExternalName, externalName: kubernetes.default.svc.cluster.local}
---
apiVersion: v1
kind: Service
metadata: {name: host}
spec: {type: ExternalName, externalName: api.example.com}
`)
	for user, want := range map[string]string{"": "ok", grant(t, c, namespace, "narrow", nil, nil): "unknown"} {
		result := c.Run(t, harness.Run{Args: []string{"diagnose", "-n", namespace, "-o", "json"}, Kubeconfig: user})
		var diagnosis harness.Diagnosis
		result.Decode(t, &diagnosis)
		if got := diagnosis.Find(namespace, "api"); got == nil || got.Verdict != want {
			t.Errorf("want %s\n%s", want, result)
		}
		if got := diagnosis.Find(namespace, "host"); got == nil || got.Verdict != "ok" {
			t.Errorf("nothing of a host outside is to be read\n%s", result)
		}
		if user == "" {
			continue
		}
		text := c.Run(t, harness.Run{Args: []string{"diagnose", "api", "-n", namespace}, Kubeconfig: user})
		if said := flat(text.Stdout); text.Code != 2 || !strings.Contains(said, "may not list services in default") && !strings.Contains(said, "what is in namespace default") {
			t.Errorf("want 2, and the namespace named\n%s", text)
		}
		screen := c.TerminalRun(t, 120, 40, harness.Run{Args: []string{"-n", namespace}, Kubeconfig: user})
		waitForRow(screen, "api", `^\?.*may not list services in default`, verdictLimit)
		waitForRow(screen, "host", `^✓`, verdictLimit)
		leave(t, screen)
	}
}
