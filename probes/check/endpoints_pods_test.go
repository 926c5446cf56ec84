package check

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestPodAt(t *testing.T) {
	t.Parallel()
	at := func(name string, edits ...func(*corev1.Pod)) *corev1.Pod {
		made := pod(name, labels{"app": "web"})
		made.Status.PodIP, made.Status.PodIPs = "10.1.2.3", []corev1.PodIP{{IP: "10.1.2.3"}}
		for _, edit := range edits {
			edit(made)
		}
		return made
	}
	onNode := func(pod *corev1.Pod) { pod.Spec.HostNetwork = true }
	ended := func(pod *corev1.Pod) { pod.Status.Phase = corev1.PodSucceeded }
	elsewhere := func(pod *corev1.Pod) { pod.Namespace = "elsewhere" }
	for name, test := range map[string]struct {
		pods objects
		want string
	}{
		"nobody":                          {nil, ""},
		"one":                             {objects{at("a")}, "a"},
		"one, and one that ended":         {objects{at("a"), at("b", ended)}, "a"},
		"one, and one of the node":        {objects{at("a"), at("b", onNode)}, "a"},
		"one of the node":                 {objects{at("a", onNode)}, ""},
		"one that ended":                  {objects{at("a", ended)}, ""},
		"one of another namespace":        {objects{at("a", elsewhere)}, ""},
		"one, and one of another":         {objects{at("a"), at("b", elsewhere)}, "a"},
		"two, of which one is not gone":   {objects{at("a"), at("b")}, ""},
		"one that has not got an address": {objects{at("a", func(pod *corev1.Pod) { pod.Status.PodIP, pod.Status.PodIPs = "", nil })}, ""},
	} {
		got := PodAt(cluster(test.pods...).Build(now), "shop", "10.1.2.3")
		if got == nil && test.want != "" || got != nil && got.Name != test.want {
			t.Errorf("%s: %v, want %q", name, got, test.want)
		}
	}
}
