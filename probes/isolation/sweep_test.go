package isolation

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

const refusedText = "dial tcp 10.0.0.9:8080: connect: connection refused"

// many is a Service with so many Pods, all listed, each answering 200.
func many(w *world, count int, edits ...func(int, *corev1.Pod)) *model.Snapshot {
	objects := []metav1.Object{webService()}
	pods := make([]*corev1.Pod, 0, count)
	for i := range count {
		pod := runningPod(fmt.Sprintf("web-%d", i+1), fmt.Sprintf("10.0.%d.%d", i/250, i%250+1))
		for _, edit := range edits {
			edit(i+1, pod)
		}
		w.loopback[pod.Name+":8080"] = httpApp(200, "fine")
		w.proxied["pods/"+pod.Name+":8080"] = replies(200, "fine")
		objects, pods = append(objects, pod), append(pods, pod)
	}
	return snapshotOf(append(objects, sliceOf("", 8080, pods...))...)
}

// httpsOnly turns plain requests away, as Go's servers do.
func httpsOnly(conn net.Conn) {
	_, _ = conn.Read(make([]byte, 4096))
	_, _ = io.WriteString(conn, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
}

// row is the first Pod of a sweep, with what was seen there.
func row(result SweepResult) string {
	if len(result.Pods) == 0 {
		return ""
	}
	pod := result.Pods[0]
	words := []string{pod.Name}
	for _, cell := range pod.Cells {
		words = append(words, strings.TrimSpace(markName(cell.Mark)+" "+cell.ID))
	}
	return strings.Join(words, " ")
}

func TestSweep(t *testing.T) {
	loopbackOn := func(w *world, pod string) { w.proxied["pods/"+pod+":8080"] = cannotReach(refusedText) }
	for _, test := range []struct {
		name     string
		build    func(*world) *model.Snapshot
		request  Request
		first    string
		mark     check.Mark
		id, says string
		never    string
		asked    int
	}{
		{
			name: "all answer", build: func(w *world) *model.Snapshot { return many(w, 12) },
			first: "web-1 ok", mark: check.MarkOK, says: "All 12 Pods answer.",
		},
		{
			name: "all accept connections, and say nothing", build: func(w *world) *model.Snapshot {
				pods := []*corev1.Pod{runningPod("web-1", "10.0.0.1"), runningPod("web-2", "10.0.0.2")}
				for _, pod := range pods {
					w.loopback[pod.Name+":8080"] = silentApp
					w.proxied["pods/"+pod.Name+":8080"] = cannotReach("EOF")
				}
				return snapshotOf(webService(tcp("redis", 80, 8080)), pods[0], pods[1], sliceOf("redis", 8080, pods...))
			},
			first: "web-1 ok", mark: check.MarkOK, says: "Both Pods accept connections.",
		},
		{
			name: "one listens on its loopback", build: func(w *world) *model.Snapshot {
				snapshot := many(w, 12)
				loopbackOn(w, "web-7")
				return snapshot
			},
			first: "web-7 fail PORT-09", mark: check.MarkFail, id: "PORT-09", says: "11 of 12 Pods answer; web-7 does not: the application listens on 127.0.0.1 only.",
		},
		{
			name: "two of one node do not answer", build: func(w *world) *model.Snapshot {
				snapshot := many(w, 4, func(i int, pod *corev1.Pod) { pod.Spec.NodeName = fmt.Sprintf("node-%d", (i-1)/2) })
				delete(w.proxied, "pods/web-3:8080")
				delete(w.proxied, "pods/web-4:8080")
				return snapshot
			},
			first: "web-3 warn", mark: check.MarkWarn, says: "All that do not are on node node-1.",
		},
		{
			name: "faults that differ", build: func(w *world) *model.Snapshot {
				snapshot := many(w, 3)
				loopbackOn(w, "web-1")
				loopbackOn(w, "web-2")
				delete(w.loopback, "web-2:8080")
				return snapshot
			},
			first: "web-1 fail PORT-09", mark: check.MarkFail, says: "1 of 3 Pods answer; web-1 and web-2 do not.",
		},
		{
			name: "one fault in several Pods", build: func(w *world) *model.Snapshot {
				snapshot := many(w, 3)
				for _, pod := range []string{"web-1", "web-2"} {
					loopbackOn(w, pod)
					delete(w.loopback, pod+":8080")
				}
				return snapshot
			},
			first: "web-1 fail PORT-08", mark: check.MarkFail, id: "PORT-08", says: "web-1 and web-2 do not: nothing listens on port 8080.",
		},
		{
			name: "none answers", build: func(w *world) *model.Snapshot {
				snapshot := many(w, 2)
				loopbackOn(w, "web-1")
				loopbackOn(w, "web-2")
				return snapshot
			},
			first: "web-1 fail PORT-09", mark: check.MarkFail, id: "PORT-09", says: "None of the 2 Pods answers: the application",
		},
		{
			name: "they answer, and get no traffic", build: func(w *world) *model.Snapshot { return many(w, 2, func(_ int, pod *corev1.Pod) { notReady(pod) }) },
			first: "web-1 ok", mark: check.MarkFail, says: "Both Pods answer, and the Service sends traffic to none of them.",
		},
		{
			name: "those that were tried get no traffic, and others were not tried", build: func(w *world) *model.Snapshot {
				return many(w, 3, func(i int, pod *corev1.Pod) {
					if i == 3 {
						notReady(pod)
					}
				})
			},
			request: Request{MaxPods: 1},
			first:   "web-3 ok", mark: check.MarkUnknown, says: "that was tried, of 3, answers, and the Service sends it no traffic. It may send it to those that were not tried.", asked: 1,
		},
		{
			name: "they answer in TLS, where HTTP is promised", build: func(w *world) *model.Snapshot {
				pods := []*corev1.Pod{runningPod("web-1", "10.0.0.1"), runningPod("web-2", "10.0.0.2")}
				for _, pod := range pods {
					w.loopback[pod.Name+":8080"] = httpsOnly
					w.proxied["pods/"+pod.Name+":8080"] = replies(400, "Client sent an HTTP request to an HTTPS server.\n")
					w.proxied["pods/https:"+pod.Name+":8080"] = replies(200, "fine")
				}
				return snapshotOf(webService(tcp("http", 80, 8080)), pods[0], pods[1], sliceOf("http", 8080, pods...))
			},
			first: "web-1 warn PORT-12", mark: check.MarkWarn, id: "PORT-12", says: "Both Pods answer, in TLS where the port promises plain HTTP.",
		},
		{
			name: "one does not answer, and of one it is not known", build: func(w *world) *model.Snapshot {
				snapshot := many(w, 3)
				loopbackOn(w, "web-1")
				w.proxied["pods/web-3:8080"] = statusReply(403, "Forbidden", `pods "web-3:8080" is forbidden: User "eve" cannot get resource "pods/proxy" in API group ""`)
				return snapshot
			},
			first: "web-1 fail PORT-09", mark: check.MarkFail, id: "PORT-09", says: "1 of 3 Pods answer; web-1 does not: the application listens on 127.0.0.1 only. Of web-3 it is not known.",
		},
		{
			name: "none is known to answer, and one does not", build: func(w *world) *model.Snapshot {
				snapshot := many(w, 2)
				loopbackOn(w, "web-1")
				w.proxied["pods/web-2:8080"] = statusReply(403, "Forbidden", `pods "web-2:8080" is forbidden: User "eve" cannot get resource "pods/proxy" in API group ""`)
				return snapshot
			},
			first: "web-1 fail PORT-09", mark: check.MarkFail, id: "PORT-09", says: "{PORT-09 5 web-1 does not answer: the application listens on 127.0.0.1 only. Of web-2 it is not known.", never: "None",
		},
		{
			name: "two ports of a Pod differ in why", build: func(w *world) *model.Snapshot {
				pod := runningPod("web-1", "10.0.0.1")
				w.loopback["web-1:8080"] = httpApp(200, "fine")
				w.proxied["pods/web-1:8080"], w.proxied["pods/web-1:9090"] = cannotReach(refusedText), cannotReach(refusedText)
				return snapshotOf(webService(tcp("http", 80, 8080), tcp("http-admin", 90, 9090)), pod, sliceOf("http", 8080, pod), sliceOf("http-admin", 9090, pod))
			},
			first: "web-1 fail PORT-09 fail PORT-08", mark: check.MarkFail, says: "does not answer on any port. http: the application listens on 127.0.0.1 only; http-admin: nothing listens on port 9090.", never: "They differ",
		},
		{
			name: "one gets no traffic", build: func(w *world) *model.Snapshot {
				return many(w, 3, func(i int, pod *corev1.Pod) {
					if i == 3 {
						notReady(pod)
					}
				})
			},
			first: "web-3 ok", mark: check.MarkOK, says: "No traffic is sent to web-3",
		},
		{
			name: "what does not run is not tried", build: func(w *world) *model.Snapshot {
				snapshot := many(w, 3, func(i int, pod *corev1.Pod) {
					switch i {
					case 1:
						pod.Status.Phase = corev1.PodFailed
					case 2:
						notReady(pod)
						pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
					}
				})
				delete(w.proxied, "pods/web-1:8080")
				delete(w.proxied, "pods/web-2:8080")
				return snapshot
			},
			first: "web-3 ok", mark: check.MarkOK, says: "2 Pods do not run, and were not tried.", asked: 1,
		},
		{
			name: "no rights", build: func(w *world) *model.Snapshot {
				snapshot := many(w, 2)
				w.forwardErr = errForbidden
				for _, pod := range []string{"web-1", "web-2"} {
					w.proxied["pods/"+pod+":8080"] = statusReply(403, "Forbidden", `pods "`+pod+`:8080" is forbidden: User "eve" cannot get resource "pods/proxy" in API group ""`)
				}
				return snapshot
			},
			first: "web-1 unknown", mark: check.MarkUnknown, says: "It is not known of any of the 2 Pods whether it answers", never: "All",
		},
		{
			name: "the forward alone proves nothing", build: func(w *world) *model.Snapshot {
				snapshot := many(w, 1)
				w.proxied["pods/web-1:8080"] = statusReply(403, "Forbidden", `pods "web-1:8080" is forbidden: User "eve" cannot get resource "pods/proxy" in API group ""`)
				return snapshot
			},
			first: "web-1 unknown", mark: check.MarkUnknown, says: "It is not known whether the one Pod, web-1, answers",
		},
		{
			name: "the API server reaches no Pod", build: func(w *world) *model.Snapshot {
				snapshot := many(w, 2)
				delete(w.proxied, "pods/web-1:8080")
				delete(w.proxied, "pods/web-2:8080")
				return snapshot
			},
			first: "web-1 unknown", mark: check.MarkUnknown, says: "does not reach Pods",
		},
		{
			name: "read-only", build: func(w *world) *model.Snapshot { return many(w, 2) }, request: Request{ReadOnly: true},
			first: "web-1 unknown", mark: check.MarkUnknown, says: "read-only",
		},
		{
			name: "no Service", build: func(*world) *model.Snapshot { return snapshotOf() },
			mark: check.MarkFail, id: "SVC-01", says: "There is no Service web in namespace shop.",
		},
		{
			name: "no Pods", build: func(*world) *model.Snapshot { return snapshotOf(webService(), sliceOf("", 8080)) },
			mark: check.MarkFail, says: "No Pod matches",
		},
		{
			name: "only UDP", build: func(*world) *model.Snapshot {
				return snapshotOf(webService(corev1.ServicePort{Name: "dns", Port: 53, Protocol: corev1.ProtocolUDP}), runningPod("web-1", "10.0.0.1"))
			},
			first: "web-1", mark: check.MarkUnknown, says: "no TCP port",
		},
		{
			name: "some are left out", build: func(w *world) *model.Snapshot { return many(w, 5) }, request: Request{MaxPods: 3},
			first: "web-1 ok", mark: check.MarkUnknown, says: "2 more Pods were left out: the sweep is of 3.", asked: 3,
		},
		{
			name: "all of very many", build: func(w *world) *model.Snapshot { return many(w, 230) }, request: Request{MaxPods: -1},
			first: "web-1 ok", mark: check.MarkOK, says: "All 230 Pods answer.", asked: 230,
		},
		{
			name: "of very many not all", build: func(w *world) *model.Snapshot { return many(w, 230) },
			first: "web-1 ok", mark: check.MarkUnknown, says: "30 more Pods were left out", asked: 200,
		},
		{
			name: "several ports", build: func(w *world) *model.Snapshot {
				many(w, 2)
				pods := []*corev1.Pod{runningPod("web-1", "10.0.0.1"), runningPod("web-2", "10.0.0.2")}
				w.proxied["pods/web-1:9090"], w.proxied["pods/web-2:9090"] = cannotReach(refusedText), replies(http.StatusOK, "fine")
				w.loopback["web-2:9090"] = httpApp(200, "fine")
				return snapshotOf(webService(
					corev1.ServicePort{Name: "http", Port: 80, TargetPort: intstr.FromInt32(8080)}, corev1.ServicePort{Name: "dns", Port: 53, Protocol: corev1.ProtocolUDP},
					corev1.ServicePort{Name: "http-admin", Port: 90, TargetPort: intstr.FromInt32(9090)},
				), pods[0], pods[1], sliceOf("http", 8080, pods...), sliceOf("http-admin", 9090, pods...))
			},
			first: "web-1 ok fail PORT-08", mark: check.MarkFail, id: "PORT-08", says: "1 of 2 Pods answer on both ports; web-1 does not",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				snapshot := test.build(w)
				request := test.request
				request.Service = web.Service
				steps := 0
				var last SweepResult
				got := Sweep(t.Context(), w, snapshot, request, func(result SweepResult) { last, steps = result, steps+1 })
				said := fmt.Sprint(*got.Conclusion) + " " + fmt.Sprint(got.Pods)
				if got.Conclusion.Mark != test.mark || got.Conclusion.ID != test.id || !strings.Contains(said, test.says) {
					t.Errorf("got mark %v, %+v\nwant mark %v, %q, %q", got.Conclusion.Mark, *got.Conclusion, test.mark, test.id, test.says)
				}
				if test.never != "" && strings.Contains(got.Conclusion.Text, test.never) {
					t.Errorf("it says %q", got.Conclusion.Text)
				}
				if first := row(got); first != test.first {
					t.Errorf("the first row is %q, want %q", first, test.first)
				}
				if test.asked != 0 && len(w.asked) != test.asked {
					t.Errorf("%d requests, want %d", len(w.asked), test.asked)
				}
				if steps < 2 || last.Conclusion == nil || got.Done != got.Total && !request.ReadOnly {
					t.Errorf("%d steps, the last %+v; %d of %d", steps, last.Conclusion, got.Done, got.Total)
				}
				if got.Conclusion.Mark == check.MarkUnknown && got.Conclusion.Next == "" {
					t.Errorf("%q leads nowhere", got.Conclusion.Text)
				}
				if _, err := json.Marshal(SweepJSON(got, strings.ToUpper)); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func tcp(name string, port, target int32) corev1.ServicePort {
	return corev1.ServicePort{Name: name, Port: port, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(target)}
}

// TestSweepBesideUDP has a Service whose first port cannot be swept: what is known of its Pods and endpoints counts all the same.
func TestSweepBesideUDP(t *testing.T) {
	udp := corev1.ServicePort{Name: "dns", Port: 53, Protocol: corev1.ProtocolUDP, TargetPort: intstr.FromInt32(53)}
	service := webService(udp, tcp("dns-tcp", 53, 8080))
	if c := Sweep(t.Context(), newWorld(t), snapshotOf(service, sliceOf("dns-tcp", 8080)), web, nil).Conclusion; c.Mark != check.MarkFail || !strings.Contains(c.Text, "No Pod matches") {
		t.Errorf("without Pods it says %s %q", markName(c.Mark), c.Text)
	}
	w := newWorld(t)
	pod := runningPod("web-1", "10.0.0.1", notReady)
	w.everywhere("web-1", 8080, "web", "dns-tcp", 200)
	if c := Sweep(t.Context(), w, snapshotOf(service, pod, sliceOf("dns-tcp", 8080, pod)), web, nil).Conclusion; c.Mark != check.MarkFail || !strings.Contains(c.Text, "sends it no traffic") {
		t.Errorf("with no endpoint it says %s %q", markName(c.Mark), c.Text)
	}
}

// TestSweepWithoutSlices tells nothing of traffic where EndpointSlices cannot be read.
func TestSweepWithoutSlices(t *testing.T) {
	w := newWorld(t)
	w.everywhere("web-1", 8080, "web", "80", 200)
	builder := model.NewBuilder(nil).Put(webService(), runningPod("web-1", "10.0.0.1"))
	for _, kind := range []model.Kind{model.Services, model.Pods} {
		builder.Cover(model.Need{Kind: kind, Namespace: namespace}, model.Coverage{State: model.Live})
	}
	got := Sweep(t.Context(), w, builder.Build(time.Unix(0, 0)), web, nil)
	if c := got.Conclusion; c.Mark != check.MarkOK || strings.Contains(c.Text+c.Why, "traffic") {
		t.Errorf("it says %s %q %q", markName(c.Mark), c.Text, c.Why)
	}
	if pod := got.Pods[0]; pod.Listed || pod.Unlisted || pod.Cells[0].NoTraffic {
		t.Errorf("it is told that the Pod gets no traffic: %+v", pod)
	}
	if out, err := json.Marshal(SweepJSON(got, strings.ToUpper)); err != nil || !strings.Contains(string(out), `"slicesKnown":false`) {
		t.Errorf("%s %v", out, err)
	}
}

// TestSweepComparesNoPodWithItself has one Pod with a port that answers, and one of which the API server hears nothing.
func TestSweepComparesNoPodWithItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		pod := runningPod("web-1", "10.0.0.1")
		w.everywhere("web-1", 8080, "web", "http", 200)
		w.loopback["web-1:9090"] = httpApp(200, "admin")
		snapshot := snapshotOf(webService(tcp("http", 80, 8080), tcp("http-admin", 9090, 9090)), pod, sliceOf("http", 8080, pod), sliceOf("http-admin", 9090, pod))
		c := Sweep(t.Context(), w, snapshot, web, nil).Conclusion
		if c.Mark == check.MarkWarn || strings.Contains(c.Text, "other Pods") || !strings.Contains(c.Text, "answers on http-admin") {
			t.Errorf("it says %s %q", markName(c.Mark), c.Text)
		}
	})
}

// TestASweepThatWasStoppedCountsAllPods has more Pods than were tried.
func TestASweepThatWasStoppedCountsAllPods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		snapshot := many(w, 14)
		for name := range w.proxied {
			w.proxied[name] = later(time.Second, cannotReach(refusedText))
		}
		clear(w.loopback)
		ctx, cancel := contextThatEnds(t, 1500*time.Millisecond)
		defer cancel()
		got := Sweep(ctx, w, snapshot, web, nil)
		if want := "None of the 4 Pods that were tried, of 14, answers"; !strings.HasPrefix(got.Conclusion.Text, want) {
			t.Errorf("it says %q, want %q", got.Conclusion.Text, want)
		}
		for _, pod := range got.Pods {
			if pod.Cells[0].PodPort != 8080 {
				t.Errorf("%s has no address: %+v", pod.Name, pod.Cells[0])
			}
		}
	})
}

