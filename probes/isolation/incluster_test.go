package isolation

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

var client = model.Key{Namespace: namespace, Name: "front-1"}

func clientPodOf(edits ...func(*corev1.Pod)) *corev1.Pod {
	pod := runningPod("front-1", "10.0.0.9", edits...)
	pod.Labels = map[string]string{"app": "front"}
	return pod
}

// withClient is a Service with one Pod, and a client.
func withClient(service *corev1.Service, edits ...func(*corev1.Pod)) *model.Snapshot {
	pod := runningPod("web-1", "10.0.0.1")
	return snapshotOf(service, pod, sliceOf("", 8080, pod), clientPodOf(edits...))
}

// agreeing is a request of a person who agreed to whatever commands there are.
func agreeing(snapshot *model.Snapshot, request Request) Request {
	for _, command := range Commands(snapshot, request) {
		request.Agreed = append(request.Agreed, command.ExecRequest)
	}
	return request
}

// dialling answers the script, each address by what follows in lines: TOOL CODE WORDS.
func dialling(lines map[string]string) func(model.ExecRequest) (model.ExecResult, error) {
	return func(request model.ExecRequest) (model.ExecResult, error) {
		_, _, addresses, ok := model.ParseDialCommand(request.Command)
		if !ok {
			return model.ExecResult{}, fmt.Errorf("not the script: %q", request.Command)
		}
		var output strings.Builder
		for _, address := range addresses {
			for line := range strings.Lines(lines[address]) {
				words := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3)
				fmt.Fprintf(&output, "svctui %s %s\n", address, strings.Join(slices.Insert(words, min(2, len(words)), "1.00", "1.02"), " "))
			}
		}
		return model.ExecResult{Output: output.String(), Complaints: "Terminated\n"}, nil
	}
}

// clientRows are the rows of the rung In-cluster: TARGET OUTCOME.
func clientRows(result Result) []string {
	var rows []string
	for _, seen := range result.Rungs {
		if seen.Rung == RungInCluster {
			rows = append(rows, strings.TrimSpace(seen.Target+" "+string(seen.Outcome)))
		}
	}
	return rows
}

func rowOf(result Result, rung Rung) Observation {
	for _, seen := range result.Rungs {
		if seen.Rung == rung {
			return seen
		}
	}
	return Observation{}
}

