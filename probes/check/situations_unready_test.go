package check

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

// unreadyFor is a Pod that lost the condition Ready so long ago, as its containers did.
func unreadyFor(since time.Duration) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		notReady(p)
		setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "", since)
	}
}

// startedAgo is when the containers of a Pod were started.
func startedAgo(since time.Duration) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Status.ContainerStatuses[0].State = runningFor(since) }
}

func gatedBy(gate string, status corev1.ConditionStatus, since time.Duration) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.ReadinessGates = append(p.Spec.ReadinessGates, corev1.PodReadinessGate{ConditionType: corev1.PodConditionType(gate)})
		if status != "" {
			setCondition(p, corev1.PodConditionType(gate), status, "Unhealthy", "", since)
		}
		setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ReadinessGatesNotReady", "gates are not ready", since)
	}
}

func nodeIs(status corev1.ConditionStatus, message string) func(*corev1.Node) {
	return func(n *corev1.Node) {
		n.Status.Conditions = []corev1.NodeCondition{
			{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse},
			{Type: corev1.NodeReady, Status: status, Reason: "KubeletNotReady", Message: message},
		}
	}
}

// readinessTaken is what the node controller does to the Pods of a node that is down.
func readinessTaken(p *corev1.Pod) {
	setCondition(p, corev1.PodReady, corev1.ConditionFalse, "", "", time.Hour)
}

