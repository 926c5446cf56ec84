// Package terminal runs a program in a pseudo terminal, as a person would, and sees its screen.
//
// Nothing in it sleeps: WaitFor returns at the change of the screen that fulfils it.
package terminal

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
)

// Terminal is a program in a pseudo terminal. Its methods may be called from several goroutines; those
// that can fail end the test, so these belong to the test's own goroutine.
type Terminal struct {
	t   testing.TB
	cmd *exec.Cmd
	pty *os.File

	mu       sync.Mutex
	emulator vt10x.Terminal
	filter   filter
	shown    string // the last whole frame, while a synchronized one is being drawn
	drawing  bool
	lastAlt  string // the alternate screen when it was left
	raw      []byte
	changed  chan struct{} // closed and replaced when anything arrived
	readAt   time.Time     // when the last bytes arrived
	started  time.Time

	exited   chan struct{} // closed when the program has ended and its output is read
	restored bool          // the terminal's settings at the end were those of the beginning
}

// Start runs the command in a terminal of that many columns and rows. The command's standard streams
// are the terminal. TERM is xterm-256color unless the command's own environment has another; without one it
// gets this process's, TERM left out. The test's end ends the program.
func Start(t testing.TB, cmd *exec.Cmd, columns, rows int) *Terminal {
	t.Helper()
	ptmx, tty, err := pty.Open()
	if err != nil {
		t.Fatalf("open a pseudo terminal: %v", err)
	}
	term := &Terminal{
		t: t, cmd: cmd, pty: ptmx,
		changed: make(chan struct{}), exited: make(chan struct{}), started: time.Now(),
	}
	if err := pty.Setsize(ptmx, &pty.Winsize{Cols: uint16(columns), Rows: uint16(rows)}); err != nil {
		t.Fatalf("set the terminal's size: %v", err)
	}
	before, err := settings(tty) // tty stays open here, so that they can be read again after the program's end
	if err != nil {
		t.Fatalf("read the terminal's settings: %v", err)
	}
	answers := make(chan string, 64)
	term.emulator = vt10x.New(vt10x.WithSize(max(columns, 1), max(rows, 1)), vt10x.WithWriter(answerWriter(answers)))
	term.filter = filter{
		out:        func(data []byte) { _, _ = term.emulator.Write(data) },
		answer:     func(text string) { _, _ = answerWriter(answers).Write([]byte(text)) },
		beforeSync: func() { term.shown, term.drawing = term.emulator.String(), true },
		afterSync:  func() { term.drawing = false },
		resetTabs:  term.resetTabs,
		leavingAlt: func() { term.lastAlt = trimmed(term.emulator.String()) },
	}
	if cmd.Env == nil {
		cmd.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "TERM=") })
	}
	cmd.Env = append([]string{"TERM=xterm-256color"}, cmd.Env...) // the last one of a name counts
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s in a terminal: %v", cmd.Path, err)
	}
	reading := make(chan struct{})
	go term.read(reading)
	go func() { // so that a program which does not read its input cannot block the reading of its output
		for {
			select {
			case answer := <-answers:
				_, _ = ptmx.WriteString(answer)
			case <-term.exited:
				return
			}
		}
	}()
	go func() {
		_ = cmd.Wait() // its state is in cmd.ProcessState
		after, settingsErr := settings(tty)
		tty.Close() // the last one to hold it: reading ends after what is still in it
		select {
		case <-reading:
		case <-time.After(2 * time.Second): // a child of the program holds it too
		}
		term.mu.Lock()
		term.restored = settingsErr == nil && after == before
		term.mu.Unlock()
		close(term.exited)
		term.signalChange()
	}()
	t.Cleanup(term.Close)
	return term
}

type answerWriter chan<- string

func (w answerWriter) Write(data []byte) (int, error) {
	select {
	case w <- string(data):
	default: // nobody reads them
	}
	return len(data), nil
}

func (term *Terminal) read(done chan<- struct{}) {
	defer close(done)
	buffer := make([]byte, 32<<10)
	for {
		n, err := term.pty.Read(buffer)
		if n > 0 {
			term.mu.Lock()
			term.readAt = time.Now()
			term.raw = append(term.raw, buffer[:n]...)
			term.filter.write(buffer[:n])
			term.mu.Unlock()
			term.signalChange()
		}
		if err != nil {
			return
		}
	}
}

func (term *Terminal) signalChange() {
	term.mu.Lock()
	defer term.mu.Unlock()
	close(term.changed)
	term.changed = make(chan struct{})
}

