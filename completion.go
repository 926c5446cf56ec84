package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/svctui/svctui/kube"
	"github.com/svctui/svctui/probes/report"
)

// choice is a flag with a few values, which it checks and completes.
type choice struct {
	value   string
	options []string
}

// newChoice returns a choice of options, the default first.
func newChoice[T ~string](options ...T) choice {
	c := choice{value: string(options[0])}
	for _, option := range options {
		c.options = append(c.options, string(option))
	}
	return c
}

// String, Set and Type are those of pflag.Value.
func (c *choice) String() string { return c.value }

func (c *choice) Set(value string) error {
	if !slices.Contains(c.options, value) {
		return fmt.Errorf("want one of %s", strings.Join(c.options, ", "))
	}
	c.value = value
	return nil
}

func (c *choice) Type() string { return "string" }

func (c *choice) add(command *cobra.Command, name, shorthand, usage string) {
	command.Flags().VarP(c, name, shorthand, usage+strings.Join(c.options, ", "))
	_ = command.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(c.options, cobra.ShellCompDirectiveNoFileComp))
}

// complete completes with what a session lists.
func (a *app) complete(list func(*kube.Session, context.Context) ([]string, error)) cobra.CompletionFunc {
	return func(command *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(command.Context(), completionPatience)
		defer cancel()
		session, err := a.connector(nil).Connect(ctx, "")
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		defer session.Close()
		return completions(list(session, ctx))
	}
}

// completePods completes what names a Pod as a client: POD or NAMESPACE/POD, and where others are clients too, namespace:NAME.
func (a *app) completePods(others bool) cobra.CompletionFunc {
	return func(command *cobra.Command, arguments []string, word string) ([]string, cobra.ShellCompDirective) {
		unfinished := false
		names, directive := a.complete(func(session *kube.Session, ctx context.Context) (names []string, err error) {
			names, unfinished, err = clientsNamed(ctx, session, a.flags.Home(session.Info().Namespace), word, others)
			return names, err
		})(command, arguments, word)
		if unfinished {
			directive |= cobra.ShellCompDirectiveNoSpace
		}
		return names, directive
	}
}

// namespacePrefix is in front of a client that is any Pod of a namespace.
const namespacePrefix = "namespace:"

// clientsNamed are the clients whose names begin with a word. Unfinished means that each of them has to be typed on.
func clientsNamed(ctx context.Context, session *kube.Session, home, word string, others bool) (names []string, unfinished bool, err error) {
	if namespace, typed, slash := strings.Cut(word, "/"); slash {
		pods, err := session.PodNames(ctx, namespace)
		return beginning(typed, pods, namespace+"/", ""), false, err
	}
	namespaces, denied := session.Namespaces(ctx)
	if typed, after := strings.CutPrefix(word, namespacePrefix); others && after {
		return beginning(typed, namespaces, namespacePrefix, ""), false, denied
	}
	pods, err := session.PodNames(ctx, home)
	if err != nil && denied != nil {
		return nil, false, err
	}
	names = beginning(word, pods, "", "")
	unfinished = len(names) == 0
	if others {
		names = append(names, beginning(word, []string{namespacePrefix}, "", "")...)
	}
	return append(names, beginning(word, namespaces, "", "/")...), unfinished, nil
}

// beginning are the names that begin as typed, each between a text in front and one behind.
func beginning(typed string, names []string, front, behind string) []string {
	var fit []string
	for _, name := range names {
		if strings.HasPrefix(name, typed) {
			fit = append(fit, front+name+behind)
		}
	}
	return fit
}

func (a *app) completeServices(command *cobra.Command, arguments []string, word string) ([]string, cobra.ShellCompDirective) {
	if command.Args != nil && len(arguments) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.complete(func(session *kube.Session, ctx context.Context) ([]string, error) {
		keys, err := session.FindServices(ctx, a.flags.Scope(session.Info().Namespace), "")
		var names []string
		for _, key := range keys {
			names = append(names, key.Name)
		}
		return names, err
	})(command, arguments, word)
}

func (a *app) completeContexts(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	contexts, err := a.connector(nil).Contexts()
	var names []string
	for _, context := range contexts {
		names = append(names, context.Name)
	}
	return completions(names, err)
}

func completions(names []string, err error) ([]string, cobra.ShellCompDirective) {
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	for i, name := range names {
		names[i] = report.Clean(name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
