package check

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// TestLookAlikes holds that what only looks like a fault stays ok.
func TestLookAlikes(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	young := service("web", app, loadBalancer)
	young.CreationTimestamp = ago(2 * time.Minute)
	oldButSwitched := service("web", app, loadBalancer)
	switched := ago(time.Minute)
	oldButSwitched.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl-patch", Time: &switched, FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:type":{}}}`)}}
	nilConditions := byHand("web-x", "web", new(""), new(int32(8080)), "10.4.0.9")
	sidecar := pod("a", app, containerPorts(), func(p *corev1.Pod) {
		p.Spec.InitContainers = []corev1.Container{{
			Name: "proxy", RestartPolicy: new(corev1.ContainerRestartPolicyAlways), Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 15001}},
		}}
	})
	keda := deployment("web", 0, app)
	scaled := ago(time.Hour)
	keda.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "keda", Subresource: "scale", Time: &scaled, FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:replicas":{}}}`)}}
	recreated := service("web", app, loadBalancer)
	recreated.CreationTimestamp = ago(time.Minute)
	before := recreated.DeepCopy()
	before.UID = "uid-of-the-one-before"
	plain, steady := service("web", app), pod("steady", app)
	leader := func(name string, ready bool) *corev1.Pod {
		p := pod(name, app, ofDeploy("web"))
		if !ready {
			notReady(p)
		}
		return p
	}
	// Nothing is usable, for too short to be a fault: not red, and no health either.
	unsettled := map[string]bool{
		"a StatefulSet's Pod in its grace period": true, "h30 a startup probe that may take": true, "nothing usable, but only for a moment": true,
	}
	for name, objects := range map[string]objects{
		"h01 plain":                {service("web", app), pod("a", app)},
		"h02 undeclared port":      {service("web", app), pod("a", app, containerPorts())},
		"h02 another declared":     {service("web", app, ports(port(80, 9090))), pod("a", app, containerPorts(corev1.ContainerPort{ContainerPort: 8080}, corev1.ContainerPort{ContainerPort: 8081}))},
		"h02 probed but not said":  {service("web", app, ports(port(9000, 8080))), pod("a", app, containerPorts(corev1.ContainerPort{ContainerPort: 9000}))},
		"h02 metrics beside it":    {service("web", app, ports(port(80, 8080), port(9090, 9090))), pod("a", app)},
		"h02 metrics, not swapped": {service("web", app, ports(port(80, "http"), port(8080, 9000))), pod("a", app)},
		"h03 one name, two numbers": {
			service("web", app, ports(port(80, "http"))), pod("a", app), pod("b", app, containerPorts(corev1.ContainerPort{Name: "http", ContainerPort: 9090})),
		},
		"h04 native sidecar":     {service("web", app, ports(port(80, "http"))), sidecar},
		"h05 headless":           {service("web", app, headless, ports(port(8080, 8080))), pod("a", app, ownedBy("StatefulSet", "web"))},
		"h06 headless, no ports": {service("web", app, headless, ports()), pod("a", app)},
		"h07 published before it is ready": {
			service("web", app, headless, func(svc *corev1.Service) { svc.Spec.PublishNotReadyAddresses = true }, ports(port(8080, 8080))), pod("a", app, notReady),
		},
		"h08 targetPort means nothing without a selector": {service("web", nil, ports(port(80, 9999))), byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1")},
		"h10 a foreign slice beside the selector":         {service("web", app), byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1")},
		"a Pod that somebody lists once more":             listedTwice(app),
		"h11 a selector on an ExternalName":               {service("web", app, externalName("db.example.com"))},
		"h12 a trailing dot":                              {service("web", nil, externalName("db.example.com."))},
		"h49 an ExternalName into the mesh":               {service("web", nil, externalName("gateway.istio-system.svc.cluster.local")), func() metav1.Object { s := service("gateway", nil); s.Namespace = "istio-system"; return s }()},
		"h14 one leader of three":                         {service("web", app), leader("a", true), leader("b", false), leader("c", false)},
		"h15 Pods of a Job that ended": {
			service("web", app, ports(port(80, "http"))), pod("a", app), pod("job-x", app, ownedBy("Job", "job"), ended(corev1.PodSucceeded)),
		},
		"h15 nothing but a Job that ended":        {service("web", app), pod("job-x", app, ownedBy("Job", "job"), ended(corev1.PodSucceeded))},
		"h16 two Services":                        {service("web", app), service("web-too", app), pod("a", app)},
		"h17 a canary":                            {service("web", app), pod("a", app, ofDeploy("web")), pod("b", app, ofDeploy("web-canary"))},
		"h18 terminating, still serving":          {service("web", app), pod("a", app, terminating)},
		"a StatefulSet's Pod in its grace period": {service("web", app), statefulSet("db", 1, app), pod("db-0", app, notReady, ownedBy("StatefulSet", "db"), goingSince(25*time.Second))},
		"h21 dual stack":                          dualStack(app),
		"h23 a young load balancer":               {young, pod("a", app)},
		"h24 an old Service just switched":        {oldButSwitched, pod("a", app)},
		"h25 a hostname is an address": {service("web", app, loadBalancer, func(svc *corev1.Service) {
			svc.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{Hostname: "lb.example.com"}}
		}), pod("a", app)},
		"h26 no node ports": {service("web", app, loadBalancer, func(svc *corev1.Service) {
			svc.Spec.AllocateLoadBalancerNodePorts = new(false)
			svc.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "192.0.2.9"}}
		}), pod("a", app)},
		"an event of the Service before":            {recreated, pod("a", app), event(before, "Service", "Warning", "SyncLoadBalancerFailed", "quota exceeded", time.Hour)},
		"a rollout of no Pods":                      {service("web", app, ports(port(80, "http"))), pod("a", app), leader("b", false), deployment("web-new", 0, app, rollingOut)},
		"h29 a rollout, one of three ready":         {service("web", app), leader("a", true), leader("b", false), leader("c", false), deployment("web", 3, app, rollingOut)},
		"h30 a startup probe that may take":         {service("web", app), pod("a", app, ofDeploy("web"), starting)},
		"h34 UDP":                                   {service("web", app, ports(corev1.ServicePort{Port: 53, Protocol: corev1.ProtocolUDP, TargetPort: intstr.FromString("dns")})), pod("a", app, containerPorts(corev1.ContainerPort{Name: "dns", ContainerPort: 5353, Protocol: corev1.ProtocolUDP}))},
		"h43 a preview":                             {service("web", labels{"app": "web", "rollouts-pod-template-hash": "abc"}), replicaSet("web-abc", 0, labels{"app": "web", "rollouts-pod-template-hash": "abc"})},
		"h44 scaled to zero by KEDA":                {service("web", app), keda},
		"h46 conditions that are not set":           {service("web", app), nilConditions},
		"h50 failed Pods beside a running one":      {service("web", app), pod("a", app), pod("b", app, ended(corev1.PodFailed))},
		"a headless Service that names a proxy":     {service("web", app, headless, ports(port(8080, 8080)), handedTo("other")), pod("a", app)},
		"a proxy that runs":                         {service("web", app, handedTo("other")), pod("a", app), pod("other-x7k", nil, inSystem)},
		"a namespace that has just been deleted":    {service("web", app, justDeleted), pod("a", app), terminatingShop(30 * time.Second)},
		"a namespace that goes, and all works":      {service("web", app), pod("a", app), terminatingShop(time.Hour)},
		"an external IP of a router":                {service("web", app, externalIP("192.0.2.77")), pod("a", app), nodeNamed("n")},
		"an address out of range that still routes": {plain, pod("a", app), event(plain, "Service", "Warning", "ClusterIPOutOfRange", "Cluster IP [IPv4]: 10.96.0.10 is not within any configured Service CIDR; please recreate service", time.Minute)},
		"an address that it had once":               {plain, pod("a", app), event(plain, "Service", "Warning", "ClusterIPAlreadyAllocated", "Cluster IP [IPv4]:10.96.0.100 was assigned to multiple services; please recreate service", time.Minute)},
		"an address that is being repaired":         {plain, pod("a", app), event(plain, "Service", "Warning", "ClusterIPNotAllocated", "Cluster IP [IPv4]:10.96.0.10 is not allocated; repairing", time.Minute)},
		"an address that two had long ago":          {plain, pod("a", app), event(plain, "Service", "Warning", "ClusterIPAlreadyAllocated", "Cluster IP [IPv4]:10.96.0.10 was assigned to multiple services; please recreate service", 2*time.Hour)},
		"names beside a selector that works":        {plain, steady, slicesFor(plain, steady)[0], slice(byHand("m", "web", new(""), new(int32(8080)), "db.example.com"), ofNames)},
		"a marked slice beside addresses":           {service("web", nil), byHand("a", "web", new(""), new(int32(8080)), "192.0.2.1"), slice(byHand("m", "web", new(""), new(int32(8080)), "192.0.2.2"), markHeadless)},
		"a marked slice of a headless Service":      {service("web", nil, headless), slice(byHand("m", "web", new(""), new(int32(8080)), "192.0.2.2"), markHeadless)},
		"an endpoint that is no Service's address":  {at("10.96.0.11", service("web", nil)), byHand("m", "web", new(""), new(int32(8080)), "192.0.2.2"), at("10.96.0.12", service("other", app))},
		"a ClusterIP that is not ready":             {at("10.96.0.11", service("web", nil)), byHand("m", "web", new(""), new(int32(8080)), "192.0.2.2"), at("10.96.0.12", service("other", app)), unreadyAddress("n", "web", "10.96.0.12")},
		"a ClusterIP behind a headless Service":     {service("web", nil, headless), byHand("m", "web", new(""), new(int32(8080)), "10.96.0.12"), at("10.96.0.12", service("other", app))},
		"a lock that an operator keeps":             {service("web", nil, headless, ports())},
		"slices left over on an ExternalName":       {service("web", app, externalName("db.example.com")), byHand("m", "web", new(""), new(int32(8080)), "10.4.0.1")},
		"a Pod that restarted long ago":             {service("web", app), pod("a", app, func(p *corev1.Pod) { p.Status.ContainerStatuses[0].RestartCount = 40 })},
		"one of two Pods cannot be pulled":          {service("web", app), pod("a", app), pod("b", app, waiting("ImagePullBackOff", ""))},
		"the leader has just changed":               {service("web", app), lostReady("a", app), gainedReady("b", app)},
		"nothing usable, but only for a moment":     justEmptied(app),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := judge(t, "web", objects...)
			want := OK
			if unsettled[name] {
				want = Partial
			}
			if report.Verdict != want || report.Settling != unsettled[name] {
				t.Errorf("a false alarm: %s", told(report))
			}
			for _, hop := range report.Route {
				if hop.Broken && report.Usable > 0 {
					t.Errorf("broken hop %q on a healthy route", hop.Text)
				}
			}
		})
	}
}

