package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/report"
)

// serviceActions are the keys that act on one Service, the same at home and on the Service screen. chosen
// says which Service that is, or why there is none.
func serviceActions(chosen func(sh *shell) (key model.Key, whyNone string)) []binding {
	act := func(key, name, help string, why func(*shell, model.Key) string, open func(sh *shell, key model.Key) page) binding {
		return binding{
			keys: []string{key}, name: name, help: help,
			disabled: func(sh *shell) string {
				service, whyNone := chosen(sh)
				if whyNone != "" || why == nil {
					return whyNone
				}
				return why(sh, service)
			},
			run: func(sh *shell) tea.Cmd {
				if service, whyNone := chosen(sh); whyNone == "" {
					sh.open(open(sh, service))
				}
				return nil
			},
		}
	}
	live := func(sh *shell, _ model.Key) string { return sh.notConnected() }
	logs := func(sh *shell, key model.Key) string {
		return firstReason(sh.notConnected(), sh.denied(mayReadLogs(key.Namespace)))
	}
	ref := func(key model.Key) model.Ref {
		return model.Ref{Kind: model.Services, Namespace: key.Namespace, Name: key.Name}
	}
	return []binding{
		act("t", "isolation test", "runs the isolation test", whyNoTest, func(_ *shell, key model.Key) page { return newIsolationPage(key) }),
		act("F", "forward", "opens a forward to the Service or to a Pod", whyNoForward, newForwardDialog),
		act("l", "logs", "shows the logs of the Pods behind the Service", logs, func(_ *shell, key model.Key) page { return newLogsPage(key, "", false) }),
		act("p", "previous", "shows the logs from before the last restart", logs, func(_ *shell, key model.Key) page { return newLogsPage(key, "", true) }),
		act("v", "events", "shows the events of the Service, its Pods and their workload", nil, func(_ *shell, key model.Key) page { return newEventsPage(key) }),
		act("y", "yaml", "shows the Service as YAML", live, func(_ *shell, key model.Key) page { return newYAMLPage(ref(key)) }),
		act("d", "describe", "shows what kubectl describe says", live, func(_ *shell, key model.Key) page { return newDescribePage(ref(key)) }),
		act("c", "copy", "copies the fix, a name, an address or a command", nil, func(sh *shell, key model.Key) page { return newCopyPage(key) }),
		act("r", "report", "writes a report as Markdown", nil, func(_ *shell, key model.Key) page { return newReportPage(key) }),
	}
}

// globalActions are the keys that open a page from anywhere.
func globalActions() []binding {
	return []binding{
		{
			keys: []string{"f"}, name: "forwards", brief: "fwd", help: "lists the forwards that are held",
			disabled: func(sh *shell) string {
				if sh.forwards == nil {
					return "forwards cannot be held here"
				}
				return ""
			},
			count: func(sh *shell) string {
				if n := openForwards(sh.held); n > 0 {
					return fmt.Sprint(n)
				}
				return ""
			},
			run: func(sh *shell) tea.Cmd { openOnce(sh, newForwardsPage()); return nil },
		},
		{
			keys: []string{":"}, name: "jump", help: "goes to a context, a namespace, or a Service by name, IP, host or URL; runs a command",
			run: func(sh *shell) tea.Cmd { sh.open(newJumpPage(sh)); return nil },
		},
		{label: ":ns", name: "namespaces", help: "chooses a namespace; one that cannot be listed can be typed"},
		{label: ":ctx", name: "contexts", help: "chooses a context"},
		{
			keys: []string{"?"}, name: "help", help: "shows this help",
			run: func(sh *shell) tea.Cmd {
				sh.ask(func(r *root) tea.Cmd {
					if _, already := r.top().(*helpPage); already {
						return nil
					}
					return r.push(newHelpPage(r.top()))
				})
				return nil
			},
		},
	}
}

// openOnce opens a page unless one of its kind is on top already.
func openOnce[P page](sh *shell, p P) {
	sh.ask(func(r *root) tea.Cmd {
		if _, already := r.top().(P); already {
			return nil
		}
		return r.push(p)
	})
}

func firstReason(reasons ...string) string {
	for _, reason := range reasons {
		if reason != "" {
			return reason
		}
	}
	return ""
}

func whyNoForward(sh *shell, key model.Key) string {
	if sh.forwards == nil {
		return "forwards cannot be held here"
	}
	return firstReason(sh.readOnlyReason(), sh.notConnected(), sh.denied(mayForward(key.Namespace)))
}

// whyNoTest: what is dialled from here needs no right, and read-only does not forbid it.
func whyNoTest(sh *shell, _ model.Key) string { return sh.notConnected() }

