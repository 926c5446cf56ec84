package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/svctui/svctui/kube"
	"github.com/svctui/svctui/kube/forward"
	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/engine"
	"github.com/svctui/svctui/probes/report"
	"github.com/svctui/svctui/tui"
)

// sshCoalesce is the shortest time between two states where the terminal is at the far end of a connection.
const sshCoalesce = 250 * time.Millisecond

// screen runs the terminal program. literal says that a word can only be a Service's name.
func (a *app) screen(command *cobra.Command, arguments []string, literal bool) error {
	ctx := command.Context()
	if err := tui.NeedScreen(); err != nil && (literal || len(arguments) == 0 || suggestion(command.Root(), arguments[0]) == "") {
		return err
	}
	var name string
	if len(arguments) > 0 {
		var err error
		if name, err = serviceName(arguments[0]); err != nil {
			return err
		}
		if meant := suggestion(command.Root(), arguments[0]); meant != "" && !literal {
			if err := a.mistyped(ctx, name, meant); err != nil {
				return err
			}
		}
	}
	logger, err := a.openLog()
	if err != nil {
		return err
	}
	own := &backend{Connector: a.connector(logger)}
	a.preflight(ctx, own.Connector)
	options := tui.Options{
		Connector: own, Version: versionText(), ReadOnly: a.readOnly, SSH: tui.OverSSH(), OnStart: a.panics.Set,
	}
	if options.SSH {
		own.coalesce = sshCoalesce
	}
	if a.allNamespaces || a.flags.Namespace() != "" {
		scope := a.scope("")
		options.Scope = &scope
	}
	if name != "" {
		options.Service = model.Key{Namespace: a.flags.Namespace(), Name: name}
		if !a.allNamespaces {
			own.wanted = func(contextNamespace string) []model.Key {
				return []model.Key{{Namespace: a.scope(contextNamespace), Name: name}}
			}
		}
	}
	if !a.demo {
		last := kube.NewLastNamespaces(logger)
		options.Recall, options.Remember = last.Recall, last.Remember
	}
	manager := forward.NewManager()
	defer manager.Close()
	options.Forwards = forwards{manager}
	err = tui.Run(ctx, options)
	if errors.Is(err, tui.ErrKilled) {
		return exitCode(exitCouldNot)
	}
	return err
}

// mistyped ends with a suggestion when a word near a command is no Service.
func (a *app) mistyped(ctx context.Context, name, meant string) error {
	session, err := a.connect(ctx)
	if err != nil {
		return fmt.Errorf("unknown command %q: did you mean `svctui %s`? Whether a Service is named so cannot be told: %w", name, meant, err)
	}
	scope := a.scope(session.Info().Namespace)
	found, err := findServices(ctx, session, scope, name)
	switch {
	case err != nil:
		return fmt.Errorf("unknown command %q: did you mean `svctui %s`? Whether a Service is named so cannot be told: %w", name, meant, err)
	case len(found) == 0:
		return fmt.Errorf("unknown command %q, and no Service is named so %s: did you mean `svctui %s`?", name, where(scope), meant)
	}
	return nil
}

// diagnose judges once and prints.
func (a *app) diagnose(ctx context.Context, arguments []string, format report.Format, wait time.Duration) error {
	names := make([]string, 0, len(arguments))
	for _, argument := range arguments {
		name, err := serviceName(argument)
		if err != nil {
			return err
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	session, err := a.connect(ctx)
	if err != nil {
		return err
	}
	state, err := a.judge(ctx, session, names, wait)
	if err != nil {
		return err
	}
	info := session.Info()
	if len(state.Reports) == 0 {
		if err := noSuchNamespace(ctx, session, state.Scope); err != nil {
			return err
		}
	}
	document := report.Document{
		Context: info.Context, Scope: state.Scope, At: state.At, Snapshot: state.Snapshot,
		Reports: state.Reports, Named: len(names) > 0,
	}
	if err := report.Write(a.out, document, format, report.StyleOf(os.Stdout)); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if code := report.ExitCode(state.Reports); code != 0 {
		return exitCode(code)
	}
	return nil
}

// judge reads the scope, and judges the Services named, or all.
func (a *app) judge(ctx context.Context, session *kube.Session, names []string, wait time.Duration) (*engine.State, error) {
	info := session.Info()
	scope := a.scope(info.Namespace)
	home := scope
	if home == model.AllNamespaces {
		home = a.homeOf(info.Namespace)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	store := session.NewStore(scope)
	store.Start(ctx)
	defer store.Stop()
	options := engine.OnceOptions{
		Options: engine.Options{KubectlArgs: info.KubectlArgs}, Names: names, Home: home, Wait: wait,
	}
	if progress() {
		options.Waiting = func(unsettled int, atMost time.Duration) {
			fmt.Fprintf(os.Stderr, "svctui: waiting up to %s for %s to settle; --wait=0 does not\n",
				atMost.Round(time.Second), services(unsettled))
		}
	}
	state, err := engine.Once(ctx, store, options)
	if unreadable := (*engine.UnreadableError)(nil); errors.As(err, &unreadable) && unreadable.Coverage.State == model.Forbidden {
		if scope == model.AllNamespaces {
			return nil, fmt.Errorf("%w; -n NAMESPACE looks at one namespace", err)
		}
		return nil, fmt.Errorf("%w; ask for the right to list and watch services there, or name another namespace with -n", err)
	}
	return state, err
}

// homeOf is the namespace in which a Service is missed that exists in none.
func (a *app) homeOf(contextNamespace string) string {
	if contextNamespace != "" {
		return contextNamespace
	}
	return "default"
}

func services(count int) string {
	if count == 1 {
		return "1 Service"
	}
	return fmt.Sprintf("%d Services", count)
}

// noSuchNamespace is the error for a namespace that does not exist; nil where it does, or where that may not be known.
func noSuchNamespace(ctx context.Context, session *kube.Session, namespace string) error {
	if namespace == model.AllNamespaces {
		return nil
	}
	known, err := session.Namespaces(ctx)
	if err != nil {
		return nil //nolint:nilerr // Who may not list namespaces cannot know that one is missing.
	}
	if slices.Contains(known, namespace) {
		return nil
	}
	var near []string
	for _, other := range known {
		if strings.Contains(other, namespace) || strings.Contains(namespace, other) {
			near = append(near, other)
		}
	}
	hint := "`kubectl get namespaces` lists those there are"
	if len(near) > 0 {
		hint = "did you mean " + near[0] + "?"
	}
	return fmt.Errorf("there is no namespace %s in context %s: %s", namespace, session.Info().Context, hint)
}
