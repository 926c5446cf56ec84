package tui

import (
	"context"
	"flag"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"github.com/svctui/svctui/probes/engine"
)

// screen drives the program without a terminal: messages in, a picture out. Commands that it returns are kept
// and run only when a test asks for it, so that nothing depends on time.
type screen struct {
	t        testing.TB
	root     *root
	session  *fakeSession
	commands []tea.Cmd
	sent     []tea.Msg
}

func newScreen(t testing.TB, width, height int) *screen {
	t.Helper()
	s := &screen{t: t, session: newFakeSession()}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	s.root = newRoot(ctx, Options{
		Connector: &fakeConnector{session: s.session}, Now: fixtureNow, Version: "v0.0.0", Environ: []string{"LANG=C.UTF-8"},
	}, func(msg tea.Msg) { s.sent = append(s.sent, msg) })
	s.keep(s.root.Init())
	s.send(tea.WindowSizeMsg{Width: width, Height: height}, tea.ColorProfileMsg{Profile: colorprofile.TrueColor})
	return s
}

// connected is a screen with an open session.
func newConnectedScreen(t testing.TB, width, height int) *screen {
	t.Helper()
	s := newScreen(t, width, height)
	s.send(sessionOpened{generation: s.root.generation, session: s.session, scope: "shop"})
	return s
}

func (s *screen) keep(command tea.Cmd) {
	if command != nil {
		s.commands = append(s.commands, command)
	}
}

func (s *screen) send(messages ...tea.Msg) {
	s.t.Helper()
	for _, msg := range messages {
		_, command := s.root.Update(msg)
		s.keep(command)
	}
}

func (s *screen) show(state *engine.State) {
	s.t.Helper()
	s.send(stateArrived{s.root.generation, state})
}

// press takes keys by their names, as tea.KeyPressMsg.String has them.
func (s *screen) press(keys ...string) {
	s.t.Helper()
	for _, key := range keys {
		s.send(keyPress(key))
	}
}

func (s *screen) write(text string) {
	s.t.Helper()
	for _, r := range text {
		s.send(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

func keyPress(name string) tea.KeyPressMsg {
	codes := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "up": tea.KeyUp, "down": tea.KeyDown, "tab": tea.KeyTab, "pgdown": tea.KeyPgDown,
		"pgup": tea.KeyPgUp, "home": tea.KeyHome, "end": tea.KeyEnd, "backspace": tea.KeyBackspace,
		"delete": tea.KeyDelete, "left": tea.KeyLeft, "right": tea.KeyRight,
	}
	if name == "space" {
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	}
	if code, ok := codes[name]; ok {
		return tea.KeyPressMsg{Code: code}
	}
	if rest, ok := strings.CutPrefix(name, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: []rune(rest)[0], Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}

// picture is the screen as a person sees it, without colours.
func (s *screen) picture() string {
	lines := strings.Split(ansi.Strip(s.root.View().Content), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// mustShow fails unless every text is on the screen.
func (s *screen) mustShow(texts ...string) {
	s.t.Helper()
	picture := s.picture()
	for _, text := range texts {
		if !strings.Contains(picture, text) {
			s.t.Errorf("the screen does not show %q:\n%s", text, picture)
		}
	}
}

func (s *screen) mustNotShow(texts ...string) {
	s.t.Helper()
	picture := s.picture()
	for _, text := range texts {
		if strings.Contains(picture, text) {
			s.t.Errorf("the screen shows %q:\n%s", text, picture)
		}
	}
}

// mustFit fails when a frame is not exactly as large as the window.
func (s *screen) mustFit(width, height int) {
	s.t.Helper()
	lines := strings.Split(s.root.View().Content, "\n")
	if len(lines) > height {
		s.t.Errorf("the frame has %d lines, the window %d", len(lines), height)
	}
	for i, line := range lines {
		if w := ansi.StringWidth(line); w > width {
			s.t.Errorf("line %d is %d cells wide, the window %d: %q", i, w, width, ansi.Strip(line))
		}
	}
}

// updating tells whether golden files are being written; the flag is that of the golden package.
func updating() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}