// whyNoSweep: one of the two rungs that may be run is enough.
func whyNoSweep(sh *shell, namespace string) string {
	if why := firstReason(sh.readOnlyReason(), sh.notConnected()); why != "" {
		return why
	}
	forward := sh.denied(mayForward(namespace))
	if forward != "" && sh.denied(mayProxyPods(namespace)) != "" {
		return forward + ", nor the proxy to Pods"
	}
	return ""
}

// unfocus says that the Service of a page is not looked at any more. Where it was opened over the Service's own
// screen, that one says otherwise as soon as it is seen again.
func unfocus(sh *shell, session Session) {
	if session != nil && session == sh.session {
		session.Focus(nil)
	}
}

// pickNamespace asks for a namespace, which may be one that cannot be listed.
func pickNamespace(sh *shell) {
	session, current := sh.session, sh.scope
	if session == nil {
		sh.notify(noteWarning, "namespaces cannot be listed: "+sh.notConnected())
		return
	}
	p := newPickPage("namespace", func(sh *shell, value string) tea.Cmd {
		if value == allNamespacesItem {
			value = model.AllNamespaces
		}
		sh.setScope(value)
		return nil
	})
	p.picker.tidy, p.picker.refuse = withoutJump, whyNoNamespace
	recent := sh.recent
	p.load = func(ctx context.Context) ([]pickItem, string) {
		names, err := session.Namespaces(ctx)
		note := ""
		if err != nil {
			note, names = "namespaces cannot be listed, type a name: "+clean(err.Error()), recent
		}
		items := []pickItem{{value: allNamespacesItem, label: "all namespaces", current: current == model.AllNamespaces}}
		for _, name := range names {
			items = append(items, pickItem{value: name, label: clean(name), current: name == current})
		}
		return items, note
	}
	sh.open(p)
}

// withoutJump takes off the jump line's command, for who types it in the list that it has opened.
func withoutJump(typed string) string {
	rest, jump := strings.CutPrefix(typed, ":")
	if !jump {
		return typed
	}
	if word, name, spaced := strings.Cut(rest, " "); spaced && slices.Contains(jumpNames(jumpNamespace), word) {
		rest = name
	} else if !spaced && slices.Contains(jumpNames(jumpNamespace), word) {
		rest = ""
	}
	return strings.TrimSpace(rest)
}

// whyNoNamespace says why no namespace can be named so; empty where one can.
func whyNoNamespace(name string) string {
	if len(validation.IsDNS1123Label(name)) == 0 {
		return ""
	}
	return "a namespace has a–z, 0–9 and dashes in its name, 63 at most"
}

// allNamespacesItem stands for model.AllNamespaces in a picker; no namespace can have this name.
const allNamespacesItem = "*"

// pickContext asks for a context.
func pickContext(sh *shell) {
	connector, current := sh.connector, sh.info.Context
	p := newPickPage("context", func(sh *shell, value string) tea.Cmd {
		sh.switchContext(value)
		return nil
	})
	p.load = func(context.Context) ([]pickItem, string) {
		contexts, err := connector.Contexts()
		note := ""
		if err != nil {
			note = "contexts cannot be listed: " + clean(err.Error())
		}
		return contextItems(contexts, current), note
	}
	sh.open(p)
}

func contextItems(contexts []model.ContextInfo, current string) []pickItem {
	items := make([]pickItem, len(contexts))
	for i, c := range contexts {
		detail := clean(c.Server)
		if c.Namespace != "" {
			detail += "  " + clean(c.Namespace)
		}
		items[i] = pickItem{value: c.Name, label: clean(c.Name), detail: detail, current: c.Name == current}
	}
	return items
}

// newReportPage shows a report of one Service as Markdown.
func newReportPage(key model.Key) page {
	path := []string{namespaceName(key.Namespace), clean(key.Name), "report"}
	page := newTextPage(key, path, func(sh *shell) func(context.Context) (string, error) {
		judged := reportOf(sh.state, key)
		if judged == nil {
			return nil
		}
		judged = sh.withTest(judged)
		unasked := check.Unasked(sh.state.Snapshot, sh.state.Snapshot.Service(key))
		left := sh.untested(key, unasked)
		answered := slices.DeleteFunc(unasked, func(port string) bool { return slices.Contains(left, port) })
		document := report.Document{
			Context: sh.info.Context, KubectlArgs: sh.info.KubectlArgs, Scope: key.Namespace, At: sh.now(), Snapshot: sh.state.Snapshot,
			Reports: []*check.Report{judged}, Named: true, Client: sh.client, Answered: map[model.Key][]string{key: answered},
		}
		if sh.client.Chosen() {
			var client clientReport
			document.ForClient = map[model.Key]check.ClientReport{key: client.gather(sh, key)}
		}
		return func(context.Context) (string, error) {
			var out strings.Builder
			err := report.Write(&out, document, report.Markdown, report.Style{})
			return out.String(), err
		}
	})
	page.wrap, page.words = true, true
	return page
}
