package check

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

// source deals out arbitrary objects from the bytes of a fuzz input: few different texts, so that things meet.
type source struct {
	bytes []byte
	texts []string
}

func (s *source) byte() int {
	if len(s.bytes) == 0 {
		return 0
	}
	next := s.bytes[0]
	s.bytes = s.bytes[1:]
	return int(next)
}

func (s *source) pick(most int) int { return s.byte() % (most + 1) }
func (s *source) bool() bool        { return s.byte()%2 == 0 }
func (s *source) text() string      { return s.texts[s.byte()%len(s.texts)] }

func (s *source) time() metav1.Time {
	switch s.pick(3) {
	case 0:
		return metav1.Time{}
	case 1:
		return metav1.NewTime(now.Add(time.Duration(s.byte()) * time.Hour))
	}
	return ago(time.Duration(s.byte()) * time.Second)
}

func (s *source) labels() map[string]string {
	made := map[string]string{}
	for range s.pick(3) {
		made[s.text()] = s.text()
	}
	if s.pick(4) == 0 {
		return nil
	}
	return made
}

func maybe[T any](s *source, value T) *T {
	if s.bool() {
		return nil
	}
	return &value
}

func (s *source) meta() metav1.ObjectMeta {
	meta := metav1.ObjectMeta{Name: s.text(), Namespace: "shop", Labels: s.labels(), Annotations: s.labels(), CreationTimestamp: s.time()}
	if s.pick(3) == 0 {
		at := s.time()
		meta.DeletionTimestamp = &at
	}
	for range s.pick(2) {
		meta.OwnerReferences = append(meta.OwnerReferences, metav1.OwnerReference{Kind: s.text(), Name: s.text(), Controller: maybe(s, s.bool())})
		at := s.time()
		meta.ManagedFields = append(meta.ManagedFields, metav1.ManagedFieldsEntry{Manager: s.text(), Subresource: s.text(), Time: maybe(s, at), FieldsV1: maybe(s, *metav1.NewFieldsV1(s.text()))})
		meta.Finalizers = append(meta.Finalizers, s.text())
	}
	return meta
}

func (s *source) target() intstr.IntOrString {
	return intstr.IntOrString{Type: intstr.Type(s.pick(2)), IntVal: int32(s.byte() - 20), StrVal: s.text()}
}

func (s *source) protocol() corev1.Protocol {
	return []corev1.Protocol{"", corev1.ProtocolTCP, corev1.ProtocolUDP, "NONE"}[s.pick(3)]
}

func (s *source) service() *corev1.Service {
	svc := &corev1.Service{ObjectMeta: s.meta()}
	svc.Spec = corev1.ServiceSpec{
		Type: []corev1.ServiceType{"", "ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "Odd"}[s.pick(5)], ClusterIP: []string{"", "None", "10.0.0.1", "fd00::1", "x"}[s.pick(4)],
		ExternalName: s.text(), Selector: s.labels(), PublishNotReadyAddresses: s.pick(4) == 0, LoadBalancerClass: maybe(s, s.text()),
		ExternalIPs: []string{s.text()}, SessionAffinity: "ClientIP", InternalTrafficPolicy: maybe(s, corev1.ServiceInternalTrafficPolicyLocal),
	}
	for range s.pick(2) {
		svc.Spec.Ports = append(svc.Spec.Ports, corev1.ServicePort{Name: s.text(), Port: int32(s.byte()), Protocol: s.protocol(), TargetPort: s.target(), AppProtocol: maybe(s, s.text())})
		svc.Spec.IPFamilies = append(svc.Spec.IPFamilies, []corev1.IPFamily{"IPv4", "IPv6", ""}[s.pick(2)])
	}
	if s.pick(3) == 0 {
		svc.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: s.text()}, {}}
	}
	return svc
}

