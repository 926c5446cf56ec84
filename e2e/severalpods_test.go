package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/objects"
)

// severalManifest are Services before two Pods each, the second of which is the bad one, and one whose application ends every few seconds.
const severalManifest = `
apiVersion: v1
kind: Pod
metadata: {name: PAIR-good, labels: {part: PAIR}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: app, image: "svctui.test/workload:1", imagePullPolicy: Never, args: [http]}]
---
apiVersion: v1
kind: Pod
metadata: {name: PAIR-bad, labels: {part: PAIR}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: app, image: "svctui.test/workload:1", imagePullPolicy: Never, args: [BAD]}]
---
apiVersion: v1
kind: Service
metadata: {name: PAIR}
spec:
  selector: {part: PAIR}
  ports: [{name: http, port: 80, targetPort: 8080}]
`

const endingManifest = `
apiVersion: v1
kind: Pod
metadata: {name: ending, labels: {part: ending}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: app
      image: svctui.test/busybox:1
      imagePullPolicy: Never
      command: [sh, -c, "test -e /state/ended || { touch /state/ended; exit 3; }; exec httpd -f -p 8080"]
      volumeMounts: [{name: state, mountPath: /state}]
  volumes: [{name: state, emptyDir: {}}]
---
apiVersion: v1
kind: Service
metadata: {name: ending}
spec:
  selector: {part: ending}
  ports: [{name: http, port: 80, targetPort: 8080}]
`

// Of two endpoints one is bad: which one, and how, is told of whichever was asked for. What was drawn at the Service's address is chance, so that some
// have to be asked more than once.
func TestOneOfSeveral(t *testing.T) {
	c := harness.Use(t)
	namespace := c.Namespace(t)
	c.Apply(t, namespace, replaced(severalManifest, "PAIR", "hung", "BAD", `silent, -listen, "0.0.0.0:8080"`))
	c.Apply(t, namespace, replaced(severalManifest, "PAIR", "late", "BAD", "http, -answer-delay, 8s"))
	c.Apply(t, namespace, endingManifest)
	for service, ready := range map[string]int{"hung": 2, "late": 2, "ending": 1} {
		c.Wait(t, namespace, 3*time.Minute, objects.Condition{Endpoints: &service, Ready: &ready, Total: &ready})
	}
	for _, test := range []struct {
		arguments string
		code      int
		says      string
	}{
		{"hung --pod hung-bad", 1, "Pod hung-bad accepts connections and does not answer, while another endpoint answers."},
		{"hung --pod hung-bad --scheme tcp", 0, "The application accepts connections on its Pod's IP"},
		{"hung --pod hung-good", 1, "Pod hung-good answers, and another endpoint of the Service does not."},
		{"hung --all-pods", 1, "1 of 2 Pods answer; hung-bad does not"},
		{"late --pod late-bad", 2, "it takes 8s to answer"},
		{"late --pod late-good", 2, "Pod late-good answers in time, and another endpoint takes 8s"},
		{"late --all-pods", 2, "late-bad answers, and late"},
		{"ending", 0, "Container app of Pod ending ended "},
	} {
		harness.Eventually(t, time.Minute, "test "+test.arguments+" says: "+test.says, func(context.Context) error {
			result := c.Svctui(t, append([]string{"test", "-n", namespace}, strings.Fields(test.arguments)...)...)
			if result.Code != test.code || !strings.Contains(result.Stdout, test.says) {
				return errors.New(result.String())
			}
			return nil
		})
	}
}
