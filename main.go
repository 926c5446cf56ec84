// Command svctui tells why a Kubernetes Service does not route, and what to change: as a terminal program, and as
// diagnose, test and explain for scripts. See docs/architecture.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/charmbracelet/x/term"
	mango "github.com/muesli/mango-cobra"
	"github.com/muesli/roff"
	"github.com/spf13/cobra"

	"github.com/svctui/svctui/kube"
	"github.com/svctui/svctui/kube/forward"
	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/engine"
	"github.com/svctui/svctui/probes/isolation"
	"github.com/svctui/svctui/probes/report"
	"github.com/svctui/svctui/tui"
)

// version is set by the linker in a release.
var version = "dev"

// The exit codes. Scripts rest on them.
const (
	exitRed       = 1
	exitCouldNot  = 2
	exitCodesHelp = "Exit codes: 0 nothing is red; 1 something is red; 2 it could not look, or something is unknown and nothing red."
)

func main() {
	stop := kindlyEnd()
	code := run(stop, os.Args[1:])
	os.Exit(code)
}

// run carries out one command line and returns the exit code.
func run(ctx context.Context, arguments []string) int {
	kube.SetEnvironment()
	spareMemory()
	a := &app{flags: kube.NewFlags(), out: os.Stdout, panics: tui.HookPanics()}
	defer a.close()
	root := a.root()
	root.SetArgs(arguments)
	err := root.ExecuteContext(ctx)
	var code exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "svctui: interrupted")
	default:
		fmt.Fprintln(os.Stderr, "svctui: "+report.Clean(err.Error()))
	}
	return exitCouldNot
}

// exitCode ends the program with a code and without another word.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// app is one run of the program: what the flags say, and what is open.
type app struct {
	flags    *kube.Flags
	readOnly bool
	demo     bool
	logFile  string
	// forwardAddress is where forwards may listen beside loopback.
	forwardAddress string

	out     io.Writer
	panics  *tui.PanicHook
	closers []func()
}

// close ends what is open, the last first.
func (a *app) close() {
	for _, closer := range slices.Backward(a.closers) {
		closer()
	}
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "svctui [SERVICE]",
		Short: "tell why a Kubernetes Service does not route, and what to change",
		Long: "svctui tells why a Kubernetes Service does not route, and what to change. It lists Services live, worst first,\n" +
			"shows where a request breaks and the fix as a command to copy, and runs the isolation test. It changes nothing\n" +
			"in the cluster.",
		Example: "  svctui                        the Services of the context's namespace\n" +
			"  svctui checkout -n shop       one Service; svc/checkout works too, and -- test for one named like a command\n" +
			"  svctui diagnose -A -o json    the same without a screen\n" +
			"  svctui demo                   an embedded cluster with every common mistake; nothing to install",
		Args:              oneService,
		SilenceErrors:     true,
		SilenceUsage:      true,
		ValidArgsFunction: a.completeServices,
		RunE: func(command *cobra.Command, arguments []string) error {
			literal := command.ArgsLenAtDash() == 0
			return a.screen(command, arguments, literal)
		},
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	root.SetOut(a.out)
	root.SetFlagErrorFunc(func(command *cobra.Command, err error) error {
		return fmt.Errorf("%w; see `%s --help`", err, command.CommandPath())
	})
	flags := root.PersistentFlags()
	a.flags.AddFlags(flags)
	flags.BoolVar(&a.readOnly, "readonly", false, "never open a port-forward, send a proxy request or run a command in a Pod")
	root.Flags().StringVar(&a.forwardAddress, "forward-address", "",
		"let forwards listen on this address of the machine, where others may reach them, instead of on loopback only")
	flags.BoolVar(&a.demo, "demo", false, "use an embedded demo cluster instead of a real one")
	flags.StringVar(&a.logFile, "log-file", "", "append svctui's own log to this file; without it nothing is logged")
	_ = root.RegisterFlagCompletionFunc("context", a.completeContexts)
	_ = root.RegisterFlagCompletionFunc("namespace", a.complete((*kube.Session).Namespaces))

	root.AddCommand(a.diagnoseCommand(), a.testCommand(), explainCommand(a.out), a.demoCommand(), versionCommand(a.out), manCommand(a.out))
	root.InitDefaultCompletionCmd()
	return root
}

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
	command.Flags().DurationVar(&wait, "wait", 12*time.Second, "how long to wait for what has changed a moment ago to settle; 0 judges at once")
	return command
}

