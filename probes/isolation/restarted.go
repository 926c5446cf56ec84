package isolation

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// restart is a container of the tested Pod that ended while it was tested, or shortly before. Its zero value is none.
type restart struct {
	container string
	// how is the reason and the exit code, ago how long ago it ended.
	how string
	ago time.Duration
}

// lately is how long ago a container may have ended to be told of beside a test that tells nothing clear.
const lately = 5 * time.Minute

// restartOf returns the container of a Pod that ended last, where that was lately. What is meant to run once does not count.
func restartOf(pod *corev1.Pod, at time.Time) restart {
	newest := restart{}
	if pod == nil {
		return newest
	}
	for container := range model.ServingContainers(&pod.Spec) {
		status := containerStatus(pod, container.Name)
		if status == nil {
			continue
		}
		for _, end := range []*corev1.ContainerStateTerminated{status.State.Terminated, status.LastTerminationState.Terminated} {
			if end == nil || end.FinishedAt.IsZero() {
				continue
			}
			ago := at.Sub(end.FinishedAt.Time)
			if ago < -time.Minute {
				continue // by a clock that is far off
			}
			if ago = max(ago, 0).Round(time.Second); ago < lately && (newest.container == "" || ago < newest.ago) {
				newest = restart{container: container.Name, how: fmt.Sprintf("%s, exit code %d", end.Reason, end.ExitCode), ago: ago}
			}
		}
	}
	return newest
}

// of says it of a Pod.
func (r restart) of(pod string) string {
	return fmt.Sprintf("Container %s of Pod %s ended %s ago (%s).", r.container, pod, r.ago, r.how)
}

// ofRestart says beside a Pod that does not listen or answer that a container of it ended lately: it may be on its way up again.
func (c Conclusion) ofRestart(v verdict, f Facts) Conclusion {
	if f.Restart.container == "" || !slices.Contains(notThere, v) || c.Mark == check.MarkOK {
		return c
	}
	c.Why = joined(f.Restart.of(f.Pod), c.Why)
	if v == notListening && !f.Sockets.Known {
		// No other port is to be looked for before it is known why the application ends.
		c.Next, c.Command = f.Restart.look(f)
	}
	return c
}

// look shows the log of the run that ended.
func (r restart) look(f Facts) (next, command string) {
	return "see in the log of its last run why it ends", check.Kubectl(f.KubectlArgs, "-n", f.Namespace, "logs", f.Pod, "-c", r.container, "--previous")
}
