package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/svctui/svctui/probes/isolation"
	"github.com/svctui/svctui/probes/report"
)

// sweepFlags are those that ask for a sweep.
type sweepFlags struct {
	pods bool
	most int
}

func (f sweepFlags) request(wanted isolation.Request) isolation.Request {
	if wanted.MaxPods = f.most; f.most <= 0 {
		wanted.MaxPods = -1
	}
	return wanted
}

// sweep runs the isolation test's rungs of the Pod on all Pods of a Service.
func (a *app) sweep(ctx context.Context, argument string, wanted isolation.Request, from string, format report.Format) error {
	switch {
	case wanted.Pod != "":
		return errors.New("--all-pods and --pod contradict each other")
	case from != "" || wanted.Sockets:
		return errors.New("--all-pods runs no command in a Pod: leave --from and --sockets out")
	}
	session, state, err := a.testee(ctx, argument, &wanted, "")
	if err != nil {
		return err
	}
	var tell func(isolation.SweepResult)
	if progress() {
		tell = report.SweepProgress(os.Stderr)
	}
	result := isolation.Sweep(ctx, session, state.Snapshot, wanted, tell)
	if err := report.WriteSweep(a.out, result, format, report.StyleOf(os.Stdout)); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if code := isolation.SweepExitCode(result); code != 0 {
		return exitCode(code)
	}
	return nil
}