func justDeleted(svc *corev1.Service) {
	at := ago(30 * time.Second)
	svc.DeletionTimestamp, svc.Finalizers = &at, []string{"example.com/hold"}
}

func externalIP(address string) func(*corev1.Service) {
	return func(svc *corev1.Service) { svc.Spec.ExternalIPs = []string{address} }
}

func unreadyAddress(name, of, address string) *discoveryv1.EndpointSlice {
	return slice(byHand(name, of, new(""), new(int32(8080)), address), func(e *discoveryv1.EndpointSlice) {
		e.Endpoints[0].Conditions.Ready = new(false)
	})
}

func starting(p *corev1.Pod) {
	notReady(p)
	p.CreationTimestamp = ago(20 * time.Second)
	setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "", 20*time.Second)
	p.Spec.Containers[0].StartupProbe = p.Spec.Containers[0].ReadinessProbe
	p.Spec.Containers[0].StartupProbe.FailureThreshold = 30
	p.Status.ContainerStatuses[0].Started = new(false)
	p.Status.ContainerStatuses[0].State.Running.StartedAt = ago(15 * time.Second)
}

func lostReady(name string, app labels) *corev1.Pod {
	p := pod(name, app, ofDeploy("web"), notReady)
	setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "", 3*time.Minute)
	return p
}

