package simulation

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/demo/apiserver"
	"github.com/svctui/svctui/kube/demo/apps"
)

// beginProbes plans the first readiness probe of a run. A probe that succeeds is not repeated until something strikes the
// application (Incident): days of health would otherwise be millions of actions.
func (s *Simulation) beginProbes(pod *corev1.Pod, c corev1.Container, id string) {
	if c.ReadinessProbe == nil {
		return
	}
	delay := time.Duration(c.ReadinessProbe.InitialDelaySeconds) * time.Second
	warmup := s.apps.Find(c.Image).Warmup
	s.planProbe(pod, c, id, max(delay, warmup)+s.between(100*time.Millisecond, 900*time.Millisecond))
}

func (s *Simulation) planProbe(pod *corev1.Pod, c corev1.Container, id string, after time.Duration) {
	run := s.runOf(pod, c.Name)
	if run.probing {
		return
	}
	run.probing = true
	s.After(after, func() {
		run.probing = false
		s.probe(pod, c, id)
	})
}

func (s *Simulation) probe(pod *corev1.Pod, c corev1.Container, id string) {
	current, ok := s.running(pod, c.Name, id)
	if !ok || current.DeletionTimestamp != nil {
		return
	}
	run := s.runOf(pod, c.Name)
	failure := s.probeFailure(current, c)
	if failure == "" {
		run.failures = 0
		s.setReady(current, c.Name, true)
		return
	}
	run.failures++
	s.event(current, containerField(c.Name), kubelet(current.Spec.NodeName), corev1.EventTypeWarning, "Unhealthy", "Readiness probe failed: "+failure)
	if run.failures >= int(c.ReadinessProbe.FailureThreshold) {
		s.setReady(current, c.Name, false)
	}
	s.planProbe(pod, c, id, time.Duration(c.ReadinessProbe.PeriodSeconds)*time.Second)
}

func (s *Simulation) setReady(pod *corev1.Pod, container string, ready bool) {
	for _, status := range pod.Status.ContainerStatuses {
		if status.Name == container && status.Ready == ready {
			return
		}
	}
	s.updateContainer(pod, container, func(status *corev1.ContainerStatus) { status.Ready = ready })
}

// probeFailure runs the readiness probe against the application, and returns the kubelet's words when it fails.
func (s *Simulation) probeFailure(pod *corev1.Pod, c corev1.Container) string {
	probe, app := c.ReadinessProbe, s.apps.Find(c.Image)
	refused := func(port int) string {
		return fmt.Sprintf("dial tcp %s:%d: connect: connection refused", pod.Status.PodIP, port)
	}
	switch {
	case probe.Exec != nil:
		return app.ExecFailure
	case probe.TCPSocket != nil:
		port := probePort(probe.TCPSocket.Port, c)
		if _, ok := app.Listens(port, false); !ok {
			return refused(port)
		}
	case probe.GRPC != nil:
		if _, ok := app.Listens(int(probe.GRPC.Port), false); !ok {
			return fmt.Sprintf("timeout: failed to connect service \"%s:%d\" within 1s: context deadline exceeded", pod.Status.PodIP, probe.GRPC.Port)
		}
	case probe.HTTPGet != nil:
		return s.httpProbeFailure(pod, app, probe.HTTPGet, probePort(probe.HTTPGet.Port, c), refused)
	}
	return ""
}

func (s *Simulation) httpProbeFailure(pod *corev1.Pod, app apps.Application, get *corev1.HTTPGetAction, port int, refused func(int) string) string {
	url := fmt.Sprintf("%s://%s:%d%s", strings.ToLower(string(get.Scheme)), pod.Status.PodIP, port, get.Path)
	listening, ok := app.Listens(port, false)
	switch {
	case !ok:
		return fmt.Sprintf("Get %q: %s", url, refused(port))
	case listening.HTTP == nil:
		return fmt.Sprintf("Get %q: EOF", url)
	case listening.TLS && get.Scheme == corev1.URISchemeHTTP:
		return "HTTP probe failed with statuscode: 400"
	case !listening.TLS && get.Scheme == corev1.URISchemeHTTPS:
		return fmt.Sprintf("Get %q: http: server gave HTTP response to HTTPS client", url)
	}
	answer := s.network.answer(listening, pod, apps.Call{
		Time: s.now, Namespace: pod.Namespace, Pod: pod.Name, Method: http.MethodGet, Path: get.Path,
	})
	if answer.Status >= http.StatusBadRequest {
		return fmt.Sprintf("HTTP probe failed with statuscode: %d", answer.Status)
	}
	return ""
}

func probePort(port intstr.IntOrString, c corev1.Container) int {
	if port.Type == intstr.Int {
		return port.IntValue()
	}
	for _, declared := range c.Ports {
		if declared.Name == port.StrVal {
			return int(declared.ContainerPort)
		}
	}
	return 0
}

// reprobe lets the kubelet look again, within a probe's period, at every Pod that a function picks.
func (s *Simulation) reprobe(picks func(*corev1.Pod) bool) {
	for _, pod := range apiserver.List(s.store, &corev1.Pod{}, "") {
		if !picks(pod) {
			continue
		}
		for _, c := range pod.Spec.Containers {
			for _, status := range pod.Status.ContainerStatuses {
				if c.ReadinessProbe != nil && status.Name == c.Name && status.State.Running != nil {
					period := time.Duration(c.ReadinessProbe.PeriodSeconds) * time.Second
					s.planProbe(pod, c, status.ContainerID, s.between(0, period))
				}
			}
		}
	}
}