func (a *app) testCommand() *cobra.Command {
	var wanted isolation.Request
	var from string
	var yes bool
	var all sweepFlags
	format := newChoice(report.TestFormats()...)
	scheme := newChoice("auto", "http", "https", "grpc", "tcp")
	command := &cobra.Command{
		Use:   "test SERVICE[:PORT]",
		Short: "Run the isolation test: where between client and application does a request stop?",
		Long: "Sends a request to the Service in several ways, each of which leaves something out, and concludes where it stops:\n" +
			"a port-forward to the Pod and to the Service, the API server's proxy to both, and from this machine the addresses\n" +
			"of its load balancer and of Ingresses. It opens no local port and changes nothing. Without :PORT every port is\n" +
			"tested. --readonly leaves what can be tried from this machine without the API server.\n\n" +
			"--from tries the Service from inside of a Pod as well, and --sockets reads what the tested Pod listens on. Both run\n" +
			"a command there, which is shown first; only with a y, or with --yes, it runs.\n\n" +
			"Exit codes: 0 every port passed; 1 a fault was found; 2 the test could not be run, or is inconclusive.",
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
	scheme.add(command, "scheme", "", "how to speak to the application: ")
	format.add(command, "output", "o", "how to print: ")
	return command
}

func (a *app) demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo [SERVICE]",
		Short: "Look around in an embedded cluster that has every common mistake; the same as svctui --demo",
		Args:  takes(0, 1, "name one Service at most: svctui demo SERVICE"),
		RunE: func(command *cobra.Command, arguments []string) error {
			a.demo = true
			return a.screen(command, arguments, true)
		},
	}
}

func explainCommand(out io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:     "explain [ID]",
		Short:   "Tell what a finding means, when it is said, and how to mend it; without ID, list them all",
		Example: "  svctui explain SEL-01",
		Args:    takes(0, 1, "name one finding at most: svctui explain ID; `svctui explain` lists them all"),
		ValidArgsFunction: func(_ *cobra.Command, arguments []string, _ string) ([]string, cobra.ShellCompDirective) {
			var ids []string
			if len(arguments) == 0 {
				for _, explanation := range check.Explanations() {
					ids = append(ids, explanation.ID+"\t"+explanation.Name)
				}
			}
			return ids, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, arguments []string) error {
			if len(arguments) == 0 {
				for _, explanation := range check.Explanations() {
					fmt.Fprintf(out, "%-8s %s\n", explanation.ID, explanation.Name)
				}
				return nil
			}
			explanation, known := check.Explain(arguments[0])
			if !known {
				return fmt.Errorf("there is no finding %q; `svctui explain` lists them all", arguments[0])
			}
			_, err := io.WriteString(out, explanation.Text())
			return err
		},
	}
}

