package isolation

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/svctui/svctui/probes/check"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestWhereNothingListensTheDeclaredPortIsNamed(t *testing.T) {
	t.Parallel()
	tcp := func(number int32) corev1.ContainerPort { return corev1.ContainerPort{ContainerPort: number} }
	for name, test := range map[string]struct {
		declared []corev1.ContainerPort
		want     int32
	}{
		"one other":                    {[]corev1.ContainerPort{tcp(8080)}, 8080},
		"one other, and one of UDP":    {[]corev1.ContainerPort{tcp(8080), {ContainerPort: 53, Protocol: corev1.ProtocolUDP}}, 8080},
		"two others":                   {[]corev1.ContainerPort{tcp(8080), tcp(9090)}, 0},
		"the asked one is declared":    {[]corev1.ContainerPort{tcp(8081)}, 0},
		"the asked one beside another": {[]corev1.ContainerPort{tcp(8080), tcp(8081)}, 0},
		"none":                         {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			meant := onlyDeclared(&corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Ports: test.declared}}}, 8081)
			if meant != test.want {
				t.Fatalf("got %d, want %d", meant, test.want)
			}
			next := notListening.conclusion(Facts{Pod: "web-1", PodPort: 8081, PortMeant: meant}).Next
			if named := strings.HasPrefix(next, "set targetPort to 8080: "); named != (test.want != 0) || named == strings.Contains(next, "let the application listen on 8081") || !strings.Contains(next, "--sockets, or s on the screen") {
				t.Errorf("next: %s", next)
			}
		})
	}
}

// listening are sockets that listen on these addresses.
func listening(addresses ...string) Sockets {
	sockets := Sockets{Known: true}
	for _, address := range addresses {
		sockets.Listening = append(sockets.Listening, netip.MustParseAddrPort(address))
	}
	return sockets
}

