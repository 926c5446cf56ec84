package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/charmbracelet/x/term"
)

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

// progress tells whether somebody sees what is written to the standard error.
func progress() bool { return term.IsTerminal(os.Stderr.Fd()) }

// interactive tells whether a login plugin can ask somebody something.
func interactive() bool { return term.IsTerminal(os.Stdin.Fd()) && progress() }
