package check

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

// The fixtures make the objects that the API server would hold; slicesFor does what the EndpointSlice controller does.

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) metav1.Time { return metav1.NewTime(now.Add(-d)) }

type labels = map[string]string

func meta(name string, labels labels) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: "shop", UID: types.UID("uid-" + name), Labels: labels, CreationTimestamp: ago(time.Hour),
	}
}

func port(number int32, target any) corev1.ServicePort {
	p := corev1.ServicePort{Port: number, Protocol: corev1.ProtocolTCP}
	switch target := target.(type) {
	case int:
		p.TargetPort = intstr.FromInt32(int32(target))
	case string:
		p.TargetPort = intstr.FromString(target)
	}
	return p
}

func service(name string, selector labels, change ...func(*corev1.Service)) *corev1.Service {
	svc := &corev1.Service{ObjectMeta: meta(name, nil), Spec: corev1.ServiceSpec{
		Type: corev1.ServiceTypeClusterIP, ClusterIP: "10.96.0.10", ClusterIPs: []string{"10.96.0.10"},
		IPFamilies: []corev1.IPFamily{corev1.IPv4Protocol}, Selector: selector, Ports: []corev1.ServicePort{port(80, 8080)},
	}}
	for _, change := range change {
		change(svc)
	}
	return svc
}

func ports(ports ...corev1.ServicePort) func(*corev1.Service) {
	return func(svc *corev1.Service) { svc.Spec.Ports = ports }
}

func headless(svc *corev1.Service) {
	svc.Spec.ClusterIP, svc.Spec.ClusterIPs = corev1.ClusterIPNone, []string{corev1.ClusterIPNone}
}

func loadBalancer(svc *corev1.Service) { svc.Spec.Type = corev1.ServiceTypeLoadBalancer }

func externalName(name string) func(*corev1.Service) {
	return func(svc *corev1.Service) {
		svc.Spec.Type, svc.Spec.ExternalName = corev1.ServiceTypeExternalName, name
		svc.Spec.ClusterIP, svc.Spec.ClusterIPs, svc.Spec.IPFamilies, svc.Spec.Ports = "", nil, nil, nil
	}
}

var podCount atomic.Int32

// pod is a Running and Ready Pod of a Deployment with one container "app" that declares http 8080, and probes it.
func pod(name string, labels labels, change ...func(*corev1.Pod)) *corev1.Pod {
	count := podCount.Add(1)
	ip := fmt.Sprintf("10.4.%d.%d", count/250%250, count%250+1)
	p := &corev1.Pod{ObjectMeta: meta(name, labels), Spec: corev1.PodSpec{
		NodeName: "node-1",
		Containers: []corev1.Container{{
			Name: "app", Image: "registry.example/app:1",
			Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("64Mi")}},
			Ports:     []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}},
			ReadinessProbe: &corev1.Probe{
				ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(8080), Scheme: "HTTP"}},
				PeriodSeconds: 10, TimeoutSeconds: 1, FailureThreshold: 3, SuccessThreshold: 1,
			},
		}},
	}, Status: corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}},
		Conditions: []corev1.PodCondition{
			{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: ago(time.Hour)},
			{Type: corev1.PodInitialized, Status: corev1.ConditionTrue, LastTransitionTime: ago(time.Hour)},
			{Type: corev1.ContainersReady, Status: corev1.ConditionTrue, LastTransitionTime: ago(time.Hour)},
			{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: ago(time.Hour)},
		},
		ContainerStatuses: []corev1.ContainerStatus{{
			Name: "app", Image: "registry.example/app:1", Ready: true, Started: new(true),
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: ago(time.Hour)}},
		}},
	}}
	for _, change := range change {
		change(p)
	}
	return p
}

func ownedBy(kind, name string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: name, UID: types.UID("uid-" + name), Controller: new(true)}}
	}
}

func ofDeploy(name string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		own := labels{"pod-template-hash": "7d9f6b"}
		for key, value := range p.Labels {
			own[key] = value
		}
		p.Labels = own
		ownedBy("ReplicaSet", name+"-7d9f6b")(p)
	}
}

