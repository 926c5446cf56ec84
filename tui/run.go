package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/term"

	"github.com/svctui/svctui/kube/model"
)

// Options says what Run shows and through what. Only Connector is needed.
type Options struct {
	Connector Connector
	// Forwards outlives sessions; nil where forwards cannot be held.
	Forwards Forwards

	// Context is the context to open; empty is the one that the command line or the kubeconfig says.
	Context string
	// Scope is the namespace that the command line asked for, or model.AllNamespaces; nil follows the rule:
	// the context's namespace, else Recall, else all if permitted.
	Scope *string
	// Service is opened at once; the zero Key opens the list. An empty Namespace means the scope's.
	Service model.Key
	// Recall returns the namespace last shown in a context, Remember keeps it. Both may be nil; they may
	// block, and are never called at the same time as themselves.
	Recall   func(contextName string) string
	Remember func(contextName, namespace string)

	Version string
	// ReadOnly forbids forwards, proxies and exec.
	ReadOnly bool
	// ForwardAddress is what the dialog offers for forwards to listen on; empty means loopback.
	ForwardAddress string
	// SSH says that the terminal is at the far end of a connection.
	SSH bool

	// OnStart is called before the terminal is changed, with a function that gives it back as it was: to be
	// called from any goroutine that panics, before the panic is let out. It returns within a second, and a
	// second call does nothing. nil is allowed.
	OnStart func(restore func())

	// Now is the clock, Environ the environment, Input and Output the terminal; nil means the process's own.
	Now     func() time.Time
	Environ []string
	Input   io.Reader
	Output  io.Writer

	// programOptions are for tests: a window size without a window.
	programOptions []tea.ProgramOption
}

func (o Options) complete() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	return o
}

// ErrKilled is what Run returns when ctx ended before the user did: after a signal.
var ErrKilled = errors.New("ended by a signal")

// Run draws until the user quits or ctx ends. It handles no signal: the caller ends ctx on SIGTERM, SIGHUP and
// SIGINT, and the terminal is restored before Run returns. A panic in Update, View or a command is caught
// and returned as an error, for the caller to print on the restored terminal; for panics elsewhere see Options.OnStart.
func Run(ctx context.Context, options Options) error {
	options = options.complete()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := newRoot(ctx, options, nil)
	programOptions := []tea.ProgramOption{
		tea.WithoutSignalHandler(), tea.WithEnvironment(options.Environ),
	}
	if options.Input != nil {
		programOptions = append(programOptions, tea.WithInput(options.Input))
	}
	if options.Output != nil {
		programOptions = append(programOptions, tea.WithOutput(options.Output))
	}
	var drawn tea.Model = r
	if wantsRepaint(options.Environ) {
		drawn = &repainter{Model: r}
	}
	program := tea.NewProgram(drawn, append(programOptions, options.programOptions...)...)
	r.send = program.Send
	if options.OnStart != nil {
		options.OnStart(restorer(program, options))
	}
	over := make(chan struct{})
	var ending sync.WaitGroup
	ending.Go(func() { endWith(ctx, program, over) })
	_, err := program.Run()
	killed := ctx.Err() != nil
	close(over)
	ending.Wait()
	switch {
	case r.panicked != nil:
		return fmt.Errorf("svctui stopped on a defect of its own: %w", r.panicked)
	case killed:
		return ErrKilled
	case err == nil:
		return nil
	case errors.Is(err, tea.ErrProgramPanic):
		return fmt.Errorf("svctui stopped on a defect of its own: %w", err)
	default:
		return fmt.Errorf("draw on the terminal: %w", err)
	}
}

// PanicError is a panic in a command, caught so that it can be printed once the terminal is itself again.
type PanicError struct {
	Value any
	Stack []byte
}

// Error implements error; it includes the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v\n\n%s", e.Value, e.Stack) }

// guarded makes a panic in a command a message. Bubble Tea would print it to the alternate screen, where nobody
// can read it a moment later.
func guarded(command tea.Cmd) tea.Cmd {
	return func() (msg tea.Msg) {
		defer func() {
			if value := recover(); value != nil {
				msg = &PanicError{value, debug.Stack()}
			}
		}()
		return command()
	}
}

// endWith ends the program in order when ctx ends. Bubble Tea's own way, WithContext, kills it, and then closes the
// terminal while its reader still reads. Where the event loop is stuck, killing is all that is left.
func endWith(ctx context.Context, program *tea.Program, over <-chan struct{}) {
	select {
	case <-over:
		return
	case <-ctx.Done():
	}
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		program.Quit()
	}()
	select {
	case <-over:
	case <-time.After(restoreWithin):
		program.Kill()
	}
	// Quit returns once the program is over, at the latest.
	<-asked
}

const restoreWithin = 700 * time.Millisecond

// giveBack undoes by hand what Bubble Tea did to the terminal: its ways of telling keys apart, which the shell would
// not understand, synchronized output, grapheme widths, the alternate screen, the hidden cursor, bracketed paste, and
// colours.
const giveBack = ansi.ResetModifyOtherKeys + "\x1b[<1u" + ansi.ResetModeSynchronizedOutput + ansi.ResetModeUnicodeCore +
	ansi.ResetModeAltScreenSaveCursor + ansi.SetModeTextCursorEnable + ansi.ResetModeBracketedPaste + ansi.ResetStyle + "\r\n"

// restorer gives the terminal back: the proper way, and where that does not come through in time (the
// panicking goroutine may hold what it needs) by hand.
func restorer(program *tea.Program, options Options) func() {
	input, _ := options.Input.(*os.File)
	if options.Input == nil {
		input = os.Stdin
	}
	output := options.Output
	if output == nil {
		output = os.Stdout
	}
	var before *term.State
	if input != nil {
		// Not a terminal: nothing to give back.
		before, _ = term.GetState(input.Fd())
	}
	return func() {
		done := make(chan struct{})
		go func() {
			defer close(done)
			program.Kill()
		}()
		select {
		case <-done:
		case <-time.After(restoreWithin):
			_, _ = io.WriteString(output, giveBack)
			if before != nil {
				_ = term.Restore(input.Fd(), before)
			}
		}
	}
}
