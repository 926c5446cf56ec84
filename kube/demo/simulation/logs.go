package simulation

import (
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/demo/apiserver"
	"github.com/svctui/svctui/kube/demo/apps"
)

// logRetention is how far back a log reaches: older lines have been rotated away.
const logRetention = time.Hour

// LogLines returns what a container wrote after one time and up to another. It is worked out anew each time, and always
// the same: nothing is kept for containers that nobody reads.
func (n *Network) LogLines(instance apiserver.ContainerInstance, after, upTo time.Time) []apiserver.LogLine {
	var image string
	for _, containers := range [][]corev1.Container{instance.Pod.Spec.Containers, instance.Pod.Spec.InitContainers} {
		for _, c := range containers {
			if c.Name == instance.Container {
				image = c.Image
			}
		}
	}
	app := n.apps.Find(image)
	if !instance.Ended.IsZero() && instance.Ended.Before(upTo) {
		upTo = instance.Ended
	}
	if oldest := upTo.Add(-logRetention); after.Before(oldest) {
		after = oldest
	}
	var lines []apiserver.LogLine
	add := func(at time.Time, text string) {
		if at.After(after) && !at.After(upTo) {
			lines = append(lines, apiserver.LogLine{Time: at, Text: text})
		}
	}
	const startupPace = 100 * time.Millisecond
	at := instance.Started
	for _, text := range app.Log.Startup {
		at = at.Add(startupPace)
		add(at, text)
	}
	n.steadyLines(instance, app.Log, at, after, upTo, add)
	if !instance.Ended.IsZero() && instance.ExitCode != 0 {
		for i, text := range app.Log.Last {
			// The last words come in the last instant, one after the other.
			add(instance.Ended.Add(-time.Duration(len(app.Log.Last)-1-i)*time.Millisecond), text)
		}
	}
	return lines
}

func (n *Network) steadyLines(instance apiserver.ContainerInstance, log apps.Log, begin, after, upTo time.Time, add func(time.Time, string)) {
	if log.Every <= 0 || log.Line == nil {
		return
	}
	seed := uint64(hashOf(instance.ID))
	first := max(begin.UnixNano(), after.UnixNano()) / int64(log.Every)
	for span := first; span*int64(log.Every) <= upTo.UnixNano(); span++ {
		at := time.Unix(0, span*int64(log.Every))
		if at.Before(begin) {
			continue
		}
		random := rand.New(rand.NewPCG(seed, uint64(span)))
		moment := apps.LogMoment{
			Time: at, Namespace: instance.Pod.Namespace, Pod: instance.Pod.Name,
			Failing: n.incidents.striking(instance.Pod, at) != nil,
		}
		texts := log.Line(moment, random)
		for i, text := range texts {
			// Lines of one span are spread over it, so that followed logs do not come in bursts.
			add(at.Add(log.Every*time.Duration(i)/time.Duration(len(texts)+1)), text)
		}
	}
}
