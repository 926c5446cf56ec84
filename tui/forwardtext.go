package tui

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/svctui/svctui/kube/model"
)

// forwardTarget writes what a forward leads to as kubectl would: svc/checkout:80, pod/checkout-x2lqp:8080.
func forwardTarget(target model.ForwardTarget) string {
	kind, name := "svc", target.Service
	if target.Pod != "" {
		kind, name = "pod", target.Pod
	}
	return kind + "/" + clean(name) + ":" + clean(target.Port)
}

// forwardTargets writes several ports of one thing: pod/web-1:8080,9090.
func forwardTargets(targets []model.ForwardTarget) string {
	text := forwardTarget(targets[0])
	for _, target := range targets[1:] {
		text += "," + clean(target.Port)
	}
	return text
}

// onLoopback tells whether a local address is for this machine alone. An empty one is.
func onLoopback(host string) bool {
	if host == "" || host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// openToOthers warns of a local address that others can reach.
func openToOthers(host string) string {
	return "Whoever reaches this machine at " + clean(host) + " can use the forward, with your rights in the cluster."
}

// forwardNow writes where a forward's connections go at present.
func forwardNow(forward model.Forward) string {
	if forward.Pod == "" {
		return "–"
	}
	return fmt.Sprintf("%s:%d", clean(forward.Pod), forward.PodPort)
}

// refusals says of a forward whose connections are refused what that means.
func refusals(forward *model.Forward) string {
	last := "The last connection was"
	if forward.Refusals > 1 {
		last = fmt.Sprintf("The last %d connections were", forward.Refusals)
	}
	return fmt.Sprintf("%s refused: nothing listens on localhost:%d in Pod %s. The application listens elsewhere, does not serve yet, or is not "+
		"the one that is meant; t on the Service tests it.", last, forward.PodPort, clean(forward.Pod))
}

// waiting says of a forward that leads nowhere now why, and what ends that.
func waiting(forward *model.Forward) string {
	why := clean(cmp.Or(forward.WaitsFor, "there is no Pod to lead to"))
	next := "It goes on by itself as soon as that changes."
	if forward.Target.Pod != "" {
		next = "One of the same name is taken as soon as it runs, as a StatefulSet makes it; other Pods get new names: F on the Service follows those."
	}
	return strings.ToUpper(why[:1]) + why[1:] + ". What connects is reset at once. " + next
}

// noCommand says why no kubectl line does the same as a forward; empty where one does.
func noCommand(forward model.Forward) string {
	if forward.KubectlDiffers && forward.Pod == "" {
		return "there is no Pod now, and through the Service kubectl does not get there"
	}
	return ""
}

// forwardCommand is the kubectl line that does the same for as long as one Pod lives.
func forwardCommand(forward model.Forward) string {
	if forward.KubectlDiffers {
		// Through the Service kubectl would not get there.
		forward.Target.Service, forward.Target.Pod, forward.Target.Port = "", forward.Pod, strconv.Itoa(int(forward.PodPort))
	}
	local, remote := "", forward.Target.Port
	host, port, err := net.SplitHostPort(forward.Local)
	if err == nil {
		local = port
	}
	words := append([]string{"kubectl"}, quoteAll(forward.KubectlArgs)...)
	words = append(words, "-n", shellQuote(forward.Target.Namespace), "port-forward")
	if address, err := netip.ParseAddr(host); err == nil && !address.IsLoopback() {
		words = append(words, "--address", host)
	}
	target := strings.TrimSuffix(forwardTarget(forward.Target), ":"+clean(remote))
	return strings.Join(append(words, shellQuote(target), shellQuote(local+":"+clean(remote))), " ")
}

// humanBytes writes an amount of bytes in four digits at most.
func humanBytes(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	amount := float64(n)
	for _, unit := range []string{"kB", "MB", "GB", "TB"} {
		amount /= 1000
		if amount < 10 {
			return fmt.Sprintf("%.1f %s", amount, unit)
		}
		if amount < 1000 {
			return fmt.Sprintf("%.0f %s", amount, unit)
		}
	}
	return fmt.Sprintf("%.0f PB", amount/1000)
}

// sshSide is what is known of the SSH connection that svctui runs over; the zero value means none.
type sshSide struct {
	// Connection is the variable SSH_CONNECTION: the client's address and port, then the server's.
	Connection string
	User       string
}

// sshSideOf reads the environment as sshd sets it.
func sshSideOf(environ []string) sshSide {
	var side sshSide
	for _, pair := range environ {
		switch name, value, _ := strings.Cut(pair, "="); name {
		case "SSH_CONNECTION":
			side.Connection = value
		case "USER":
			side.User = value
		}
	}
	return side
}

// sshLine returns the line to type on the machine at the other end of the SSH connection, so that local ports
// here can be reached there; empty without an SSH connection. The address is the one that this connection came
// in on, which is not what was typed where a jump host or a name translation lies between.
func sshLine(side sshSide, locals ...string) string {
	if side.Connection == "" {
		return ""
	}
	words := []string{"ssh", "-N"}
	host := "THIS-HOST"
	if fields := strings.Fields(side.Connection); len(fields) == 4 {
		host = fields[2]
		if fields[3] != "22" {
			words = append(words, "-p", fields[3])
		}
	}
	some := false
	for _, local := range locals {
		address, port, err := net.SplitHostPort(local)
		if err != nil {
			continue
		}
		if parsed, err := netip.ParseAddr(address); err == nil && parsed.IsUnspecified() {
			local = net.JoinHostPort("localhost", port)
		}
		words, some = append(words, "-L", port+":"+local), true
	}
	if !some {
		return ""
	}
	return strings.Join(append(words, cmp.Or(side.User, "YOU")+"@"+host), " ")
}

// shellQuote writes a word so that a POSIX shell takes it as it stands.
func shellQuote(word string) string {
	if word == "" {
		return "''"
	}
	if strings.IndexFunc(word, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_./:@%+=,", r))
	}) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