// TestPodsThatAreNotReady holds what is said of several Pods at once, since when, and for how long a state may last.
func TestPodsThatAreNotReady(t *testing.T) {
	t.Parallel()
	svc := service("web", webApp)
	app := func(name string, change ...func(*corev1.Pod)) *corev1.Pod {
		return pod(name, webApp, append([]func(*corev1.Pod){ofDeploy("web")}, change...)...)
	}
	ready := app("ready")
	unhealthy := func(p *corev1.Pod, message string) *corev1.Event {
		return event(p, "Pod", "Warning", "Unhealthy", "Readiness probe failed: "+message, time.Minute)
	}
	four := []*corev1.Pod{
		app("a", unreadyFor(30*time.Minute)), app("b", unreadyFor(50*time.Minute)), app("c", unreadyFor(20*time.Minute)), app("d", unreadyFor(40*time.Minute)),
	}
	taken := app("a", readinessTaken)
	published := service("web", webApp, publishNotReady)
	lostOne := app("a", unreadyFor(3*time.Minute))
	lostWithWords := app("a", unreadyFor(3*time.Minute))
	young := func(p *corev1.Pod) { p.CreationTimestamp = ago(20 * time.Second) }
	youngRolling := deployment("web", 2, webApp, rollingOut)
	cause := deployment("web", 2, webApp)
	cause.Annotations = map[string]string{"meta.helm.sh/release-name": "shop"}
	set := statefulSet("web", 2, webApp)
	set.Annotations = map[string]string{"meta.helm.sh/release-name": "shop-db"}
	imagePull := waiting("ErrImagePull", "not found")
	testSituations(t, "pods_unready", map[string]situation{
		"four of one kind": {objects: objects{
			svc, four[0], four[1], four[2], four[3], unhealthy(four[0], "a, read tcp 10.4.0.1:40000->10.4.0.9:8080: connection reset by peer"),
			unhealthy(four[1], "a, read tcp 10.4.0.1:50000->10.4.0.9:8080: connection reset by peer"), unhealthy(four[2], "b: connection reset by peer"), unhealthy(four[3], "c: connection reset by peer"),
		}, want: "POD-06 critical proven"},
		"four of one kind, each with other words": {objects: objects{
			svc, four[0], four[1], four[2], four[3], unhealthy(four[0], "a: connection reset by peer"),
			unhealthy(four[1], "b: connection reset by peer"), unhealthy(four[2], "c: connection reset by peer"), unhealthy(four[3], "d: connection reset by peer"),
		}, want: "POD-06 critical proven"},
		"one of one kind, two of another":   {objects: objects{svc, app("a", imagePull), app("b", notReady), app("c", notReady)}, want: "POD-06 critical proven, POD-02 critical proven"},
		"one of each kind":                  {objects: objects{svc, app("a", notReady), app("b", imagePull)}, want: "POD-02 critical proven, POD-06 critical proven"},
		"two of one ID that fail otherwise": {objects: objects{svc, four[0], four[1], unhealthy(four[0], "HTTP probe failed with statuscode: 500"), unhealthy(four[1], "HTTP probe failed with statuscode: 404")}, want: "POD-06 critical proven, POD-06 critical proven"},
		"two of other IDs and one text":     {objects: objects{svc, app("a", gatedBy("x", "", time.Hour)), app("b", gatedBy("x", corev1.ConditionFalse, time.Hour))}, want: "POD-07 critical proven"},
		"one that is starting beside one that long is": {objects: objects{
			svc, app("a", waiting("ContainerCreating", ""), young), app("b", waiting("ContainerCreating", "")),
		}, want: "POD-06 critical likely"},
		"two owners": {objects: objects{svc, app("a", notReady), pod("b", webApp, ofDeploy("other"), notReady)}, want: "POD-06 critical proven"},
		"two owners whose probe asks another port":    {objects: objects{svc, app("a", notReady, probedBy(tcpProbe(intstr.FromInt32(9999)))), pod("b", webApp, ofDeploy("other"), notReady, probedBy(tcpProbe(intstr.FromInt32(9999))))}, want: "POD-06 critical proven"},
		"an image, of a probe that asks another port": {objects: objects{svc, app("a", imagePull, probedBy(tcpProbe(intstr.FromInt32(9999))))}, want: "POD-02 critical proven"},
		"a Pod of nobody":                         {objects: objects{svc, pod("a", webApp, notReady)}, want: "POD-06 critical proven"},
		"a Pod of nobody and one of a Deployment": {objects: objects{svc, pod("a", webApp, notReady), app("b", notReady)}, want: "POD-06 critical proven"},
		"a Deployment of Helm's":                  {objects: objects{svc, app("a", notReady), cause}, want: "POD-06 critical proven"},
		"a StatefulSet of Helm's":                 {objects: objects{svc, pod("a", webApp, ownedBy("StatefulSet", "web"), notReady), set, cause}, want: "POD-06 critical proven"},
		"a StatefulSet that is not known, beside a Deployment of its name": {objects: objects{svc, pod("a", webApp, ownedBy("StatefulSet", "web"), notReady), cause}, want: "POD-06 critical proven"},
		"a DaemonSet beside others of its name":                            {objects: objects{svc, pod("a", webApp, ownedBy("DaemonSet", "web"), notReady), cause, set}, want: "POD-06 critical proven"},

		"another serves, probe":                            {objects: objects{svc, ready, app("a", notReady)}, want: "POD-06 info proven"},
		"another serves, gate":                             {objects: objects{svc, ready, app("a", gatedBy("x", "", time.Hour))}, want: "POD-07 info proven"},
		"another serves, image":                            {objects: objects{svc, ready, app("a", imagePull)}, want: "POD-02 minor proven"},
		"another serves, node":                             {objects: objects{svc, node("node-1", nodeIs(corev1.ConditionTrue, "")), node("node-2", nodeIs(corev1.ConditionUnknown, "no word from the kubelet")), ready, app("a", readinessTaken, onNode("node-2"))}, want: "POD-08 minor proven"},
		"another serves, lost just now":                    {objects: objects{svc, ready, lostOne}, want: "POD-06 major likely"},
		"another serves, lost just now, with words":        {objects: objects{svc, ready, lostWithWords, unhealthy(lostWithWords, "HTTP probe failed with statuscode: 503")}, want: "POD-06 major likely"},
		"another serves, lost just now, with a word's end": {objects: objects{svc, ready, app("a", unreadyFor(3*time.Minute), gatedBy("x", "", 3*time.Minute))}, want: "POD-07 major likely"},
		"another serves, lost five seconds ago":            {objects: objects{svc, ready, app("a", unreadyFor(5*time.Second))}, want: "POD-06 minor likely"},
		"another serves, lost eleven minutes ago":          {objects: objects{svc, ready, app("a", unreadyFor(11*time.Minute))}, want: "POD-06 info proven"},
		"another serves, lost by its node":                 {objects: objects{svc, node("node-1", nodeIs(corev1.ConditionTrue, "")), node("node-2", nodeIs(corev1.ConditionUnknown, "")), ready, app("a", onNode("node-2"), func(p *corev1.Pod) { setCondition(p, corev1.PodReady, corev1.ConditionFalse, "", "", 3*time.Minute) })}, want: "POD-08 major likely"},
		"another serves, lost, and a rollout":              {objects: objects{svc, ready, lostOne, youngRolling}, want: "POD-06 info proven"},
		"another serves, lost, not missed":                 {objects: objects{published, ready, lostOne}, want: "POD-06 info proven"},
		"another serves, lost, and an image": {objects: objects{svc, ready, lostOne, app("b", func(p *corev1.Pod) {
			imagePull(p)
			setCondition(p, corev1.PodReady, corev1.ConditionFalse, "", "", 2*time.Minute)
		})}, want: "POD-06 major likely, POD-02 minor proven"},
		"another serves, lost, and one long ago":                        {objects: objects{svc, ready, lostOne, app("b", unreadyFor(30*time.Minute))}, want: "POD-06 major likely"},
		"another serves, lost long ago, and one of another kind lately": {objects: objects{svc, ready, app("a", unreadyFor(30*time.Minute)), app("b", gatedBy("x", "", 3*time.Minute))}, want: "POD-07 major likely, POD-06 info proven"},
		"another came, and one was lost":                                {objects: objects{svc, gainedReady("b", webApp), lostOne}, want: "POD-06 info proven"},
		"another came long ago, and one was lost":                       {objects: objects{svc, ready, lostOne, app("b", func(p *corev1.Pod) { setCondition(p, corev1.PodReady, corev1.ConditionTrue, "", "", 10*time.Minute) })}, want: "POD-06 major likely"},
		"two lost, one soon forgotten":                                  {objects: objects{svc, ready, app("a", unreadyFor(3*time.Minute)), app("b", unreadyFor(8*time.Minute))}, want: "POD-06 major likely"},
		"never Ready, another serves":                                   {objects: objects{svc, ready, app("a", unreadyFor(3*time.Minute), startedAgo(3*time.Minute))}, want: "POD-06 info proven"},
		"Ready for less than a second":                                  {objects: objects{svc, ready, app("a", unreadyFor(3*time.Minute), startedAgo(3*time.Minute+time.Second/2))}, want: "POD-06 info proven"},

		"was Ready, and is not since a moment":       {objects: objects{svc, app("a", unreadyFor(5*time.Second))}, want: "POD-06 minor proven"},
		"was Ready, and is not since a while":        {objects: objects{svc, app("a", unreadyFor(15*time.Second))}, want: "POD-06 critical proven"},
		"just started, within what its probe allows": {objects: objects{svc, app("a", unreadyFor(25*time.Second), startedAgo(25*time.Second))}, want: "POD-06 minor proven"},
		"just started, beyond what its probe allows": {objects: objects{svc, app("a", unreadyFor(35*time.Second), startedAgo(35*time.Second))}, want: "POD-06 critical proven"},
		"started anew, since when counts":            {objects: objects{svc, app("a", unreadyFor(35*time.Minute), startedAgo(25*time.Second))}, want: "POD-06 minor proven"},
		"just started, of a quick probe": {objects: objects{svc, app("a", unreadyFor(12*time.Second), startedAgo(12*time.Second), func(p *corev1.Pod) {
			p.Spec.Containers[0].ReadinessProbe.PeriodSeconds, p.Spec.Containers[0].ReadinessProbe.FailureThreshold = 0, 0
		})}, want: "POD-06 critical proven"},
		"just started, of a quick probe, in a rollout": {objects: objects{svc, youngRolling, app("a", unreadyFor(12*time.Second), startedAgo(12*time.Second), func(p *corev1.Pod) {
			p.Spec.Containers[0].ReadinessProbe.PeriodSeconds, p.Spec.Containers[0].ReadinessProbe.FailureThreshold = 0, 0
		})}, want: "POD-06 minor proven"},
		"just started, of a slow probe":            {objects: objects{svc, app("a", unreadyFor(9*time.Minute), startedAgo(9*time.Minute), func(p *corev1.Pod) { p.Spec.Containers[0].ReadinessProbe.InitialDelaySeconds = 3600 })}, want: "POD-06 minor proven"},
		"long started, of a probe that has no end": {objects: objects{svc, app("a", unreadyFor(11*time.Minute), startedAgo(11*time.Minute), func(p *corev1.Pod) { p.Spec.Containers[0].ReadinessProbe.InitialDelaySeconds = 3600 })}, want: "POD-06 critical proven"},

		"a gate that is False":                {objects: objects{svc, app("a", gatedBy("target-health.elbv2.k8s.aws/k8s-x", corev1.ConditionFalse, time.Hour))}, want: "POD-07 critical proven"},
		"a gate that is True, another is not": {objects: objects{svc, app("a", gatedBy("first", corev1.ConditionTrue, time.Hour), gatedBy("second", corev1.ConditionUnknown, time.Hour))}, want: "POD-07 critical proven"},
		"gates that are all True by now":      {objects: objects{svc, app("a", gatedBy("first", corev1.ConditionTrue, time.Hour))}, want: "POD-07 critical proven"},
		"a gate for half a minute":            {objects: objects{svc, app("a", gatedBy("first", "", 30*time.Second))}, want: "POD-07 minor proven"},
		"a second container that runs and is not ready": {objects: objects{svc, app("a", notReady, func(p *corev1.Pod) {
			p.Status.ContainerStatuses[0].Ready = true
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "beside", ReadinessProbe: &corev1.Probe{ProbeHandler: execProbe("true")}})
			p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{Name: "beside", State: runningFor(time.Hour)})
		})}, want: "POD-06 critical proven"},
		"init containers that run and are not ready": {objects: objects{svc, app("a", notReady, func(p *corev1.Pod) {
			p.Status.ContainerStatuses[0].Ready = true
			p.Spec.InitContainers = []corev1.Container{{Name: "migrate"}, {Name: "ready", RestartPolicy: new(corev1.ContainerRestartPolicyAlways)}, {Name: "slow", RestartPolicy: new(corev1.ContainerRestartPolicyAlways)}}
			p.Status.InitContainerStatuses = []corev1.ContainerStatus{
				{Name: "migrate", State: terminated(0, "Completed", "", time.Second, time.Hour)},
				{Name: "ready", Ready: true, Started: new(true), State: runningFor(time.Hour)},
				{Name: "slow", Started: new(true), State: runningFor(time.Hour)},
			}
		})}, want: "POD-06 critical proven"},
		"one container ended for good, another runs": {objects: objects{svc, app("a", notReady, func(p *corev1.Pod) {
			p.Spec.RestartPolicy = corev1.RestartPolicyNever
			p.Status.ContainerStatuses[0].Ready = true
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "beside"})
			p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{Name: "beside", State: terminated(1, "Error", "", time.Minute, time.Hour)})
		})}, want: "POD-06 critical proven"},

		"no node fits, and a port of the nodes is taken": {objects: objects{svc, pendingPod(unschedulable("0/3 nodes are available: 3 Insufficient cpu.")), pod("b", webApp, ofDeploy("web"), func(p *corev1.Pod) {
			p.Status = corev1.PodStatus{Phase: corev1.PodPending}
			unschedulable("0/3 nodes are available: 2 Insufficient cpu, 1 node(s) didn't have free ports for the requested pod ports.")(p)
		})}, want: "POD-01 critical proven, POD-12 critical proven"},
		"one just started, one lost it: the first in trouble says how long, first": {objects: objects{svc, app("a", unreadyFor(25*time.Second), startedAgo(25*time.Second)), app("b", unreadyFor(15*time.Second))}, want: "POD-06 minor proven"},
		"one just started, one lost it: the first in trouble says how long, last":  {objects: objects{svc, app("b", unreadyFor(25*time.Second), startedAgo(25*time.Second)), app("a", unreadyFor(15*time.Second))}, want: "POD-06 minor proven"},
		"another serves, lost by its gate, and one was never Ready":                {objects: objects{svc, ready, app("a", gatedBy("x", "", 3*time.Minute)), app("b", unreadyFor(3*time.Minute), startedAgo(3*time.Minute))}, want: "POD-07 major likely, POD-06 info proven"},
		"two lost, the sooner forgotten first":                                     {objects: objects{svc, ready, app("b", unreadyFor(3*time.Minute)), app("a", unreadyFor(8*time.Minute))}, want: "POD-06 major likely"},
		"one lost lately and one long ago, and another came":                       {objects: objects{svc, gainedReady("c", webApp), app("a", unreadyFor(3*time.Minute)), app("b", unreadyFor(30*time.Minute))}, want: "POD-06 info proven"},
		"one lost lately and one by its image, and another came": {objects: objects{svc, gainedReady("c", webApp), app("a", unreadyFor(3*time.Minute)), app("b", imagePull, func(p *corev1.Pod) {
			p.Status.ContainerStatuses[0].LastTerminationState = terminated(1, "Error", "", 20*time.Minute, 3*time.Minute)
			setCondition(p, corev1.PodReady, corev1.ConditionFalse, "", "", 3*time.Minute)
		})}, want: "POD-02 minor proven, POD-06 info proven"},
		"none was lost, and another came":                   {objects: objects{svc, gainedReady("c", webApp), app("a", unreadyFor(3*time.Minute), startedAgo(3*time.Minute))}, want: "POD-06 info proven"},
		"one lost, and one of which nothing is told":        {objects: objects{svc, ready, lostOne, pod("z", webApp, func(p *corev1.Pod) { p.Status = corev1.PodStatus{Phase: corev1.PodPending} })}, want: "POD-06 major likely, POD-06 info likely"},
		"two owners, one of Helm's":                         {objects: objects{svc, app("a", notReady), pod("b", webApp, ofDeploy("other"), notReady), cause}, want: "POD-06 critical proven"},
		"a probe by gRPC that fails otherwise":              {objects: objects{svc, app("a", notReady, probedBy(corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 9090}}))}, want: "POD-06 critical proven"},
		"a start of which no time is told":                  {objects: objects{svc, ready, app("a", unreadyFor(3*time.Minute), func(p *corev1.Pod) { p.Status.ContainerStatuses[0].State.Running.StartedAt.Reset() })}, want: "POD-06 info proven"},
		"crashed, and lost it long after that end":          {objects: objects{svc, ready, app("a", crashed(3, run(20*time.Minute, 10*time.Minute), 0), down, func(p *corev1.Pod) { setCondition(p, corev1.PodReady, corev1.ConditionFalse, "", "", 3*time.Minute) })}, want: "POD-03 minor proven"},
		"one ended, another is not Ready":                   {objects: objects{svc, app("a", ended(corev1.PodFailed)), app("b", notReady)}, want: "POD-06 critical proven"},
		"an init container that ended well, the next fails": {objects: objects{svc, app("a", initContainer(corev1.ContainerStatus{Name: "first", State: terminated(0, "Completed", "", time.Second, time.Minute)}), initContainer(corev1.ContainerStatus{Name: "second", State: terminated(3, "Error", "", time.Second, time.Second)}))}, want: "POD-05 critical proven"},
		"a sidecar that waits":                              {objects: objects{svc, app("a", initContainer(corev1.ContainerStatus{Name: "proxy", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}}}, asSidecar))}, want: "POD-06 critical likely"},
		"a sidecar that waits, and says that it started":    {objects: objects{svc, app("a", initContainer(corev1.ContainerStatus{Name: "proxy", Started: new(true), State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{}}}, asSidecar))}, want: "POD-06 critical likely"},
		"its node says no":                                  {objects: objects{svc, node("node-1", nodeIs(corev1.ConditionFalse, "container runtime is down")), taken}, want: "POD-08 critical proven"},
		"its node is Ready":                                 {objects: objects{svc, node("node-1", nodeIs(corev1.ConditionTrue, "")), app("a", notReady)}, want: "POD-06 critical proven"},
		"its node is Ready, and an event says no":           {objects: objects{svc, node("node-1", nodeIs(corev1.ConditionTrue, "")), taken, event(taken, "Pod", "Warning", "NodeNotReady", "Node is not ready", time.Minute)}, want: "POD-06 critical likely"},
		"its node is not known, and an event says no":       {objects: objects{svc, taken, event(taken, "Pod", "Warning", "NodeNotReady", "Node is not ready", time.Minute)}, want: "POD-08 critical likely"},
		"its node is not known, and nobody says no":         {objects: objects{svc, taken}, want: "POD-06 critical likely"},
		"its node may not be read, and an event says no":    {objects: objects{svc, taken, event(taken, "Pod", "Warning", "NodeNotReady", "Node is not ready", time.Minute)}, want: "POD-08 critical likely", without: []model.Kind{model.Nodes}},
		"an event says no of the node, and its probe fails": {objects: objects{svc, four[0], event(four[0], "Pod", "Warning", "NodeNotReady", "Node is not ready", time.Minute)}, want: "POD-06 critical proven"},
		"no condition Ready, and an event says no of the node": func() situation {
			p := pendingPod()
			return situation{objects: objects{svc, p, event(p, "Pod", "Warning", "NodeNotReady", "Node is not ready", time.Minute)}, want: "POD-06 critical likely"}
		}(),

		"terminating only, ten of them":                       {objects: objects{svc, app("a", terminating), app("b", terminating), app("c", terminating), app("d", terminating)}, want: "POD-09 minor proven"},
		"terminating only, none serves, a Deployment of one":  {objects: objects{svc, app("a", notReady, goingSince(5*time.Minute)), app("b", notReady, goingSince(10*time.Second)), deployment("web", 1, webApp)}, want: "POD-09 minor proven"},
		"terminating only, none serves, for long":             {objects: objects{svc, app("a", notReady, goingSince(5*time.Minute)), app("b", notReady, goingSince(2*time.Minute)), deployment("web", 1, webApp)}, want: "POD-09 critical proven"},
		"terminating only, without a grace period":            {objects: objects{svc, app("a", notReady, terminating), deployment("web", 1, webApp)}, want: "POD-09 critical proven"},
		"terminating only, none serves, a Deployment of none": {objects: objects{svc, app("a", notReady, goingSince(5*time.Minute)), deployment("web", 0, webApp)}, want: "WL-01 major proven"},
		"one of two terminating":                              {objects: objects{svc, app("a", notReady, terminating), app("b", notReady)}, want: "POD-06 critical proven"},

		"four that ended":                              {objects: objects{svc, app("a", ended(corev1.PodFailed), func(p *corev1.Pod) { p.Status.Reason = "Evicted" }), app("b", ended(corev1.PodFailed)), app("c", ended(corev1.PodSucceeded)), app("d", ended(corev1.PodFailed))}, want: "POD-11 critical proven"},
		"one that succeeded, of nobody":                {objects: objects{svc, pod("a", webApp, ended(corev1.PodSucceeded))}, want: "POD-11 info proven"},
		"one of a Job that failed":                     {objects: objects{svc, pod("a", webApp, ownedBy("Job", "once"), ended(corev1.PodFailed))}, want: "POD-11 info proven"},
		"one that failed, and a Deployment makes more": {objects: objects{svc, app("a", ended(corev1.PodFailed)), deployment("web", 1, webApp)}, want: "WL-02 critical likely"},
	})
}