func (s *source) slice() *discoveryv1.EndpointSlice {
	slice := &discoveryv1.EndpointSlice{ObjectMeta: s.meta(), AddressType: []discoveryv1.AddressType{"IPv4", "IPv6", "FQDN", ""}[s.pick(3)]}
	if slice.Labels == nil {
		slice.Labels = map[string]string{}
	}
	slice.Labels[discoveryv1.LabelServiceName] = s.text()
	for range s.pick(2) {
		slice.Ports = append(slice.Ports, discoveryv1.EndpointPort{Name: maybe(s, s.text()), Port: maybe(s, int32(s.byte())), Protocol: maybe(s, s.protocol())})
	}
	for range s.pick(3) {
		endpoint := discoveryv1.Endpoint{
			Conditions: discoveryv1.EndpointConditions{Ready: maybe(s, s.bool()), Serving: maybe(s, s.bool()), Terminating: maybe(s, s.bool())},
			NodeName:   maybe(s, s.text()), TargetRef: maybe(s, corev1.ObjectReference{Kind: "Pod", Name: s.text(), Namespace: "shop"}),
		}
		if s.bool() {
			endpoint.Addresses = []string{s.text()}
		}
		slice.Endpoints = append(slice.Endpoints, endpoint)
	}
	return slice
}

func (s *source) probe() *corev1.Probe {
	probe := &corev1.Probe{PeriodSeconds: int32(s.byte() - 5), FailureThreshold: int32(s.byte()), InitialDelaySeconds: int32(s.byte())}
	switch s.pick(5) {
	case 0:
		return nil
	case 1:
		probe.HTTPGet = &corev1.HTTPGetAction{Path: s.text(), Port: s.target(), Host: s.text()}
	case 2:
		probe.TCPSocket = &corev1.TCPSocketAction{Port: s.target()}
	case 3:
		probe.GRPC = &corev1.GRPCAction{Port: int32(s.byte()), Service: maybe(s, s.text())}
	case 4:
		probe.Exec = &corev1.ExecAction{}
	}
	return probe
}

func (s *source) containers() (containers []corev1.Container) {
	for range s.pick(2) {
		container := corev1.Container{Name: s.text(), Image: s.text(), ReadinessProbe: s.probe(), StartupProbe: s.probe(), RestartPolicy: maybe(s, corev1.ContainerRestartPolicyAlways)}
		for range s.pick(2) {
			container.Ports = append(container.Ports, corev1.ContainerPort{Name: s.text(), ContainerPort: int32(s.byte()), Protocol: s.protocol()})
		}
		containers = append(containers, container)
	}
	return containers
}

func (s *source) state() corev1.ContainerState {
	switch s.pick(4) {
	case 0:
		return corev1.ContainerState{}
	case 1:
		return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: s.time()}}
	case 2:
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: int32(s.pick(2)), Reason: s.text(), Message: s.text(), FinishedAt: s.time()}}
	}
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: s.text(), Message: s.text()}}
}

func (s *source) pod() *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: s.meta(), Spec: corev1.PodSpec{NodeName: s.text(), Containers: s.containers(), InitContainers: s.containers()}}
	p.Status = corev1.PodStatus{Phase: []corev1.PodPhase{"", "Pending", "Running", "Failed", "Succeeded"}[s.pick(4)], PodIP: s.text()}
	for range s.pick(3) {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{
			Type: []corev1.PodConditionType{"Ready", "PodScheduled", "Initialized", "x"}[s.pick(3)], Status: []corev1.ConditionStatus{"True", "False", "Unknown", ""}[s.pick(3)],
			Reason: s.text(), Message: s.text(), LastTransitionTime: s.time(),
		})
		p.Spec.ReadinessGates = append(p.Spec.ReadinessGates, corev1.PodReadinessGate{ConditionType: corev1.PodConditionType(s.text())})
	}
	for _, list := range []*[]corev1.ContainerStatus{&p.Status.ContainerStatuses, &p.Status.InitContainerStatuses} {
		for range s.pick(2) {
			*list = append(*list, corev1.ContainerStatus{Name: s.text(), State: s.state(), LastTerminationState: s.state(), RestartCount: int32(s.pick(5)), Ready: s.bool(), Started: maybe(s, s.bool())})
		}
	}
	return p
}

func (s *source) object() metav1.Object {
	switch s.pick(7) {
	case 0, 1:
		return s.service()
	case 2:
		return s.slice()
	case 3, 4:
		return s.pod()
	case 5:
		d := &appsv1.Deployment{ObjectMeta: s.meta()}
		d.Spec.Replicas = maybe(s, int32(s.pick(2)))
		d.Spec.Template.Labels, d.Spec.Template.Spec.Containers = s.labels(), s.containers()
		for range s.pick(2) {
			d.Status.Conditions = append(d.Status.Conditions, appsv1.DeploymentCondition{Type: []appsv1.DeploymentConditionType{"Progressing", "ReplicaFailure"}[s.pick(1)], Status: "True", Reason: s.text(), Message: s.text()})
		}
		return d
	case 6:
		r := &appsv1.ReplicaSet{ObjectMeta: s.meta()}
		r.Spec.Template.Labels = s.labels()
		return r
	}
	return &corev1.Event{ObjectMeta: s.meta(), Reason: s.text(), Message: s.text(), Type: "Warning", LastTimestamp: s.time()}
}

