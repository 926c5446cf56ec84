package check

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// TestOwnerByTheNameOfAReplicaSet holds what is made of a ReplicaSet that is not known: only one that is named by its hash is another's.
func TestOwnerByTheNameOfAReplicaSet(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change []func(*corev1.Pod)
		want   string
	}{
		"of a Deployment":                 {[]func(*corev1.Pod){with("pod-template-hash", "abc"), ownedBy("ReplicaSet", "web-abc")}, "deploy/web"},
		"of a Rollout":                    {[]func(*corev1.Pod){with("rollouts-pod-template-hash", "abc"), ownedBy("ReplicaSet", "web-abc")}, "rollout/web"},
		"a free one, a Deployment's hash": {[]func(*corev1.Pod){with("pod-template-hash", "abc"), ownedBy("ReplicaSet", "web")}, "rs/web"},
		"a free one, a Rollout's hash":    {[]func(*corev1.Pod){with("rollouts-pod-template-hash", "abc"), ownedBy("ReplicaSet", "web")}, "rs/web"},
		"a free one":                      {[]func(*corev1.Pod){ownedBy("ReplicaSet", "web-abc")}, "rs/web-abc"},
		"of a CloneSet":                   {[]func(*corev1.Pod){ownedBy("CloneSet", "web")}, "cloneset/web"},
		"of nobody":                       {nil, "no owner"},
	} {
		p := pod("a", labels{"app": "web"}, test.change...)
		if got := OwnerOf(input(cluster(p)).Snapshot, p).String(); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestTargetPortText(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]corev1.ServicePort{"80": port(80, nil), "8080": port(80, 8080), "http": port(80, "http")} {
		if got := targetPortText(&p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