func setCondition(p *corev1.Pod, kind corev1.PodConditionType, status corev1.ConditionStatus, reason, message string, since time.Duration) {
	for i := range p.Status.Conditions {
		if p.Status.Conditions[i].Type == kind {
			p.Status.Conditions[i] = corev1.PodCondition{Type: kind, Status: status, Reason: reason, Message: message, LastTransitionTime: ago(since)}
			return
		}
	}
	p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: kind, Status: status, Reason: reason, Message: message, LastTransitionTime: ago(since)})
}

// notReady is a Pod whose probe fails, and was never Ready.
func notReady(p *corev1.Pod) {
	setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "containers with unready status: [app]", time.Hour)
	setCondition(p, corev1.ContainersReady, corev1.ConditionFalse, "ContainersNotReady", "containers with unready status: [app]", time.Hour)
	p.Status.ContainerStatuses[0].Ready = false
}

func waiting(reason, message string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		notReady(p)
		p.Status.ContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
		p.Status.ContainerStatuses[0].Started = new(false)
	}
}

func ended(phase corev1.PodPhase) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.Phase = phase
		setCondition(p, corev1.PodReady, corev1.ConditionFalse, "PodCompleted", "", time.Hour)
		p.Status.ContainerStatuses[0].Ready = false
		p.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}
	}
}

func terminating(p *corev1.Pod) {
	at := ago(time.Minute)
	p.DeletionTimestamp = &at
}

func containerPorts(declared ...corev1.ContainerPort) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.Containers[0].Ports = declared }
}

func event(about metav1.Object, kind, eventType, reason, message string, since time.Duration) *corev1.Event {
	return &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: fmt.Sprintf("%s.%x", about.GetName(), reason+message), Namespace: "shop", CreationTimestamp: ago(since)},
		InvolvedObject: corev1.ObjectReference{Kind: kind, Namespace: "shop", Name: about.GetName(), UID: about.GetUID()},
		Type:           eventType, Reason: reason, Message: message, Count: 3, FirstTimestamp: ago(since), LastTimestamp: ago(since),
	}
}

func deployment(name string, replicas int32, template labels, change ...func(*appsv1.Deployment)) *appsv1.Deployment {
	d := &appsv1.Deployment{ObjectMeta: meta(name, nil), Spec: appsv1.DeploymentSpec{
		Replicas: &replicas,
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: template}},
	}}
	for _, change := range change {
		change(d)
	}
	return d
}

func rollingOut(d *appsv1.Deployment) {
	d.Status.Conditions = []appsv1.DeploymentCondition{{
		Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "ReplicaSetUpdated", LastTransitionTime: ago(time.Minute),
	}}
}

func managedBySlices(fields string, since time.Duration) []metav1.ManagedFieldsEntry {
	at := ago(since)
	return []metav1.ManagedFieldsEntry{{Manager: "kube-controller-manager", Time: &at, FieldsV1: metav1.NewFieldsV1(fields)}}
}