func TestWhereNothingListensTheListenerIsNamed(t *testing.T) {
	t.Parallel()
	declares := func(numbers ...int32) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			pod.Spec.Containers[0].Ports = nil
			for _, number := range numbers {
				pod.Spec.Containers[0].Ports = append(pod.Spec.Containers[0].Ports, corev1.ContainerPort{ContainerPort: number})
			}
		}
	}
	inMesh := func(pod *corev1.Pod) {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "istio-proxy"})
	}
	to := func(port int32, target intstr.IntOrString) corev1.ServicePort {
		return corev1.ServicePort{Port: port, Protocol: corev1.ProtocolTCP, TargetPort: target}
	}
	web80, named := to(80, intstr.FromInt32(9999)), to(80, intstr.FromString("web"))
	// beside is another container, and the first names the port to which nothing listens.
	beside := func(port corev1.ContainerPort) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			pod.Spec.Containers[0].Ports = []corev1.ContainerPort{{Name: "web", ContainerPort: 9999}}
			pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "beside", Ports: []corev1.ContainerPort{port}})
		}
	}
	const next = "let targetPort be the port that is meant"
	for _, test := range []struct {
		name    string
		ports   []corev1.ServicePort
		pod     []func(*corev1.Pod)
		sockets Sockets
		// to is what targetPort is changed to; 0 for no command. says is what the next step says.
		to   int32
		says string
	}{
		{"one port", []corev1.ServicePort{web80}, nil, listening("0.0.0.0:8080"), 8080, "sets targetPort to 8080, the one port on which the Pod listens"},
		{"one port of both families", []corev1.ServicePort{web80}, nil, listening("0.0.0.0:8080", "[::]:8080"), 8080, ""},
		{"on the Pod's IP", []corev1.ServicePort{web80}, nil, listening("10.0.0.1:8080"), 8080, ""},
		{"beside a loopback", []corev1.ServicePort{web80}, nil, listening("127.0.0.1:9000", "0.0.0.0:8080"), 8080, ""},
		{"the loopback alone", []corev1.ServicePort{web80}, nil, listening("127.0.0.1:8080"), 0, "let the application listen on 0.0.0.0:9999"},
		{"nothing at all", []corev1.ServicePort{web80}, nil, listening(), 0, "log"},
		{"two, one of them declared", []corev1.ServicePort{web80}, []func(*corev1.Pod){declares(9090)}, listening("0.0.0.0:8080", "0.0.0.0:9090"), 9090, "a container declares"},
		{"two, both declared", []corev1.ServicePort{web80}, []func(*corev1.Pod){declares(8080, 9090)}, listening("0.0.0.0:8080", "0.0.0.0:9090"), 0, next + ", of 8080 and 9090"},
		{"two, none declared", []corev1.ServicePort{web80}, []func(*corev1.Pod){declares()}, listening("0.0.0.0:8080", "0.0.0.0:9090"), 0, next},
		{"two, one the Service's own", []corev1.ServicePort{web80}, []func(*corev1.Pod){declares()}, listening("0.0.0.0:80", "0.0.0.0:9090"), 80, "the Service's own port"},
		{
			"two, one another port's",
			[]corev1.ServicePort{web80, to(81, intstr.FromInt32(9090))},
			[]func(*corev1.Pod){declares()},
			listening("0.0.0.0:8080", "0.0.0.0:9090"), 8080, "not in use otherwise",
		},
		{"another port's alone", []corev1.ServicePort{web80, to(81, intstr.FromInt32(9090))}, nil, listening("0.0.0.0:9090"), 0, next},
		{"beside a sidecar's", []corev1.ServicePort{web80}, []func(*corev1.Pod){inMesh, declares()}, listening("0.0.0.0:8080", "0.0.0.0:15006", "0.0.0.0:15090"), 8080, "not in use otherwise"},
		{"beside the first and last of a sidecar's", []corev1.ServicePort{web80}, []func(*corev1.Pod){inMesh, declares()}, listening("0.0.0.0:8080", "0.0.0.0:15000", "0.0.0.0:15090"), 8080, ""},
		{"beside another mesh's", []corev1.ServicePort{web80}, []func(*corev1.Pod){inMesh, declares()}, listening("0.0.0.0:4143", "0.0.0.0:8080"), 8080, ""},
		{"just beyond a sidecar's", []corev1.ServicePort{web80}, []func(*corev1.Pod){inMesh, declares()}, listening("0.0.0.0:8080", "0.0.0.0:15091"), 0, next},
		{"no sidecar's without a mesh", []corev1.ServicePort{web80}, []func(*corev1.Pod){declares()}, listening("0.0.0.0:8080", "0.0.0.0:15006"), 0, next},
		{"beside another container's", []corev1.ServicePort{named}, []func(*corev1.Pod){beside(corev1.ContainerPort{ContainerPort: 9090})}, listening("0.0.0.0:3000", "0.0.0.0:9090"), 3000, "not in use otherwise"},
		{"another container's alone", []corev1.ServicePort{named}, []func(*corev1.Pod){beside(corev1.ContainerPort{ContainerPort: 9090})}, listening("0.0.0.0:9090"), 0, next},
		{"of which container is not known", []corev1.ServicePort{web80}, []func(*corev1.Pod){beside(corev1.ContainerPort{ContainerPort: 9090}), declares()}, listening("0.0.0.0:3000", "0.0.0.0:9090"), 9090, "a container declares"},
		{"one for metrics", []corev1.ServicePort{web80}, []func(*corev1.Pod){beside(corev1.ContainerPort{Name: "metrics", ContainerPort: 9090}), declares()}, listening("0.0.0.0:3000", "0.0.0.0:9090"), 3000, "not in use otherwise"},
		{"the readiness probe asks it as well", []corev1.ServicePort{web80}, []func(*corev1.Pod){notReady, probing(httpProbe("/", 9999))}, listening("0.0.0.0:8080"), 0, "let the application listen on 9999, which its readiness probe asks as well; or let the probe and targetPort be the port that it listens on, of 8080"},
		{"the readiness probe asks another", []corev1.ServicePort{web80}, []func(*corev1.Pod){notReady, probing(httpProbe("/", 8080))}, listening("0.0.0.0:8080"), 8080, ""},
		{"sockets not read", []corev1.ServicePort{web80}, []func(*corev1.Pod){declares()}, Sockets{}, 0, "--sockets"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			pod := runningPod("web-1", "10.0.0.1", test.pod...)
			request := web
			request.Port, request.KubectlArgs = "80", []string{"--context", "prod"}
			s := newSubject(snapshotOf(webService(test.ports...), pod, sliceOf("", 9999, pod)), request)
			facts := s.facts
			facts.Sockets, facts.Retarget = test.sockets, s.retarget(test.sockets)
			if test.sockets.Known && test.sockets.bound(facts.PodPort, facts.PodIP) != unbound {
				t.Fatalf("the port %d is listened on", facts.PodPort)
			}
			c := notListening.conclusion(facts)
			want := ""
			if test.to != 0 {
				was, err := test.ports[0].TargetPort.MarshalJSON()
				if err != nil {
					t.Fatal(err)
				}
				want = fmt.Sprintf(`kubectl --context prod -n shop patch svc web --type=json -p '[{"op":"test","path":"/spec/ports/0/port","value":80},`+
					`{"op":"test","path":"/spec/ports/0/targetPort","value":%s},{"op":"replace","path":"/spec/ports/0/targetPort","value":%d}]'`, was, test.to)
			}
			if len(test.sockets.Listening) == 1 && test.to != 0 && strings.HasSuffix(c.Next, "otherwise") {
				t.Errorf("the only port is told as one of several: %s", c.Next)
			}
			if none := len(test.sockets.Listening) == 0 && test.sockets.Known; none != strings.Contains(c.Why, "no listening socket at all") {
				t.Errorf("why: %s", c.Why)
			}
			if c.Command != want || !strings.Contains(c.Next, test.says) || c.ID != "PORT-08" {
				t.Errorf("got %q and %q, want %q and %q", c.Next, c.Command, test.says, want)
			}
			if mixed := mixedNotListening.conclusion(facts); strings.Contains(mixed.Why, "ocket") != test.sockets.Known {
				t.Errorf("beside a Pod that answers: %s", mixed.Why)
			}
			if test.sockets.Known && !strings.Contains(c.Why, "ocket") {
				t.Errorf("the sockets are not told of: %s", c.Why)
			}
		})
	}
}