// TestSweepOfARolloutThatNamesAnotherPort has an old Pod that lacks the named port, which kubectl would take, and a new one that has it.
func TestSweepOfARolloutThatNamesAnotherPort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		named := corev1.ServicePort{Port: 80, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromString("http")}
		declares := func(name string) func(*corev1.Pod) {
			return func(pod *corev1.Pod) {
				pod.Spec.Containers[0].Ports = []corev1.ContainerPort{{Name: name, ContainerPort: 8080}}
			}
		}
		before, after := runningPod("web-1", "10.0.0.1", declares("web")), runningPod("web-2", "10.0.0.2", declares("http"), notReady)
		before.CreationTimestamp = metav1.NewTime(time.Unix(-3600, 0))
		w.proxied["pods/web-2:8080"] = cannotReach(refusedText)
		snapshot := snapshotOf(webService(named), before, after, sliceOf("", 0, before), sliceOf("", 8080, after))
		cells := map[string]string{}
		for _, pod := range Sweep(t.Context(), w, snapshot, web, nil).Pods {
			cells[pod.Name] = markName(pod.Cells[0].Mark) + " " + pod.Cells[0].ID
		}
		if want := "map[web-1:fail PORT-02 web-2:fail PORT-08]"; fmt.Sprint(cells) != want {
			t.Errorf("got %v, want %s", cells, want)
		}
		request := web
		request.Pod = "web-1"
		got := Run(t.Context(), w, snapshot, request, nil).Conclusion
		if got.ID != "PORT-02" || !strings.Contains(got.Text, "other Pods have it") {
			t.Errorf("of the old Pod it says %s %q", got.ID, got.Text)
		}
	})
}

