package model

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestLogContainer(t *testing.T) {
	t.Parallel()
	sidecar := corev1.ContainerRestartPolicyAlways
	spec := corev1.PodSpec{
		InitContainers: []corev1.Container{{Name: "migrate"}, {Name: "mesh", RestartPolicy: &sidecar}, {Name: "warm-up"}},
		Containers:     []corev1.Container{{Name: "app"}, {Name: "exporter"}},
	}
	waits := func(name, reason string) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}}
	}
	runs := func(name string, ready bool) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: name, Ready: ready, Started: new(true), State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
	}
	starts := func(name string) corev1.ContainerStatus {
		status := runs(name, false)
		status.Started = new(false)
		return status
	}
	ended := func(name string, code int32) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code}}}
	}
	type statuses = []corev1.ContainerStatus
	initialized := statuses{ended("migrate", 0), runs("mesh", true), ended("warm-up", 0)}
	initializing := statuses{waits("app", "PodInitializing"), waits("exporter", "PodInitializing")}
	for name, test := range map[string]struct {
		annotation string
		init, main statuses
		want       string
	}{
		"all is well":                                  {"", initialized, statuses{runs("app", true), runs("exporter", true)}, "app"},
		"all is well, and another is named":            {"exporter", initialized, statuses{runs("app", true), runs("exporter", true)}, "exporter"},
		"one is named that is not there":               {"gone", initialized, statuses{runs("app", true), runs("exporter", true)}, "app"},
		"an init container is named":                   {"migrate", initialized, statuses{runs("app", true), runs("exporter", true)}, "migrate"},
		"nothing is told yet":                          {"", nil, nil, "app"},
		"the first init container hangs":               {"", statuses{runs("migrate", false), waits("mesh", "PodInitializing"), waits("warm-up", "PodInitializing")}, initializing, "migrate"},
		"it crashes":                                   {"", statuses{waits("migrate", "CrashLoopBackOff"), waits("mesh", "PodInitializing"), waits("warm-up", "PodInitializing")}, initializing, "migrate"},
		"it failed":                                    {"", statuses{ended("migrate", 1), waits("mesh", "PodInitializing"), waits("warm-up", "PodInitializing")}, initializing, "migrate"},
		"it hangs, and another is named":               {"app", statuses{runs("migrate", false), waits("mesh", "PodInitializing"), waits("warm-up", "PodInitializing")}, initializing, "migrate"},
		"a sidecar does not start":                     {"", statuses{ended("migrate", 0), starts("mesh"), waits("warm-up", "PodInitializing")}, initializing, "mesh"},
		"a sidecar that does not tell":                 {"", statuses{ended("migrate", 0), waits("mesh", "ImagePullBackOff"), waits("warm-up", "PodInitializing")}, initializing, "mesh"},
		"the last init container hangs":                {"", statuses{ended("migrate", 0), runs("mesh", true), runs("warm-up", false)}, initializing, "warm-up"},
		"the containers come":                          {"", initialized, statuses{waits("app", "ContainerCreating"), waits("exporter", "ContainerCreating")}, "app"},
		"the app is not ready":                         {"", initialized, statuses{runs("app", false), runs("exporter", true)}, "app"},
		"the other is not ready":                       {"", initialized, statuses{runs("app", true), runs("exporter", false)}, "exporter"},
		"both are not ready":                           {"", initialized, statuses{runs("app", false), runs("exporter", false)}, "app"},
		"both are not ready, and the other is named":   {"exporter", initialized, statuses{runs("app", false), runs("exporter", false)}, "exporter"},
		"the other crashes":                            {"", initialized, statuses{runs("app", true), waits("exporter", "CrashLoopBackOff")}, "exporter"},
		"the other crashes, and the app is not ready":  {"", initialized, statuses{runs("app", false), ended("exporter", 2)}, "exporter"},
		"the app crashes, and the other is not ready":  {"exporter", initialized, statuses{waits("app", "CrashLoopBackOff"), runs("exporter", false)}, "app"},
		"both crash":                                   {"", initialized, statuses{waits("app", "CrashLoopBackOff"), waits("exporter", "CrashLoopBackOff")}, "app"},
		"the other is done":                            {"", initialized, statuses{runs("app", true), ended("exporter", 0)}, "exporter"},
		"the other is done, and the app crashes":       {"exporter", initialized, statuses{ended("app", 1), ended("exporter", 0)}, "app"},
		"the app is on its way, and the other crashed": {"", initialized, statuses{waits("app", ""), ended("exporter", 1)}, "exporter"},
		"the sidecar is not ready":                     {"", statuses{ended("migrate", 0), runs("mesh", false), ended("warm-up", 0)}, statuses{runs("app", true), runs("exporter", true)}, "mesh"},
	} {
		pod := &corev1.Pod{Spec: spec, Status: corev1.PodStatus{InitContainerStatuses: test.init, ContainerStatuses: test.main}}
		if test.annotation != "" {
			pod.Annotations = map[string]string{defaultContainerAnnotation: test.annotation}
		}
		if got := LogContainer(pod); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	if got := LogContainer(&corev1.Pod{}); got != "" {
		t.Errorf("without containers: %q", got)
	}
}
