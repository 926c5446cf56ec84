package main

// This file asks a person before a command runs in a Pod.

import (
	"bufio"
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

// askForConsent shows the commands that requests would run in Pods, and notes in them that a person agreed. It tells whether it had to ask, which
// may have taken long.
func (a *app) askForConsent(ctx context.Context, info model.SessionInfo, snapshot *model.Snapshot, requests []isolation.Request, yes bool) (asked bool, err error) {
	var all []isolation.Command
	for i := range requests {
		commands := isolation.Commands(snapshot, requests[i])
		for _, command := range commands {
			requests[i].Agreed = append(requests[i].Agreed, command.ExecRequest)
		}
		all = append(all, commands...)
	}
	switch {
	case len(all) == 0, yes:
		return false, nil
	case !interactive():
		return false, errors.New("this runs a command in a Pod, and nobody can be asked here: --yes agrees to it")
	}
	return true, agreed(ctx, os.Stdin, os.Stderr, consentText(info, all))
}

// consentText says what would be run, where, and what for.
func consentText(info model.SessionInfo, commands []isolation.Command) string {
	var out strings.Builder
	for _, command := range commands {
		fmt.Fprintf(&out, "In Pod %s/%s, container %s, of context %s, svctui would run a command. It %s:\n\n%s\n\n",
			report.Clean(command.Namespace), report.Clean(command.Pod), report.Clean(command.Container), report.Clean(info.Context),
			report.Clean(command.Purpose), report.CleanLines(command.Line(info.KubectlArgs)))
	}
	return out.String() + "It changes nothing there. Run it? [y/N] "
}

// errInterruptedAsking is what asking returns when the person ends the program instead of answering.
var errInterruptedAsking = errors.New("interrupted: nothing was run")

// agreed asks, and returns an error unless the answer is yes. It does not wait for an answer longer than the context lasts; a read that is under
// way then is left to the end of the program.
func agreed(ctx context.Context, in io.Reader, out io.Writer, question string) error {
	if _, err := io.WriteString(out, question); err != nil {
		return err
	}
	answered := make(chan string, 1)
	go func() {
		answer, _ := bufio.NewReader(in).ReadString('\n')
		answered <- answer
	}()
	var answer string
	select {
	case <-ctx.Done():
	case answer = <-answered:
	}
	if !strings.HasSuffix(answer, "\n") {
		// What is said next does not belong on the line of the question.
		_, _ = io.WriteString(out, "\n")
	}
	if ctx.Err() != nil {
		return errInterruptedAsking
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("not agreed to: nothing was run")
}