func versionCommand(out io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  takes(0, 0, "version takes no arguments: write svctui version"),
		Run: func(*cobra.Command, []string) {
			fmt.Fprintf(out, "svctui %s %s %s/%s\n", versionText(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
}

// versionText is the version of a release, or of the module where it was installed with `go install`.
func versionText() string {
	if version != "dev" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return version
}

func manCommand(out io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:    "man",
		Short:  "Print the man page",
		Args:   takes(0, 0, "man takes no arguments: write svctui man"),
		Hidden: true,
		RunE: func(command *cobra.Command, _ []string) error {
			root := command.Root()
			root.Long = strings.ReplaceAll(root.Long, "\n", " ")
			page, err := mango.NewManPage(1, root)
			if err != nil {
				return fmt.Errorf("writing the man page: %w", err)
			}
			page = page.WithSection("EXIT STATUS", exitCodesHelp).
				WithSection("ENVIRONMENT", "KUBECONFIG names the kubeconfigs, as for kubectl. NO_COLOR turns colours off. "+
					"SVCTUI_ASCII=1 draws with ASCII only. SVCTUI_REPAINT=1 draws the whole window anew after each change, as is done by "+
					"itself in the browser terminals of clouds; SVCTUI_REPAINT=0 does not. "+
					"KUBECTL_PORT_FORWARD_WEBSOCKETS=false lets forwards speak SPDY only, as for kubectl.").
				WithSection("SEE ALSO", "kubectl(1)")
			// The library writes the short form of a flag with two dashes.
			shorthand := regexp.MustCompile(`\\fB--(\w) --`)
			_, err = fmt.Fprintln(out, shorthand.ReplaceAllString(page.Build(roff.NewDocument()), `\fB-$1, --`))
			return err
		},
	}
}

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

// oneService refuses several arguments, and tells who writes as with kubectl how forwards are opened.
func oneService(command *cobra.Command, arguments []string) error {
	if len(arguments) > 1 && slices.Contains([]string{"forward", "port-forward", "portforward"}, arguments[0]) {
		return errors.New("forwards are opened on the screen and held there, also while their Pods are replaced: start svctui, and press F on the Service")
	}
	return takes(0, 1, "name one Service at most: svctui SERVICE; `svctui diagnose` takes several")(command, arguments)
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
		if name, err = kube.ServiceName(arguments[0]); err != nil {
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
		Connector: own, Version: versionText(), ReadOnly: a.readOnly, ForwardAddress: a.forwardAddress, SSH: tui.OverSSH(), OnStart: a.panics.Set,
	}
	if options.SSH {
		own.coalesce = sshCoalesce
	}
	if a.flags.AllNamespaces() || a.flags.Namespace() != "" {
		scope := a.flags.Scope("")
		options.Scope = &scope
	}
	if name != "" {
		options.Service = model.Key{Namespace: a.flags.Namespace(), Name: name}
		if !a.flags.AllNamespaces() {
			own.wanted = func(contextNamespace string) []model.Key {
				return []model.Key{{Namespace: a.flags.Scope(contextNamespace), Name: name}}
			}
		}
	}
	if !a.demo {
		last := kube.NewLastNamespaces(logger)
		options.Recall, options.Remember = last.Recall, last.Remember
	}
	manager := forward.NewManager(a.forwardAddress)
	defer manager.Close()
	options.Forwards = forwards{manager}
	err = tui.Run(ctx, options)
	a.panics.LetPanicEnd()
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
	scope := a.flags.Scope(session.Info().Namespace)
	found, err := session.FindServices(ctx, scope, name)
	switch {
	case err != nil:
		return fmt.Errorf("unknown command %q: did you mean `svctui %s`? Whether a Service is named so cannot be told: %w", name, meant, err)
	case len(found) == 0:
		return fmt.Errorf("unknown command %q, and no Service is named so %s: did you mean `svctui %s`?", name, where(scope), meant)
	}
	return nil
}

// diagnose judges once and prints. With warnings they end it with exit code 1 too.
func (a *app) diagnose(ctx context.Context, arguments []string, format report.Format, wait time.Duration, clientText string, warnings bool) error {
	names := make([]string, 0, len(arguments))
	for _, argument := range arguments {
		name, err := kube.ServiceName(argument)
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
	document := report.Document{
		Context: info.Context, Scope: state.Scope, At: state.At, Snapshot: state.Snapshot,
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
			// Where a missing Service may be. It is a hint: who may not list all namespaces goes without.
			if found, err := session.FindServices(ctx, model.AllNamespaces, name); err == nil {
				options.Elsewhere = append(options.Elsewhere, found...)
			}
		}
	}
	if progress() {
		options.Waiting = func(unsettled int, atMost time.Duration) {
			fmt.Fprintf(os.Stderr, "svctui: waiting up to %s for %s to settle; --wait=0 does not\n",
				atMost.Round(time.Second), services(unsettled))
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

// noneIsThere tells whether not one of the Services reported on exists.
func noneIsThere(reports []*check.Report) bool {
	return !slices.ContainsFunc(reports, func(report *check.Report) bool { return !report.Missing })
}

func services(count int) string {
	if count == 1 {
		return "1 Service"
	}
	return fmt.Sprintf("%d Services", count)
}

// testee connects, and reads what the test of one Service needs. It notes in the request what the session knows, and the client.
func (a *app) testee(ctx context.Context, argument string, wanted *isolation.Request, from string) (*kube.Session, *engine.State, error) {
	switch {
	case a.flags.AllNamespaces():
		return nil, nil, errors.New("the test is of one Service: name its namespace with -n instead of -A")
	case wanted.Path != "" && !strings.HasPrefix(wanted.Path, "/"):
		return nil, nil, fmt.Errorf("--path %q does not begin with a slash", wanted.Path)
	case wanted.Patience < 0 || wanted.Patience > time.Minute:
		return nil, nil, fmt.Errorf("--timeout %s: want up to 1m", wanted.Patience)
	}
	target, port, _ := strings.Cut(argument, ":")
	name, err := kube.ServiceName(target)
	if err != nil {
		return nil, nil, err
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
	return session, state, nil
}

// test runs the isolation test on one port of a Service, or on all.
func (a *app) test(ctx context.Context, argument string, wanted isolation.Request, from string, yes bool, format report.Format) error {
	session, state, err := a.testee(ctx, argument, &wanted, from)
	if err != nil {
		return err
	}
	service, port := wanted.Service, wanted.Port
	requests := isolation.Plan(state.Snapshot, service)
	if port != "" || len(requests) == 0 {
		requests = []isolation.Request{{Service: service, Port: port}}
	}
	for i := range requests {
		service, port := requests[i].Service, requests[i].Port
		requests[i] = wanted
		requests[i].Service, requests[i].Port = service, port
	}
	if err := a.askForConsent(session.Info(), state.Snapshot, requests, yes); err != nil {
		return err
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