func TestInCluster(t *testing.T) {
	const (
		fine    = "curl 0 * Connected to x < HTTP/1.1 200 OK"
		hanging = "curl 28 * Connected to x * Operation timed out after 3001 milliseconds with 0 bytes received"
	)
	redis := "redis"
	deniedElse := func(w *world) {
		w.forwardErr = errForbidden
		for place := range w.proxied {
			w.proxied[place] = statusReply(http.StatusForbidden, "Forbidden", `forbidden: User "eve" cannot get resource "pods/proxy"`)
		}
	}
	headless := webService()
	headless.Spec.ClusterIP = corev1.ClusterIPNone
	external := webService()
	external.Spec.Type, external.Spec.ClusterIP, external.Spec.ExternalName, external.Spec.Selector, external.Spec.Ports = corev1.ServiceTypeExternalName, "", "db.example.com", nil, nil
	for _, test := range []struct {
		name     string
		service  *corev1.Service
		client   func(*corev1.Pod)
		lines    map[string]string
		rows     []string
		mark     check.Mark
		says     string
		addition func(*world)
		// beside is another Service of the cluster.
		beside *corev1.Service
		policy *networkingv1.NetworkPolicy
	}{
		{
			name: "served", lines: map[string]string{"10.96.0.1:80/": fine, "web.shop.svc:80/": fine, "10.0.0.1:8080/": fine},
			rows: []string{"10.96.0.1:80 ok", "web.shop.svc:80 ok", "10.0.0.1:8080 ok"}, mark: check.MarkOK, says: "answers a client inside the cluster",
		},
		{
			name: "no name", lines: map[string]string{"10.96.0.1:80/": fine, "web.shop.svc:80/": "curl 6 * Could not resolve host: web.shop.svc", "10.0.0.1:8080/": fine},
			rows: []string{"10.96.0.1:80 ok", "web.shop.svc:80 error", "10.0.0.1:8080 ok"}, mark: check.MarkFail, says: "name does not resolve",
		},
		{
			name: "no name, because it asks its node", lines: map[string]string{"10.96.0.1:80/": fine, "web.shop.svc:80/": "curl 6 * Could not resolve host: web.shop.svc", "10.0.0.1:8080/": fine},
			client: func(pod *corev1.Pod) { pod.Spec.DNSPolicy = corev1.DNSDefault },
			rows:   []string{"10.96.0.1:80 ok", "web.shop.svc:80 error", "10.0.0.1:8080 ok"}, mark: check.MarkFail, says: "DNS-01",
		},
		{
			name: "the node has no endpoint", lines: map[string]string{"10.96.0.1:80/": "bash 1 connect: Connection refused", "web.shop.svc:80/": "bash 1 connect: Connection refused", "10.0.0.1:8080/": "bash 0 "},
			rows: []string{"10.96.0.1:80 refused", "web.shop.svc:80 refused", "10.0.0.1:8080 ok"}, mark: check.MarkFail, says: "TP-08",
		},
		{
			name: "it hangs, and nothing else was allowed", lines: map[string]string{"10.96.0.1:80/": hanging, "web.shop.svc:80/": hanging, "10.0.0.1:8080/": hanging}, addition: deniedElse,
			rows: []string{"10.96.0.1:80 timeout", "web.shop.svc:80 timeout", "10.0.0.1:8080 timeout"}, mark: check.MarkWarn, says: "accepts connections and does not answer",
		},
		{
			name: "it hangs, on every rung", lines: map[string]string{"10.96.0.1:80/": hanging, "web.shop.svc:80/": hanging, "10.0.0.1:8080/": hanging},
			addition: func(w *world) {
				w.loopback["web-1:8080"] = silentApp
				w.proxied["services/web:80"], w.proxied["pods/web-1:8080"] = nil, nil
				w.proxied["pods/web-1:1"] = cannotReach("dial tcp 10.0.0.1:1: connect: connection refused")
			},
			rows: []string{"10.96.0.1:80 timeout", "web.shop.svc:80 timeout", "10.0.0.1:8080 timeout"}, mark: check.MarkWarn, says: "accepts connections and does not answer",
		},
		{
			name: "connected, and there is nothing to ask with", lines: map[string]string{"10.96.0.1:80/": "bash 0 ", "web.shop.svc:80/": "bash 0 ", "10.0.0.1:8080/": "bash 0 "}, addition: deniedElse,
			rows: []string{"10.96.0.1:80 ok", "web.shop.svc:80 ok", "10.0.0.1:8080 ok"}, mark: check.MarkUnknown, says: "connected (bash); not asked in HTTP",
		},
		{
			name: "connected, and it is silent on the loopback", lines: map[string]string{"10.96.0.1:80/": "bash 0 ", "web.shop.svc:80/": "bash 0 ", "10.0.0.1:8080/": "bash 0 "},
			addition: func(w *world) { deniedElse(w); w.forwardErr, w.loopback["web-1:8080"] = nil, silentApp },
			rows:     []string{"10.96.0.1:80 ok", "web.shop.svc:80 ok", "10.0.0.1:8080 ok"}, mark: check.MarkWarn, says: "accepts connections and does not answer",
		},
		{
			name: "connected, where the other rungs are answered", lines: map[string]string{"10.96.0.1:80/": "bash 0 ", "web.shop.svc:80/": "bash 0 ", "10.0.0.1:8080/": "bash 0 "},
			rows: []string{"10.96.0.1:80 ok", "web.shop.svc:80 ok", "10.0.0.1:8080 ok"}, mark: check.MarkOK, says: "a client inside the cluster gets a connection",
		},
		{
			name: "connected, where the API server reaches no Pods", lines: map[string]string{"10.96.0.1:80/": "bash 0 ", "web.shop.svc:80/": "bash 0 ", "10.0.0.1:8080/": "bash 0 "},
			addition: func(w *world) {
				deniedElse(w)
				w.forwardErr = nil
				w.proxied["services/web:80"], w.proxied["pods/web-1:8080"], w.proxied["pods/web-1:1"] = nil, nil, nil
			},
			rows: []string{"10.96.0.1:80 ok", "web.shop.svc:80 ok", "10.0.0.1:8080 ok"}, mark: check.MarkOK, says: "a connection alone",
		},
		{
			name: "bytes, and silence", service: webService(corev1.ServicePort{Port: 80, TargetPort: intstr.FromInt32(8080), AppProtocol: &redis}), addition: deniedElse,
			lines: map[string]string{"10.96.0.1:80/": hanging, "web.shop.svc:80/": "bash 0 ", "10.0.0.1:8080/": "bash 0 "},
			rows:  []string{"10.96.0.1:80 ok", "web.shop.svc:80 ok", "10.0.0.1:8080 ok"}, mark: check.MarkOK, says: "connected (bash) ",
		},
		{
			name: "headless", service: headless, lines: map[string]string{"web.shop.svc:8080/": fine, "10.0.0.1:8080/": fine},
			rows: []string{"web.shop.svc:8080 ok", "10.0.0.1:8080 ok"}, mark: check.MarkOK, says: "by the Service's name",
		},
		{
			name: "a sidecar of the client's own accepts everything", client: func(pod *corev1.Pod) {
				pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "istio-proxy"})
			},
			lines: map[string]string{"10.96.0.1:80/": "bash 0 ", "web.shop.svc:80/": "bash 0 ", "10.0.0.1:8080/": fine},
			rows:  []string{"10.96.0.1:80 error", "web.shop.svc:80 error", "10.0.0.1:8080 ok"}, mark: check.MarkOK, says: "answers on its Pod's IP",
		},
		{
			name: "no such Pod", lines: nil, client: func(pod *corev1.Pod) { pod.Name = "front-2" },
			rows: []string{"not-run"}, mark: check.MarkUnknown, says: "there is no Pod shop/front-1",
		},
		{
			name: "a Pod that does not run", client: func(pod *corev1.Pod) { pod.Status.Phase = corev1.PodPending },
			rows: []string{"not-run"}, mark: check.MarkUnknown, says: "Pod front-1 is Pending",
		},
		{
			name: "no tool", lines: map[string]string{"10.96.0.1:80/": "none 0 ", "web.shop.svc:80/": "none 0 ", "10.0.0.1:8080/": "none 0 "},
			rows: []string{"10.96.0.1:80 not-run", "web.shop.svc:80 not-run", "10.0.0.1:8080 not-run"}, mark: check.MarkUnknown,
			says: "kubectl --context 'my cluster' -n shop debug -it front-1 --image=curlimages/curl --target=c -- curl -gkv -m 5 http://10.96.0.1:80/ http://web.shop.svc:80/ http://10.0.0.1:8080/",
		},
		{
			name: "no shell", rows: []string{"10.96.0.1:80 not-run", "web.shop.svc:80 not-run", "10.0.0.1:8080 not-run"}, mark: check.MarkUnknown,
			addition: func(w *world) {
				w.run = func(model.ExecRequest) (model.ExecResult, error) {
					return model.ExecResult{}, errors.New(`OCI runtime exec failed: exec: "sh": executable file not found in $PATH: unknown`)
				}
			},
			says: "debug -it front-1",
		},
		{
			name: "no shell, by exit code", rows: []string{"10.96.0.1:80 not-run", "web.shop.svc:80 not-run", "10.0.0.1:8080 not-run"}, mark: check.MarkUnknown,
			addition: func(w *world) {
				w.run = func(model.ExecRequest) (model.ExecResult, error) { return model.ExecResult{ExitCode: 126}, nil }
			},
			says: "there is no sh in container c",
		},
		{
			name: "no right", rows: []string{"10.96.0.1:80 denied", "web.shop.svc:80 denied", "10.0.0.1:8080 denied"}, mark: check.MarkUnknown,
			addition: func(w *world) {
				w.run = func(model.ExecRequest) (model.ExecResult, error) { return model.ExecResult{}, errForbidden }
			},
			says: "the container stays in the Pod's spec until the Pod ends",
		},
		{
			name: "it prints nothing", rows: []string{"10.96.0.1:80 error", "web.shop.svc:80 error", "10.0.0.1:8080 error"}, mark: check.MarkUnknown,
			addition: func(w *world) {
				w.run = func(model.ExecRequest) (model.ExecResult, error) {
					return model.ExecResult{Complaints: "sh: syntax error", ExitCode: 2}, nil
				}
			},
			says: "syntax error",
		},
		{
			name: "no shell, and a policy does not admit it", rows: []string{"10.96.0.1:80 not-run", "web.shop.svc:80 not-run", "10.0.0.1:8080 not-run"}, mark: check.MarkWarn,
			addition: func(w *world) {
				w.run = func(model.ExecRequest) (model.ExecResult, error) { return model.ExecResult{ExitCode: 126}, nil }
			},
			policy: &networkingv1.NetworkPolicy{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "no-way-out"},
				Spec: networkingv1.NetworkPolicySpec{
					PodSelector: metav1.LabelSelector{MatchLabels: clientPodOf().Labels}, PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress},
				},
			},
			says: "Otherwise the way is open. Pod shop/front-1 itself told nothing (there is no sh in container c).",
		},
		{
			name: "ExternalName", service: external, lines: map[string]string{"web.shop.svc:443/": fine},
			rows: []string{"web.shop.svc:443 ok"}, mark: check.MarkOK, says: "db.example.com answers a client",
		},
		{
			name: "ExternalName without an address", service: external, lines: map[string]string{"web.shop.svc:443/": "curl 6 x"},
			rows: []string{"web.shop.svc:443 error"}, mark: check.MarkFail, says: "db.example.com does not resolve",
		},
		{
			name: "ExternalName that refuses", service: external, lines: map[string]string{"web.shop.svc:443/": "curl 7 * Connection refused"},
			rows: []string{"web.shop.svc:443 refused"}, mark: check.MarkUnknown, says: "443, which was assumed, does not answer",
		},
		{
			name: "ExternalName that keeps silent", service: external, lines: map[string]string{"web.shop.svc:443/": "curl 28 * Connection timed out"},
			rows: []string{"web.shop.svc:443 timeout"}, mark: check.MarkUnknown, says: "svctui test web:PORT",
		},
		{
			name: "ExternalName with a port that refuses", service: named("db.example.com", corev1.ServicePort{Port: 5432}), lines: map[string]string{"web.shop.svc:5432/": "nc 1 nc: connect to x port 5432 (tcp) failed: Connection refused"},
			rows: []string{"web.shop.svc:5432 refused"}, mark: check.MarkFail, says: "db.example.com resolves inside the cluster, and refuses",
		},
		{
			name: "ExternalName of a Service of the cluster, at whose port it is tried", service: named("ledger.bank.svc.cluster.local"),
			beside: &corev1.Service{
				ObjectMeta: metav1.ObjectMeta{Namespace: "bank", Name: "ledger"},
				Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 53, Protocol: corev1.ProtocolUDP}, {Port: 9090}}},
			},
			lines: map[string]string{"web.shop.svc:9090/": "nc 1 nc: connect to x port 9090 (tcp) failed: Connection refused"},
			rows:  []string{"web.shop.svc:9090 refused"}, mark: check.MarkFail, says: "ledger.bank.svc.cluster.local resolves inside the cluster, and refuses",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service := test.service
				if service == nil {
					service = webService()
				}
				var edits []func(*corev1.Pod)
				if test.client != nil {
					edits = append(edits, test.client)
				}
				snapshot := withClient(service, edits...)
				if test.beside != nil {
					snapshot = model.NewBuilder(snapshot).Put(test.beside).Build(snapshot.At())
				}
				if test.policy != nil {
					snapshot = model.NewBuilder(snapshot).Put(test.policy).Cover(model.Need{Kind: model.Namespaces}, model.Coverage{State: model.Live}).Build(snapshot.At())
				}
				w := newWorld(t)
				w.everywhere("web-1", 8080, "web", "80", 200)
				w.run = dialling(test.lines)
				if test.addition != nil {
					test.addition(w)
				}
				request := web
				request.Client, request.KubectlArgs = client, []string{"--context", "my cluster"}
				result := Run(t.Context(), w, snapshot, agreeing(snapshot, request), nil)
				if rows := clientRows(result); !slices.Equal(rows, test.rows) {
					t.Errorf("got rows %q, want %q", rows, test.rows)
				}
				said := fmt.Sprintf("%+v %+v", result.Rungs, *result.Conclusion)
				if result.Conclusion.Mark != test.mark || !strings.Contains(said, test.says) {
					t.Errorf("got mark %v, want %v and %q:\n%s", result.Conclusion.Mark, test.mark, test.says, said)
				}
				for _, ran := range w.ran {
					if ran.Namespace != namespace || ran.Pod != "front-1" || ran.Container != "c" {
						t.Errorf("ran in %s/%s, container %s", ran.Namespace, ran.Pod, ran.Container)
					}
				}
			})
		})
	}
}