// TestContainersThatCrash holds what is read out of the two ends that a container's status keeps.
func TestContainersThatCrash(t *testing.T) {
	t.Parallel()
	svc := service("web", webApp)
	app := func(change ...func(*corev1.Pod)) *corev1.Pod {
		return pod("a", webApp, append([]func(*corev1.Pod){ofDeploy("web")}, change...)...)
	}
	// between is a container that ended now, before that as last says, and has not been started since.
	between := func(restarts int32, state, last corev1.ContainerState) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			notReady(p)
			status := &p.Status.ContainerStatuses[0]
			status.RestartCount, status.State, status.LastTerminationState = restarts, state, last
		}
	}
	waitsForNext := func(last corev1.ContainerState) func(*corev1.Pod) {
		return between(4, corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "back-off 40s restarting"}}, last)
	}
	killed := app(waitsForNext(terminated(0, "Completed", "", time.Minute, time.Minute)))
	killedAgo := func(reason, message string, since time.Duration) objects {
		return objects{svc, killed, event(killed, "Pod", "Normal", reason, message, since)}
	}
	testSituations(t, "pods_crashloop", map[string]situation{
		"a loop of which no end is kept":                  {objects: objects{svc, app(waitsForNext(corev1.ContainerState{}))}, want: "POD-03 critical proven"},
		"a loop, in the container's own words":            {objects: objects{svc, app(waitsForNext(terminated(1, "Error", "panic: no database", time.Second, time.Minute)))}, want: "POD-03 critical proven"},
		"a loop whose last end was long ago":              {objects: objects{svc, app(waitsForNext(terminated(1, "Error", "", time.Second, 30*time.Minute)))}, want: "POD-03 critical proven"},
		"a loop that began when it was not Ready yet":     {objects: objects{svc, app(waitsForNext(terminated(1, "Error", "", time.Second, time.Minute)), func(p *corev1.Pod) { setCondition(p, corev1.PodReady, corev1.ConditionFalse, "", "", 30*time.Minute) })}, want: "POD-03 critical proven"},
		"a loop of a Pod without the condition":           {objects: objects{svc, app(waitsForNext(terminated(1, "Error", "", time.Second, time.Minute)), func(p *corev1.Pod) { p.Status.Conditions = p.Status.Conditions[:2] })}, want: "POD-03 critical proven"},
		"two ends within ten minutes":                     {objects: objects{svc, app(between(1, terminated(1, "Error", "", time.Second, 5*time.Second), terminated(2, "Error", "", time.Second, 5*time.Minute)))}, want: "POD-03 critical proven"},
		"two ends, the first long ago, a run of a minute": {objects: objects{svc, app(between(1, terminated(1, "Error", "", time.Minute, 5*time.Second), terminated(2, "Error", "", time.Second, 30*time.Minute)))}, want: "POD-03 critical proven"},
		"two ends, the first long ago, a long run":        {objects: objects{svc, app(between(1, terminated(1, "Error", "", 20*time.Minute, 5*time.Second), terminated(2, "Error", "", time.Second, 30*time.Minute)))}, want: "POD-03 critical proven"},
		"two ends of late, and the last run was long":     {objects: objects{svc, app(between(1, terminated(1, "Error", "", 20*time.Minute, 5*time.Second), terminated(2, "Error", "", time.Second, 9*time.Minute)))}, want: "POD-03 critical proven"},
		"one end, for the first time":                     {objects: objects{svc, app(between(0, terminated(1, "Error", "", time.Minute, 5*time.Second), corev1.ContainerState{}))}, want: "POD-03 critical proven"},
		"one end without times":                           {objects: objects{svc, app(between(2, corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, FinishedAt: ago(5 * time.Second)}}, corev1.ContainerState{}))}, want: "POD-03 critical proven"},
		"an end after which nobody starts it":             {objects: objects{svc, app(between(2, terminated(0, "Completed", "", time.Minute, 5*time.Second), corev1.ContainerState{}), func(p *corev1.Pod) { p.Spec.RestartPolicy = corev1.RestartPolicyOnFailure })}, want: "POD-06 critical proven"},
		"an end after which it is started, by policy":     {objects: objects{svc, app(between(2, terminated(1, "Error", "", time.Minute, 5*time.Second), corev1.ContainerState{}), func(p *corev1.Pod) { p.Spec.RestartPolicy = corev1.RestartPolicyOnFailure })}, want: "POD-03 critical proven"},
		"it runs again, long after":                       {objects: objects{svc, app(between(4, runningFor(20*time.Minute), terminated(1, "Error", "", time.Minute, 21*time.Minute)))}, want: "POD-06 critical proven"},
		"it runs again, and nobody knows since when":      {objects: objects{svc, app(between(4, corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}, terminated(1, "Error", "", time.Minute, 2*time.Minute)))}, want: "POD-03 critical proven"},
		"out of memory, without a limit":                  {objects: objects{svc, app(waitsForNext(terminated(137, "OOMKilled", "", time.Second, time.Minute)), func(p *corev1.Pod) { p.Spec.Containers[0].Resources = corev1.ResourceRequirements{} })}, want: "POD-03 critical proven"},
		"out of memory, with a limit of its Pod": {objects: objects{svc, app(waitsForNext(terminated(137, "OOMKilled", "", time.Second, time.Minute)), func(p *corev1.Pod) {
			p.Spec.Resources, p.Spec.Containers[0].Resources = p.Spec.Containers[0].Resources.DeepCopy(), corev1.ResourceRequirements{}
		})}, want: "POD-03 critical proven"},
		"out of memory":                                        {objects: objects{svc, app(waitsForNext(terminated(137, "OOMKilled", "", time.Second, time.Minute)))}, want: "POD-03 critical proven"},
		"killed by its liveness probe":                         {objects: killedAgo("Killing", "Container app failed liveness probe, will be restarted", time.Minute), want: "POD-03 critical proven"},
		"killed by its startup probe":                          {objects: killedAgo("Killing", "Container app failed startup probe, will be restarted", time.Minute), want: "POD-03 critical proven"},
		"killed for another reason":                            {objects: killedAgo("Killing", "Stopping container app", time.Minute), want: "POD-03 critical proven"},
		"its hook fails":                                       {objects: killedAgo("FailedPostStartHook", "PostStartHook failed", time.Minute), want: "POD-04 critical proven"},
		"two ends, the first long ago, lost of late":           {objects: objects{svc, app(between(1, terminated(1, "Error", "", time.Minute, 5*time.Second), terminated(2, "Error", "", time.Second, 30*time.Minute)), lostLately)}, want: "POD-03 minor proven"},
		"two ends of late, lost of late":                       {objects: objects{svc, app(between(1, terminated(1, "Error", "", time.Minute, 5*time.Second), terminated(2, "Error", "", time.Second, 4*time.Minute)), lostLately)}, want: "POD-03 critical proven"},
		"an end after a long run, the one before is not kept":  {objects: objects{svc, app(between(2, terminated(1, "Error", "", 20*time.Minute, 5*time.Second), corev1.ContainerState{}), lostLately)}, want: "POD-03 minor proven"},
		"it runs again, long after, no time of the run before": {objects: objects{svc, app(between(4, runningFor(20*time.Minute), corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, FinishedAt: ago(21 * time.Minute)}}))}, want: "POD-06 critical proven"},
		"the first end, and words of an earlier loop":          {objects: backOffBeside(svc, app(between(0, terminated(1, "Error", "", time.Minute, 5*time.Second), corev1.ContainerState{}), lostLately), "BackOff", 8*time.Minute), want: "POD-03 minor proven"},
		"a loop, and other words of it":                        {objects: backOffBeside(svc, app(waitsForNext(terminated(1, "Error", "", time.Second, time.Minute)), lostLately), "Odd", 8*time.Minute), want: "POD-03 critical proven"},
		"a loop, and words that came later":                    {objects: backOffBeside(svc, app(waitsForNext(terminated(1, "Error", "", time.Second, time.Minute)), lostLately), "BackOff", 30*time.Second), want: "POD-03 critical proven"},
		"Ready in between, nobody knows since when":            {objects: objects{svc, app(crashed(4, run(8*time.Second, 6*time.Second), 5*time.Second), func(p *corev1.Pod) { p.Status.ContainerStatuses[0].State.Running.StartedAt.Reset() })}, want: "POD-03 minor likely, ADV-04 info proven"},
		"Ready in between, the second ends sooner":             {objects: objects{svc, app(crashed(4, run(63*time.Second, 60*time.Second), 20*time.Second)), pod("b", webApp, ofDeploy("web"), crashed(4, run(43*time.Second, 40*time.Second), 15*time.Second))}, want: "POD-03 major proven, ADV-04 info proven"},
		"the second container loops": {objects: objects{svc, app(notReady, func(p *corev1.Pod) {
			p.Status.ContainerStatuses[0].Ready = true
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "beside"})
			p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{
				Name: "beside", RestartCount: 4, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}},
				LastTerminationState: terminated(1, "Error", "", time.Second, time.Minute),
			})
		})}, want: "POD-03 critical proven"},
		"two containers, one between two runs": {objects: objects{svc, app(between(4, terminated(1, "Error", "", time.Second, 5*time.Second), terminated(1, "Error", "", time.Second, time.Minute)), func(p *corev1.Pod) {
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "beside"})
			p.Status.ContainerStatuses = append([]corev1.ContainerStatus{{Name: "beside", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}}}, p.Status.ContainerStatuses...)
		})}, want: "POD-03 critical proven"},

		"Ready in between, of two containers the second": {objects: objects{svc, app(crashed(0, nil, time.Hour), func(p *corev1.Pod) {
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "beside"})
			p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{
				Name: "beside", Ready: true, RestartCount: 4, State: runningFor(20 * time.Second), LastTerminationState: corev1.ContainerState{Terminated: run(63*time.Second, 60*time.Second)},
			})
		})}, want: "POD-03 major proven, ADV-04 info proven"},
		"Ready in between, for five seconds":       {objects: objects{svc, app(crashed(2, run(8*time.Second, 6*time.Second), 5*time.Second))}, want: "POD-03 minor proven, ADV-04 info proven"},
		"Ready in between, two Pods of two clocks": {objects: objects{svc, app(crashed(4, run(63*time.Second, 60*time.Second), 20*time.Second)), pod("b", webApp, ofDeploy("web"), crashed(4, run(43*time.Second, 40*time.Second), 10*time.Second))}, want: "POD-03 major proven, ADV-04 info proven"},
		"Ready in between, two Pods, one holds":    {objects: objects{svc, app(crashed(4, run(63*time.Second, 60*time.Second), 20*time.Second)), pod("b", webApp, ofDeploy("web"), crashed(4, run(93*time.Second, 90*time.Second), 50*time.Second))}, want: "POD-03 major likely, ADV-04 info proven"},
		"Ready in between, and then not for long":  {objects: objects{svc, app(crashed(4, run(63*time.Second, 60*time.Second), 20*time.Second), func(p *corev1.Pod) { setCondition(p, corev1.PodReady, corev1.ConditionTrue, "", "", time.Hour) })}, want: "POD-03 major proven, ADV-04 info proven"},
	})
}

