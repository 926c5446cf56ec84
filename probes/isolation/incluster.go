package isolation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// execPatience bounds a command in a Pod that asks nobody for anything.
const execPatience = 20 * time.Second

// connectPatience is how long model.DialScript lets a connection take.
const connectPatience = 3 * time.Second

// clientPatience is how long a client's answer may take: as long as on every other rung, in whole seconds.
func (s *subject) clientPatience() time.Duration {
	switch {
	case s.request.Patience > 0:
		return max(time.Duration(math.Ceil(s.request.Patience.Seconds()))*time.Second, connectPatience)
	case s.dialScheme() == schemeTCP:
		return connectPatience
	case s.facts.Fault == faultExternalName:
		return answerPatience
	}
	return max(s.patience(), answerPatience)
}

// dialPatience bounds the whole of model.DialScript, which may try two tools one after the other.
func (s *subject) dialPatience() time.Duration {
	return max(execPatience, 2*s.clientPatience()+execPatience/2)
}

// NobodyPicked is the detail of the rung In-cluster where no Pod was picked for it.
const NobodyPicked = "runs in a Pod that is picked for it"

// dials are the addresses that a client tries, and the command that tries them.
type dials struct {
	exec    model.ExecRequest
	scheme  string
	targets []dialTarget
}

// dialTarget is one of them. label is how it is shown, address how the script has it.
type dialTarget struct{ label, address, crosses string }

func (d *dials) addresses() []string {
	addresses := make([]string, len(d.targets))
	for i := range d.targets {
		addresses[i] = d.targets[i].address
	}
	return addresses
}

// dials says what the client tries, or why it cannot.
func (s *subject) dials() (dials, string) {
	if why := s.whyNoClient(); why != "" {
		return dials{}, why
	}
	d := dials{scheme: s.dialScheme()}
	path := s.dialPath(d.scheme)
	add := func(host string, port int32, way string) {
		if host != "" && port != 0 {
			label := hostPort(host, port)
			d.targets = append(d.targets, dialTarget{label: label, address: label + path, crosses: way + " → " + label})
		}
	}
	name := s.service.Name + "." + s.service.Namespace + ".svc"
	switch {
	case s.facts.Fault == faultExternalName:
		port, _ := s.externalPort()
		add(name, port, "DNS")
	case s.facts.Headless:
		add(name, s.podPort, "DNS")
	default:
		add(clusterIPFor(s.service, s.snapshot.Pod(s.request.Client)), s.port.Port, "kube-proxy")
		add(name, s.port.Port, "DNS")
	}
	if s.pod != nil && !check.PodEnded(s.pod) && s.facts.Fault != faultExternalName && !s.clientTakesOtherFamily() {
		add(s.facts.PodIP, s.podPort, "the network")
	}
	if len(d.targets) == 0 {
		return dials{}, "the Service has no address yet"
	}
	d.exec = model.ExecRequest{
		Namespace: s.request.Client.Namespace, Pod: s.request.Client.Name, Container: s.clientContainer(),
		Command: model.DialCommand(d.scheme, s.clientPatience(), d.addresses()),
	}
	return d, ""
}

// whyNoClient says why nothing is tried from inside the cluster; empty where something is.
func (s *subject) whyNoClient() string {
	client := s.request.Client
	switch {
	case s.request.ReadOnly, s.facts.Fault == faultServiceUnknown, s.facts.Fault == faultNoService, s.facts.Fault == faultNoSuchPort, s.facts.Fault == faultPortless:
		return s.whyNot(RungInCluster)
	case s.facts.Fault == faultNotTCP:
		return s.facts.Protocol + " gives no answer that could be told"
	case client == model.Key{}:
		return NobodyPicked
	case !s.snapshot.Coverage(model.Pods, client.Namespace).Known():
		return "" // the API server says whether it is there
	}
	pod := s.snapshot.Pod(client)
	if pod == nil {
		return "there is no Pod " + client.String()
	}
	return notRunning(pod, s.clientContainer())
}

