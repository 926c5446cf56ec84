package tui

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/svctui/svctui/kube/model"
)

// probePage is a page that notes what it is given.
type probePage struct {
	life     *life
	work     turn
	captures bool
	got      []tea.Msg
	keys     []binding
}

func (p *probePage) opened(_ *shell, l *life) tea.Cmd { p.life = l; return nil }
func (p *probePage) update(_ *shell, msg tea.Msg) tea.Cmd {
	p.got = append(p.got, msg)
	return nil
}
func (p *probePage) view(*shell, int, int) string { return "probe" }
func (p *probePage) capturesInput() bool          { return p.captures }
func (p *probePage) bindings() []binding          { return p.keys }
func (p *probePage) title() string                { return "probe" }

func (p *probePage) has(msg tea.Msg) bool {
	for _, got := range p.got {
		if got == msg {
			return true
		}
	}
	return false
}

func openProbe(t *testing.T) (*screen, *probePage) {
	t.Helper()
	s := newConnectedScreen(t, 80, 24)
	p := &probePage{}
	s.root.sh.open(p)
	s.send(nil)
	if s.root.top() != page(p) {
		t.Fatal("the page was not opened")
	}
	return s, p
}

func TestAnswersForAPageThatIsGoneAreDropped(t *testing.T) {
	s, p := openProbe(t)
	answer := p.life.do(func(context.Context) tea.Msg { return "answer" })()
	s.send(answer)
	if !p.has("answer") {
		t.Fatal("an answer in time did not arrive")
	}
	p.got = nil
	s.press("esc")
	s.send(answer)
	if p.has("answer") {
		t.Errorf("an answer arrived after the page was left")
	}
	if p.life.ctx.Err() == nil {
		t.Errorf("the page's context lives on")
	}
}

func TestOnlyTheNewestRunOfATurnIsHeard(t *testing.T) {
	s, p := openProbe(t)
	first := p.work.begin(p.life)
	run := first.stream(func(_ context.Context, send func(tea.Msg)) { send("first") })
	run()
	late := s.sent[len(s.sent)-1]
	p.work.do(p.life, func(context.Context) tea.Msg { return "second" })()
	s.send(late, s.sent[len(s.sent)-1])
	if p.has("first") || !p.has("second") {
		t.Errorf("got %v, want the second alone", p.got)
	}
	if first.ctx.Err() == nil {
		t.Errorf("the first run was not cancelled")
	}
}

func TestKeysOfACapturingPageReachNothingElse(t *testing.T) {
	s, p := openProbe(t)
	p.captures = true
	p.keys = []binding{{keys: []string{"x"}, run: func(*shell) tea.Cmd { t.Error("a binding ran"); return nil }}}
	s.press("q", "x", "?", "esc", ":")
	if len(s.root.stack) != 2 {
		t.Errorf("a key went past the page: %d pages", len(s.root.stack))
	}
}

func TestDisabledKeySaysWhy(t *testing.T) {
	s, p := openProbe(t)
	p.keys = []binding{{
		keys: []string{"x"}, disabled: func(*shell) string { return "no permission: create pods/portforward" },
		run: func(*shell) tea.Cmd { t.Error("a disabled binding ran"); return nil },
	}}
	s.press("x")
	s.mustShow("x does nothing here: no permission: create pods/portforward")
	s.press("j")
	s.mustNotShow("does nothing here")
}

func TestAKeyRightAfterAnotherMeetsThePageThatItWasMeantFor(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	s.show(stateOf("shop", shopFixtures()...))
	s.press("j", "enter", "7", "esc", "j")
	if got := s.home().list.selected.key.Name; got != "web" {
		t.Errorf("selected %s, want web: keys met the wrong page", got)
	}
}

func TestEscNeverQuitsAndQuitAsksForForwards(t *testing.T) {
	s := newConnectedScreen(t, 80, 24)
	s.show(stateOf("shop", shopFixtures()...))
	quits := func(key string) bool {
		_, command := s.root.Update(keyPress(key))
		return yields(command, tea.QuitMsg{})
	}
	for range 3 {
		if quits("esc") {
			t.Fatal("esc quit")
		}
	}
	s.send(forwardsArrived{held: []model.Forward{{ID: 1, State: model.ForwardActive}}})
	for _, key := range []string{"q", "ctrl+c"} {
		if quits(key) {
			t.Fatalf("%s quit with a forward open", key)
		}
		s.mustShow("Quit?", "1 forward ends with svctui")
		s.mustShow("y ↵ q Ctrl-C quit", "n Esc stay")
		for _, stays := range []string{"esc", "n"} {
			if quits(stays) {
				t.Fatalf("%s quit", stays)
			}
			s.mustNotShow("Quit?")
			s.press(key)
		}
		for _, leaves := range []string{"y", "enter", "q", "ctrl+c"} {
			if !quits(leaves) {
				t.Errorf("%s did not quit when asked after %s", leaves, key)
			}
		}
		s.press("esc")
	}
	s.send(forwardsArrived{})
	if !quits("q") {
		t.Errorf("q at home did not quit")
	}
}

