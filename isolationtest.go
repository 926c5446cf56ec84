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
	"github.com/svctui/svctui/probes/isolation"
	"github.com/svctui/svctui/probes/report"
)

func (a *app) testCommand() *cobra.Command {
	var wanted isolation.Request
	var from string
	var yes bool
	var all sweepFlags
	format := newChoice(report.TestFormats()...)
	scheme := newChoice("auto", "http", "https", "grpc", "tcp")
	command := &cobra.Command{
		Use:     "test SERVICE[:PORT]",
		Example: "  svctui test checkout -n shop\n  svctui test checkout.shop:http --from shop/frontend-0",
		Short:   "Run the isolation test: where between client and application does a request stop?",
		Long: "Sends a request to the Service in several ways, each of which leaves something out, and concludes where it stops:\n" +
			"a port-forward to the Pod and to the Service, the API server's proxy to both, and from this machine the addresses\n" +
			"of its load balancer and of Ingresses. It opens no local port and changes nothing. Without :PORT every port is\n" +
			"tested. --readonly leaves what can be tried from this machine without the API server.\n\n" +
			"--from tries the Service from inside of a Pod as well, and --sockets reads what the tested Pod listens on. Both run\n" +
			"a command there, which is shown first; only with a y, or with --yes, it runs.\n\n" +
			"Exit codes: 0 every port passed; 1 a fault was found, be it that there is no such Service; 2 the test could not be run,\n" +
			"is inconclusive, or found no more than a warning.",
		Args:              takes(1, 1, "name the one Service to test: svctui test SERVICE[:PORT] -n NAMESPACE"),
		ValidArgsFunction: a.completeServices,
		RunE: func(command *cobra.Command, arguments []string) error {
			wanted.Scheme, wanted.ReadOnly = scheme.value, a.readOnly
			if all.pods || command.Flags().Changed("max-pods") {
				return a.sweep(command.Context(), arguments[0], all.request(wanted), from, report.Format(format.value))
			}
			if from == "" {
				wanted.SocketsContainer = wanted.ClientContainer
			}
			return a.test(command.Context(), arguments[0], wanted, from, yes, report.Format(format.value))
		},
	}
	command.Flags().StringVar(&wanted.Pod, "pod", "", "test through this Pod; without it the one that a port-forward would choose")
	command.Flags().StringVar(&wanted.Path, "path", "", "the path to request; without it that of the readiness probe, else /")
	command.Flags().StringVar(&wanted.Host, "host", "", "the HTTP Host header")
	command.Flags().BoolVar(&wanted.NodePorts, "node-ports", false, "from here, try the port's node port on some nodes too")
	command.Flags().BoolVar(&wanted.PodIP, "pod-ip", false, "from here, try the Pod's own IP too")
	command.Flags().BoolVar(&all.pods, "all-pods", false, "sweep instead: every Pod of the Service on every port, or on the one named; which of them does not answer?")
	command.Flags().IntVar(&all.most, "max-pods", 200, "how many Pods a sweep takes; 0 takes all")
	command.Flags().DurationVar(&wanted.Patience, "timeout", 0, "how long an answer may take; without it 5s, or what the port's probes allow")
	command.Flags().StringVar(&from, "from", "", "try the Service from inside this Pod too, POD or NAMESPACE/POD; asks before it runs a command there")
	command.Flags().StringVarP(&wanted.ClientContainer, "container", "c", "", "the container of that Pod, without --from of the tested one; left out, the one that kubectl exec takes")
	command.Flags().BoolVar(&wanted.Sockets, "sockets", false, "read what the tested Pod listens on too; asks before it runs a command there")
	command.Flags().BoolVar(&yes, "yes", false, "agree to the commands that --from and --sockets run")
	_ = command.RegisterFlagCompletionFunc("from", a.completePods(false))
	_ = command.RegisterFlagCompletionFunc("pod", a.complete(func(session *kube.Session, ctx context.Context) ([]string, error) {
		return session.PodNames(ctx, a.flags.Home(session.Info().Namespace))
	}))
	scheme.add(command, "scheme", "", "how to speak to the application: ")
	format.add(command, "output", "o", "how to print: ")
	return command
}

