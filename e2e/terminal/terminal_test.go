package terminal_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/svctui/svctui/e2e/terminal"
)

const limit = 10 * time.Second

// TestMain also is the program in the terminal, when a test starts this binary again.
func TestMain(m *testing.M) {
	if text := os.Getenv("TERMINAL_TEST_PRINT"); text != "" {
		_, _ = os.Stdout.WriteString(text)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func shell(t *testing.T, columns, rows int, script string) *terminal.Terminal {
	t.Helper()
	return terminal.Start(t, exec.Command("sh", "-c", script), columns, rows)
}

func TestScreen(t *testing.T) {
	for name, test := range map[string]struct{ output, screen string }{
		"plain":                         {"one\r\ntwo", "one\ntwo"},
		"line feed alone":               {"one\x1b[2;4Htwo", "one\n   two"},
		"keyboard protocol":             {"ab\x1b[s\r\nc\x1b[>1u\x1b[=1;1u\x1b[?u\x1b[<ud", "ab\ncd"},
		"modify other keys":             {"\x1b[31m\x1b[>4;2ma", "a"},
		"character set by intermediate": {"a\x1b%Gb\x1b)Bc", "abc"},
		"alternate screen left twice":   {"main\x1b[?1049l\x1b[?1049l", "main"},
		"alternate screen left":         {"main\x1b[?1049h\x1b[Halt\x1b[?1049l", "main"},
		"alternate screen is empty":     {"main\x1b[?1049hx", "    x"},
		"repeat":                        {"a\x1b[3bb", "aaaab"},
		"parameter left out":            {"\x1b[;5Hx", "    x"},
		"columns erased":                {"abcdef\x1b[1G\x1b[2X", "  cdef"},
		"curly underline":               {"\x1b[1;4:3mx\x1b[58:2::255:0:0my\x1b[m", "xy"},
		"string dropped":                {"a\x1bP+q544e\x1b\\b\x1b]8;;http://x\x1b\\c\x1b_G\x1b\\d", "abcd"},
		"string ended by a new escape":  {"a\x1b]0;t\x1b[1Cb", "a b"},
		"wide character":                {"漢b\x1b[1;4Hc", "漢bc"},
		"combining character":           {"e\u0301x\x1b[1;3Hy", "exy"},
		"8-bit control is seen":         {"a\u009bb", "a\ufffdb"},
		"cursor shape":                  {"a\x1b[2 qb", "ab"},
		"bad encoding":                  {"a\xffb", "a\ufffdb"},
		"escape cut by another":         {"a\x1b[3\x1b[1Cb", "a b"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = []string{"TERMINAL_TEST_PRINT=" + test.output}
			term := terminal.Start(t, cmd, 12, 3)
			term.WaitExit(limit)
			if screen := strings.TrimRight(term.Screen(), "\n"); screen != test.screen {
				t.Errorf("screen %q, want %q", screen, test.screen)
			}
		})
	}
}

func TestCharacterSplitBetweenReads(t *testing.T) {
	term := shell(t, 20, 2, `stty -echo; printf '\342'; read a; printf '\226\214end'; read b`)
	term.WaitQuiet(50*time.Millisecond, limit)
	term.Send(terminal.Enter)
	term.WaitFor("▌end", limit)
}

func TestSendAndResize(t *testing.T) {
	term := shell(t, 40, 5, `stty -echo; trap 'stty size' WINCH; stty size; while :; do read key && echo "got $key"; done`)
	term.WaitFor("5 40", limit)
	term.Send("hello", terminal.Enter)
	term.WaitFor("got hello", limit)
	term.Resize(60, 7)
	term.Send(terminal.Enter) // dash runs the trap when read returns
	term.WaitFor("7 60", limit)
}

func TestTabStopsAfterResize(t *testing.T) {
	term := shell(t, 10, 2, `stty -echo tab0; printf 'ready\r'; read a; printf '\033[K\t\t\tx'; read b; printf '\r\033[K\033[3g\033[?5W\ty'; read c`)
	term.WaitFor("ready", limit)
	term.Resize(40, 2)
	term.Send(terminal.Enter)
	term.WaitFor(strings.Repeat(" ", 24)+"x", limit)
	term.Send(terminal.Enter)
	if screen := term.WaitFor("y", limit); screen != "        y\n" {
		t.Errorf("screen %q", screen)
	}
}

func TestSynchronizedOutputIsShownWhole(t *testing.T) {
	term := shell(t, 20, 2, `stty -echo; printf 'old\033[?2026h\033[1;1Hnew'; read a; printf '\033[?2026l'; read b`)
	if screen := term.WaitQuiet(100*time.Millisecond, limit); !strings.HasPrefix(screen, "old") {
		t.Errorf("half a frame is shown: %q", screen)
	}
	term.Send(terminal.Enter)
	term.WaitFor("new", limit)
}

func TestQuestionsAreAnswered(t *testing.T) {
	// Each answer is read up to its last character and shown without its escapes.
	term := shell(t, 60, 4, `stty raw -echo; printf '\033[?2026$p'; head -c 11 | tr -d '\033'; printf '\033[c'; head -c 9 | tr -d '\033'; stty sane`)
	term.WaitFor("[?2026;2$y[?62;22c", limit)
}

func TestExitAndRestored(t *testing.T) {
	good := shell(t, 20, 2, `printf '\033[?1049h\033[?25l\033[2Jworking'; printf '\033[?25h\033[?1049l'; exit 3`)
	if code := good.WaitExit(limit); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	if err := good.Restored(); err != nil {
		t.Error(err)
	}
	if good.LastAltScreen() == "" || good.AltScreen() {
		t.Errorf("alternate screen: left %v, last %q", !good.AltScreen(), good.LastAltScreen())
	}

	bad := shell(t, 20, 2, `stty raw; printf '\033[?1049h\033[?25l\033[?2004h\033[?1003h'`)
	bad.WaitExit(limit)
	err := bad.Restored()
	if err == nil {
		t.Fatal("a terminal left raw counts as restored")
	}
	for _, part := range []string{"raw mode", "alternate screen", "cursor", "paste", "mouse"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not tell of %s", err, part)
		}
	}
}

func TestSignal(t *testing.T) {
	term := shell(t, 20, 2, `echo ready; exec tail -f /dev/null`)
	term.WaitFor("ready", limit)
	term.Signal(syscall.SIGTERM)
	if code := term.WaitExit(limit); code != -1 {
		t.Errorf("exit code %d after a signal, want -1", code)
	}
}

func TestClipboard(t *testing.T) {
	term := shell(t, 20, 2, `printf '\033]52;c;a3ViZWN0bA==\007'`)
	term.WaitExit(limit)
	if got := term.Clipboard(); got != "kubectl" {
		t.Errorf("clipboard %q", got)
	}
}

func TestZeroSize(t *testing.T) {
	term := shell(t, 0, 0, `stty size; read a`)
	term.Resize(20, 2)
	term.Send(terminal.Enter)
	term.WaitExit(limit)
}
