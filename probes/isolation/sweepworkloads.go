package isolation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	corev1 "k8s.io/api/core/v1"
)

// byWorkload says where those that do not answer are all of other workloads than those that do: the selector may match more than is meant, though
// they run the same image, as a worker beside the web server does.
func (w *sweep) byWorkload(t *tally, c Conclusion) Conclusion {
	bad, badOwners := w.workloads(func(pod *SweptPod) bool {
		return slices.ContainsFunc(t.bad, func(b SweptPod) bool { return b.Name == pod.Name })
	})
	good, goodOwners := w.workloads((*SweptPod).answers)
	if c.Mark == check.MarkUnknown || len(bad) < len(t.bad) || !oneIsControlled(badOwners, goodOwners) || !areOthers(badOwners, goodOwners) {
		return c
	}
	c.Why = joined(c.Why, fmt.Sprintf("Those that do not answer are of %s, and those that do are of %s.", few(badOwners, 3), few(goodOwners, 3)))
	if c.ID != "" && c.ID != "PORT-08" {
		return c // what they have to mend is known
	}
	c.Next = fmt.Sprintf("where the Service is not meant for %s, %s; else %s", few(badOwners, 3), narrowed(good, bad), c.Next)
	return c
}

// withErrors says of Pods that answer with an error where others do not whose they are, and how to go on. Theirs is an answer all the same.
func (w *sweep) withErrors(c Conclusion) Conclusion {
	isError := func(pod *SweptPod) bool {
		return slices.ContainsFunc(pod.Cells, func(cell Cell) bool { return cell.errorAlone })
	}
	bad, badOwners := w.workloads(isError)
	good, goodOwners := w.workloads(func(pod *SweptPod) bool { return pod.answers() && !isError(pod) })
	next := "look at the log of those that do, and compare them with the others: image, arguments, configuration"
	if len(bad) > 0 && oneIsControlled(badOwners, goodOwners) && areOthers(badOwners, goodOwners) {
		c.Why = joined(fmt.Sprintf("Those that say an error are of %s, and the others are of %s.", few(badOwners, 3), few(goodOwners, 3)), c.Why)
		next = fmt.Sprintf("where the Service is not meant for %s, %s; else %s", few(badOwners, 3), narrowed(good, bad), next)
	}
	c.Next = cmp.Or(c.Next, next)
	return c
}

// oneIsControlled tells whether there is an owner that is not a Pod itself: where there is none, each Pod is one of its own.
func oneIsControlled(bad, good []string) bool {
	return slices.ContainsFunc(slices.Concat(bad, good), func(owner string) bool { return !strings.HasPrefix(owner, barePod) })
}

// areOthers tells whether no owner of good Pods owns bad ones.
func areOthers(bad, good []string) bool {
	return len(good) > 0 && !slices.ContainsFunc(bad, func(owner string) bool { return slices.Contains(good, owner) })
}

// narrowed says how the selector is to match the good Pods alone.
func narrowed(good, bad []*corev1.Pod) string {
	if key, value, ok := check.LabelOfOnly(good, bad); ok {
		return fmt.Sprintf("add %s=%s to its selector", key, value)
	}
	return "narrow its selector"
}

// barePod begins the name of what owns a Pod that nothing controls: itself.
const barePod = "pod/"

// workloads returns the Pods of the sweep that are of a kind, as far as they are known, and what owns them.
func (w *sweep) workloads(of func(*SweptPod) bool) (pods []*corev1.Pod, owners []string) {
	for i := range w.result.Pods {
		swept := &w.result.Pods[i]
		pod := w.subject.snapshot.Pod(model.Key{Namespace: w.result.Request.Service.Namespace, Name: swept.Name})
		if pod == nil || !of(swept) {
			continue
		}
		name := barePod + pod.Name
		if owner := check.OwnerOf(w.subject.snapshot, pod); owner.Kind != "" {
			name = owner.String()
		}
		if !slices.Contains(owners, name) {
			owners = append(owners, name)
		}
		pods = append(pods, pod)
	}
	return pods, owners
}

// oddWorkload points to the selector where those that do not answer are all of other workloads than those that do, and the selector is
// known to mix applications (SEL-05): the Pods are then well, and no port of theirs is to be changed.
func (w *sweep) oddWorkload(t *tally, c Conclusion) Conclusion {
	owners := map[check.Owner]bool{}
	for _, pod := range w.result.Pods {
		if object := w.subject.snapshot.Pod(model.Key{Namespace: w.result.Request.Service.Namespace, Name: pod.Name}); object != nil && pod.answers() {
			owners[check.OwnerOf(w.subject.snapshot, object)] = true
		}
	}
	if len(owners) == 0 {
		return c
	}
	for _, pod := range t.bad {
		object := w.subject.snapshot.Pod(model.Key{Namespace: w.result.Request.Service.Namespace, Name: pod.Name})
		if object == nil || owners[check.OwnerOf(w.subject.snapshot, object)] || oddWorkload(w.subject.snapshot, object, w.subject.facts.Diagnosis) == "" {
			return c
		}
	}
	finding := w.subject.facts.found("SEL-05")
	if finding == nil || finding.Settling {
		return c
	}
	c.Why = joined(finding.Title, "The Pods that do not answer are another application's: leave their ports as they are.", c.Why)
	return c.dueTo(finding).mended(finding.Fix)
}
