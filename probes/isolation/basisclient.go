package isolation

import (
	"fmt"
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// clientBasis is what a conclusion about one client rests on beside the Service; the zero value rests on no client.
type clientBasis struct {
	key model.Key
	// pod is nil where the client's Pod was not read.
	pod *corev1.Pod
	// port is the number of the Service's port that the client dialled.
	port int32
	// kept are the IDs of what kept the client out by the API; they count only where keptKnown.
	kept      []string
	keptKnown bool
}

// withClient is the basis of a conclusion about the client of a subject.
func (b Basis) withClient(s *subject) Basis {
	b.client = clientBasis{key: s.request.Client, pod: s.snapshot.Pod(s.request.Client), port: s.port.Port}
	b.client.kept, b.client.keptKnown = keptBy(s.forClient)
	return b
}

// keptBy are the IDs of what keeps a client out; false where not all could be looked at.
func keptBy(reaches check.ClientReport) ([]string, bool) {
	var ids []string
	for i := range reaches.Findings {
		ids = append(ids, reaches.Findings[i].ID)
	}
	return ids, len(reaches.Unchecked) == 0
}

// outdated says what has changed of the client since; empty where nothing is known to have. It is pure.
func (c clientBasis) outdated(snapshot *model.Snapshot, service model.Key) string {
	if c.key == (model.Key{}) || !snapshot.Coverage(model.Pods, c.key.Namespace).Known() {
		return ""
	}
	pod := snapshot.Pod(c.key)
	switch {
	case pod == nil:
		return fmt.Sprintf("the client, Pod %s, is gone", c.key)
	case c.pod != nil && pod.UID != c.pod.UID:
		return fmt.Sprintf("the client, Pod %s, was replaced", c.key)
	case c.pod != nil && !reflect.DeepEqual(pod.Labels, c.pod.Labels):
		return fmt.Sprintf("the client, Pod %s, has other labels", c.key)
	case !c.keptKnown:
		return ""
	}
	kept, known := keptBy(check.Reaches(check.Input{Snapshot: snapshot, Now: snapshot.At()}, service, c.port, check.Client{Pod: c.key}))
	if known && !slices.Equal(kept, c.kept) {
		return fmt.Sprintf("policies make something else of the client, Pod %s", c.key)
	}
	return ""
}