// Send types the keys, one after the other, without waiting for anything between them.
func (term *Terminal) Send(keys ...string) {
	term.t.Helper()
	for _, key := range keys {
		if _, err := term.pty.WriteString(key); err != nil {
			term.t.Fatalf("type %q: %v\n%s", key, err, term.describe())
		}
	}
}

// Screen is what the terminal shows: a line for each row, without trailing spaces.
func (term *Terminal) Screen() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return term.screen()
}

func (term *Terminal) screen() string {
	if term.drawing {
		return trimmed(term.shown)
	}
	return trimmed(term.emulator.String())
}

// trimmed makes rows end at their last visible character.
func trimmed(screen string) string {
	screen = strings.NewReplacer(string(wideFiller), "", "\x00", " ").Replace(screen)
	rows := strings.Split(strings.TrimSuffix(screen, "\n"), "\n")
	for i, row := range rows {
		rows[i] = strings.TrimRight(row, " ")
	}
	return strings.Join(rows, "\n")
}

// Line is one row of the screen, counted from 0.
func (term *Terminal) Line(row int) string {
	rows := strings.Split(term.Screen(), "\n")
	if row < 0 || row >= len(rows) {
		return ""
	}
	return rows[row]
}

// LineWith is the first row that contains the text, or empty.
func (term *Terminal) LineWith(text string) string {
	for row := range strings.SplitSeq(term.Screen(), "\n") {
		if strings.Contains(row, text) {
			return row
		}
	}
	return ""
}

// WaitFor waits until the screen shows the text, and returns that screen. At the deadline, or when the
// program ends without showing it, the test fails with the last screen.
func (term *Terminal) WaitFor(text string, limit time.Duration) string {
	term.t.Helper()
	return term.WaitUntil(fmt.Sprintf("the text %q", text), limit, func(screen string) bool { return strings.Contains(screen, text) })
}

// WaitGone waits until the screen does not show the text any more, and returns that screen.
func (term *Terminal) WaitGone(text string, limit time.Duration) string {
	term.t.Helper()
	return term.WaitUntil(fmt.Sprintf("the text %q to be gone", text), limit, func(screen string) bool { return !strings.Contains(screen, text) })
}

// WaitUntil waits until the condition holds for the screen, and returns that screen. What says in the
// failure's message what was waited for.
func (term *Terminal) WaitUntil(what string, limit time.Duration, condition func(screen string) bool) string {
	term.t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for {
		term.mu.Lock()
		changed, screen := term.changed, term.screen()
		term.mu.Unlock()
		if condition(screen) {
			return screen
		}
		select {
		case <-changed:
			continue
		default:
		}
		select {
		case <-term.exited:
			if screen := term.Screen(); condition(screen) {
				return screen
			}
			term.t.Fatalf("the program ended while waiting for %s\n%s", what, term.describe())
		case <-deadline.C:
			term.t.Fatalf("waited %v for %s\n%s", limit, what, term.describe())
		case <-changed:
		}
	}
}

// WaitQuiet waits until nothing has arrived for the given time, and returns the screen: for pictures of
// whole screens. A program that never rests fails the test at the limit.
func (term *Terminal) WaitQuiet(quiet, limit time.Duration) string {
	term.t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for {
		term.mu.Lock()
		changed := term.changed
		term.mu.Unlock()
		rest := time.NewTimer(quiet)
		select {
		case <-rest.C:
			return term.Screen()
		case <-changed:
			rest.Stop()
		case <-deadline.C:
			rest.Stop()
			term.t.Fatalf("waited %v for %v without output\n%s", limit, quiet, term.describe())
		}
	}
}

// Resize changes the terminal's size, of which the program is told by SIGWINCH. 0×0 is possible.
func (term *Terminal) Resize(columns, rows int) {
	term.t.Helper()
	term.mu.Lock()
	term.emulator.Resize(max(columns, 1), max(rows, 1))
	term.resetTabs()
	term.mu.Unlock()
	if err := pty.Setsize(term.pty, &pty.Winsize{Cols: uint16(columns), Rows: uint16(rows)}); err != nil {
		term.t.Fatalf("resize the terminal to %d×%d: %v", columns, rows, err)
	}
}

// resetTabs sets a tab stop at every eighth column. The emulator forgets those of columns that a resize adds.
func (term *Terminal) resetTabs() {
	columns, _ := term.emulator.Size()
	at := term.emulator.Cursor().X + 1
	sequence := "\x1b[3g"
	for column := 9; column <= columns; column += 8 {
		sequence += fmt.Sprintf("\x1b[%dG\x1bH", column)
	}
	_, _ = term.emulator.Write([]byte(sequence + fmt.Sprintf("\x1b[%dG", at)))
}

