package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/report"
)

// choice is a flag with a few values, which it checks and completes.
type choice struct {
	value   string
	options []string
}

// String, Set and Type are those of pflag.Value.
func (c *choice) String() string { return c.value }

func (c *choice) Set(value string) error {
	for _, option := range c.options {
		if value == option {
			c.value = value
			return nil
		}
	}
	return fmt.Errorf("want one of %s", strings.Join(c.options, ", "))
}

func (c *choice) Type() string { return "string" }

func (c *choice) add(command *cobra.Command, usage string) { c.addNamed(command, "output", "o", usage) }

func (c *choice) addNamed(command *cobra.Command, name, shorthand, usage string) {
	command.Flags().VarP(c, name, shorthand, usage+strings.Join(c.options, ", "))
	_ = command.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(c.options, cobra.ShellCompDirectiveNoFileComp))
}

// takes refuses another number of arguments, with a sentence that says what to write.
func takes(least, most int, sentence string) cobra.PositionalArgs {
	return func(_ *cobra.Command, arguments []string) error {
		if len(arguments) < least || len(arguments) > most {
			return errors.New(sentence)
		}
		return nil
	}
}

// completionPatience is how long a shell waits for completions from a cluster.
const completionPatience = 3 * time.Second

func (a *app) completeContexts(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	contexts, err := a.connector(nil).Contexts()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, context := range contexts {
		names = append(names, report.Clean(context.Name))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func (a *app) completeNamespaces(command *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := completionContext(command)
	defer cancel()
	session, err := a.connector(nil).Connect(ctx, "")
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	defer session.Close()
	names, err := session.Namespaces(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func (a *app) completeServices(command *cobra.Command, arguments []string, _ string) ([]string, cobra.ShellCompDirective) {
	if command.Args != nil && len(arguments) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := completionContext(command)
	defer cancel()
	session, err := a.connector(nil).Connect(ctx, "")
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	defer session.Close()
	keys, err := findServices(ctx, session, a.scope(session.Info().Namespace), "")
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, key := range keys {
		names = append(names, report.Clean(key.Name))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func completionContext(command *cobra.Command) (context.Context, context.CancelFunc) {
	ctx := command.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	return context.WithTimeout(ctx, completionPatience)
}

// suggestion is the command that a word may have been meant for, or "".
func suggestion(root *cobra.Command, word string) string {
	root.SuggestionsMinimumDistance = 2
	if near := root.SuggestionsFor(word); len(near) > 0 {
		return near[0]
	}
	return ""
}

// where names a scope in a sentence.
func where(scope string) string {
	if scope == model.AllNamespaces {
		return "in any namespace"
	}
	return "in namespace " + scope
}