// clientContainer is the container that was named, else the one that kubectl takes.
func (s *subject) clientContainer() string {
	if s.request.ClientContainer != "" {
		return s.request.ClientContainer
	}
	return DefaultContainer(s.snapshot.Pod(s.request.Client))
}

// DefaultContainer is the container that `kubectl exec` takes where none is named; empty for no Pod.
func DefaultContainer(pod *corev1.Pod) string {
	if pod == nil || len(pod.Spec.Containers) == 0 {
		return ""
	}
	name := pod.Annotations["kubectl.kubernetes.io/default-container"]
	for i := range pod.Spec.Containers {
		if pod.Spec.Containers[i].Name == name {
			return name
		}
	}
	return pod.Spec.Containers[0].Name
}

// dialScheme is http, https or tcp: by gRPC nothing can be asked with what containers have. For an ExternalName, whose ports mean nothing,
// it goes by the number.
func (s *subject) dialScheme() string {
	scheme := s.speaks.scheme
	if s.facts.Fault == faultExternalName {
		scheme = s.asked.Scheme
		switch port, _ := s.externalPort(); {
		case scheme != "" && scheme != schemeAuto:
		case port == 443:
			scheme = schemeHTTPS
		case port == 80:
			scheme = schemeHTTP
		}
	}
	if scheme == schemeHTTP || scheme == schemeHTTPS {
		return scheme
	}
	return schemeTCP
}

// dnsLine asks a DNS server by hand, over UDP, in which svctui cannot ask; empty for other ports. Any answer is one, also that there is no
// such name.
func (s *subject) dnsLine() (line, note string) {
	const port = 53
	if s.facts.Fault != faultNotTCP || s.port.Protocol != corev1.ProtocolUDP || s.port.Port != port {
		return "", ""
	}
	server := s.service.Spec.ClusterIP
	if server == "" || server == corev1.ClusterIPNone {
		server = s.service.Name + "." + s.service.Namespace + ".svc"
	}
	look := []string{"nslookup", "-type=a", "kubernetes.default.svc.cluster.local.", server}
	if client := s.request.Client; client != (model.Key{}) {
		return check.Kubectl(s.request.KubectlArgs, execWords(model.ExecRequest{
			Namespace: client.Namespace, Pod: client.Name, Container: s.request.ClientContainer, Command: look,
		})...), forOthers(s.request.mayNotExec(client.Namespace), "")
	}
	words := []string{"-n", s.service.Namespace, "run", "dns-try", "-it", "--rm", "--restart=Never", "--image=" + debugImage, "--"}
	return check.Kubectl(s.request.KubectlArgs, append(words, look...)...), forOthers(s.request.mayNot(runRight(s.service.Namespace)), "it creates a Pod, and removes it again")
}

// externalPort is the port that clients of an ExternalName dial: the one asked for, else its own, else the first of the Service of the
// cluster that it stands for. Else it is 443, and assumed: nothing tells which one clients use.
func (s *subject) externalPort() (port int32, assumed bool) {
	if s.port.Port != 0 {
		return s.port.Port, false
	}
	if number, err := strconv.ParseUint(s.asked.Port, 10, 16); err == nil && number > 0 {
		return int32(number), false
	}
	if inside := s.snapshot.Service(aliasOf(s.snapshot, s.service).inside); inside != nil {
		for i := range inside.Spec.Ports {
			if protocol := inside.Spec.Ports[i].Protocol; protocol == "" || protocol == corev1.ProtocolTCP {
				return inside.Spec.Ports[i].Port, false
			}
		}
	}
	return 443, true
}

