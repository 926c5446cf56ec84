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
	"unicode"

	"github.com/charmbracelet/x/term"
	mango "github.com/muesli/mango-cobra"
	"github.com/muesli/roff"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/svctui/svctui/kube"
	"github.com/svctui/svctui/kube/forward"
	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
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
	case ctx.Err() != nil && !errors.Is(err, errInterruptedAsking):
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
		if told := insteadOf(command, command.Flags().Args()); command == root && told != "" {
			return errors.New(told)
		}
		if unknown := (*pflag.NotExistError)(nil); errors.As(err, &unknown) && unknown.GetSpecifiedName() == "port" && command.Name() == "test" {
			return fmt.Errorf("%w; a port is named behind its Service: %s SERVICE:PORT", err, command.CommandPath())
		}
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
				return fmt.Errorf("there is no finding %q%s", arguments[0], nearFindings(arguments[0]))
			}
			_, err := io.WriteString(out, explanation.Text())
			return err
		},
	}
}

// nearFindings says which findings may be meant by a word that is none: the one of its letters and number, else those of its family.
func nearFindings(word string) string {
	parts := func(text string) (family, number string) {
		family = strings.TrimRightFunc(strings.ToUpper(text), unicode.IsDigit)
		return strings.TrimRight(family, "-_ "), strings.TrimLeft(text[min(len(family), len(text)):], "0")
	}
	family, number := parts(word)
	var ofFamily []string
	for _, explanation := range check.Explanations() {
		own, its := parts(explanation.ID)
		if own == family && its == number {
			return ": did you mean " + explanation.ID + "?"
		}
		if own == family {
			ofFamily = append(ofFamily, explanation.ID)
		}
	}
	if len(ofFamily) == 0 {
		return "; `svctui explain` lists them all"
	}
	return "; its family has " + strings.Join(ofFamily, ", ")
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

// oneService refuses several arguments, and tells who writes as with kubectl how the same is done here.
func oneService(command *cobra.Command, arguments []string) error {
	if told := insteadOf(command, arguments); len(arguments) > 1 && command.ArgsLenAtDash() != 0 && told != "" {
		return errors.New(told)
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
	meant := ""
	if len(arguments) > 0 && !literal {
		meant = unlessService(command.Root(), arguments[0])
	}
	if err := tui.NeedScreen(); err != nil && meant == "" {
		return err
	}
	var name string
	if len(arguments) > 0 {
		var err error
		if name, err = a.serviceNamed(arguments[0]); err != nil {
			return err
		}
		if meant != "" {
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
	options.Forwards, own.renew = forwards{manager}, manager.Renew
	err = tui.Run(ctx, options)
	a.panics.LetPanicEnd()
	if errors.Is(err, tui.ErrKilled) {
		return exitCode(exitCouldNot)
	}
	return err
}

// noneIsThere tells whether not one of the Services reported on exists.
func noneIsThere(reports []*check.Report) bool {
	return !slices.ContainsFunc(reports, func(report *check.Report) bool { return !report.Missing })
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