// Nothing runs in a Pod that a person has not agreed to, to the letter.
func TestNothingRunsWithoutConsent(t *testing.T) {
	snapshot := withClient(webService())
	asked := web
	asked.Client, asked.Sockets = client, true
	commands := Commands(snapshot, asked)
	if len(commands) != 2 || commands[0].Pod != "front-1" || commands[1].Pod != "web-1" {
		t.Fatalf("got commands %+v", commands)
	}
	another := commands[0].ExecRequest
	another.Command = model.DialCommand("http", 5*time.Second, []string{"10.96.0.2:80/"})
	elsewhere := commands[0].ExecRequest
	elsewhere.Pod = "front-2"
	container := commands[1].ExecRequest
	container.Container = "other"
	for name, request := range map[string]Request{
		"nothing asked for": web,
		"nothing agreed to": asked,
		"agreed to others": func() Request {
			r := asked
			r.Agreed = []model.ExecRequest{another, elsewhere, container}
			return r
		}(),
		"read-only": func() Request {
			r := agreeing(snapshot, asked)
			r.ReadOnly = true
			return r
		}(),
	} {
		w := newWorld(t)
		w.everywhere("web-1", 8080, "web", "80", 200)
		result := Run(context.Background(), w, snapshot, request, nil)
		if len(w.ran) > 0 {
			t.Errorf("%s: ran %q", name, w.ran)
		}
		if seen := rowOf(result, RungInCluster); seen.Outcome != NotRun || seen.Detail == "" {
			t.Errorf("%s: got %+v", name, seen)
		}
	}
}

