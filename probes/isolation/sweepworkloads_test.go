package isolation

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/svctui/svctui/probes/check"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// TestSweepOfTwoApplications has a selector that matches a database's Pod as well: what it lacks is not its port.
func TestSweepOfTwoApplications(t *testing.T) {
	owned := func(name, image string, port int32) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			pod.Labels["part"] = name
			pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: name, UID: types.UID(name), Controller: new(true)}}
			pod.Spec.Containers[0].Image, pod.Spec.Containers[0].Ports[0].ContainerPort = image, port
		}
	}
	w := newWorld(t)
	one, two := runningPod("web-1", "10.0.0.1", owned("web", "shop/web", 8080)), runningPod("web-2", "10.0.0.2", owned("web", "shop/web", 8080))
	db := runningPod("db-1", "10.0.0.3", owned("db", "postgres", 5432))
	for _, pod := range []string{"web-1", "web-2"} {
		w.loopback[pod+":8080"], w.proxied["pods/"+pod+":8080"] = httpApp(200, "fine"), replies(200, "fine")
	}
	w.proxied["pods/db-1:8080"] = cannotReach(refusedText)
	snapshot := snapshotOf(webService(), one, two, db, sliceOf("", 8080, one, two, db))
	c := Sweep(t.Context(), w, snapshot, web, nil).Conclusion
	if c.ID != "SEL-05" || c.Mark != check.MarkFail || !strings.Contains(c.Why, "StatefulSet") && !strings.Contains(c.Why, "sts/db") || !strings.Contains(c.Next+c.Command, "part") {
		t.Errorf("it says %s %s %q\n%s\n%s", markName(c.Mark), c.ID, c.Text, c.Why, c.Next)
	}
	if strings.Contains(c.Why, "Those that do not answer are of") {
		t.Errorf("it says twice whose the bad Pods are: %s", c.Why)
	}
	// A bad Pod of the application itself is no matter of the selector.
	delete(w.loopback, "web-2:8080")
	w.proxied["pods/web-2:8080"] = cannotReach(refusedText)
	if c := Sweep(t.Context(), w, snapshot, web, nil).Conclusion; c.ID != "PORT-08" || c.Command != "svctui test web -n shop --pod web-2" && c.Command != "svctui test web -n shop --pod db-1" {
		t.Errorf("with a bad Pod of its own it says %s %q next %q", c.ID, c.Text, c.Command)
	}
}

// A web server and its worker are often of one image, so that the checks do not tell them apart. That all of the one answer, and none of the other
// does, tells.
func TestSweepOfTwoWorkloadsOfOneImage(t *testing.T) {
	owned := func(kind, name string) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			if pod.Labels["part"] = name; kind != "" {
				pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: kind, Name: name, UID: types.UID(name), Controller: new(true)}}
			}
		}
	}
	const set = "StatefulSet"
	for _, test := range []struct {
		name string
		// kinds and owners are of four Pods, of which bad do not answer.
		kinds, owners [4]string
		bad           []string
		app           func(net.Conn)
		// idle is a Pod that does not run yet.
		idle       string
		says, next string
	}{
		{"the worker", [4]string{set, set, set, set}, [4]string{"web", "web", "worker", "worker"}, []string{"web-3", "web-4"}, nil, "", "are of sts/worker, and those that do are of sts/web.", "where the Service is not meant for sts/worker, add part=web to its selector; else compare"},
		{"one of the workers", [4]string{set, set, set, set}, [4]string{"web", "web", "worker", "worker"}, []string{"web-4"}, nil, "", "", "compare web-4"},
		{"a Pod by hand", [4]string{set, set, set, ""}, [4]string{"web", "web", "web", "debug"}, []string{"web-4"}, nil, "", "are of pod/web-4, and those that do are of sts/web.", "where the Service is not meant for pod/web-4"},
		{"Pods by hand alone", [4]string{}, [4]string{"web", "web", "web", "debug"}, []string{"web-4"}, nil, "", "", "compare web-4"},
		{"all of one", [4]string{set, set, set, set}, [4]string{"web", "web", "web", "web"}, []string{"web-3", "web-4"}, nil, "", "", "compare web-3"},
		{"the rest does not run yet", [4]string{set, set, set, set}, [4]string{"web", "web", "web", "worker"}, []string{"web-1", "web-2", "web-3"}, nil, "web-4", "", "test one of them alone"},
		{"one of the workers does not run yet", [4]string{set, set, set, set}, [4]string{"web", "web", "worker", "worker"}, []string{"web-3"}, nil, "web-4", "are of sts/worker, and those that do are of sts/web.", "where the Service"},
		{"none answers", [4]string{set, set, set, set}, [4]string{"web", "web", "worker", "worker"}, []string{"web-1", "web-2", "web-3", "web-4"}, nil, "", "", "test one of them alone"},
		{"the worker, on its loopback", [4]string{set, set, set, set}, [4]string{"web", "web", "worker", "worker"}, []string{"web-3", "web-4"}, httpApp(200, "fine"), "", "are of sts/worker, and those that do are of sts/web.", "let it listen on 0.0.0.0:8080"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			var pods []*corev1.Pod
			objects := []metav1.Object{webService()}
			for i := range 4 {
				name := fmt.Sprintf("web-%d", i+1)
				pod := runningPod(name, fmt.Sprintf("10.0.0.%d", i+1), owned(test.kinds[i], test.owners[i]))
				if name == test.idle {
					pod.Status.Phase, pod.Status.ContainerStatuses[0].State = corev1.PodPending, corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}
				}
				pods, objects = append(pods, pod), append(objects, pod)
				w.loopback[name+":8080"], w.proxied["pods/"+name+":8080"] = httpApp(200, "fine"), replies(200, "fine")
				if slices.Contains(test.bad, name) {
					delete(w.loopback, name+":8080")
					if test.app != nil {
						w.loopback[name+":8080"] = test.app
					}
					w.proxied["pods/"+name+":8080"] = cannotReach(refusedText)
				}
			}
			c := Sweep(t.Context(), w, snapshotOf(append(objects, sliceOf("", 8080, pods...))...), web, nil).Conclusion
			told := strings.Contains(c.Why, "Those that do not answer are of")
			if told != (test.says != "") || !strings.Contains(c.Why, test.says) || !strings.HasPrefix(c.Next, test.next) {
				t.Errorf("%s %q, why %s, next %s", c.ID, c.Text, c.Why, c.Next)
			}
		})
	}
}

