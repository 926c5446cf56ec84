package isolation

import (
	"slices"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// Command is a command that the test would run in a container, for a person to agree to. It looks, and changes nothing.
type Command struct {
	model.ExecRequest
	// Purpose says in a few words what it does, as in "It …". It may be hostile.
	Purpose string
}

// Commands returns the commands that Run would run in Pods for a request that has Client or Sockets set, in order. They must be shown
// to a person; what was agreed to goes into Request.Agreed, and nothing else is run.
func Commands(snapshot *model.Snapshot, request Request) []Command {
	s := newSubject(snapshot, request)
	var commands []Command
	if dials, why := s.dials(); why == "" && request.mayNotExec(dials.exec.Namespace) == "" {
		commands = append(commands, Command{ExecRequest: dials.exec, Purpose: "tries " + dials.labels() + " from there"})
	}
	if sockets, why := s.socketsExec(); why == "" && request.mayNotExec(sockets.Namespace) == "" {
		commands = append(commands, Command{ExecRequest: sockets, Purpose: "reads which addresses and ports are listened on"})
	}
	return commands
}

// labels names the addresses.
func (d *dials) labels() string {
	labels := make([]string, len(d.targets))
	for i := range d.targets {
		labels[i] = d.targets[i].label
	}
	return few(labels, len(labels))
}

// Line writes the command as kubectl would run it, quoted for a shell.
func (c Command) Line(kubectlArgs []string) string {
	return check.Kubectl(kubectlArgs, execWords(c.ExecRequest)...)
}

func execWords(request model.ExecRequest) []string {
	words := []string{"-n", request.Namespace, "exec", request.Pod}
	if request.Container != "" {
		words = append(words, "-c", request.Container)
	}
	return append(append(words, "--"), request.Command...)
}

// debugLine is a command line that runs a command in a container that is added to a Pod. That is for a person to do: svctui creates
// nothing in a cluster.
func debugLine(kubectlArgs []string, in model.ExecRequest, command []string) string {
	words := []string{"-n", in.Namespace, "debug", "-it", in.Pod, "--image=" + debugImage}
	if in.Container != "" {
		words = append(words, "--target="+in.Container)
	}
	return check.Kubectl(kubectlArgs, append(append(words, "--"), command...)...)
}

// debugNote says what a debugLine leaves behind (ephemeral containers cannot be removed, KEP-277).
const debugNote = "the container stays in the Pod's spec until the Pod ends; its image is pulled from " + debugImage

// debugImage has curl and a shell.
const debugImage = "curlimages/curl"

// agreed returns the command that a person agreed to where it is the one that is wanted. A container that was not known then is the Pod's only
// one, or the API server refuses.
func (s *subject) agreed(wanted model.ExecRequest) (model.ExecRequest, bool) {
	i := slices.IndexFunc(s.request.Agreed, func(agreed model.ExecRequest) bool {
		return agreed.Namespace == wanted.Namespace && agreed.Pod == wanted.Pod && slices.Equal(agreed.Command, wanted.Command) &&
			(agreed.Container == wanted.Container || agreed.Container == "")
	})
	if i < 0 {
		return wanted, false
	}
	return s.request.Agreed[i], true
}

// whyNotAgreed says why a command is not run that nothing else forbids.
func (s *subject) whyNotAgreed() string {
	if len(s.request.Agreed) > 0 {
		return "another command than the one agreed to: the Pod or an address has changed"
	}
	return "nobody agreed to this command"
}