// dialPath is the path without what would end the word that it stands in.
func (s *subject) dialPath(scheme string) string {
	if scheme == schemeTCP {
		return "/"
	}
	path := s.request.Path
	if s.facts.Fault == faultExternalName {
		path = s.asked.Path
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	var escaped strings.Builder
	for _, c := range []byte(path) {
		if c <= ' ' || c >= 0x7f {
			fmt.Fprintf(&escaped, "%%%02X", c)
			continue
		}
		escaped.WriteByte(c)
	}
	return escaped.String()
}

// untriedInCluster are the rows of the rung before it runs.
func (s *subject) untriedInCluster() []Observation {
	dials, why := s.dials()
	if why != "" {
		crosses := "exec in a Pod that you choose"
		if s.request.Client != (model.Key{}) {
			crosses = "exec in " + s.request.Client.String()
		}
		untried := Observation{Rung: RungInCluster, Crosses: crosses, Outcome: NotRun, Detail: why}
		untried.Paste, untried.PasteNote = s.dnsLine()
		return []Observation{untried}
	}
	var rows []Observation
	for _, target := range dials.targets {
		rows = append(rows, Observation{Rung: RungInCluster, Crosses: target.crosses, Target: target.label, Outcome: NotRun, Detail: s.whyNotAgreed()})
	}
	return rows
}

// inCluster runs the rung In-cluster, where a person agreed to its command.
func (r *run) inCluster(ctx context.Context) {
	s := &r.subject
	dials, why := s.dials()
	if why != "" {
		return
	}
	if denied := s.request.mayNotExec(dials.exec.Namespace); denied != "" {
		r.notTried(dials, answer{outcome: Denied, detail: denied}, 0)
		return
	}
	agreed, ok := s.agreed(dials.exec)
	if !ok {
		return
	}
	dials.exec = agreed
	r.changeAll(RungInCluster, func(seen *Observation) { seen.Running, seen.Outcome, seen.Detail = true, "", "" })
	ctx, cancel := context.WithTimeout(ctx, s.dialPatience())
	defer cancel()
	started := time.Now()
	result, err := r.dialer.Exec(ctx, dials.exec)
	took := time.Since(started)
	if got, ran := execOutcome(ctx, dials.exec, s.dialPatience(), result, err); !ran {
		r.notTried(dials, got, took)
		return
	}
	read := readDials(result.Output, dials.addresses())
	noTool := true
	for _, target := range dials.targets {
		noTool = noTool && read[target.address].rank <= toldNoTool
	}
	if noTool {
		got := read[dials.targets[0].address].answer
		if complaint := lastWords(strings.TrimSpace(result.Complaints)); got.detail != noToolThere && complaint != "" {
			got.detail = complaint
		}
		if got.detail == noToolThere {
			got.outcome = NotRun
		}
		r.notTried(dials, got, took)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.result.Rungs {
		seen := &r.result.Rungs[i]
		if seen.Rung != RungInCluster {
			continue
		}
		for _, target := range dials.targets {
			if target.label == seen.Target {
				r.noteDial(seen, read[target.address], took)
			}
		}
	}
	r.tellLocked()
}

// noteDial writes one answer down. It holds the lock.
func (r *run) noteDial(seen *Observation, got dialled, took time.Duration) {
	s := &r.subject
	seen.Running, seen.Outcome, seen.Detail, seen.Took = false, got.outcome, got.text(), cmp.Or(got.took, took)
	if got.unresolved {
		r.unresolved = true
	}
	sidecar := s.facts.ClientMesh != "" && got.outcome == OK && !got.status
	// A connection alone is no answer where one was to be asked for.
	bare := !sidecar && got.rank == toldConnected && s.dialScheme() != schemeTCP
	if got.unanswered && !sidecar && s.dialScheme() != schemeTCP {
		seen.Outcome = Timeout
		r.clientProof[seen.Target] = silent
	}
	r.heardWords = r.heardWords || seen.Outcome == OK && got.rank > toldConnected && !got.closed
	r.notHTTP, r.heardHTTP = r.notHTTP || got.notHTTP, r.heardHTTP || got.status
	if got.closed && !sidecar && s.speaks.owesAnswer() {
		seen.Outcome = Failed
		r.clientProof[seen.Target] = closed
	}
	if sidecar {
		// The client's own sidecar accepts every connection, whether there is somebody behind it or not.
		seen.Outcome, seen.Detail = Failed, "accepted by the client's own "+s.facts.ClientMesh+" sidecar, which tells nothing"
	}
	got.opaque = s.facts.Mesh != "" && got.opaque || s.facts.ClientMesh != "" && (got.opaque || got.relayed)
	r.told[seen.Target] = got
	r.mayBeMesh(seen.Target, got.answer)
	if got.opaque && !sidecar && !r.ownWords(got.answer) {
		seen.Outcome = Failed
		if got.status {
			seen.Detail += ": perhaps the mesh's own answer"
		}
	}
	if !sidecar && got.outcome == OK && got.detail == "connected" {
		seen.Detail = "connected (" + got.tool + ")"
	}
	if bare {
		seen.Detail = "connected (" + got.tool + "); not asked in HTTP"
		r.clientProof[seen.Target] = answered | silent
	}
}

// notTried says why the command told nothing, with what a person can do instead.
func (r *run) notTried(d dials, got answer, took time.Duration) {
	line, note := r.subject.byHand(d.exec, debugCommand(d.scheme, r.subject.clientPatience(), d.addresses()))
	first := true
	r.changeAll(RungInCluster, func(seen *Observation) {
		seen.Running, seen.Outcome, seen.Detail, seen.Took = false, got.outcome, got.text(), took
		if first {
			seen.Paste, seen.PasteNote, first = line, note, false
		}
	})
}

// containerWords names a container; the one that the API server takes where none is named has no name here.
func containerWords(name string) string {
	if name == "" {
		return "the Pod's default container"
	}
	return "container " + name
}

// execOutcome says why a command could not be run; ran is true where it could.
func execOutcome(ctx context.Context, request model.ExecRequest, within time.Duration, result model.ExecResult, err error) (got answer, ran bool) {
	program := request.Command[0]
	missing := answer{outcome: NotRun, detail: fmt.Sprintf("there is no %s in %s", program, containerWords(request.Container))}
	switch {
	case err == nil && (result.ExitCode == 126 || result.ExitCode == 127):
		return missing, false
	case err == nil:
		return answer{}, true
	case apierrors.IsForbidden(err):
		return answer{outcome: Denied, detail: err.Error()}, false
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return failed(fmt.Sprintf("the command did not end in %s", within)), false
	case ctx.Err() != nil:
		return failed("cancelled"), false
	case strings.Contains(err.Error(), "executable file not found"), strings.Contains(err.Error(), "no such file or directory"):
		return missing, false
	}
	return failed(err.Error()), false
}

// judgeClient notes what is known of the Pod that tries.
func (s *subject) judgeClient() {
	client := s.request.Client
	if client == (model.Key{}) {
		return
	}
	s.facts.Client = client.String()
	in := check.Input{Snapshot: s.snapshot, Now: s.snapshot.At(), KubectlArgs: s.request.KubectlArgs}
	s.forClient = check.Reaches(in, s.request.Service, s.port.Port, check.Client{Pod: client})
	s.facts.ClientFindings = s.forClient.Findings
	s.facts.NameServerDead = check.ClusterDNSDead(s.snapshot)
	pod := s.snapshot.Pod(client)
	if pod == nil {
		return
	}
	s.facts.ClientMesh = check.MeshOf(pod)
	s.facts.ClientNode = pod.Spec.NodeName
	for _, behind := range s.selected {
		s.facts.ClientBehind = s.facts.ClientBehind || behind.Namespace == client.Namespace && behind.Name == client.Name
	}
}

// isNameTarget tells whether the address of an observation is a name.
func isNameTarget(target string) bool {
	host, _, err := net.SplitHostPort(target)
	return err == nil && strings.HasSuffix(host, ".svc")
}