// testee connects, and reads what the test of one Service needs. It notes in the request what the session knows, and the client.
func (a *app) testee(ctx context.Context, argument string, wanted *isolation.Request, from string) (*kube.Session, *engine.State, error) {
	target, port, _ := strings.Cut(argument, ":")
	name, err := a.serviceNamed(target)
	switch {
	case err != nil:
		return nil, nil, err
	case a.flags.AllNamespaces():
		return nil, nil, errors.New("the test is of one Service: name its namespace with -n instead of -A")
	case wanted.Path != "" && !strings.HasPrefix(wanted.Path, "/"):
		return nil, nil, fmt.Errorf("--path %q does not begin with a slash", wanted.Path)
	case wanted.Patience < 0 || wanted.Patience > time.Minute:
		return nil, nil, fmt.Errorf("--timeout %s: want up to 1m", wanted.Patience)
	}
	session, err := a.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	wanted.KubectlArgs = session.Info().KubectlArgs
	var client check.Client
	if from != "" {
		if client, err = check.ParseClient(from, a.flags.Scope(session.Info().Namespace)); err != nil || client.Pod.Name == "" {
			return nil, nil, fmt.Errorf("--from %q names no Pod: want POD or NAMESPACE/POD", from)
		}
		wanted.Client = client.Pod
	}
	state, err := a.judge(ctx, session, []string{name}, client, 0)
	if err != nil {
		return nil, nil, err
	}
	if err := whyNoClient(state.Snapshot, client); err != nil {
		return nil, nil, err
	}
	wanted.Service, wanted.Port = model.Key{Namespace: state.Scope, Name: name}, port
	if noneIsThere(state.Reports) {
		wanted.Elsewhere = servicesAnywhere(ctx, session, name)
	}
	return session, state, nil
}

// test runs the isolation test on one port of a Service, or on all.
func (a *app) test(ctx context.Context, argument string, wanted isolation.Request, from string, yes bool, format report.Format) error {
	wanted.Pod = strings.TrimPrefix(wanted.Pod, "pod/") // as kubectl names it
	session, state, err := a.testee(ctx, argument, &wanted, from)
	if err != nil {
		return err
	}
	if err := isolation.CheckPod(state.Snapshot, wanted.Service, wanted.Pod); err != nil {
		return err
	}
	service, port := wanted.Service, wanted.Port
	wanted.Denied = denied(session.Access(ctx, isolation.Rights(service.Namespace)))
	if client := wanted.Client.Namespace; client != "" && client != service.Namespace {
		wanted.Denied = append(wanted.Denied, denied(session.Access(ctx, isolation.Rights(client)))...)
	}
	requests := isolation.Plan(state.Snapshot, service)
	if port != "" || len(requests) == 0 {
		requests = []isolation.Request{{Service: service, Port: port}}
	}
	for i := range requests {
		service, port := requests[i].Service, requests[i].Port
		requests[i] = wanted
		requests[i].Service, requests[i].Port = service, port
	}
	asked, err := a.askForConsent(ctx, session.Info(), state.Snapshot, requests, yes)
	if err != nil {
		return err
	}
	if asked {
		// Pods may have been replaced while the question stood. What was agreed to holds to the letter, and is not run where that changed it.
		if state, err = a.judge(ctx, session, []string{service.Name}, check.Client{Pod: wanted.Client}, 0); err != nil {
			return err
		}
	}
	results := make([]isolation.Result, 0, len(requests))
	for _, request := range requests {
		var tell func(isolation.Result)
		if progress() {
			tell = report.TestProgress(os.Stderr, request.Port)
		}
		results = append(results, isolation.Run(ctx, session, state.Snapshot, request, tell))
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if err := report.WriteTests(a.out, results, format, report.StyleOf(os.Stdout)); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	if code := isolation.ExitCode(results); code != 0 {
		return exitCode(code)
	}
	return nil
}

// denied are the questions that the API server said no to.
func denied(answers []model.AccessAnswer) []model.AccessQuestion {
	var questions []model.AccessQuestion
	for _, answer := range answers {
		if answer.Err == nil && !answer.Allowed {
			questions = append(questions, answer.AccessQuestion)
		}
	}
	return questions
}
