package isolation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// restart is a container of the tested Pod that ended while it was tested, or shortly before. Its zero value is none.
type restart struct {
	container string
	// how is the reason and the exit code, ago how long ago it ended, times how often it was started again.
	how   string
	ago   time.Duration
	times int32
	// killer is the probe for which the kubelet ended it, empty where it ended by itself.
	killer string
	// again means that the container ends again and again.
	again bool
	// status is the container's, and end how the run ended.
	status *corev1.ContainerStatus
	end    *corev1.ContainerStateTerminated
}

// lately is how long ago a container may have ended to be told of beside a test that tells nothing clear.
const lately = 5 * time.Minute

// restartOf returns the container of a Pod that has the port, where it ended lately. Where none is known to have it (an empty name), it is the one
// that ended last; what is meant to run once does not count.
func restartOf(pod *corev1.Pod, of string, at time.Time) restart {
	newest := restart{}
	if pod == nil {
		return newest
	}
	for container := range model.ServingContainers(&pod.Spec) {
		status := containerStatus(pod, container.Name)
		if status == nil || of != "" && container.Name != of {
			continue
		}
		for _, end := range []*corev1.ContainerStateTerminated{status.State.Terminated, status.LastTerminationState.Terminated} {
			if end == nil {
				continue
			}
			ago := at.Sub(end.FinishedAt.Time) // longer than any, where nobody knows when
			if ago < -time.Minute {
				continue // by a clock that is far off
			}
			if ago = max(ago, 0).Round(time.Second); ago < lately && (newest.container == "" || ago < newest.ago) {
				newest = restart{container: container.Name, how: fmt.Sprintf("%s, exit code %d", end.Reason, end.ExitCode), ago: ago, times: status.RestartCount, status: status, end: end}
			}
		}
	}
	return newest
}

// of says it of a Pod.
func (r restart) of(pod string) string {
	often := ""
	if r.times > 1 {
		often = fmt.Sprintf(", and was started again %d times so far", r.times)
	}
	why := ""
	if r.killer != "" {
		why = fmt.Sprintf(": it fails its %s probe, and the kubelet kills it", r.killer)
	}
	return fmt.Sprintf("Container %s of Pod %s ended %s ago (%s)%s%s.", r.container, pod, r.ago, r.how, often, why)
}

// ofRestart says beside a Pod that does not listen or answer that its container ended lately: it may be on its way up again. Beside one that answers
// it says so too: clients that come while it is down are refused.
func (c Conclusion) ofRestart(v verdict, f Facts) Conclusion {
	switch {
	case f.Restart.container == "":
		return c
	case v.family() == healthy && c.Mark == check.MarkOK && f.Restart.again && f.found("POD-03") != nil:
		c.ID, c.Mark, c.Text = "POD-03", check.MarkWarn, fmt.Sprintf("The application answers now, and container %s of its Pod ends again and again.", f.Restart.container)
		c.Why = joined(f.Restart.of(f.Pod)+" While it is down, it serves nobody.", c.Why)
		c.Next, c.Command = f.Restart.look(f)
		return c
	case v.family() == healthy:
		c.Why = joined(c.Why, f.Restart.of(f.Pod)+" While it is down, it serves nobody.")
		if c.Mark == check.MarkOK && c.Next == "" {
			c.Next, c.Command = f.Restart.look(f)
		}
		return c
	case !slices.Contains(notThere, v) || c.Mark == check.MarkOK:
		return c
	}
	c.Why = joined(f.Restart.of(f.Pod), c.Why)
	if c.ID == "PORT-08" && !f.Sockets.Known {
		if f.Restart.again && f.found("POD-03") != nil {
			c.ID, c.Text = "POD-03", fmt.Sprintf("%s: its container %s ends again and again.", strings.TrimSuffix(c.Text, "."), f.Restart.container)
		}
		// No other port is to be looked for before it is known why the application ends.
		c.Next, c.Command = f.Restart.look(f)
	}
	return c
}

// inSnapshot tells whether the container ends again and again, and names the probe for which the kubelet ended it, as far as the
// snapshot tells.
func (r restart) inSnapshot(snapshot *model.Snapshot, pod *corev1.Pod) restart {
	if r.container != "" {
		r.again = check.EndsAgain(pod, r.status, snapshot.At())
		r.killer = check.KilledByProbe(snapshot, pod, r.status, r.end, snapshot.At())
	}
	return r
}

// look shows the log of the run that ended.
func (r restart) look(f Facts) (next, command string) {
	next = "see in the log of its last run why it ends"
	if r.killer != "" {
		next = fmt.Sprintf("correct %sProbe of container %s, or what makes it fail; the log of its last run may say more", r.killer, r.container)
	}
	words := []string{"-n", f.Namespace, "logs", f.Pod, "-c", r.container}
	if r.status == nil || r.status.State.Terminated == nil || r.status.State.Terminated != r.end {
		words = append(words, "--previous") // else it has not been started since
	}
	return next, check.Kubectl(f.KubectlArgs, words...)
}
