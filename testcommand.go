package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/isolation"
	"github.com/svctui/svctui/probes/report"
)

// testOptions are the flags of `svctui test`.
type testOptions struct {
	pod, path, host, scheme string
	json                    bool
}

// test runs the isolation test on one port of a Service, or on all.
func (a *app) test(ctx context.Context, argument string, options testOptions) error {
	if a.allNamespaces {
		return errors.New("the test is of one Service: name its namespace with -n instead of -A")
	}
	if options.path != "" && !strings.HasPrefix(options.path, "/") {
		return fmt.Errorf("--path %q does not begin with a slash", options.path)
	}
	target, port, _ := strings.Cut(argument, ":")
	name, err := serviceName(target)
	if err != nil {
		return err
	}
	session, err := a.connect(ctx)
	if err != nil {
		return err
	}
	state, err := a.judge(ctx, session, []string{name}, 0)
	if err != nil {
		return err
	}
	service := model.Key{Namespace: state.Scope, Name: name}
	requests := isolation.Plan(state.Snapshot, service)
	if port != "" || len(requests) == 0 {
		requests = []isolation.Request{{Service: service, Port: port}}
	}
	results := make([]isolation.Result, 0, len(requests))
	for _, request := range requests {
		request.Pod, request.Path, request.Host, request.Scheme = options.pod, options.path, options.host, options.scheme
		request.ReadOnly = a.readOnly
		results = append(results, runTest(ctx, session, state.Snapshot, request))
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if options.json {
		out, err := report.EncodeTests(results)
		if err != nil {
			return fmt.Errorf("writing the result: %w", err)
		}
		if _, err := io.WriteString(a.out, out); err != nil {
			return fmt.Errorf("writing the result: %w", err)
		}
	} else if err := report.WriteTests(a.out, results, report.StyleOf(os.Stdout)); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	if code := isolation.ExitCode(results); code != 0 {
		return exitCode(code)
	}
	return nil
}

// runTest runs one test, and says on a terminal's standard error which rung is under way.
func runTest(ctx context.Context, dialer isolation.Dialer, snapshot *model.Snapshot, request isolation.Request) isolation.Result {
	told := map[isolation.Rung]bool{}
	var last isolation.Result
	isolation.Run(ctx, dialer, snapshot, request, func(result isolation.Result) {
		last = result
		for _, seen := range result.Rungs {
			if seen.Running && !told[seen.Rung] && progress() {
				told[seen.Rung] = true
				fmt.Fprintf(os.Stderr, "svctui: %s: trying %s\n", report.Clean(request.Port), report.RungTitle(seen.Rung))
			}
		}
	})
	return last
}