// goingSince is a Pod that was deleted with the usual grace period; its timestamp is the end of that.
func goingSince(since time.Duration) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		end := ago(since - 30*time.Second)
		p.DeletionTimestamp, p.DeletionGracePeriodSeconds = &end, new(int64(30))
	}
}

func gainedReady(name string, app labels) *corev1.Pod {
	p := pod(name, app, ofDeploy("web"))
	setCondition(p, corev1.PodReady, corev1.ConditionTrue, "", "", 3*time.Minute)
	return p
}

func dualStack(app labels) objects {
	svc := service("web", app, func(svc *corev1.Service) {
		svc.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}
	})
	p := pod("a", app)
	p.Status.PodIPs = append(p.Status.PodIPs, corev1.PodIP{IP: "fd00::5"})
	v4 := slicesFor(svc, p)[0]
	v6 := v4.DeepCopy()
	v6.Name, v6.AddressType, v6.Endpoints[0].Addresses = "web-v6", discoveryv1.AddressTypeIPv6, []string{"fd00::5"}
	return objects{svc, p, v4, v6}
}

// listedTwice has a slice by hand with the address of a Pod that the controller lists too.
func listedTwice(app labels) objects {
	svc, p := service("web", app, ports(port(80, "http"))), pod("a", app)
	return objects{svc, p, slicesFor(svc, p)[0], byHand("m", "web", new(""), new(int32(8080)), p.Status.PodIP)}
}

func justEmptied(app labels) objects {
	svc := service("web", app)
	slice := slicesFor(svc)[0]
	slice.ManagedFields = managedBySlices(`{"f:endpoints":{}}`, 4*time.Second)
	return objects{svc, slice}
}

func statefulSet(name string, replicas int32, template labels) *appsv1.StatefulSet {
	return &appsv1.StatefulSet{ObjectMeta: meta(name, nil), Spec: appsv1.StatefulSetSpec{
		Replicas: &replicas, Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: template}},
	}}
}

func replicaSet(name string, replicas int32, template labels) *appsv1.ReplicaSet {
	return &appsv1.ReplicaSet{ObjectMeta: meta(name, template), Spec: appsv1.ReplicaSetSpec{
		Replicas: &replicas, Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: template}},
	}}
}