func TestCommandLine(t *testing.T) {
	command := Command{ExecRequest: model.ExecRequest{Namespace: "shop", Pod: "a", Container: "c", Command: []string{"sh", "-c", "it's"}}}
	const want = `kubectl --context 'my cluster' -n shop exec a -c c -- sh -c 'it'\''s'`
	if got := command.Line([]string{"--context", "my cluster"}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDialCommand(t *testing.T) {
	scheme, within, addresses, ok := model.ParseDialCommand(model.DialCommand("https", 4500*time.Millisecond, []string{"a:1/", "b:2/"}))
	if !ok || within != 5*time.Second || scheme != "https" || !slices.Equal(addresses, []string{"a:1/", "b:2/"}) {
		t.Errorf("got %s %q %v", scheme, addresses, ok)
	}
	for _, command := range [][]string{nil, {"sh"}, {"sh", "-c", "rm -r /", "svctui", "http", "a:1/"}, model.DialCommand("http", 0, nil), {"bash", "-c", model.DialScript, "svctui", "http", "3", "a:1/"}, {"sh", "-c", model.DialScript, "svctui", "http", "a:1/", "b:1/"}} {
		if _, _, _, ok := model.ParseDialCommand(command); ok {
			t.Errorf("%q is taken for the script", command)
		}
	}
}

// A path becomes part of a word that the script prints.
func TestDialPath(t *testing.T) {
	s := subject{request: Request{Path: "a b\nc?x=é"}}
	if got := s.dialPath(schemeHTTP); got != "/a%20b%0Ac?x=%C3%A9" {
		t.Errorf("got %s", got)
	}
	if got := s.dialPath(schemeTCP); got != "/" {
		t.Errorf("got %s", got)
	}
}

func TestDefaultContainer(t *testing.T) {
	pod := clientPodOf(func(pod *corev1.Pod) {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "main"})
	})
	if got := DefaultContainer(pod); got != "c" {
		t.Errorf("got %s", got)
	}
	pod.Annotations = map[string]string{"kubectl.kubernetes.io/default-container": "main"}
	if got := DefaultContainer(pod); got != "main" {
		t.Errorf("got %s", got)
	}
	pod.Annotations = map[string]string{"kubectl.kubernetes.io/default-container": "gone"}
	if got := DefaultContainer(pod); got != "c" {
		t.Errorf("got %s", got)
	}
	if DefaultContainer(nil) != "" || DefaultContainer(&corev1.Pod{}) != "" {
		t.Error("a container of nothing")
	}
}

