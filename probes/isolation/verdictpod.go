package isolation

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// askedForAnother tells whether the Pod that a person asked for is known to be none of the Service's.
func askedForAnother(f Facts) bool {
	return f.AskedPod != "" && f.Pod != "" && !f.PodBehind && (f.UsableKnown || f.Fault != faultNoSelector)
}

// stoppedPodDecides tells whether that the Pod does not run says more than the rungs: nothing came out of it, and it was asked for, or nothing
// else answers either although the Service leads somewhere.
func stoppedPodDecides(s sight, f Facts) bool {
	if f.NotRunning == "" || (s.pod|s.proxyPod|s.clientPod)&reached != none {
		return false
	}
	return f.AskedPod != "" || f.UsableKnown && f.Usable > 0 && !served(s)
}

// conclusionOfAskedPod writes out the verdicts on a Pod that a person asked for, and on one of which it is not known what should listen.
func (v verdict) conclusionOfAskedPod(f Facts) Conclusion {
	switch v {
	case askedPodGone:
		return unknown(fmt.Sprintf("There is no Pod %s.", f.AskedPod), "It was replaced, or its name is another one. Nothing is said of the Service.", otherPods(f))
	case askedPodForeign:
		return unknown(fmt.Sprintf("Pod %s is not behind the Service.", f.Pod),
			"The selector does not match its labels, and no EndpointSlice of the Service names it: what it answers tells nothing of the Service.", otherPods(f))
	case podStopped:
		c := Conclusion{Mark: check.MarkWarn, Confidence: check.Proven, Next: "see its events and the log of its last run, or test without this Pod"}
		c.Text = fmt.Sprintf("Pod %s cannot be expected to answer: %s.", f.Pod, itself(f))
		switch {
		case noneUsable(f):
			c.Mark = check.MarkFail
			c.Why = "The Service has no usable endpoint."
		case f.UsableKnown && !f.PodUsable:
			c.Why = "The Service sends it no traffic; its other endpoints are another question."
		case f.UsableKnown:
			c.Why = "It is an endpoint of the Service all the same: clients that are led to it are refused."
		}
		return c
	case containerStopped:
		text := fmt.Sprintf("Port %d of Pod %s refuses, and %s.", f.PodPort, f.Pod, f.Stopped)
		why := "No container declares the port. If that one is to listen on it, this is the cause."
		next := "see why that container does not run: its events, and the log of its last run"
		if noneUsable(f) {
			return proven("", strings.Replace(text, "Port", "The Service has no usable endpoint: port", 1), why, next)
		}
		return unknown(text, why, next)
	}
	return v.conclusionByFacts(f)
}

// itself is why the Pod does not run, in a sentence of which it is the subject.
func itself(f Facts) string {
	if state, of := strings.CutPrefix(f.NotRunning, "Pod "+f.Pod+" "); of {
		return "it " + state
	}
	return f.NotRunning
}

func otherPods(f Facts) string {
	if len(f.Behind) == 0 {
		return "test without naming a Pod"
	}
	return "test without naming a Pod, or name one of the Service's: " + few(f.Behind, 3)
}

// ofNoEndpoint takes back that clients are led to the Pod, where it is known that they are not while others serve them.
func (c Conclusion) ofNoEndpoint(v verdict, f Facts) Conclusion {
	if v.family() == healthy && f.seen.otherForward == refused && f.atForwardPod&reached == none {
		c.Mark, c.Confidence, c.Next = check.MarkWarn, check.Likely, allPods
		c.Why = fmt.Sprintf("But Pod %s, which a port-forward to the Service takes, refuses.", f.ForwardPod)
	}
	if f.Pod == "" || !f.UsableKnown || f.PodUsable || f.Usable == 0 {
		return c
	}
	state := "is in none of its EndpointSlices as a usable endpoint"
	if !f.PodReady {
		state = "is not Ready"
	}
	switch {
	case c.starting:
	case v == mixedNotListening, v == mixedLoopback, v == mixedRefused, v == mixedHangs, v == mixedUnreachable, v == notListening, v == refusedOnPodIP, v == loopback:
		c.Mark = check.MarkWarn
		c.Why = fmt.Sprintf("The Pod %s, so clients of the Service are not sent to it.", state)
		if !f.PodReady && v.family() != loopback && v != mixedLoopback {
			c.Why += " An application that is still starting looks the same."
			c.Next = "see its readiness and its log"
		}
	case v.family() == healthy && f.AskedPod != "":
		c.Why = joined(fmt.Sprintf("But Pod %s %s: clients are led to others.", f.Pod, state), c.Why)
	}
	return c
}