// No more than a few are tried at once, and a sweep that is stopped says so and calls nothing healthy.
func TestSweepIsBoundedAndCanBeStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		snapshot := many(w, 40)
		for name := range w.proxied {
			w.proxied[name] = later(time.Second, replies(200, "fine"))
		}
		ctx, cancel := contextThatEnds(t, 2500*time.Millisecond)
		defer cancel()
		most := 0
		got := Sweep(ctx, w, snapshot, web, func(result SweepResult) {
			running := 0
			for _, pod := range result.Pods {
				for _, cell := range pod.Cells {
					if cell.Running {
						running++
					}
				}
			}
			most = max(most, running)
		})
		if most != sweepWidth {
			t.Errorf("%d were tried at once, want %d", most, sweepWidth)
		}
		for _, pod := range got.Pods {
			if pod.Cells[0].PodPort != 8080 {
				t.Errorf("Pod %s does not show what is dialled: %+v", pod.Name, pod.Cells[0])
			}
		}
		if got.Done != 2*sweepWidth || got.Conclusion.Mark != check.MarkUnknown || !strings.Contains(got.Conclusion.Why, "stopped after 8 of 40") {
			t.Errorf("%d done, %+v", got.Done, *got.Conclusion)
		}
	})
}

// The cells of a step stay as they were when it was told.
func TestStepsOfASweepDoNotChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var first SweepResult
		Sweep(t.Context(), w, many(w, 2), web, func(result SweepResult) {
			if first.Pods == nil {
				first = result
			}
		})
		if first.Done != 0 || first.Pods[0].Cells[0].Mark != check.MarkNone || first.Conclusion != nil {
			t.Errorf("the first step became %+v", first)
		}
	})
}