// In its node's network a Pod shares the sockets of all programs there: none of them is offered.
func TestNoPortOfTheNodeIsOffered(t *testing.T) {
	t.Parallel()
	sockets := Sockets{Known: true}
	for _, address := range []string{"0.0.0.0:22", "0.0.0.0:80", "0.0.0.0:10250"} {
		sockets.Listening = append(sockets.Listening, netip.MustParseAddrPort(address))
	}
	for name, test := range map[string]struct {
		declared []corev1.ContainerPort
		next     string
	}{
		"one port is declared": {[]corev1.ContainerPort{{ContainerPort: 8081}}, "set targetPort to 8081"},
		"none is":              {nil, "by its log"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pod := runningPod("web-1", "10.0.0.1", func(pod *corev1.Pod) { pod.Spec.HostNetwork, pod.Spec.Containers[0].Ports = true, test.declared })
			s := newSubject(snapshotOf(webService(), pod, sliceOf("", 8080, pod)), web)
			facts := s.facts
			facts.Sockets, facts.Retarget = sockets, s.retarget(sockets)
			got := notListening.conclusion(facts)
			if !strings.Contains(got.Next, test.next) || got.Command != "" || !strings.Contains(got.Why, "of its node") {
				t.Errorf("got %q, %q, %q", got.Why, got.Next, got.Command)
			}
			if strings.Contains(got.Why+got.Next, "10250") {
				t.Errorf("it names the node's own ports: %q %q", got.Why, got.Next)
			}
		})
	}
}

// What listens where something does listen on the port, or where the Service does not lead by targetPort, changes nothing.
func TestNoTargetPortIsOfferedInVain(t *testing.T) {
	t.Parallel()
	pod := runningPod("web-1", "10.0.0.1")
	sockets := listening("0.0.0.0:8081")
	for name, s := range map[string]struct {
		service *corev1.Service
		sockets Sockets
	}{
		"the port is listened on": {webService(), listening("0.0.0.0:8080", "0.0.0.0:8081")},
		"headless":                {webService(corev1.ServicePort{Port: 8080, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(8080)}), sockets},
		"no selector":             {webService(), sockets},
	} {
		switch name {
		case "headless":
			s.service.Spec.ClusterIP = corev1.ClusterIPNone
		case "no selector":
			s.service.Spec.Selector = nil
		}
		subject := newSubject(snapshotOf(s.service, pod, sliceOf("", 8080, pod)), web)
		if fix := subject.retarget(s.sockets); fix != nil {
			t.Errorf("%s: %+v", name, fix)
		}
	}
	subject := newSubject(snapshotOf(webService(), sliceOf("", 8080)), web)
	if fix := subject.retarget(sockets); fix != nil {
		t.Errorf("no Pod: %+v", fix)
	}
}

func TestHowTheListenerIsFound(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		meant     int32
		asked     bool
		says, not string
	}{
		{0, false, "--sockets, or s on the screen", "set targetPort"},
		{0, true, "by its log or by hand", "--sockets"},
		{8080, false, "set targetPort to 8080: the one port that the Pod's containers declare is probably the one meant; --sockets", "by hand"},
		{8080, true, "set targetPort to 8080", "--sockets"},
	} {
		next := notListening.conclusion(Facts{Pod: "web-1", PodPort: 8081, PortMeant: test.meant, SocketsAsked: test.asked}).Next
		if !strings.Contains(next, test.says) || strings.Contains(next, test.not) {
			t.Errorf("%+v: %s", test, next)
		}
	}
}

// A readiness probe that asks the port tells that it is the one that is meant: then the application is what is late.
func TestNobodyIsSentToAnotherPortThanTheProbes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		readiness    Readiness
		ready, asked bool
		says, not    string
	}{
		{ReadinessOnPodIP, false, false, "its readiness probe asks that port as well; --sockets", "targetPort"},
		{RefusedOnPodIP, false, true, "its readiness probe asks that port as well", "sockets"},
		{ReadinessOnPodIP, true, false, "Let targetPort be that port", "readiness"},
		{ReadinessElsewhere, false, false, "Let targetPort be that port", "readiness"},
	} {
		next := notListening.conclusion(Facts{Pod: "web-1", PodPort: 8081, Readiness: test.readiness, PodReady: test.ready, SocketsAsked: test.asked}).Next
		if !strings.Contains(next, test.says) || strings.Contains(next, test.not) {
			t.Errorf("%+v: %s", test, next)
		}
	}
}

