package isolation

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// starting is how young a Pod's containers are. Its zero value is of those that are not young, or of which nothing tells.
type starting struct {
	// age is how long they run, and left for how long yet they may only be starting, both rounded to seconds.
	age, left time.Duration
}

// startingOf tells of a Pod that is not Ready whether that is because it has just started; container is the one that has the port, empty where none
// declares it.
func startingOf(snapshot *model.Snapshot, pod *corev1.Pod, container string) starting {
	since, until := check.Starting(pod, container)
	age, left := snapshot.At().Sub(since), until.Sub(snapshot.At())
	// A start that is well ahead of this clock proves only that clocks differ.
	if left <= 0 || age < -time.Minute {
		return starting{}
	}
	return starting{age: max(age, 0).Round(time.Second), left: max(left, time.Second).Round(time.Second)}
}

// freshAge is how long containers that no readiness probe watches are called new.
const freshAge = 10 * time.Second

// freshOf tells of a Pod that is Ready because nothing probes it how long it runs, where that is not for long; else nothing. of is the container
// that has the port, empty where none declares it.
func freshOf(snapshot *model.Snapshot, pod *corev1.Pod, of string) starting {
	if !model.PodReady(pod) {
		return starting{}
	}
	youngest := time.Time{}
	for container := range model.ServingContainers(&pod.Spec) {
		if container.ReadinessProbe != nil {
			return starting{}
		}
		if of != "" && container.Name != of {
			continue
		}
		if status := containerStatus(pod, container.Name); status != nil && status.State.Running != nil && status.State.Running.StartedAt.After(youngest) {
			youngest = status.State.Running.StartedAt.Time
		}
	}
	age := snapshot.At().Sub(youngest) // longer than any, where none runs
	if age < -time.Minute || age >= freshAge {
		return starting{}
	}
	return starting{age: max(age, 0).Round(time.Second), left: max(freshAge-age, time.Second).Round(time.Second)}
}

func (s starting) is() bool { return s.left > 0 }

// again says when to test again.
func (s starting) again() string {
	return fmt.Sprintf("run the test again in %s, or when the Pod is Ready", s.left)
}

// notThere are the verdicts that say of the tested Pod that it does not listen or answer, as one does that is not up yet.
var notThere = []verdict{notListening, refusedOnPodIP, mixedNotListening, mixedRefused, mixedLoopback, mixedHangs, loopback, hangs, closes}

// ofStarting says of a Pod that has just started that it has, and holds nothing against it that may only be so until it is up.
func (c Conclusion) ofStarting(v verdict, f Facts) Conclusion {
	if c.Mark != check.MarkFail && c.Mark != check.MarkWarn || !slices.Contains(notThere, v) || f.PodTerminating {
		return c
	}
	switch {
	case (v.family() == loopback || v == mixedLoopback) && f.StillRefused:
		// It is up, and listens where it does.
		return c
	case f.Starting.is():
		c.Mark, c.Confidence, c.ID, c.Command, c.Cause, c.starting = check.MarkUnknown, check.Possible, "", "", nil, true
		c.Why = joined(f.mayBeStarting(), c.Why)
		c.Next = f.Starting.again()
	case f.Fresh.is() && len(f.Sockets.Listening) == 0:
		// It is Ready, so that clients are led there: that they are refused is true, whatever comes.
		c.Why = joined(c.Why, fmt.Sprintf("It runs for no more than %s, and is Ready because nothing probes it: it may be starting.", f.Fresh.age))
		c.Next = joinedByThen(fmt.Sprintf("run the test again in %s", f.Fresh.left), c.Next)
	}
	return c
}

func (f Facts) mayBeStarting() string {
	return fmt.Sprintf("But Pod %s is not Ready, and runs for no more than %s: it may be starting.", f.Pod, f.Starting.age)
}

// joinedByThen is one step after the other.
func joinedByThen(first, then string) string {
	if then == "" {
		return first
	}
	return first + "; then " + then
}

// whileSettling is for a Service without a usable endpoint of which the checks say no more than that it has not been so for long enough, or whose
// Pod is new.
func (c Conclusion) whileSettling(f Facts) Conclusion {
	i := slices.IndexFunc(f.Diagnosis, func(finding check.Finding) bool { return finding.Settling && !inFront(&finding) })
	switch {
	case f.leading() != nil:
		return c
	case i < 0 && f.Starting.is():
		c.Mark, c.Confidence, c.ID, c.Command, c.Cause, c.starting = check.MarkUnknown, check.Possible, "", "", nil, true
		c.Why = joined(f.mayBeStarting(), c.Why)
		c.Next = f.Starting.again()
		return c
	case i < 0:
		return c
	}
	finding := &f.Diagnosis[i]
	c.Mark, c.Confidence, c.ID, c.Command, c.Cause = check.MarkUnknown, finding.Confidence, finding.ID, "", nil
	c.Why = joined(finding.Title, "It has not been so for long enough to be a fault.", c.Why)
	c.Next = fmt.Sprintf("run the test again in %s", max(finding.Again.Sub(f.At), time.Second).Round(time.Second))
	return c
}
