package check

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var webApp = labels{"app": "web"}

func pendingPod(change ...func(*corev1.Pod)) *corev1.Pod {
	return pod("a", webApp, append([]func(*corev1.Pod){ofDeploy("web"), func(p *corev1.Pod) {
		p.Status = corev1.PodStatus{Phase: corev1.PodPending}
	}}, change...)...)
}

func unschedulable(message string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		setCondition(p, corev1.PodScheduled, corev1.ConditionFalse, "Unschedulable", message, 5*time.Minute)
	}
}

// initContainer puts an init container of a state into a Pod that waits for it.
func initContainer(status corev1.ContainerStatus, change ...func(*corev1.Container)) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		waiting("PodInitializing", "")(p)
		setCondition(p, corev1.PodInitialized, corev1.ConditionFalse, "ContainersNotInitialized", "", time.Hour)
		spec := corev1.Container{Name: status.Name}
		for _, change := range change {
			change(&spec)
		}
		p.Spec.InitContainers = append(p.Spec.InitContainers, spec)
		p.Status.InitContainerStatuses = append(p.Status.InitContainerStatuses, status)
	}
}

func asSidecar(c *corev1.Container) { c.RestartPolicy = new(corev1.ContainerRestartPolicyAlways) }

func terminated(code int32, reason, message string, ranFor, since time.Duration) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: code, Reason: reason, Message: message, StartedAt: ago(since + ranFor), FinishedAt: ago(since),
	}}
}

func runningFor(since time.Duration) corev1.ContainerState {
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: ago(since)}}
}

func startupProbe(p *corev1.Pod) {
	p.Spec.Containers[0].StartupProbe = &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/started", Port: intstr.FromInt32(8080)}},
		PeriodSeconds: 10, FailureThreshold: 3,
	}
}

func probedBy(handler corev1.ProbeHandler) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.Containers[0].ReadinessProbe.ProbeHandler = handler }
}

func tcpProbe(port intstr.IntOrString) corev1.ProbeHandler {
	return corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: port}}
}

func httpProbe(path string, port intstr.IntOrString, scheme corev1.URIScheme) corev1.ProbeHandler {
	return corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: port, Scheme: scheme}}
}

func execProbe(command ...string) corev1.ProbeHandler {
	return corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: command}}
}

// failing is a Service whose only Pod fails its probe, and what the kubelet says of it.
func failing(handler corev1.ProbeHandler, message string, change ...func(*corev1.Pod)) objects {
	p := pod("a", webApp, append([]func(*corev1.Pod){ofDeploy("web"), notReady, probedBy(handler)}, change...)...)
	return objects{service("web", webApp), p, event(p, "Pod", "Warning", "Unhealthy", "Readiness probe failed: "+message, time.Minute)}
}