// TestASweepWithoutTrafficNamesTheCause holds that the cause is told that the checks know, where all Pods answer and none gets traffic.
func TestASweepWithoutTrafficNamesTheCause(t *testing.T) {
	diagnosis := []check.Finding{{
		ID: "POD-06", Severity: check.Critical, Confidence: check.Proven, Step: check.StepReadiness, Title: "The readiness probe fails.",
		Fix: &check.Fix{Command: "kubectl logs web-1", Note: "the log says why"},
	}}
	for name, test := range map[string]struct {
		noTraffic bool
		id, next  string
	}{
		"no traffic": {true, "POD-06", "the log says why"},
		"traffic":    {false, "", ""},
	} {
		w := sweep{subject: subject{judged: &judged{snapshot: snapshotOf()}}}
		w.subject.facts.Diagnosis = diagnosis
		w.result.Ports = []string{"80"}
		w.result.Pods = []SweptPod{{Name: "web-1", Cells: []Cell{{Mark: check.MarkOK, NoTraffic: test.noTraffic}}}}
		if c := w.summary(false); c.ID != test.id || c.Next != test.next {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// Where the reason is one, and known, a sweep says what to do about it, and does not let Pods be compared.
func TestSweepNamesTheKnownCause(t *testing.T) {
	named := corev1.ServicePort{Port: 80, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromString("http")}
	declares := func(name string) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			pod.Spec.Containers[0].Ports = []corev1.ContainerPort{{Name: name, ContainerPort: 8080}}
		}
	}
	for _, test := range []struct {
		name       string
		port       corev1.ServicePort
		odd        string
		addition   func(*world)
		id, next   string
		command    string
		notCommand string
	}{
		{
			"its loopback alone", webService().Spec.Ports[0], "http", func(w *world) { w.proxied["pods/web-2:8080"] = cannotReach(refusedText) },
			"PORT-09", "let it listen on 0.0.0.0:8080", "", "svctui test",
		},
		{"the name of the port", named, "web", func(*world) {}, "PORT-02", "all these Pods declare 8080", "kubectl -n shop patch svc web", "svctui test"},
		{
			"nothing listens", webService().Spec.Ports[0], "http", func(w *world) {
				delete(w.loopback, "web-2:8080")
				w.proxied["pods/web-2:8080"] = cannotReach(refusedText)
			},
			"PORT-08", "compare web-2 with one that answers", "svctui test web -n shop --pod web-2", "kubectl",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			one, two := runningPod("web-1", "10.0.0.1", declares("http")), runningPod("web-2", "10.0.0.2", declares(test.odd))
			for _, pod := range []string{"web-1", "web-2"} {
				w.loopback[pod+":8080"], w.proxied["pods/"+pod+":8080"] = httpApp(200, "fine"), replies(200, "fine")
			}
			test.addition(w)
			slices := []metav1.Object{sliceOf("", 8080, one, two)}
			if test.odd != "http" {
				slices = []metav1.Object{sliceOf("", 8080, one), withoutPorts(sliceOf("none", 0, two))}
			}
			objects := append([]metav1.Object{webService(test.port), one, two}, slices...)
			c := Sweep(t.Context(), w, snapshotAt(time.Unix(0, 0).Add(time.Hour), objects...), web, nil).Conclusion
			if c.ID != test.id || !strings.HasPrefix(c.Next, test.next) || !strings.HasPrefix(c.Command, test.command) || strings.Contains(c.Command, test.notCommand) {
				t.Errorf("it says %s %q next %q %q", c.ID, c.Text, c.Next, c.Command)
			}
		})
	}
}

