package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/charmbracelet/x/term"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"

	"github.com/svctui/svctui/probes/report"
)

// widest is where text wraps at most: longer lines are hard to read.
const widest = 120

// kindlyEnd returns a context that ends with the first signal that asks the program to. The second one ends the
// program at once. SIGHUP is left alone where it is ignored, as under nohup.
func kindlyEnd() context.Context {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	context.AfterFunc(ctx, stop)
	return ctx
}

// restoreHook gives the terminal back when a goroutine panics.
type restoreHook struct {
	mu      sync.Mutex
	restore func()
}

// restoreOnPanic makes every goroutine that ends in utilruntime.HandleCrash, client-go's and svctui's own alike,
// give the terminal back before its panic ends the program. Bubble Tea does so for its own.
func restoreOnPanic() *restoreHook {
	hook := &restoreHook{}
	utilruntime.PanicHandlers = append(utilruntime.PanicHandlers, func(context.Context, any) { hook.run() })
	return hook
}

// set says how to give the terminal back.
func (h *restoreHook) set(restore func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.restore = restore
}

func (h *restoreHook) run() {
	h.mu.Lock()
	restore := h.restore
	h.mu.Unlock()
	if restore != nil {
		restore()
	}
}

// needScreen says in one sentence why the screen cannot be drawn here; nil where it can.
func needScreen() error {
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

// overSSH tells whether the terminal is at the far end of a connection.
func overSSH() bool {
	return os.Getenv("SSH_TTY") != "" || os.Getenv("SSH_CONNECTION") != ""
}

// textStyle is how text is printed on the standard output.
func textStyle() report.Style {
	if !term.IsTerminal(os.Stdout.Fd()) {
		return report.Style{}
	}
	width, _, err := term.GetSize(os.Stdout.Fd())
	if err != nil || width <= 0 || width > widest {
		width = widest
	}
	return report.Style{
		Color: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		Width: width,
		ASCII: asciiOnly(),
	}
}

// asciiOnly tells from the locale whether the terminal shows ASCII only. No locale at all says nothing.
func asciiOnly() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := strings.ToLower(os.Getenv(name)); locale != "" {
			return !strings.Contains(locale, "utf-8") && !strings.Contains(locale, "utf8")
		}
	}
	return false
}

// progress tells whether somebody sees what is written to the standard error.
func progress() bool { return term.IsTerminal(os.Stderr.Fd()) }

// interactive tells whether a login plugin can ask somebody something.
func interactive() bool { return term.IsTerminal(os.Stdin.Fd()) && progress() }
