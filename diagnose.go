package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/svctui/svctui/kube"
	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/engine"
	"github.com/svctui/svctui/probes/report"
)

func (a *app) diagnoseCommand() *cobra.Command {
	format, failOn := newChoice(report.Formats()...), newChoice("red", "warning")
	var wait time.Duration
	var client string
	command := &cobra.Command{
		Use:   "diagnose [SERVICE...]",
		Short: "Judge Services once, for a script or a ticket",
		Long: "Judges the Services named, or all of the namespace, or with -A of all namespaces, and prints what is wrong,\n" +
			"why, and how to mend it. What has changed a moment ago is given until --wait to settle.\n\n" + exitCodesHelp,
		Example: "  svctui diagnose -n shop\n  svctui diagnose checkout -n shop -o markdown\n" +
			"  svctui diagnose -A -o json | jq -r '.services[] | select(.verdict==\"fail\") | .name'",
		ValidArgsFunction: a.completeServices,
		RunE: func(command *cobra.Command, arguments []string) error {
			return a.diagnose(command.Context(), arguments, report.Format(format.value), wait, client, failOn.value == "warning")
		},
	}
	format.add(command, "output", "o", "how to print: ")
	failOn.add(command, "fail-on", "", "from what on the exit code is 1: ")
	command.Flags().StringVar(&client, "client", "", "tell also what keeps this client out: POD, NAMESPACE/POD, namespace:NAME or an IP address")
	_ = command.RegisterFlagCompletionFunc("client", a.completePods(true))
	command.Flags().DurationVar(&wait, "wait", 12*time.Second, "how long to wait for what has changed a moment ago to settle; 0 judges at once")
	return command
}

// diagnose judges once and prints. With warnings they end it with exit code 1 too.
func (a *app) diagnose(ctx context.Context, arguments []string, format report.Format, wait time.Duration, clientText string, warnings bool) error {
	names, err := a.servicesNamed(arguments)
	if err != nil {
		return err
	}
	session, err := a.connect(ctx)
	if err != nil {
		return err
	}
	info := session.Info()
	var client check.Client
	if clientText != "" {
		if client, err = check.ParseClient(clientText, a.flags.Home(info.Namespace)); err != nil {
			return err
		}
	}
	state, err := a.judge(ctx, session, names, client, wait)
	if err != nil {
		return err
	}
	client = client.In(state.Snapshot)
	if err := whyNoClient(state.Snapshot, client); err != nil {
		return err
	}
	if client.Namespace != "" {
		if err := session.CheckNamespace(ctx, client.Namespace); err != nil {
			return err
		}
	}
	document := report.Document{
		Context: info.Context, KubectlArgs: info.KubectlArgs, Scope: state.Scope, At: state.At, Snapshot: state.Snapshot,
		Reports: state.Reports, Named: len(names) > 0, Client: client, ForClient: forClient(state, info.KubectlArgs, client),
	}
	if err := report.Write(a.out, document, format, report.StyleOf(os.Stdout)); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if code := report.ExitCode(document, warnings); code != 0 {
		return exitCode(code)
	}
	return nil
}

// judge reads the scope, and judges the Services named, or all.
func (a *app) judge(ctx context.Context, session *kube.Session, names []string, client check.Client, wait time.Duration) (*engine.State, error) {
	info := session.Info()
	scope := a.flags.Scope(info.Namespace)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	store := session.NewStore(scope)
	store.Start(ctx)
	defer store.Stop()
	options := engine.OnceOptions{
		Options: engine.Options{KubectlArgs: info.KubectlArgs}, Names: names, Home: a.flags.Home(info.Namespace), Wait: wait, Client: client,
	}
	if scope != model.AllNamespaces {
		for _, name := range names {
			options.Elsewhere = append(options.Elsewhere, servicesAnywhere(ctx, session, name)...)
		}
	}
	if progress() {
		options.Waiting = func(unsettled int, atMost time.Duration) {
			fmt.Fprintf(os.Stderr, "svctui: waiting up to %s for %s to settle; --wait=0 does not\n",
				atMost.Round(time.Second), check.Counted(unsettled, "Service", "Services"))
		}
	}
	state, err := engine.Once(ctx, store, options)
	unreadable := (*engine.UnreadableError)(nil)
	forbidden := errors.As(err, &unreadable) && unreadable.Coverage.State == model.Forbidden
	if forbidden || err == nil && noneIsThere(state.Reports) {
		if err := session.CheckNamespace(ctx, scope); err != nil {
			return nil, err
		}
	}
	if forbidden {
		if scope == model.AllNamespaces {
			return nil, fmt.Errorf("%w; -n NAMESPACE looks at one namespace", err)
		}
		return nil, fmt.Errorf("%w; ask for the right to list and watch services there, or name another namespace with -n", err)
	}
	return state, err
}

// forClient judges each Service of a state for a client; nil for nobody.
func forClient(state *engine.State, kubectlArgs []string, client check.Client) map[model.Key]check.ClientReport {
	if !client.Chosen() {
		return nil
	}
	in := check.Input{Snapshot: state.Snapshot, Now: state.At, KubectlArgs: kubectlArgs}
	reports := map[model.Key]check.ClientReport{}
	for _, judged := range state.Reports {
		reports[judged.Key] = check.Reaches(in, judged.Key, 0, client)
	}
	return reports
}

// whyNoClient returns an error where a client is known not to be there.
func whyNoClient(snapshot *model.Snapshot, client check.Client) error {
	if pod := client.Pod; pod.Name != "" && snapshot.Coverage(model.Pods, pod.Namespace).Known() && snapshot.Pod(pod) == nil {
		var elsewhere []string
		for _, other := range snapshot.Pods(model.AllNamespaces) {
			if other.Name == pod.Name {
				elsewhere = append(elsewhere, other.Namespace+"/"+other.Name)
			}
		}
		if len(elsewhere) > 0 {
			return fmt.Errorf("there is no Pod %s; did you mean %s?", pod, strings.Join(elsewhere[:min(len(elsewhere), 3)], " or "))
		}
		return fmt.Errorf("there is no Pod %s: write NAMESPACE/POD for one of another namespace", pod)
	}
	return nil
}