// All containers of a Pod have its network, so that another one of them can tell its sockets.
func TestSocketsWhereAContainerHasNoCat(t *testing.T) {
	runs := corev1.ContainerStatus{Name: "b", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
	beside := func(status corev1.ContainerStatus) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "b"})
			pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, status)
		}
	}
	for _, test := range []struct {
		name, container string
		edit            func(*corev1.Pod)
		err             error
		want            string
	}{
		{"another one runs", "", beside(runs), errors.New(`exec: "cat": executable file not found in $PATH`), "svctui test web:80 -n shop --pod web-1 --sockets -c b"},
		{"another one does not run", "", beside(corev1.ContainerStatus{Name: "b"}), errors.New(`exec: "cat": executable file not found in $PATH`), "kubectl -n shop debug -it web-1 --image=curlimages/curl --target=c -- netstat -tln"},
		{"the last one was named", "b", beside(runs), errors.New(`exec: "cat": executable file not found in $PATH`), "kubectl -n shop debug -it web-1 --image=curlimages/curl --target=b -- netstat -tln"},
		{"it may not be read", "", beside(runs), errForbidden, "kubectl -n shop debug -it web-1 --image=curlimages/curl --target=c -- netstat -tln"},
	} {
		snapshot := onePod(test.edit)
		w := newWorld(t)
		w.everywhere("web-1", 8080, "web", "80", 200)
		w.run = func(model.ExecRequest) (model.ExecResult, error) { return model.ExecResult{}, test.err }
		request := web
		request.Sockets, request.SocketsContainer = true, test.container
		if got := rowOf(Run(t.Context(), w, snapshot, agreeing(snapshot, request), nil), RungSockets); got.Paste != test.want {
			t.Errorf("%s: %q %q", test.name, got.Detail, got.Paste)
		}
	}
}

