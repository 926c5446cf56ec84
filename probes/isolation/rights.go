package isolation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/svctui/svctui/kube/model"
)

// Rights are the questions whose denial changes what a test in a namespace proposes, to be asked of the API server; what it denies goes into
// Request.Denied.
func Rights(namespace string) []model.AccessQuestion {
	return append(execRights(namespace), debugRight(namespace), runRight(namespace))
}

// execRights are those that a command in a container takes: over a WebSocket get, from Kubernetes 1.35 create too; over SPDY create.
func execRights(namespace string) []model.AccessQuestion {
	exec := model.AccessQuestion{Verb: "create", Resource: "pods", Subresource: "exec", Namespace: namespace}
	overWebSocket := exec
	overWebSocket.Verb = "get"
	return []model.AccessQuestion{exec, overWebSocket}
}

// debugRight is what `kubectl debug` adds a container to a Pod with.
func debugRight(namespace string) model.AccessQuestion {
	return model.AccessQuestion{Verb: "patch", Resource: "pods", Subresource: "ephemeralcontainers", Namespace: namespace}
}

// runRight is what `kubectl run` takes.
func runRight(namespace string) model.AccessQuestion {
	return model.AccessQuestion{Verb: "create", Resource: "pods", Namespace: namespace}
}

// mayNotExec says which right is known to be missing to run a command in a Pod of a namespace; empty where none is.
func (r *Request) mayNotExec(namespace string) string {
	rights := execRights(namespace)
	for _, right := range rights {
		if !slices.Contains(r.Denied, right) {
			return ""
		}
	}
	return "you may not " + rights[0].String()
}

// mayNot is mayNotExec for one right.
func (r *Request) mayNot(right model.AccessQuestion) string {
	if slices.Contains(r.Denied, right) {
		return "you may not " + right.String()
	}
	return ""
}

// forOthers puts before the note on a command line that whoever reads it may not run it; mayNot is empty where nothing is known to forbid it.
func forOthers(mayNot, note string) string {
	switch {
	case mayNot == "":
		return note
	case note == "":
		return mayNot + ", so this line is for somebody who may"
	}
	return mayNot + ", so this line is for somebody who may; " + note
}

// byHand is a debugLine with what has to be known before it is run.
func (s *subject) byHand(in model.ExecRequest, command []string) (line, note string) {
	return debugLine(s.request.KubectlArgs, in, command), forOthers(s.request.mayNot(debugRight(in.Namespace)), debugNote)
}

// fromAPod and bySockets are how the advice to run something in a Pod of the cluster reads.
const (
	fromAPod  = "from a Pod in the cluster"
	bySockets = "--sockets"
	// howFromAPod follows the first where nobody did so yet.
	howFromAPod = " (--from, or x on the screen of the test)"
)

// permitted adds to an advice what is known to be missing for it.
func (s *subject) permitted(next string) string {
	namespace := s.request.Service.Namespace
	exec, debug := s.request.mayNotExec(namespace), s.request.mayNot(debugRight(namespace))
	switch {
	case !strings.Contains(next, fromAPod) && !strings.Contains(next, bySockets):
		return next
	case exec == "" && s.request.Client == model.Key{}:
		return strings.Replace(next, fromAPod, fromAPod+howFromAPod, 1)
	case exec == "":
		return next
	case debug == "":
		return next + " (" + exec + ")"
	}
	return fmt.Sprintf("%s (needs %s, or %s for kubectl debug; you have neither in namespace %s)", next, execRights(namespace)[0].Right(), debugRight(namespace).Right(), namespace)
}