// slicesFor makes the slices of a Service as the controller does: Pods of equal ports share one, ended Pods linger, and one
// that selects nothing has an empty slice.
func slicesFor(svc *corev1.Service, pods ...*corev1.Pod) []*discoveryv1.EndpointSlice {
	var made []*discoveryv1.EndpointSlice
	byPorts := map[string]*discoveryv1.EndpointSlice{}
	add := func(key string, slicePorts []discoveryv1.EndpointPort) *discoveryv1.EndpointSlice {
		if byPorts[key] == nil {
			byPorts[key] = &discoveryv1.EndpointSlice{
				ObjectMeta:  meta(fmt.Sprintf("%s-%d", svc.Name, len(made)), labels{discoveryv1.LabelServiceName: svc.Name, discoveryv1.LabelManagedBy: endpointSliceController}),
				AddressType: discoveryv1.AddressTypeIPv4, Ports: slicePorts,
			}
			byPorts[key].Namespace = svc.Namespace
			byPorts[key].ManagedFields = managedBySlices(`{"f:endpoints":{},"f:ports":{}}`, 20*time.Minute)
			made = append(made, byPorts[key])
		}
		return byPorts[key]
	}
	for _, p := range pods {
		if len(svc.Spec.Selector) == 0 || p.Namespace != svc.Namespace || !carries(p.Labels, svc.Spec.Selector) || p.Status.PodIP == "" {
			continue
		}
		var slicePorts []discoveryv1.EndpointPort
		for i := range svc.Spec.Ports {
			target, ok := model.ResolveTargetPort(&p.Spec, &svc.Spec.Ports[i])
			if ok && !PodEnded(p) {
				slicePorts = append(slicePorts, discoveryv1.EndpointPort{Name: &svc.Spec.Ports[i].Name, Port: &target.Number, Protocol: &svc.Spec.Ports[i].Protocol})
			}
		}
		var key strings.Builder
		for _, slicePort := range slicePorts {
			fmt.Fprintf(&key, "%s=%d/%s ", *slicePort.Name, *slicePort.Port, *slicePort.Protocol)
		}
		slice := add(key.String(), slicePorts)
		serving := svc.Spec.PublishNotReadyAddresses || model.PodReady(p)
		isTerminating := p.DeletionTimestamp != nil
		ready := serving && (!isTerminating || svc.Spec.PublishNotReadyAddresses)
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses:  []string{p.Status.PodIP},
			Conditions: discoveryv1.EndpointConditions{Ready: &ready, Serving: &serving, Terminating: &isTerminating},
			TargetRef:  &corev1.ObjectReference{Kind: "Pod", Namespace: svc.Namespace, Name: p.Name, UID: p.UID},
			NodeName:   &p.Spec.NodeName,
		})
	}
	if len(made) == 0 && len(svc.Spec.Selector) > 0 && svc.Spec.Type != corev1.ServiceTypeExternalName {
		add("", nil)
	}
	return made
}

// byHand is a slice that somebody wrote.
func byHand(name, of string, portName *string, number *int32, addresses ...string) *discoveryv1.EndpointSlice {
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: meta(name, labels{discoveryv1.LabelServiceName: of}), AddressType: discoveryv1.AddressTypeIPv4,
	}
	if portName != nil || number != nil {
		slice.Ports = []discoveryv1.EndpointPort{{Name: portName, Port: number, Protocol: new(corev1.ProtocolTCP)}}
	}
	for _, address := range addresses {
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Addresses: []string{address}})
	}
	return slice
}

// cluster makes a snapshot of namespace shop in which every kind is live, and the slices of every Service that has none.
func cluster(objects ...metav1.Object) *model.Builder {
	builder := model.NewBuilder(nil)
	for _, kind := range model.Kinds() {
		builder.Cover(model.Need{Kind: kind}, model.Coverage{State: model.Live})
	}
	var pods []*corev1.Pod
	sliced := map[string]bool{}
	for _, object := range objects {
		switch object := object.(type) {
		case *corev1.Pod:
			pods = append(pods, object)
		case *discoveryv1.EndpointSlice:
			sliced[object.Labels[discoveryv1.LabelServiceName]] = true
		}
		builder.Put(object)
	}
	for _, object := range objects {
		if svc, ok := object.(*corev1.Service); ok && !sliced[svc.Name] {
			for _, slice := range slicesFor(svc, pods...) {
				builder.Put(slice)
			}
		}
	}
	return builder
}

func input(builder *model.Builder) Input {
	return Input{Snapshot: builder.Build(now), Now: now, KubectlArgs: []string{"--context", "prod"}}
}

func judge(t *testing.T, name string, objects ...metav1.Object) *Report {
	t.Helper()
	return Judge(input(cluster(objects...)), model.Key{Namespace: "shop", Name: name})
}

func told(report *Report) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %d/%d", report.Verdict, report.Usable, report.Selected)
	for _, finding := range report.Findings {
		fmt.Fprintf(&text, "\n  %s %s %s [%s] %s", finding.ID, finding.Severity, finding.Confidence, finding.Short, finding.Title)
		if finding.Fix != nil {
			fmt.Fprintf(&text, "\n    %s # %s", finding.Fix.Command, finding.Fix.Note)
		}
	}
	for _, unchecked := range report.Unchecked {
		fmt.Fprintf(&text, "\n  unchecked %s: %s %v", unchecked.Need, unchecked.Coverage.State, unchecked.Check)
	}
	return text.String()
}

func keyOf(object metav1.Object) model.Key {
	return model.Key{Namespace: object.GetNamespace(), Name: object.GetName()}
}
