package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/scenarios"
)

// viewersManifest lets one user view everything that Kubernetes lets viewers view.
const viewersManifest = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "viewer-${namespace}"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: "viewer of ${namespace}"}]
`

// checkFewRights looks at every situation as users who may not see everything. What a right would have shown may become
// unknown to them. It never makes a fault healthy, and never a fault of something healthy.
func checkFewRights(t *testing.T, c *harness.Cluster, situations []situation) {
	t.Helper()
	namespace := c.Namespace(t)
	var withoutPods []string
	for name, rule := range allRules {
		if name != "pods" && !strings.Contains(name, "list alone") {
			withoutPods = append(withoutPods, "  - "+rule)
		}
	}
	users := map[string]string{
		"viewer":  viewersManifest,
		"no-pods": replaced(everywhereManifest, "USER", "no-pods", "RULES", strings.Join(withoutPods, "\n")),
	}
	for user, manifest := range users {
		c.Apply(t, namespace, manifest)
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			if err := c.DeleteClusterWide(ctx, namespace, manifest); err != nil {
				t.Error(err)
			}
		})
		kubeconfig := c.UserKubeconfig(t, user+" of "+namespace)
		// What is expected of a situation is of its beginning, and some get worse with age: a load balancer that is still without an address.
		var whole harness.Diagnosis
		everything := c.Svctui(t, "diagnose", "-A", "-o", "json")
		everything.Decode(t, &whole)
		result := c.Run(t, harness.Run{Args: []string{"diagnose", "-A", "-o", "json"}, Kubeconfig: kubeconfig})
		var diagnosis harness.Diagnosis
		result.Decode(t, &diagnosis)
		for _, s := range situations {
			t.Run(s.Name+" seen by "+user, func(t *testing.T) {
				for service, expected := range s.Services {
					got := diagnosis.Find(s.locate(service))
					if got == nil && expected.Leads == "SVC-01" {
						// Who may not read what names a Service cannot know that one is missing.
						continue
					}
					if got == nil {
						t.Fatalf("Service %s is not in the diagnosis\n%s", service, result.Stderr)
					}
					err := fewRightsProblem(expected, got)
					if aged := whole.Find(s.locate(service)); err != nil && aged != nil && aged.Verdict != expected.Verdict {
						expected.Verdict = aged.Verdict
						err = fewRightsProblem(expected, got)
					}
					// A container that crashes again and again is Ready for a moment each time, and who may not see Pods sees
					// a Ready endpoint then.
					for deadline := time.Now().Add(30 * time.Second); err != nil && time.Now().Before(deadline); {
						namespace, name := s.locate(service)
						var again harness.Diagnosis
						c.Run(t, harness.Run{
							Args: []string{"diagnose", "-n", namespace, "-o", "json"}, Kubeconfig: kubeconfig,
						}).Decode(t, &again)
						if got = again.Find(namespace, name); got == nil {
							break
						}
						err = fewRightsProblem(expected, got)
					}
					if err != nil {
						t.Errorf("Service %s: %v", service, err)
					}
					if expected.Test != nil && user == "viewer" {
						denied := c.Run(t, harness.Run{Args: []string{"test", service, "-n", s.namespace, "-o", "json"}, Kubeconfig: kubeconfig})
						if denied.Code != 2 {
							t.Errorf("test %s: want exit code 2, for nothing could be tried\n%s", service, denied)
						}
					}
				}
			})
		}
	}
}

// inFront tells whether a finding is about what stands in front of a Service, of which the Service's own health does not tell.
func inFront(id string) bool {
	family, _, _ := strings.Cut(id, "-")
	return family == "ING" || family == "GW" || family == "API"
}

// fewRightsProblem tells what is wrong with a verdict, given what somebody who may see everything is told. What is only
// likely may be missing, if it says that this was not looked at. And what is healthy because of something that cannot be read, such as an
// autoscaler, may be a warning, if it says so.
func fewRightsProblem(whole scenarios.Expectation, got *harness.DiagnosedService) error {
	allowed := map[string][]string{
		"fail":    {"fail", "warn", "unknown"},
		"warn":    {"warn", "unknown"},
		"unknown": {"unknown", "warn"},
		"ok":      {"ok", "unknown"},
	}[whole.Verdict]
	unchecked := func(id string) bool {
		return slices.ContainsFunc(got.Unchecked, func(unchecked harness.Unchecked) bool {
			return slices.Contains(strings.Split(unchecked.Check, ","), id)
		})
	}
	switch {
	case slices.Contains(allowed, got.Verdict),
		got.Verdict == "ok" && (whole.Verdict == "warn" || inFront(whole.Leads)) && unchecked(whole.Leads),
		got.Verdict == "warn" && whole.Verdict == "ok" && len(got.Findings) > 0 && unchecked(got.Findings[0].ID):
		return nil
	}
	return fmt.Errorf("it is %s, and %s to somebody who sees less\n%+v\n%+v", whole.Verdict, got.Verdict, got.Findings, got.Unchecked)
}