// What speaks gRPC is judged by the forward: the API server's proxy speaks HTTP alone.
func TestSweepOfGRPC(t *testing.T) {
	for _, test := range []struct {
		name, says string
		app        func(net.Conn)
		mark       check.Mark
	}{
		{"it serves", "gRPC health: SERVING", grpcApp(1, "0"), check.MarkOK},
		{"it speaks something else", "does not answer in it", httpApp(200, "fine"), check.MarkWarn},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.loopback["web-1:8080"] = test.app
			w.proxied["pods/web-1:8080"] = cannotReach("connection reset by peer")
			synctest.Test(t, func(t *testing.T) {
				pod := runningPod("web-1", "10.0.0.1")
				got := Sweep(t.Context(), w, snapshotOf(speaking("grpc"), pod, sliceOf("", 8080, pod)), web, nil)
				if cell := got.Pods[0].Cells[0]; cell.Mark != test.mark || !strings.Contains(cell.Text, test.says) {
					t.Errorf("%s %q", markName(cell.Mark), cell.Text)
				}
			})
		})
	}
}

// withoutPorts is a slice as the controller makes it of Pods that lack the named port.
func withoutPorts(slice *discoveryv1.EndpointSlice) *discoveryv1.EndpointSlice {
	slice.Ports = nil
	return slice
}