// A port that no Pod listens on, and the one that they declare instead.
func TestSweepNamesThePortThatIsMeant(t *testing.T) {
	w := newWorld(t)
	port := webService().Spec.Ports[0]
	port.TargetPort = intstr.FromInt32(9090)
	one, two := runningPod("web-1", "10.0.0.1"), runningPod("web-2", "10.0.0.2")
	for _, pod := range []string{"web-1", "web-2"} {
		w.proxied["pods/"+pod+":9090"] = cannotReach(refusedText)
	}
	snapshot := snapshotOf(webService(port), one, two, sliceOf("", 9090, one, two))
	if c := Sweep(t.Context(), w, snapshot, web, nil).Conclusion; c.ID != "PORT-08" || !strings.HasPrefix(c.Next, "set targetPort to 8080") {
		t.Errorf("%s %q next %q", c.ID, c.Text, c.Next)
	}
	w.loopback["web-1:9090"], w.proxied["pods/web-1:9090"] = httpApp(200, "fine"), replies(200, "fine")
	if c := Sweep(t.Context(), w, snapshot, web, nil).Conclusion; !strings.HasPrefix(c.Next, "compare web-2") {
		t.Errorf("where one answers: %s %q next %q", c.ID, c.Text, c.Next)
	}
}

// Pods that answer with an error pass, and are told where others do not: also whose they are, where nobody's Pods do both.
func TestSweepOfPodsThatAnswerWithErrors(t *testing.T) {
	owned := func(name string) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			pod.Labels["part"] = name
			pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: name, UID: types.UID(name), Controller: new(true)}}
		}
	}
	for _, test := range []struct {
		name        string
		owners      [3]string
		status      [3]int
		first, text string
		why, next   string
	}{
		{"nobody", [3]string{"web", "web", "web"}, [3]int{200, 200, 200}, "web-1", "All 3 Pods answer.", "", ""},
		{"all", [3]string{"web", "web", "web"}, [3]int{500, 500, 500}, "web-1", "All 3 Pods answer.", "", ""},
		{"one of three alike", [3]string{"web", "web", "web"}, [3]int{200, 200, 500}, "web-3", "All 3 Pods answer; web-3 says 500 Internal Server Error where others do not.", "", "look at the log of those that do"},
		{"another application", [3]string{"web", "web", "front"}, [3]int{200, 200, 404}, "web-3", "web-3 says 404 Not Found where others do not.", "Those that say an error are of sts/front, and the others are of sts/web.", "where the Service is not meant for sts/front, add part=web to its selector; else look at the log"},
		{"one of another application's", [3]string{"web", "front", "front"}, [3]int{200, 200, 404}, "web-3", "web-3 says 404 Not Found where others do not.", "", "look at the log of those that do"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			var pods []*corev1.Pod
			objects := []metav1.Object{webService()}
			for i, owner := range test.owners {
				pod := runningPod(fmt.Sprintf("web-%d", i+1), fmt.Sprintf("10.0.0.%d", i+1), owned(owner))
				pods, objects = append(pods, pod), append(objects, pod)
				w.loopback[pod.Name+":8080"], w.proxied["pods/"+pod.Name+":8080"] = httpApp(test.status[i], "said"), replies(test.status[i], "said")
			}
			result := Sweep(t.Context(), w, snapshotOf(append(objects, sliceOf("", 8080, pods...))...), web, nil)
			c := result.Conclusion
			if c.Mark != check.MarkOK || !strings.HasSuffix(c.Text, test.text) || c.Why != test.why || !strings.HasPrefix(c.Next, test.next) || test.next == "" && c.Next != "" || result.Pods[0].Name != test.first {
				t.Errorf("%s first: %s %q\n%q\nnext %q", result.Pods[0].Name, markName(c.Mark), c.Text, c.Why, c.Next)
			}
		})
	}
}
