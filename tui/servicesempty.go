package tui

import (
	"slices"
	"strings"

	"github.com/svctui/svctui/kube/model"
)

// drawNoServices says why the list is empty, and only what is known to be so.
func (p *servicesPage) drawNoServices(sh *shell, width, height int) []string {
	t := &sh.theme
	head, body, hints := p.whyEmpty(sh)
	lines := []string{"", "  " + t.strong.on(cut(head, width-4)), ""}
	for _, paragraph := range body {
		for _, line := range wrap(paragraph, min(width-4, 100)) {
			lines = append(lines, "  "+t.text.on(line))
		}
	}
	if len(hints) > 0 {
		lines = append(lines, "")
	}
	for _, hint := range hints {
		lines = append(lines, "  "+t.accent.on(left(hint[0], 8))+t.dim.on(hint[1]))
	}
	return fitLines(lines, width, height)
}

// whyEmpty returns one sentence, what there is to know besides, and the keys that lead on.
func (p *servicesPage) whyEmpty(sh *shell) (head string, body []string, hints [][2]string) {
	var (
		again    = [2]string{"Ctrl-R", "connects again"}
		contexts = hintFor("contexts", "chooses another context")
		choose   = hintFor("namespaces", "chooses another namespace; one that cannot be listed can be typed")
		all      = [2]string{"0", "shows all namespaces"}
	)
	switch sh.connection {
	case connecting:
		return glyphSyncing + " Connecting to " + contextName(sh) + glyphMore, nil, known(contexts)
	case connectionFailed:
		text := "unknown"
		if sh.failure != nil {
			text = sh.failure.Error()
		}
		return "Not connected to " + contextName(sh), cleanLines(text), known(again, contexts)
	}
	where := "namespace " + clean(sh.scope)
	if sh.scope == model.AllNamespaces {
		where = "any namespace"
	}
	if sh.state == nil || len(p.list.all) == 0 && !sh.state.Settled {
		return glyphSyncing + " Reading the Services of " + sh.scopeName() + glyphMore, nil, nil
	}
	coverage := sh.state.Snapshot.Coverage(model.Services, sh.scope)
	switch {
	case coverage.State == model.Forbidden:
		verb := coverage.Verb
		if verb == "" {
			verb = "list"
		}
		body = []string{"Whether there are any is therefore unknown."}
		if coverage.Reason != "" {
			body = append(body, "", clean(coverage.Reason))
		}
		if sh.scope == model.AllNamespaces {
			where = "all namespaces at once"
		}
		return "You may not " + verb + " Services in " + where + ".", body, known(choose, contexts)
	case !coverage.Known() && !coverage.Pending():
		return "The Services of " + where + " could not be read: " + coverage.State.String() + ".",
			cleanLines(coverage.Reason), known(again, choose)
	case len(p.list.all) > 0 && p.list.filter != "":
		return "No Service matches /" + clean(p.list.filter), []string{count(len(p.list.all), "Service is", "Services are") + " hidden by the filter."},
			[][2]string{{"Esc", "clears the filter"}}
	case len(p.list.all) > 0 && p.list.brokenOnly:
		return p.nothingBroken()
	case p.nowhere(sh):
		var back [2]string
		if sh.scopeBefore != nil {
			back = [2]string{"Esc", "goes back to " + namespaceName(*sh.scopeBefore)}
		}
		return "The namespace " + clean(sh.scope) + " does not exist.", otherNamespaces(p.namespaces), known(back, choose, all)
	case sh.scope == model.AllNamespaces:
		return "There is no Service in any namespace.", nil, known(contexts)
	default:
		return "There is no Service in " + where + ".", otherNamespaces(p.namespaces), known(all, choose)
	}
}

// nowhere tells whether the namespace that is shown is known not to exist.
func (p *servicesPage) nowhere(sh *shell) bool {
	return p.namespaces != nil && len(p.list.all) == 0 && sh.scope != model.AllNamespaces && !slices.Contains(p.namespaces, sh.scope)
}

func (p *servicesPage) nothingBroken() (head string, body []string, hints [][2]string) {
	sums := p.list.sums()
	text := count(len(p.list.all), "Service", "Services") + " in scope."
	if unknown := sums[2]; unknown > 0 {
		text += " " + count(unknown, "of them could not be looked at.", "of them could not be looked at.")
	}
	if partial := sums[1]; partial > 0 {
		text += " " + count(partial, "of them has not been checked in full yet.", "of them have not been checked in full yet.")
	}
	return "No Service is known to be broken.", []string{text}, [][2]string{{"!", "shows all of them again"}}
}

func contextName(sh *shell) string {
	if sh.info.Context == "" {
		return "the cluster"
	}
	return clean(sh.info.Context)
}

// otherNamespaces names some namespaces, as far as they are known.
func otherNamespaces(namespaces []string) []string {
	if len(namespaces) == 0 {
		return nil
	}
	const few = 12
	names := make([]string, 0, few)
	for _, name := range namespaces[:min(len(namespaces), few)] {
		names = append(names, clean(name))
	}
	text := "Namespaces of this cluster: " + strings.Join(names, ", ")
	if len(namespaces) > few {
		text += ", " + glyphMore
	}
	return []string{text}
}

func cleanLines(text string) []string {
	var lines []string
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		lines = append(lines, clean(line))
	}
	return lines
}

// hintFor says which key opens a page, whatever key that is.
func hintFor(name, text string) [2]string {
	for _, b := range globalActions() {
		if b.name == name {
			return [2]string{b.shown(), text}
		}
	}
	return [2]string{}
}

func known(hints ...[2]string) [][2]string {
	return slices.DeleteFunc(hints, func(h [2]string) bool { return h[0] == "" })
}
