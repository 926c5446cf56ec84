package main

// This file tells who types a command of kubectl's, or mistypes one of svctui's, how it is done here.

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/svctui/svctui/kube"
	"github.com/svctui/svctui/kube/model"
)

// kubectlWords are commands that people know from kubectl, each group with what does the same here. SERVICE stands for the Service that was named
// behind the word.
var kubectlWords = []struct {
	words   []string
	instead string
}{
	{
		[]string{"forward", "port-forward", "portforward"},
		"forwards are opened on the screen and held there, also while their Pods are replaced: `svctui SERVICE`, then F",
	},
	{
		[]string{"get", "list", "ls"},
		"svctui without a command lists the Services, and `svctui diagnose` prints them: -n names a namespace, -A takes all",
	},
	{
		[]string{"describe"},
		"`svctui SERVICE` shows a Service, where d describes it, and `svctui diagnose SERVICE` prints what is wrong with it",
	},
	{
		[]string{"logs", "log"},
		"logs are read on the screen, those of all Pods of a Service together: `svctui SERVICE`, then l, or p for those of the containers that ended",
	},
	{
		[]string{"events"},
		"events are read on the screen, those of a Service, its Pods and their workloads together: `svctui SERVICE`, then v",
	},
}

// insteadOf tells what takes the place of a command line of kubectl's, in a sentence; empty where it is none.
func insteadOf(command *cobra.Command, words []string) string {
	for _, group := range kubectlWords {
		if len(words) == 0 || !slices.Contains(group.words, words[0]) {
			continue
		}
		service := serviceAmong(words[1:])
		if service == "" {
			return group.instead
		}
		if namespace := command.Flags().Lookup("namespace"); namespace != nil && namespace.Value.String() != "" {
			service += " -n " + namespace.Value.String()
		}
		return strings.ReplaceAll(group.instead, "SERVICE", service)
	}
	return ""
}

// serviceAmong is the Service that words name, as kubectl takes them: svc NAME, svc/NAME or NAME, with ports behind; empty for none. Before
// another word a name is a kind of its own, as in `describe pod web`.
func serviceAmong(words []string) string {
	if len(words) > 0 && slices.Contains([]string{"svc", "service", "services"}, words[0]) {
		words = words[1:]
	}
	if len(words) == 0 {
		return ""
	}
	if len(words) > 1 && strings.Trim(words[1], "0123456789:") != "" {
		return ""
	}
	name, _, err := kube.ServiceName(words[0])
	if err != nil || len(validation.IsDNS1035Label(name)) > 0 {
		return ""
	}
	return words[0]
}

// unlessService is what to say of a word if no Service is named so: how a command of kubectl's is done here, or the command that was mistyped;
// empty where it can only be a Service.
func unlessService(root *cobra.Command, word string) string {
	if told := insteadOf(root, []string{word}); told != "" {
		return told + "."
	}
	root.SuggestionsMinimumDistance = 2
	if near := root.SuggestionsFor(word); len(near) > 0 {
		return fmt.Sprintf("did you mean `svctui %s`?", near[0])
	}
	return ""
}

// mistyped ends with what was meant when a word like a command is no Service.
func (a *app) mistyped(ctx context.Context, name, meant string) error {
	session, err := a.connect(ctx)
	var found []model.Key
	scope := ""
	if err == nil {
		scope = a.flags.Scope(session.Info().Namespace)
		found, err = session.FindServices(ctx, scope, name)
	}
	switch {
	case err != nil:
		return fmt.Errorf("unknown command %q: %s Whether a Service is named so cannot be told: %w", name, meant, err)
	case len(found) == 0:
		return fmt.Errorf("unknown command %q, and no Service is named so %s: %s", name, where(scope), meant)
	}
	return nil
}