// Signal sends a signal to the program.
func (term *Terminal) Signal(signal os.Signal) {
	term.t.Helper()
	if err := term.cmd.Process.Signal(signal); err != nil {
		term.t.Fatalf("send %v: %v\n%s", signal, err, term.describe())
	}
}

// WaitExit waits for the program's end and returns its exit code, or -1 if a signal ended it.
func (term *Terminal) WaitExit(limit time.Duration) int {
	term.t.Helper()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-term.exited:
		return term.cmd.ProcessState.ExitCode()
	case <-timer.C:
		term.t.Fatalf("waited %v for the program to end\n%s", limit, term.describe())
		return 0
	}
}

// Exited tells whether the program has ended.
func (term *Terminal) Exited() bool {
	select {
	case <-term.exited:
		return true
	default:
		return false
	}
}

// Restored tells, after WaitExit, whether the program left the terminal as it found it: its settings,
// the main screen, the cursor visible, no mouse reports and no bracketed paste. Otherwise it says what is wrong.
func (term *Terminal) Restored() error {
	term.mu.Lock()
	defer term.mu.Unlock()
	var problems []error
	if !term.restored {
		problems = append(problems, errors.New("the terminal's settings (raw mode) were not put back"))
	}
	if term.filter.altScreen {
		problems = append(problems, errors.New("the alternate screen was not left"))
	}
	if !term.emulator.CursorVisible() {
		problems = append(problems, errors.New("the cursor is hidden"))
	}
	if term.filter.mouse {
		problems = append(problems, errors.New("mouse reports are on"))
	}
	if term.filter.bracketPaste {
		problems = append(problems, errors.New("bracketed paste is on"))
	}
	return errors.Join(problems...)
}

// AltScreen tells whether the program is on the alternate screen.
func (term *Terminal) AltScreen() bool {
	term.mu.Lock()
	defer term.mu.Unlock()
	return term.filter.altScreen
}

// LastAltScreen is what the alternate screen showed when it was last left.
func (term *Terminal) LastAltScreen() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return term.lastAlt
}

// Clipboard is the text that the program last copied by OSC 52.
func (term *Terminal) Clipboard() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return term.filter.clipboard
}

// Output is every byte that the program has sent.
func (term *Terminal) Output() []byte {
	term.mu.Lock()
	defer term.mu.Unlock()
	return append([]byte(nil), term.raw...)
}

// OutputLength is the number of bytes that the program has sent.
func (term *Terminal) OutputLength() int {
	term.mu.Lock()
	defer term.mu.Unlock()
	return len(term.raw)
}

// Cell is the character at a column and row, counted from 0, with its colours.
func (term *Terminal) Cell(column, row int) vt10x.Glyph {
	term.mu.Lock()
	defer term.mu.Unlock()
	term.emulator.Lock()
	defer term.emulator.Unlock()
	columns, rows := term.emulator.Size()
	if column < 0 || row < 0 || column >= columns || row >= rows {
		return vt10x.Glyph{}
	}
	return term.emulator.Cell(column, row)
}

// Close ends the program, if it still runs, by closing its terminal and then by killing it.
func (term *Terminal) Close() {
	if !term.Exited() {
		_ = term.cmd.Process.Signal(syscall.SIGHUP)
		timer := time.NewTimer(3 * time.Second)
		defer timer.Stop()
		select {
		case <-term.exited:
		case <-timer.C:
			term.t.Logf("the program ignored SIGHUP and was killed")
			_ = term.cmd.Process.Kill()
			<-term.exited
		}
	}
	term.pty.Close()
}

// describe is the state for a failure's message.
func (term *Terminal) describe() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	columns, rows := term.emulator.Size()
	var text strings.Builder
	fmt.Fprintf(&text, "%s after %v, %d bytes of output", strings.Join(term.cmd.Args, " "), time.Since(term.started).Round(time.Millisecond), len(term.raw))
	select {
	case <-term.exited:
		fmt.Fprintf(&text, ", ended (%v)", term.cmd.ProcessState)
	default:
	}
	frame(&text, fmt.Sprintf("screen %d×%d", columns, rows), term.screen())
	if !term.filter.altScreen && term.lastAlt != "" {
		frame(&text, "the alternate screen before it was left", term.lastAlt)
	}
	return text.String()
}

func frame(text *strings.Builder, title, screen string) {
	fmt.Fprintf(text, "\n┌── %s\n", title)
	for row := range strings.SplitSeq(strings.TrimRight(screen, "\n"), "\n") {
		fmt.Fprintf(text, "│%s\n", row)
	}
	text.WriteString("└──")
}
