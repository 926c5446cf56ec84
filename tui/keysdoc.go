package tui

import (
	"fmt"
	"strings"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/isolation"
)

//go:generate go test -run TestKeysDocIsCurrent -update .

// documentedPage is a page under the name by which docs/keys.md has it.
type documentedPage struct {
	name string
	page page
}

func documentedPages() []documentedPage {
	var service model.Key
	return []documentedPage{
		{"Services (home)", newServicesPage()},
		{"Service", newServicePage(service)},
		{"Isolation test", newIsolationPage(service)},
		{"Isolation test: all Pods", newSweepPage(isolation.Request{})},
		{"Logs", newLogsPage(service, "", false)},
		{"Forwards", newForwardsPage()},
		{"Describe, YAML, report", newDescribePage(model.Ref{})},
		{"Events", newEventsPage(service)},
		{"Copy", newCopyPage(service)},
		{"A command in a Pod, before it runs", newConsentPage(nil, nil)},
		{"Help", newHelpPage(nil)},
		{"Messages", newMessagesPage()},
	}
}

// KeysMarkdown returns docs/keys.md, made from the same records that dispatch the keys.
func KeysMarkdown() string {
	var b strings.Builder
	b.WriteString("# Keys\n\n" +
		"Made from the key bindings by `go generate ./tui`; do not edit. In the program, `?` shows the same for the screen\n" +
		"that is open, and why a key does nothing at the moment.\n")
	section := func(name string, bindings []binding) {
		fmt.Fprintf(&b, "\n## %s\n\n| key | does |\n|---|---|\n", name)
		for i := range bindings {
			if bindings[i].help != "" {
				fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(bindings[i].shown(), "|", "\\|"), bindings[i].help)
			}
		}
	}
	for _, documented := range documentedPages() {
		section(documented.name, documented.page.bindings())
	}
	section("Everywhere", globalBindings())
	b.WriteString("\nCtrl-A, Ctrl-D, Ctrl-S and `e` are not bound, and `s` only on the isolation test, where it asks first: habits of tmux, screen and k9s would hurt here.\n")
	return b.String()
}