// lostLately is a Pod that was Ready up to a moment ago.
func lostLately(p *corev1.Pod) {
	setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "", 5*time.Second)
}

// backOffBeside has an event that counts on up to now from so long ago.
func backOffBeside(svc *corev1.Service, p *corev1.Pod, reason string, first time.Duration) objects {
	e := backOff(p, first)
	e.Reason = reason
	return objects{svc, p, e}
}

// TestNodesThatAreGone holds that Pods are left out of the slices where their Node does not exist, and who may say so.
func TestNodesThatAreGone(t *testing.T) {
	t.Parallel()
	svc := service("web", webApp)
	empty := func() *corev1.Service { return svc }
	unlistedSlice := slicesFor(svc)[0]
	skipping := func(pod, node string) *corev1.Event {
		return event(svc, "Service", "Warning", "FailedToUpdateEndpointSlices", "Error updating Endpoint Slices for Service shop/web: skipping Pod "+pod+" for Service shop/web: Node "+node+" Not Found", time.Minute)
	}
	gone := func(name string) *corev1.Pod { return pod(name, webApp, ofDeploy("web"), onNode("gone")) }
	other := event(svc, "Service", "Warning", "FailedToUpdateEndpoints", "skipping Pod a for Service shop/web: Node gone Not Found", time.Minute)
	testSituations(t, "pods_nodemissing", map[string]situation{
		"one, by the nodes":                  {objects: objects{empty(), unlistedSlice, gone("a"), node("node-1")}, want: "POD-10 critical proven"},
		"four, by the nodes and an event":    {objects: objects{empty(), unlistedSlice, gone("a"), gone("b"), gone("c"), gone("d"), node("node-1"), skipping("a", "gone")}, want: "POD-10 critical proven"},
		"one, by an event alone":             {objects: objects{empty(), unlistedSlice, gone("a"), skipping("a", "gone")}, want: "POD-10 critical likely"},
		"nodes not to be read, and an event": {objects: objects{empty(), unlistedSlice, gone("a"), node("node-1"), skipping("a", "gone")}, want: "POD-10 critical likely", without: []model.Kind{model.Nodes}},
		"an event of another Pod":            {objects: objects{empty(), unlistedSlice, gone("a"), skipping("b", "gone")}, want: "EPS-07 critical proven"},
		"an event of another node":           {objects: objects{empty(), unlistedSlice, gone("a"), skipping("a", "another")}, want: "EPS-07 critical proven"},
		"an event of another reason":         {objects: objects{empty(), unlistedSlice, gone("a"), other}, want: "EPS-07 critical proven"},
		"the node is there":                  {objects: objects{empty(), unlistedSlice, pod("a", webApp, onNode("node-1")), node("node-1")}, want: "EPS-07 critical proven"},
		"not Ready and not listed":           {objects: objects{empty(), unlistedSlice, pod("a", webApp, onNode("gone"), notReady), node("node-1")}, want: "POD-06 critical proven"},
		"going and not listed":               {objects: objects{empty(), unlistedSlice, pod("a", webApp, onNode("gone"), terminating), node("node-1")}, want: "POD-09 critical proven"},
		"no slice at all":                    {objects: objects{empty(), gone("a"), node("node-1"), placed(byHand("other", "web", nil, nil), "elsewhere")}, want: "EPS-10 critical proven"},
		"on no node yet":                     {objects: objects{empty(), unlistedSlice, pod("a", webApp, onNode("")), node("node-1")}, want: ""},
		"another Pod serves": {objects: func() objects {
			serving := pod("b", webApp, onNode("node-1"))
			return objects{empty(), serving, gone("a"), node("node-1"), slicesFor(svc, serving)[0]}
		}(), want: "POD-10 minor proven"},
	})
}