// TestPodsThatCannotStart holds what is said of Pods that come to no running container.
func TestPodsThatCannotStart(t *testing.T) {
	t.Parallel()
	situations := map[string]situation{}
	for name, message := range map[string]string{
		"not a word":                      "",
		"limited by its registry":         `failed to pull: toomanyrequests: You have reached your pull rate limit`,
		"limited by its registry, by 429": `unexpected status code 429 from registry`,
		"not found":                       `failed to resolve reference "x": not found`,
		"unknown manifest":                `manifest unknown: manifest tagged by "2" is not found`,
		"unknown manifest, alone":         `manifest unknown`,
		"does not exist":                  `repository does not exist or may require login`,
		"unauthorized":                    `unauthorized: incorrect username or password`,
		"denied":                          `pull access denied`,
		"authorization":                   `failed to fetch: no basic auth credentials, authorization failed`,
		"forbidden":                       `403 Forbidden`,
		"no such host":                    `dial tcp: lookup registry.example: no such host`,
		"timeout":                         `net/http: TLS handshake timeout`,
		"refused":                         `dial tcp 192.0.2.1:443: connect: connection refused`,
	} {
		situations["an image: "+name] = situation{
			objects: objects{service("web", webApp), pod("a", webApp, ofDeploy("web"), waiting("ErrImagePull", message))}, want: "POD-02 critical proven",
		}
	}
	for _, reason := range []string{
		"ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed",
	} {
		situations["an image: reason "+reason] = situation{
			objects: objects{service("web", webApp), pod("a", webApp, ofDeploy("web"), waiting(reason, ""))}, want: "POD-02 critical proven",
		}
	}
	for _, reason := range []string{
		"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PreCreateHookError", "PostStartHookError",
		"ConfigPodSandboxError", "CreatePodSandboxError",
	} {
		situations["cannot be made: "+reason] = situation{
			objects: objects{service("web", webApp), pod("a", webApp, ofDeploy("web"), waiting(reason, "no words that help"))}, want: "POD-04 critical proven",
		}
	}
	for name, message := range map[string]string{
		"a Secret":                        `secret "tls" not found`,
		"a Secret that is there":          `secret "tls" cannot be decoded`,
		"a name that is cut off":          `configmap "settings not found`,
		"a key":                           `couldn't find key DB_HOST in ConfigMap shop/settings`,
		"its command":                     `exec: "serve": executable file not found in $PATH`,
		"its command, by a path":          `exec /serve: no such file or directory`,
		"a ConfigMap, and a Secret later": `configmap "settings" not found, secret "tls" not found`,
	} {
		situations["cannot be made, by the message: "+name] = situation{
			objects: objects{service("web", webApp), pod("a", webApp, ofDeploy("web"), waiting("CreateContainerConfigError", message))}, want: "POD-04 critical proven",
		}
	}
	ends := func(state, last corev1.ContainerState) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			notReady(p)
			p.Status.ContainerStatuses[0].RestartCount = 3
			p.Status.ContainerStatuses[0].State, p.Status.ContainerStatuses[0].LastTerminationState = state, last
		}
	}
	loop := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "back-off 40s"}}
	noCommand := `exec: "serve": executable file not found in $PATH`
	for name, test := range map[string]situation{
		"cannot be started, and loops":        {objects: objects{pod("a", webApp, ofDeploy("web"), ends(loop, terminated(128, "StartError", noCommand, 0, time.Minute)))}, want: "POD-04 critical proven"},
		"cannot be started, just now":         {objects: objects{pod("a", webApp, ofDeploy("web"), ends(terminated(128, "ContainerCannotRun", noCommand, 0, time.Minute), corev1.ContainerState{}))}, want: "POD-04 critical proven"},
		"could not be started, and its image": {objects: objects{pod("a", webApp, ofDeploy("web"), ends(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull"}}, terminated(128, "StartError", noCommand, 0, time.Minute)))}, want: "POD-02 critical proven"},
		"a second container has no image": {objects: objects{pod("a", webApp, ofDeploy("web"), notReady, func(p *corev1.Pod) {
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "beside", Image: "registry.example/beside:1"})
			p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{
				Name: "beside", Image: "registry.example/beside:1", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: "not found"}},
			})
		})}, want: "POD-02 critical proven"},

		"an init container that ended well":                    {objects: objects{pod("a", webApp, ofDeploy("web"), initContainer(corev1.ContainerStatus{Name: "migrate", State: terminated(0, "Completed", "", time.Second, time.Minute)}))}, want: "POD-06 critical likely"},
		"an init container that has no image":                  {objects: objects{pod("a", webApp, ofDeploy("web"), initContainer(corev1.ContainerStatus{Name: "migrate", Image: "registry.example/migrate:1", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: "not found"}}}))}, want: "POD-02 critical proven"},
		"an init container that just failed":                   {objects: objects{pod("a", webApp, ofDeploy("web"), initContainer(corev1.ContainerStatus{Name: "migrate", State: terminated(3, "Error", "no database", 2*time.Second, time.Second)}))}, want: "POD-05 critical proven"},
		"an init container that failed for memory":             {objects: objects{pod("a", webApp, ofDeploy("web"), initContainer(corev1.ContainerStatus{Name: "migrate", State: terminated(137, "OOMKilled", "", 2*time.Second, time.Second)}))}, want: "POD-05 critical proven"},
		"an init container that failed once and runs":          {objects: objects{pod("a", webApp, ofDeploy("web"), initContainer(corev1.ContainerStatus{Name: "migrate", State: runningFor(5 * time.Minute), LastTerminationState: terminated(3, "Error", "", time.Second, 6*time.Minute)}))}, want: "POD-05 critical proven"},
		"an init container that runs":                          {objects: objects{pod("a", webApp, ofDeploy("web"), initContainer(corev1.ContainerStatus{Name: "migrate", State: runningFor(5 * time.Minute)}))}, want: "POD-05 critical proven"},
		"an init container that runs for less than a minute":   {objects: objects{pod("a", webApp, ofDeploy("web"), initContainer(corev1.ContainerStatus{Name: "migrate", State: runningFor(30 * time.Second)}))}, want: "POD-05 minor proven"},
		"an init container that ended well once, and runs":     {objects: objects{pod("a", webApp, ofDeploy("web"), initContainer(corev1.ContainerStatus{Name: "migrate", State: runningFor(5 * time.Minute), LastTerminationState: terminated(0, "Completed", "", time.Second, 6*time.Minute)}))}, want: "POD-05 critical proven"},
		"an init container that waits":                         {objects: objects{pod("a", webApp, ofDeploy("web"), initContainer(corev1.ContainerStatus{Name: "migrate", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}}}))}, want: "POD-06 critical likely"},
		"an init container that runs and says that it started": {objects: objects{pod("a", webApp, ofDeploy("web"), initContainer(corev1.ContainerStatus{Name: "migrate", Started: new(true), State: runningFor(5 * time.Minute)}))}, want: "POD-05 critical proven"},
		"a sidecar that has not started":                       {objects: objects{pod("a", webApp, ofDeploy("web"), initContainer(corev1.ContainerStatus{Name: "proxy", Started: new(false), State: runningFor(5 * time.Minute)}, asSidecar))}, want: "POD-05 critical proven"},
		"a sidecar that tells nothing of its start":            {objects: objects{pod("a", webApp, ofDeploy("web"), initContainer(corev1.ContainerStatus{Name: "proxy", State: runningFor(5 * time.Minute)}, asSidecar))}, want: "POD-05 critical proven"},
		"a sidecar that may take ten minutes":                  {objects: objects{pod("a", webApp, ofDeploy("web"), initContainer(corev1.ContainerStatus{Name: "proxy", Started: new(false), State: runningFor(5 * time.Minute)}, asSidecar, func(c *corev1.Container) { c.StartupProbe = &corev1.Probe{PeriodSeconds: 60, FailureThreshold: 10} }))}, want: "POD-05 minor proven"},
		"a sidecar that has started, and the next init fails":  {objects: objects{pod("a", webApp, ofDeploy("web"), initContainer(corev1.ContainerStatus{Name: "proxy", Started: new(true), State: runningFor(5 * time.Minute)}, asSidecar), initContainer(corev1.ContainerStatus{Name: "migrate", State: terminated(3, "Error", "", time.Second, time.Second)}))}, want: "POD-05 critical proven"},
		"a sidecar whose image is not there":                   {objects: objects{pod("a", webApp, ofDeploy("web"), initContainer(corev1.ContainerStatus{Name: "proxy", Image: "proxy:nope", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}}}, asSidecar))}, want: "POD-02 critical proven"},
		"a sidecar that waits to be started anew":              {objects: objects{pod("a", webApp, ofDeploy("web"), initContainer(corev1.ContainerStatus{Name: "proxy", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}, LastTerminationState: terminated(3, "Error", "", time.Second, time.Second)}, asSidecar))}, want: "POD-05 critical proven"},
		"a sidecar that crashed":                               {objects: objects{pod("a", webApp, ofDeploy("web"), initContainer(corev1.ContainerStatus{Name: "proxy", State: terminated(3, "Error", "", time.Second, time.Second)}, asSidecar))}, want: "POD-05 critical proven"},
		"a container that waits for a minute and nobody says":  {objects: objects{pod("a", webApp, ofDeploy("web"), waiting("ContainerCreating", ""), func(p *corev1.Pod) { p.CreationTimestamp = ago(time.Minute) })}, want: "POD-06 minor likely"},
		"a container that waits for an hour and nobody says":   {objects: objects{pod("a", webApp, ofDeploy("web"), waiting("ContainerCreating", ""))}, want: "POD-06 critical likely"},
		"no container status at all":                           {objects: objects{pod("a", webApp, ofDeploy("web"), notReady, func(p *corev1.Pod) { p.Status.ContainerStatuses = nil })}, want: "POD-06 critical likely"},
		"no condition Ready":                                   {objects: objects{pendingPod()}, want: "POD-06 critical likely"},
		"not Ready, and nobody knows since when": {objects: objects{pod("a", webApp, ofDeploy("web"), waiting("ErrImagePull", ""), func(p *corev1.Pod) {
			setCondition(p, corev1.PodReady, corev1.ConditionFalse, "", "", 0)
			p.Status.Conditions[3].LastTransitionTime.Reset()
		})}, want: "POD-02 critical proven"},
		"no node fits, for less than a minute": {objects: objects{pendingPod(func(p *corev1.Pod) {
			setCondition(p, corev1.PodScheduled, corev1.ConditionFalse, "Unschedulable", "0/3 nodes are available: 3 Insufficient memory.", 30*time.Second)
		})}, want: "POD-01 minor proven"},
		"held by a gate": {objects: objects{pendingPod(func(p *corev1.Pod) {
			setCondition(p, corev1.PodScheduled, corev1.ConditionFalse, corev1.PodReasonSchedulingGated, "Scheduling is blocked due to non-empty scheduling gates", 30*time.Second)
		})}, want: "POD-01 critical proven"},
		"no node fits: node selector":                 {objects: objects{pendingPod(unschedulable("0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector."))}, want: "POD-01 critical proven"},
		"no node fits: node selector, in older words": {objects: objects{pendingPod(unschedulable("0/3 nodes are available: 3 node(s) didn't match node selector."))}, want: "POD-01 critical proven"},
		"no node fits: taint":                         {objects: objects{pendingPod(unschedulable("0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: db}."))}, want: "POD-01 critical proven"},
		"no node fits: taint, in older words":         {objects: objects{pendingPod(unschedulable("0/3 nodes are available: 3 node(s) had taint {dedicated: db}, that the pod didn't tolerate."))}, want: "POD-01 critical proven"},
		"no node fits: claim":                         {objects: objects{pendingPod(unschedulable(`0/3 nodes are available: persistentvolumeclaim "data" not found.`))}, want: "POD-01 critical proven"},
		"no node fits: volume":                        {objects: objects{pendingPod(unschedulable("0/3 nodes are available: 3 node(s) had volume node affinity conflict."))}, want: "POD-01 critical proven"},
		"no node fits: too many":                      {objects: objects{pendingPod(unschedulable("0/3 nodes are available: 3 Too many pods."))}, want: "POD-01 critical proven"},
		"no node fits: anti-affinity":                 {objects: objects{pendingPod(unschedulable("0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules."))}, want: "POD-01 critical proven"},
		"no node fits: spread":                        {objects: objects{pendingPod(unschedulable("0/3 nodes are available: 3 node(s) didn't match pod topology spread constraints."))}, want: "POD-01 critical proven"},
		"no node fits: no words that are known":       {objects: objects{pendingPod(unschedulable("0/3 nodes are available."))}, want: "POD-01 critical proven"},
		"no node fits: insufficient, and cut off":     {objects: objects{pendingPod(unschedulable("0/3 nodes are available: 3 Insufficient "))}, want: "POD-01 critical proven"},
		"no node fits: host port": {objects: objects{pendingPod(unschedulable("0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports."), func(p *corev1.Pod) {
			p.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 8080, HostPort: 80}, {ContainerPort: 9090}}
		})}, want: "POD-12 critical proven"},
		"no node fits: host port, in the host's network": {objects: objects{pendingPod(unschedulable("0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports."), onHostNetwork)}, want: "POD-12 critical proven"},
		"no node fits, and the status has no condition of that": {objects: objects{pendingPod(func(p *corev1.Pod) {
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse}}
		})}, want: "POD-06 critical likely"},
	} {
		test.objects = append(objects{service("web", webApp)}, test.objects...)
		situations[name] = test
	}
	scaled, refused := pendingPod(unschedulable("0/3 nodes are available: 3 Insufficient cpu.")), pendingPod(unschedulable("0/3 nodes are available: 3 Insufficient cpu."))
	situations["no node fits, and a node is coming"] = situation{
		objects: objects{service("web", webApp), scaled, event(scaled, "Pod", "Normal", "TriggeredScaleUp", "pod triggered scale-up", time.Minute)}, want: "POD-01 critical proven",
	}
	situations["no node fits, and no node is coming"] = situation{
		objects: objects{service("web", webApp), refused, event(refused, "Pod", "Normal", "NotTriggerScaleUp", "pod didn't trigger scale-up: 1 max node group size reached", time.Minute)}, want: "POD-01 critical proven",
	}
	for name, test := range map[string]struct {
		reason, message string
		change          func(*corev1.Pod)
		want            string
	}{
		"a volume that is not attached":        {"FailedAttachVolume", "Multi-Attach error for volume", nil, "POD-04 critical proven"},
		"a ConfigMap that is not mounted":      {"FailedMount", `configmap "settings" not found`, nil, "POD-04 critical proven"},
		"no network":                           {"FailedCreatePodSandBox", "failed to set up sandbox", nil, "POD-04 critical proven"},
		"no network: no address":               {"FailedCreatePodSandBox", "no IP addresses available in range set", nil, "POD-04 critical proven"},
		"no network: no address, by AWS":       {"FailedCreatePodSandBox", "plugin type aws-cni: failed to assign an IP address to container", nil, "POD-04 critical proven"},
		"no network: no address, in few words": {"FailedCreatePodSandBox", "no available IP", nil, "POD-04 critical proven"},
		"no network: plugin not ready":         {"NetworkNotReady", "cni plugin not ready", nil, "POD-04 critical proven"},
		"no network: plugin not initialized":   {"NetworkNotReady", "cni plugin not initialized", nil, "POD-04 critical proven"},
		"no network: plugin uninitialized":     {"NetworkNotReady", "cni config uninitialized by the plugin", nil, "POD-04 critical proven"},
		"no network: something is not ready":   {"NetworkNotReady", "network is not ready", nil, "POD-04 critical proven"},
		"no network: a plugin failed":          {"FailedCreatePodSandBox", "plugin type x failed", nil, "POD-04 critical proven"},
		"a volume long ago: it runs":           {"FailedMount", "old", notReady, "POD-06 critical proven"},
		"a volume long ago: it has ended": {"FailedMount", "old", func(p *corev1.Pod) {
			notReady(p)
			p.Spec.RestartPolicy = corev1.RestartPolicyNever
			p.Status.ContainerStatuses[0].State = terminated(1, "Error", "", time.Second, time.Minute)
		}, "POD-06 critical proven"},
		"no event that is meant": {"Scheduled", "assigned", nil, "POD-06 critical likely"},
	} {
		p := pod("a", webApp, ofDeploy("web"), waiting("ContainerCreating", ""))
		p.CreationTimestamp = ago(30 * time.Minute)
		if test.change != nil {
			p = pod("a", webApp, ofDeploy("web"), test.change)
		}
		situations["by an event: "+name] = situation{
			objects: objects{service("web", webApp), p, event(p, "Pod", "Warning", test.reason, test.message, time.Minute)}, want: test.want,
		}
	}
	testSituations(t, "pods_startup", situations)
}