func TestSockets(t *testing.T) {
	const loopback = "   1: 0100007F:1F90 00000000:0000 0A 0\n   5: 00000000:2382 00000000:0000 0A 0\n"
	for _, test := range []struct {
		name          string
		result        model.ExecResult
		err           error
		outcome       Outcome
		detail, paste string
		id            string
	}{
		{"loopback", model.ExecResult{Output: socketsHead + loopback + socketsHead}, nil, Refused, "listens on 127.0.0.1:8080 and all addresses:9090", "", "PORT-09"},
		{"no second table", model.ExecResult{Output: socketsHead + loopback, Complaints: "cat: /proc/net/tcp6: No such file", ExitCode: 1}, nil, Refused, "listens on 127.0.0.1:8080", "", "PORT-09"},
		{"fine", model.ExecResult{Output: socketsHead + "   1: 00000000:1F90 00000000:0000 0A 0\n"}, nil, OK, "listens on all addresses:8080", "", ""},
		{"no cat", model.ExecResult{}, errors.New(`exec: "cat": executable file not found in $PATH`), NotRun, "there is no cat in container c", "kubectl -n shop debug -it web-1 --image=curlimages/curl --target=c -- netstat -tln", ""},
		{"no table", model.ExecResult{Complaints: "cat: no"}, nil, Failed, "could not be read: cat: no", "debug -it web-1", ""},
		{"no right", model.ExecResult{}, errForbidden, Denied, "forbidden", "debug -it web-1", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			snapshot := onePod()
			w := newWorld(t)
			w.loopback["web-1:8080"] = httpApp(200, "fine")
			denied := statusReply(403, "Forbidden", `services "web:80" is forbidden: User "eve" cannot get resource "services/proxy" in API group ""`)
			w.proxied["services/web:80"], w.proxied["pods/web-1:8080"] = denied, denied
			w.run = func(request model.ExecRequest) (model.ExecResult, error) {
				if request.Pod != "web-1" || request.Container != "c" || !slices.Equal(request.Command, model.SocketsCommand()) {
					t.Errorf("ran %+v", request)
				}
				return test.result, test.err
			}
			request := web
			request.Sockets = true
			result := Run(context.Background(), w, snapshot, agreeing(snapshot, request), nil)
			seen := rowOf(result, RungSockets)
			if seen.Outcome != test.outcome || !strings.Contains(seen.Detail, test.detail) || !strings.Contains(seen.Paste, test.paste) || result.Conclusion.ID != test.id {
				t.Errorf("got %+v and %+v", seen, result.Conclusion)
			}
		})
	}
}
