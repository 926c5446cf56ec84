package model

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
)

// Written is one address, or one of the variables that Kubernetes sets for Services, that somebody wrote into a container.
type Written struct {
	// Container is its name; Field the path within it, e.g. env[DB_HOST].value or args[2].
	Container, Field string
	// Address is not valid where Variable is set, e.g. WEB_SERVICE_HOST. Its port is zero where none is written.
	Address  netip.AddrPort
	Variable string
}

// Value is the address without its port, or the variable: what PodsWriting finds Pods by.
func (w *Written) Value() string {
	if w.Variable != "" {
		return w.Variable
	}
	return w.Address.Addr().String()
}

// WrittenInto returns the addresses in the environment, command and arguments of a Pod's containers, as far as a snapshot keeps them,
// and the variables of Services that its command and arguments refer to. An environment variable for NO_PROXY is a list of whom
// to leave alone, and KUBERNETES_SERVICE_HOST is the API server's address: neither counts.
func WrittenInto(pod *corev1.PodSpec) []Written {
	var all []Written
	for _, containers := range [][]corev1.Container{pod.InitContainers, pod.Containers} {
		for i := range containers {
			container := &containers[i]
			for j := range container.Env {
				if name := container.Env[j].Name; !strings.EqualFold(name, "NO_PROXY") && name != "KUBERNETES_SERVICE_HOST" {
					all = appendWritten(all, container.Name, "env["+name+"].value", container.Env[j].Value)
				}
			}
			for j, word := range container.Command {
				all = appendWritten(all, container.Name, "command["+strconv.Itoa(j)+"]", word)
			}
			for j, word := range container.Args {
				all = appendWritten(all, container.Name, "args["+strconv.Itoa(j)+"]", word)
			}
		}
	}
	return all
}

func appendWritten(all []Written, container, field, text string) []Written {
	if strings.Contains(text, serviceHost) || strings.Contains(text, servicePort) {
		for _, word := range strings.FieldsFunc(text, besideVariable) {
			if name, _, found := strings.Cut(word, "_SERVICE_"); found && name != "" && name != "KUBERNETES" {
				all = append(all, Written{Container: container, Field: field, Variable: name + serviceHost})
			}
		}
	}
	if strings.IndexByte(text, '.') < 0 && strings.IndexByte(text, ':') < 0 {
		return all
	}
	for _, address := range AddressesIn(text) {
		all = append(all, Written{Container: container, Field: field, Address: address})
	}
	return all
}

const (
	serviceHost = "_SERVICE_HOST"
	servicePort = "_SERVICE_PORT"
)

// ServiceVariable is the name of the variable by which Kubernetes tells Pods the address of a Service that was there before them.
func ServiceVariable(service string) string {
	return strings.ToUpper(strings.ReplaceAll(service, "-", "_")) + serviceHost
}

func besideVariable(r rune) bool {
	return (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_'
}

// AddressesIn returns the IP addresses in a text, e.g. in a URL, each with its port, or zero. The ranges of a CIDR are none. IPv6
// counts as the whole text, or in brackets: nothing else tells an address within a text from a time or a digest.
func AddressesIn(text string) []netip.AddrPort {
	if addr, err := netip.ParseAddr(text); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(addr, 0)}
	}
	var found []netip.AddrPort
	for rest := text; rest != ""; {
		start := strings.IndexFunc(rest, partOfAddress)
		if start < 0 {
			break
		}
		rest = rest[start:]
		end := strings.IndexFunc(rest, besideAddress)
		if end < 0 {
			end = len(rest)
		}
		word := strings.Trim(rest[:end], ":")
		rest = rest[end:]
		if addr, err := netip.ParseAddrPort(word); err == nil {
			found = append(found, addr)
		} else if addr, err := netip.ParseAddr(strings.Trim(word, "[]")); err == nil && (addr.Is4() || word[0] == '[') && !beginsAsPrefix(rest) {
			found = append(found, netip.AddrPortFrom(addr, 0))
		}
	}
	return found
}

// beginsAsPrefix tells whether what follows an address makes it a range: /16, and no longer path.
func beginsAsPrefix(rest string) bool {
	after, found := strings.CutPrefix(rest, "/")
	if !found {
		return false
	}
	digits := 0
	for digits < len(after) && after[digits] >= '0' && after[digits] <= '9' {
		digits++
	}
	if digits == 0 || digits > 3 {
		return false
	}
	return digits == len(after) || strings.IndexByte(",; \t\n\"'|)", after[digits]) >= 0
}

func partOfAddress(r rune) bool { return !besideAddress(r) }

// besideAddress tells whether a character cannot be part of an address with a port.
func besideAddress(r rune) bool {
	return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'f' || r >= 'A' && r <= 'F' || r == '.' || r == ':' || r == '[' || r == ']')
}

// writings finds the Pods by what is written into them. It is built when first used, once, and is safe for concurrent use; a table
// of Pods that changed has a new one.
type writings struct {
	once    sync.Once
	byValue map[string][]*corev1.Pod
}

// PodsWriting returns the Pods, of all namespaces, into which somebody wrote an address or a variable, see Written.Value.
func (s *Snapshot) PodsWriting(value string) []*corev1.Pod {
	t := &s.tables.pods
	if t.writings == nil {
		return nil
	}
	t.writings.once.Do(func() {
		t.writings.byValue = map[string][]*corev1.Pod{}
		for _, shelf := range t.byNamespace {
			for value, pods := range shelf.fields() {
				t.writings.byValue[value] = append(t.writings.byValue[value], pods...)
			}
		}
		for _, pods := range t.writings.byValue {
			slices.SortFunc(pods, func(a, b *corev1.Pod) int {
				return Key{a.Namespace, a.Name}.Compare(Key{b.Namespace, b.Name})
			})
		}
	})
	return t.writings.byValue[value]
}