// TestPodsThatFailTheirProbe holds what is read out of a kubelet's words about a probe.
func TestPodsThatFailTheirProbe(t *testing.T) {
	t.Parallel()
	plain := httpProbe("/healthz", intstr.FromInt32(8080), "HTTP")
	undeclaredPort := httpProbe("/healthz", intstr.FromInt32(9999), "HTTP")
	const refused = `Get "http://10.4.0.1:9999/healthz": dial tcp 10.4.0.1:9999: connect: connection refused`
	situations := map[string]situation{
		"400, in plain HTTP":           {objects: failing(plain, "HTTP probe failed with statuscode: 400")},
		"400, over TLS":                {objects: failing(httpProbe("/", intstr.FromInt32(8080), "HTTPS"), "HTTP probe failed with statuscode: 400")},
		"400, of a command":            {objects: failing(execProbe("curl", "x"), "HTTP probe failed with statuscode: 400")},
		"401":                          {objects: failing(plain, "HTTP probe failed with statuscode: 401")},
		"403":                          {objects: failing(plain, "HTTP probe failed with statuscode: 403")},
		"404":                          {objects: failing(plain, "HTTP probe failed with statuscode: 404")},
		"418":                          {objects: failing(plain, "HTTP probe failed with statuscode: 418")},
		"429":                          {objects: failing(plain, "HTTP probe failed with statuscode: 429")},
		"500":                          {objects: failing(plain, "HTTP probe failed with statuscode: 500")},
		"a port by a name not there":   {objects: failing(httpProbe("/", intstr.FromString("admin"), "HTTP"), `strconv.Atoi: parsing "admin": invalid syntax`)},
		"HTTPS asked, HTTP answered":   {objects: failing(httpProbe("/", intstr.FromInt32(8080), "HTTPS"), `Get "https://x": http: server gave HTTP response to HTTPS client`)},
		"gRPC, refused":                {objects: failing(corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 9090, Service: new("health")}}, `timeout: failed to connect service "10.4.0.1:9090" within 1s: context deadline exceeded`)},
		"refused":                      {objects: failing(plain, refused)},
		"refused, a minute old":        {objects: failing(plain, refused, startedAgo(time.Minute))},
		"refused, two minutes old":     {objects: failing(plain, refused, startedAgo(2*time.Minute))},
		"500, a minute old":            {objects: failing(plain, "HTTP probe failed with statuscode: 500", startedAgo(time.Minute))},
		"refused, over TCP":            {objects: failing(tcpProbe(intstr.FromInt32(8080)), "dial tcp 10.4.0.1:8080: connect: connection refused")},
		"too slow":                     {objects: failing(plain, `Get "x": context deadline exceeded`)},
		"too slow, waiting for a head": {objects: failing(plain, `Get "x": net/http: request canceled (Client.Timeout exceeded while awaiting headers)`)},
		"too slow, over TCP":           {objects: failing(tcpProbe(intstr.FromInt32(8080)), "dial tcp 10.4.0.1:8080: i/o timeout")},
		"too slow, without a timeout":  {objects: failing(plain, `Get "x": context deadline exceeded`, func(p *corev1.Pod) { p.Spec.Containers[0].ReadinessProbe.TimeoutSeconds = 0 })},
		"no HTTP":                      {objects: failing(plain, `Get "x": net/http: HTTP/1.x transport connection broken: malformed HTTP response "x"`)},
		"the end of the file":          {objects: failing(plain, `Get "x": EOF `)},
		"reset":                        {objects: failing(plain, `Get "x": read: connection reset by peer`)},
		"other words":                  {objects: failing(plain, "it did")},
		"a command":                    {objects: failing(execProbe("cat", "/ready"), "cat: /ready: No such file or directory")},
		"a command without words":      {objects: failing(execProbe(), "no")},
		"no way to ask":                {objects: failing(corev1.ProbeHandler{}, "no")},
		"no path":                      {objects: failing(httpProbe("", intstr.FromInt32(8080), ""), "it did")},

		"a startup probe that fails":               {objects: failing(plain, "it did", startupProbe, func(p *corev1.Pod) { p.Status.ContainerStatuses[0].Started = new(false) })},
		"a startup probe of which nothing is told": {objects: failing(plain, "it did", startupProbe, func(p *corev1.Pod) { p.Status.ContainerStatuses[0].Started = nil })},
		"a startup probe that has passed":          {objects: failing(plain, "it did", startupProbe)},
		"not started, and no startup probe":        {objects: failing(plain, "it did", func(p *corev1.Pod) { p.Status.ContainerStatuses[0].Started = new(false) })},
		"no probe":                                 {objects: failing(plain, "it did", noProbe)},
		"a container that the spec does not know":  {objects: failing(plain, "it did", func(p *corev1.Pod) { p.Status.ContainerStatuses[0].Name = "injected" })},

		"another port than the one declared":     {objects: failing(undeclaredPort, refused)},
		"another port over TCP":                  {objects: failing(tcpProbe(intstr.FromInt32(9999)), "dial tcp 10.4.0.1:9999: connect: connection refused")},
		"another port by gRPC":                   {objects: failing(corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 9999}}, "timeout: failed to connect service: connection refused")},
		"another port, and it answers":           {objects: failing(undeclaredPort, "HTTP probe failed with statuscode: 503")},
		"another port, beside two declared":      {objects: failing(undeclaredPort, refused, containerPorts(declared("a", 1, "TCP"), declared("b", 2, "TCP")))},
		"another port, beside one of UDP":        {objects: failing(undeclaredPort, refused, containerPorts(declared("a", 1, "UDP")))},
		"another port of a startup probe":        {objects: failing(undeclaredPort, refused, startupProbe, func(p *corev1.Pod) { p.Status.ContainerStatuses[0].Started = new(false) })},
		"another port in a Pod of a Job":         {objects: failing(undeclaredPort, refused, ownedBy("Job", "web"))},
		"another port in a Pod of a StatefulSet": {objects: failing(undeclaredPort, refused, ownedBy("StatefulSet", "web"))},
		"another port in a Pod of a DaemonSet":   {objects: failing(undeclaredPort, refused, ownedBy("DaemonSet", "web"))},
		"another port in a Pod of nobody":        {objects: failing(undeclaredPort, refused, func(p *corev1.Pod) { p.OwnerReferences = nil })},
		"a port by name that is not declared":    {objects: failing(httpProbe("/", intstr.FromString("admin"), "HTTP"), `strconv.Atoi: parsing "admin": invalid syntax`)},
		"a port that is not declared, in Pods of two owners": {objects: append(failing(tcpProbe(intstr.FromInt32(9)), refused), failing(tcpProbe(intstr.FromInt32(9)), refused, func(p *corev1.Pod) {
			p.Name, p.UID = "b", "uid-b"
			ofDeploy("other")(p)
		})[1:]...), want: "POD-06 critical proven"},
		"a TCP port by its name":                            {objects: failing(tcpProbe(intstr.FromString("http")), "dial tcp 10.4.0.1:8080: connect: connection refused"), want: "POD-06 critical proven"},
		"a TCP port by its name, which came since":          {objects: failing(tcpProbe(intstr.FromString("admin")), "dial tcp 10.4.0.1:8080: connect: connection refused"), want: "POD-06 critical proven"},
		"a port by a name that came since":                  {objects: failing(httpProbe("/", intstr.FromString("admin"), "HTTP"), `Get "http://10.4.0.1:8080/": EOF`), want: "POD-06 critical proven"},
		"one of two ports by its name":                      {objects: failing(httpProbe("/", intstr.FromString("http"), "HTTP"), `Get "http://10.4.0.1:8080/": read: connection reset by peer`, containerPorts(declared("admin", 9090, "TCP"), declared("http", 8080, "TCP"), declared("", 7070, "TCP"))), want: "POD-06 critical proven"},
		"a port by its number, beside others":               {objects: failing(httpProbe("/", intstr.FromInt32(8080), "HTTP"), "connection refused", containerPorts(declared("http", 8080, "TCP"), declared("", 7070, "TCP"))), want: "POD-06 critical proven"},
		"a port by its name":                                {objects: failing(httpProbe("/", intstr.FromString("http"), "HTTP"), refused)},
		"a port by number, the one declared without a name": {objects: failing(undeclaredPort, refused, containerPorts(declared("", 8080, "TCP")))},
	}
	for name, test := range situations {
		test.want = "POD-06 critical proven"
		if name == "no probe" {
			test.want += ", ADV-04 info proven"
		}
		situations[name] = test
	}
	sidecar := pod("a", webApp, ofDeploy("web"), notReady, initContainer(corev1.ContainerStatus{Name: "proxy", Started: new(true), State: runningFor(time.Hour)}, asSidecar, func(c *corev1.Container) {
		c.Ports = []corev1.ContainerPort{declared("admin", 15021, "TCP")}
		c.ReadinessProbe = &corev1.Probe{ProbeHandler: httpProbe("/", intstr.FromInt32(9999), "HTTP")}
	}), func(p *corev1.Pod) {
		p.Status.ContainerStatuses[0].State, p.Status.ContainerStatuses[0].Ready = runningFor(time.Hour), true
		setCondition(p, corev1.PodInitialized, corev1.ConditionTrue, "", "", time.Hour)
	})
	situations["a sidecar that asks another port than it declares"] = situation{
		objects: objects{service("web", webApp), sidecar, event(sidecar, "Pod", "Warning", "Unhealthy", "Readiness probe failed: "+refused, time.Minute)}, want: "POD-06 critical proven",
	}
	events := pod("a", webApp, ofDeploy("web"), notReady)
	situations["of several events the newest of a readiness probe"] = situation{
		objects: objects{
			service("web", webApp), events,
			event(events, "Pod", "Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 500", 2*time.Minute),
			event(events, "Pod", "Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404", time.Minute),
			event(events, "Pod", "Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 429", 3*time.Minute),
			event(events, "Pod", "Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 401", 4*time.Minute),
			event(events, "Pod", "Warning", "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503", time.Second),
			event(events, "Pod", "Warning", "BackOff", "Readiness probe failed: HTTP probe failed with statuscode: 401", time.Second),
		},
		want: "POD-06 critical proven",
	}
	testSituations(t, "pods_probefailure", situations)
}