// ofTerminating says of a Pod that is being deleted that it is, and holds nothing against it: it closes its ports, and another takes its place.
func (c Conclusion) ofTerminating(v verdict, f Facts) Conclusion {
	if !f.PodTerminating {
		return c
	}
	switch {
	case v.family() == healthy:
		c.Why = joined(fmt.Sprintf("But Pod %s is being deleted.", f.Pod), c.Why)
	case c.Mark == check.MarkFail && slices.Contains([]verdict{notListening, mixedNotListening, mixedLoopback, mixedRefused, mixedHangs, mixedUnreachable, refusedOnPodIP, podIPUnreachable, hangs, closes, loopback}, v):
		c.Mark, c.Confidence, c.ID, c.Command = check.MarkWarn, check.Likely, "", ""
		c.Why = joined("That Pod is being deleted: an application closes its ports when it ends.", c.Why)
		c.Next = "run the test again once the Pod that takes its place is there"
	case v == refusedBetween, v == refusedByPolicy:
		c.ID, c.Why = "", joined("That Pod is being deleted: an application closes its ports when it ends.", c.Why)
		c.Next = "run the test again once the Pod that takes its place is there"
	}
	return c
}

// besideEnding says that a try at any one of the endpoints may have had one that is being deleted, as in a rollout.
func (c Conclusion) besideEnding(v verdict, f Facts) Conclusion {
	if f.OtherEnding == "" || c.Mark != check.MarkFail || !slices.Contains([]verdict{mixedOther, nodeRefuses, addressDropped, nameElsewhere, nameSilent}, v) {
		return c
	}
	c.Mark, c.Confidence, c.ID, c.Command = check.MarkWarn, check.Likely, "", ""
	c.Why = joined(fmt.Sprintf("Pod %s, an endpoint as well, is being deleted: it was probably that one.", f.OtherEnding), c.Why)
	c.Next = "run the test again once the rollout is over"
	return c
}

// CheckPod returns an error that names what may have been meant for a Pod that is asked for and is not there; nil where it is, where that is
// not known, and where the Service itself is not there.
func CheckPod(snapshot *model.Snapshot, service model.Key, pod string) error {
	if pod == "" || snapshot.Service(service) == nil || !snapshot.Coverage(model.Pods, service.Namespace).Known() ||
		snapshot.Pod(model.Key{Namespace: service.Namespace, Name: pod}) != nil {
		return nil
	}
	missing := fmt.Sprintf("there is no Pod %s in namespace %s", pod, service.Namespace)
	behind := podsThatRun(snapshot, service)
	if near := check.Near(pod, behind); len(near) > 0 {
		return fmt.Errorf("%s; did you mean %s?", missing, cmp.Or(oneOf(near), near[0]))
	}
	if len(behind) > 0 {
		return fmt.Errorf("%s; those of Service %s are %s", missing, service.Name, few(behind, 4))
	}
	return errors.New(missing)
}

// oneOf names up to three, as a choice.
func oneOf(names []string) string { return strings.Join(names[:min(len(names), 3)], " or ") }

// podsThatRun are the names of the Pods behind a Service, those first that a port-forward would take first.
func podsThatRun(snapshot *model.Snapshot, service model.Key) []string {
	object := snapshot.Service(service)
	if object == nil {
		return nil
	}
	var names []string
	for _, pod := range model.ForwardOrder(snapshot.Selected(service.Namespace, object.Spec.Selector)) {
		if !check.PodEnded(pod) && pod.DeletionTimestamp == nil {
			names = append(names, pod.Name)
		}
	}
	if len(object.Spec.Selector) > 0 {
		return names
	}
	for _, backend := range check.EffectiveEndpoints(snapshot, object).Backends {
		if backend.PodName != "" {
			names = append(names, backend.PodName)
		}
	}
	return names
}
