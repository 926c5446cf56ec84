package tui

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// longCommands have every shape that fixes have: quoted patches, quotes within quotes, words without a space.
func longCommands() map[string]string {
	const kubectl = "kubectl --context=gke-prod -n shop "
	return map[string]string{
		"targetPort": kubectl + `patch service web1 --type=json -p '[{"op":"test","path":"/spec/ports/0/name","value":"http"},{"op":"replace","path":"/spec/ports/0/targetPort","value":8080}]'`,
		"port name":  kubectl + `patch service catalog-of-everything --type=strategic -p '{"spec":{"ports":[{"port":80,"protocol":"TCP","targetPort":"http-metrics"}]}}'`,
		"selector":   kubectl + `patch service checkout --type=merge -p '{"spec": {"selector": {"app.kubernetes.io/name": "checkout-service", "tier": null}}}'`,
		"own breaks": kubectl + "patch service cart \\\n  --type=merge \\\n  -p '{\"spec\":{\"selector\":{\"app\":\"cart\",\"release\":\"of-the-year-of-the-cart-2026\"}}}'",
		"apostrophe": kubectl + `annotate service cart 'note=it isn'\''t a long note but it is long enough to be broken, isn'\''t it' --overwrite`,
		"double":     kubectl + `get pods -o "jsonpath={.items[*].metadata.name} and more that is \"quoted\" with a \$ and a \\ in it"`,
		"one word":   "kubectl-" + strings.Repeat("abcdefghij", 12),
		"escapes":    `printf %s a\ b\'c\"d\\e` + strings.Repeat(`\ x`, 40),
		"two lines":  kubectl + "create configmap notes --from-literal='text=first line that is rather long\nsecond line that is rather long, too'",
	}
}

// shellWords are the words that a POSIX shell makes of a text, one a line.
func shellWords(t *testing.T, texts []string) []string {
	t.Helper()
	var script strings.Builder
	for _, text := range texts {
		script.WriteString("printf '<%s>\\n' " + text + "\nprintf '\\001'\n")
	}
	run := exec.Command("/bin/sh")
	run.Stdin = strings.NewReader(script.String())
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("sh: %v\n%s", err, out)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x01"), "\x01")
}

func TestALaidOutCommandIsTheSameCommandToAShell(t *testing.T) {
	if _, err := exec.LookPath("/bin/sh"); err != nil {
		t.Skip("there is no POSIX shell here")
	}
	for name, command := range longCommands() {
		t.Run(name, func(t *testing.T) {
			texts := []string{command}
			for width := 1; width <= 220; width++ {
				var lines []string
				for _, line := range layCommand(command, width) {
					if w := cells(line.text); w > max(width, leastCommandWidth) {
						t.Errorf("width %d: a line of %d: %q", width, w, line.text)
					}
					indent := "          "
					if line.flush {
						indent = ""
					}
					lines = append(lines, indent+line.text)
				}
				texts = append(texts, strings.Join(lines, "\n"))
			}
			words := shellWords(t, texts)
			if len(words) != len(texts) {
				t.Fatalf("%d answers to %d commands: an unclosed quote?", len(words), len(texts))
			}
			for width, got := range words[1:] {
				if got != words[0] {
					t.Errorf("width %d:\n%s\nis to a shell\n%s\ninstead of\n%s", width+1, texts[width+1], got, words[0])
				}
			}
		})
	}
}

// What is on the screen below the copy menu is selected with the mouse: as a shell reads it, it is the fix.
func TestTheCopyPageAndTheServicePageShowAFixThatCanBeSelected(t *testing.T) {
	if _, err := exec.LookPath("/bin/sh"); err != nil {
		t.Skip("there is no POSIX shell here")
	}
	command := longCommands()["targetPort"]
	s := newConnectedScreen(t, 80, 24)
	s.show(stateOf("shop", changed(shopFixtures(), "checkout", func(r *check.Report) {
		r.Findings[0].Fix = &check.Fix{Command: command}
	})...))
	s.home().list.find(model.Key{Namespace: "shop", Name: "checkout"})
	s.press("enter")
	_, fix, found := strings.Cut(s.picture(), " fix  ")
	if !found {
		t.Fatalf("no fix on the screen:\n%s", s.picture())
	}
	fix = continued(fix)
	s.press("c")
	_, copied, found := strings.Cut(s.picture(), "select it here:\n")
	if !found {
		t.Fatalf("no text to select on the screen:\n%s", s.picture())
	}
	words := shellWords(t, []string{command, fix, continued(copied)})
	for i, where := range []string{"the Service's page", "the copy page"} {
		if words[i+1] != words[0] {
			t.Errorf("%s shows another command:\n%s", where, words[i+1])
		}
	}
	s.mustFit(80, 24)
}

// continued is the first line, and those that a backslash joins to it.
func continued(text string) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, line)
		if !strings.HasSuffix(line, `\`) {
			break
		}
	}
	return strings.Join(lines, "\n")
}