// The command that leads the Service to the port that is meant is given where no other Pod may listen on the one that is asked for, and not for a
// headless Service, whose ports nobody maps.
func TestTheCommandForThePortThatIsMeant(t *testing.T) {
	t.Parallel()
	meant := func(f *Facts) { f.PortMeant, f.MeantFix = 9090, &check.Fix{Command: "kubectl patch svc web"} }
	owned := func(f *Facts) { f.MeantFix = &check.Fix{Command: "kubectl patch svc web", Note: "Helm owns it"} }
	finds := func(field string) func(*Facts) {
		return func(f *Facts) {
			f.Diagnosis = []check.Finding{{ID: "PORT-05", Severity: check.Major, Evidence: []check.Evidence{{Kind: "Service", Field: field}}}}
		}
	}
	declaredByAll := finds("spec.ports[0]")
	probed := func(f *Facts) { f.PodReady, f.Readiness = false, ReadinessOnPodIP }
	headless := func(f *Facts) { f.Headless, f.MeantFix = true, nil }
	for _, test := range []struct {
		name          string
		edits         []edit
		next, command string
	}{
		{"the only endpoint", []edit{meant}, "set targetPort to 9090: ", "kubectl patch svc web"},
		{"a tool owns it", []edit{meant, owned}, "set targetPort to 9090: ", "kubectl patch svc web"},
		{"one of three", []edit{meant, threeUsable}, "set targetPort to 9090: ", ""},
		{"one of three, which declare the same", []edit{meant, threeUsable, declaredByAll}, "set targetPort to 9090: ", "kubectl patch svc web"},
		{"one of three, which declare the same for another port", []edit{meant, threeUsable, finds("spec.ports[1]")}, "set targetPort to 9090: ", ""},
		{"the readiness probe asks the port", []edit{meant, probed}, "see in its log", ""},
		{"headless", []edit{meant, headless}, "set port and targetPort to 9090: ", ""},
		{"no port is meant", nil, "--sockets", ""},
	} {
		got := notListening.conclusion(oneUsable(test.edits...))
		if !strings.HasPrefix(got.Next, test.next) || got.Command != test.command || strings.Contains(got.Next, "Helm owns it") != (test.name == "a tool owns it") {
			t.Errorf("%s: %q %q", test.name, got.Next, got.Command)
		}
	}
}

func TestAFixBesideItsCommand(t *testing.T) {
	t.Parallel()
	for note, want := range map[string]string{
		"takes version out of the selector; or add it": "this command takes version out of the selector; or add it",
		"or name the port": "this command, or name the port", "if that is meant": "this command, if that is meant",
		"name the port": "name the port", "": "run this",
	} {
		if got := (Conclusion{}).mended(&check.Fix{Note: note, Command: "kubectl"}).Next; got != want {
			t.Errorf("%q: %q, want %q", note, got, want)
		}
	}
	if got := (Conclusion{}).mended(&check.Fix{Note: "or name the port"}).Next; got != "or name the port" {
		t.Errorf("without a command: %q", got)
	}
}

// The only port that is declared is not the one that is meant where it is for metrics, or a mesh's.
func TestThePortThatIsMeantIsNoneForAnotherUse(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		declared []corev1.ContainerPort
		mesh     bool
		meant    int32
	}{
		"of the application": {[]corev1.ContainerPort{{Name: "http", ContainerPort: 8080}}, false, 8080},
		"for metrics":        {[]corev1.ContainerPort{{Name: "metrics", ContainerPort: 9090}}, false, 0},
		"of an exporter":     {[]corev1.ContainerPort{{Name: "http-metrics", ContainerPort: 9121}}, false, 0},
		"of a mesh":          {[]corev1.ContainerPort{{Name: "http-envoy-prom", ContainerPort: 15090}}, true, 0},
	} {
		pod := runningPod("web-1", "10.0.0.1", func(pod *corev1.Pod) {
			pod.Spec.Containers[0].Ports = test.declared
			if test.mesh {
				pod.Spec.Containers[0].Name = "istio-proxy"
			}
		})
		service := webService(corev1.ServicePort{Port: 80, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(9999)})
		if got := newSubject(snapshotOf(service, pod, sliceOf("", 9999, pod)), web).facts; got.PortMeant != test.meant || (got.MeantFix != nil) != (test.meant != 0) {
			t.Errorf("%s: %d %+v", name, got.PortMeant, got.MeantFix)
		}
	}
}
