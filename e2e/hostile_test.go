package e2e

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/terminal"
)

// hostileText clears the screen, sets the title, writes the clipboard, leaves the alternate screen, uses 8-bit controls,
// turns the direction and hides.
const hostileText = "evil\x1b[2J\x1b]0;taken\x07\x1b]52;c;aGFja2Vk\x07\x1b[?1049l\x1b[?1003h\x1bc\u009b2J\u009d0;t\u009c\u202etxt\u2066\u200b\x7f\r\b\x00end"

// Everything in a cluster that may hold control characters holds them. None reaches the terminal, nor the text and the
// Markdown of diagnose.
func TestHostileCluster(t *testing.T) {
	c := harness.Use(t)
	namespace := startTwo(t, c)
	service, err := c.Kube.CoreV1().Services(namespace).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "hostile", Annotations: map[string]string{
			"example.com/hostile": hostileText, "cloud.google.com/neg": hostileText,
			"networking.gke.io/load-balancer-type": hostileText,
		}},
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeLoadBalancer, Selector: map[string]string{"app": "hostile"},
			Ports: []corev1.ServicePort{{Port: 80}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "hostile", Labels: map[string]string{"app": "hostile"}, Annotations: map[string]string{"a": hostileText}},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: ptr(int64(1)),
			Containers: []corev1.Container{{
				Name: "app", Image: "svctui.test/workload:1", ImagePullPolicy: corev1.PullNever,
				Args: []string{"http"}, Env: []corev1.EnvVar{{Name: "A", Value: strings.ReplaceAll(hostileText, "\x00", "")}},
				ReadinessProbe: &corev1.Probe{
					PeriodSeconds: 1,
					ProbeHandler:  corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"/workload", "check", "http://127.0.0.1:1/" + strings.ReplaceAll(hostileText, "\x00", "")}}},
				},
			}},
		},
	}
	if _, err := c.Kube.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	now := metav1.Now()
	for _, event := range []*corev1.Event{
		{ObjectMeta: metav1.ObjectMeta{Name: "hostile-1"}, Reason: "SyncLoadBalancerFailed", Message: "quota exceeded: " + hostileText},
		{ObjectMeta: metav1.ObjectMeta{Name: "hostile-2"}, Reason: "Evil" + hostileText, Message: hostileText},
	} {
		event.Namespace, event.Type, event.FirstTimestamp, event.LastTimestamp, event.Count = namespace, corev1.EventTypeWarning, now, now, 1
		event.Source.Component = "service-controller" + hostileText
		event.InvolvedObject = corev1.ObjectReference{Kind: "Service", APIVersion: "v1", Namespace: namespace, Name: "hostile", UID: service.UID}
		if _, err := c.Kube.CoreV1().Events(namespace).Create(t.Context(), event, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}

	screen := c.Terminal(t, 120, 40, "-n", namespace)
	waitForRow(screen, "hostile", `^✗`, verdictLimit)
	selectRow(t, screen, "hostile")
	for _, page := range []struct{ key, shows string }{
		{"v", "evil\ufffd[2J"}, {"y", "example.com/hostile"}, {"d", "evil"}, {"r", "# Why Services"}, {"c", "DNS name"}, {terminal.Enter, "4 ✗ Readiness"},
	} {
		screen.Send(page.key)
		shown := screen.WaitFor(page.shows, 20*time.Second)
		for range 4 { // to the end, whatever its length
			screen.Send("G")
			shown += screen.WaitQuiet(200*time.Millisecond, 10*time.Second)
			screen.Send(" ")
		}
		if page.key == terminal.Enter {
			for _, step := range []string{"1", "2", "3", "4", "5", "6", "7", terminal.Tab, terminal.Tab} {
				screen.Send(step)
				screen.WaitQuiet(200*time.Millisecond, 10*time.Second)
			}
		}
		screen.Send("q")
		screen.WaitFor("HEALTH", 10*time.Second)
	}
	leave(t, screen)
	checkControls(t, screen)

	for _, format := range []string{"text", "markdown", "yaml", "json"} {
		result := c.Svctui(t, "diagnose", "-n", namespace, "-o", format)
		controls := terminal.Controls([]byte(result.Stdout + result.Stderr))
		if controls != nil {
			t.Errorf("-o %s prints %v:\n%q", format, controls, result.Stdout)
		}
		if !strings.Contains(result.Stdout, "evil") {
			t.Errorf("-o %s says nothing of the hostile event, so nothing was tested:\n%s", format, result)
		}
	}
}
