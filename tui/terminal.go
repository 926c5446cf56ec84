package tui

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/charmbracelet/x/term"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
)

// NeedScreen says in one sentence why Run cannot draw on the process's own terminal; nil where it can.
func NeedScreen() error {
	switch {
	case os.Getenv("TERM") == "dumb":
		return errors.New("this terminal cannot draw a screen (TERM=dumb): use `svctui diagnose` for text")
	case !term.IsTerminal(os.Stdin.Fd()):
		return errors.New("the input is not a terminal: use `svctui diagnose` for output without a screen")
	case !term.IsTerminal(os.Stdout.Fd()):
		return errors.New("the output is not a terminal: use `svctui diagnose` for output to a pipe or a file")
	}
	return nil
}

// OverSSH tells whether the terminal is at the far end of a connection, as sshd says in the environment.
func OverSSH() bool {
	return os.Getenv("SSH_TTY") != "" || os.Getenv("SSH_CONNECTION") != ""
}

// PanicHook gives the terminal back when a goroutine panics that Bubble Tea knows nothing of. Safe for concurrent use.
type PanicHook struct {
	mu      sync.Mutex
	restore func()
	once    sync.Once
	// panicking is closed when a goroutine is about to end the program by its panic.
	panicking chan struct{}
}

// HookPanics makes every goroutine that ends in utilruntime.HandleCrash, client-go's and svctui's own alike, give the
// terminal back before its panic ends the program. Bubble Tea does so for its own. It concerns the whole process and
// belongs at its beginning, before there are such goroutines.
func HookPanics() *PanicHook {
	hook := &PanicHook{panicking: make(chan struct{})}
	utilruntime.PanicHandlers = append(utilruntime.PanicHandlers, func(context.Context, any) { hook.run() })
	return hook
}

// Set says how to give the terminal back; it is what Options.OnStart wants.
func (h *PanicHook) Set(restore func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.restore = restore
}

// panicPatience is how long a panic may need to end the program, which takes milliseconds.
const panicPatience = 5 * time.Second

// LetPanicEnd does not return where a goroutine's panic is about to end the program: else the program could end before it, as if
// the screen had been closed by a signal, and nobody would see why.
func (h *PanicHook) LetPanicEnd() {
	select {
	case <-h.panicking:
		time.Sleep(panicPatience)
	default:
	}
}

func (h *PanicHook) run() {
	h.once.Do(func() { close(h.panicking) })
	h.mu.Lock()
	restore := h.restore
	h.mu.Unlock()
	if restore != nil {
		restore()
	}
}