func hostileTexts(extra string) []string {
	return []string{
		"", "app", "web", "we-b", "Web", "app.kubernetes.io/name", "rollouts-pod-template-hash", "\x1b[31mred\x1b[0m", "a\nb", "'; rm -rf /; '", "\xff\xfe", "10.0.0.1", "db.shop.svc.cluster.local", "svc.ns", ".",
		"CrashLoopBackOff", "ImagePullBackOff", "Unschedulable", "SchedulingGated", "Unhealthy", "FailedMount", "ReadinessGatesNotReady", "StartError", "Deployment", "ReplicaSet", "ReplicaSetUpdated", "SyncLoadBalancerFailed",
		`{"f:spec":{"f:selector":{},"f:replicas":{}}}`, `{"f:endpoints"`, "scale", "Insufficient ", `configmap "`, "Readiness probe failed: HTTP probe failed with statuscode: 50", "Quota 'X", strings.Repeat("語", 100), extra,
	}
}

// FuzzJudge puts arbitrary objects before the checks and the panels: nothing may panic, and what is said keeps its form.
func FuzzJudge(f *testing.F) {
	f.Add([]byte("0123456789"), "x")
	f.Add([]byte("\x00\x01\x02\x03\xff\xfe\x10\x20\x30\x40\x50\x60\x70\x80\x90\xa0"), "web")
	for seed := range 30 {
		bytes := make([]byte, 600)
		state := uint32(seed*2654435761 + 1)
		for i := range bytes {
			state = state*1664525 + 1013904223
			bytes[i] = byte(state >> 24)
		}
		f.Add(bytes, "seed")
	}
	f.Fuzz(func(t *testing.T, bytes []byte, extra string) {
		from := &source{bytes: bytes[:min(len(bytes), 4096)], texts: hostileTexts(extra)}
		builder := model.NewBuilder(nil)
		for _, kind := range model.Kinds() {
			builder.Cover(model.Need{Kind: kind}, model.Coverage{State: []model.CoverageState{model.Live, model.Live, model.Live, model.Forbidden, model.Syncing, model.Stale}[from.pick(5)]})
		}
		for len(from.bytes) > 0 {
			builder.Put(from.object())
		}
		in := input(builder)
		for _, svc := range in.Snapshot.Services("shop") {
			key := keyOf(svc)
			hold(t, Judge(in, key))
			Needs(key, in.Snapshot)
			OpenNeeds(key, in.Snapshot)
			SelectorTable(in.Snapshot, key)
			EndpointTable(in.Snapshot, key)
			PodTable(in, key)
			EventList(in.Snapshot, key)
			ServiceFacts(in.Snapshot, key)
		}
		hold(t, Judge(in, model.Key{Namespace: "shop", Name: extra}))
	})
}

// hold checks what is true of every report.
func hold(t *testing.T, report *Report) {
	t.Helper()
	for _, finding := range report.Findings {
		if utf8.RuneCountInString(finding.Short) > shortLimit || finding.Short == "" {
			t.Errorf("%s: short is %q", finding.ID, finding.Short)
		}
		if finding.Title == "" || finding.ID == "" {
			t.Errorf("%s has no title", finding.ID)
		}
		if _, ok := Explain(finding.ID); !ok {
			t.Errorf("%s is not explained", finding.ID)
		}
		if finding.Settling && (finding.Severity > Minor || finding.Again.IsZero()) {
			t.Errorf("%s settles, and is %s, again %v", finding.ID, finding.Severity, finding.Again)
		}
		if report.Verdict == OK && (finding.Red() || finding.Amber()) {
			t.Errorf("ok, and yet %s", told(report))
		}
	}
	if report.Counted && report.Usable > report.Selected {
		t.Errorf("%d of %d", report.Usable, report.Selected)
	}
	if len(report.Route) == 0 || report.Route[0].Broken {
		t.Errorf("route %+v", report.Route)
	}
}