// yields runs a command, and the commands that it is made of, as far as they return at once.
func yields(command tea.Cmd, want tea.Msg) bool {
	if command == nil {
		return false
	}
	result := make(chan tea.Msg, 1)
	go func() { result <- command() }()
	select {
	case msg := <-result:
		if batch, ok := msg.(tea.BatchMsg); ok {
			for _, inner := range batch {
				if yields(inner, want) {
					return true
				}
			}
			return false
		}
		return msg == want
	case <-time.After(time.Second):
		// It waits for something that will not happen here, a wake-up or a change of the forwards.
		return false
	}
}

func TestSixteenColoursAreEnough(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	s.send(tea.ColorProfileMsg{Profile: colorprofile.ANSI})
	s.show(stateOf("shop", shopFixtures()...))
	for _, keys := range [][]string{{"j"}, {"enter"}, {"4"}} {
		s.press(keys...)
		if content := s.root.View().Content; strings.Contains(content, "38;5;") || strings.Contains(content, "38;2;") || strings.Contains(content, "48;") {
			t.Errorf("after %v: a colour that is none of the sixteen", keys)
		}
	}
}

func TestASCIIKeepsTheLayout(t *testing.T) {
	plain := newConnectedScreen(t, 80, 24)
	plain.show(stateOf("shop", shopFixtures()...))
	ascii := newConnectedScreen(t, 80, 24)
	ascii.root.ascii = strings.NewReplacer(asciiStandIns()...)
	ascii.show(stateOf("shop", shopFixtures()...))
	for _, key := range []string{"j", "enter", "3"} {
		plain.press(key)
		ascii.press(key)
		a, b := strings.Split(plain.picture(), "\n"), strings.Split(ascii.picture(), "\n")
		for i := range a {
			if cells(a[i]) != cells(b[i]) {
				t.Errorf("line %d has %d cells, in ASCII %d:\n%s\n%s", i, cells(a[i]), cells(b[i]), a[i], b[i])
			}
			for _, r := range b[i] {
				if r >= 0x80 {
					t.Errorf("%q is not ASCII in %q", r, b[i])
				}
			}
		}
	}
}

// Whatever is pressed at whatever size: no panic, and no frame larger than the window.
func TestRandomKeysAtRandomSizes(t *testing.T) {
	keys := []string{
		"j", "k", "g", "G", "enter", "esc", "tab", "1", "2", "3", "4", "5", "6", "7", "0", "9", "/", "?", ":", "!", "=", "N", "H", "pgdown", "pgup",
		"t", "F", "f", "l", "p", "v", "y", "d", "c", "r", "m", "w", "o", "x", "q", "[", "]", "[", "ctrl+f", "ctrl+b", "a", "backspace",
	}
	sizes := [][2]int{{0, 0}, {1, 1}, {20, 5}, {40, 10}, {41, 11}, {60, 16}, {80, 24}, {96, 20}, {120, 40}, {200, 50}}
	states := []func() stateArrived{
		func() stateArrived { return stateArrived{state: stateOf("shop", shopFixtures()...)} },
		func() stateArrived { return stateArrived{state: stateOf("shop", shopFixtures()[2:5]...)} },
		func() stateArrived { return stateArrived{state: stateOf("shop")} },
	}
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			s := newConnectedScreen(t, 80, 24)
			width, height := 80, 24
			var log []string
			defer func() {
				if t.Failed() {
					t.Log(log)
				}
			}()
			for range 80 {
				switch random.IntN(12) {
				case 0:
					size := sizes[random.IntN(len(sizes))]
					width, height = size[0], size[1]
					s.send(tea.WindowSizeMsg{Width: width, Height: height})
					log = append(log, fmt.Sprint(size))
				case 1:
					arrived := states[random.IntN(len(states))]()
					arrived.generation = s.root.generation
					s.send(arrived)
					log = append(log, "state")
				default:
					key := keys[random.IntN(len(keys))]
					log = append(log, key)
					s.press(key)
				}
				s.mustFit(width, max(height, 1))
				if t.Failed() {
					return
				}
			}
		})
	}
}

// What went well makes room for the keys after a while; what did not, and what came since, stays.
func TestAMessageGivesTheKeysBack(t *testing.T) {
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState()})
	r := s.root
	for _, level := range []noteLevel{noteWarning, noteError} {
		if r.note(level, "it went wrong") != nil || r.toast == nil {
			t.Errorf("level %d passes by itself", level)
		}
	}
	if r.note(noteGood, "the first") == nil {
		t.Fatal("what went well stays for ever")
	}
	first := r.toast
	r.note(noteInfo, "the second")
	r.Update(toastOver{first})
	s.untilScreen("the second")
	r.Update(toastOver{r.toast})
	if strings.Contains(s.screen(), "the second") || !strings.Contains(s.screen(), "inspect") {
		t.Errorf("it is still there: %s", s.screen())
	}
}

// The time of a message passes while nothing else happens, and ends with the program.
func TestAMessageStaysForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r := &root{ctx: ctx, sh: &shell{now: time.Now}}
		began := time.Now()
		if over, ok := r.note(noteGood, "x")().(toastOver); !ok || over.toast != r.toast || time.Since(began) != toastStays {
			t.Errorf("%+v after %s", over, time.Since(began))
		}
		command := r.note(noteGood, "y")
		cancel()
		if over := command(); over != nil {
			t.Errorf("%+v after the end", over)
		}
	})
}
