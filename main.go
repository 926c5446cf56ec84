// Command svctui tells why a Kubernetes Service does not route, and what to change: as a terminal program, and as
// diagnose, test and explain for scripts. See docs/architecture.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	mango "github.com/muesli/mango-cobra"
	"github.com/muesli/roff"
	"github.com/spf13/cobra"

	"github.com/svctui/svctui/kube"
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
	flags         *kube.Flags
	allNamespaces bool
	readOnly      bool
	demo          bool
	logFile       string

	out     io.Writer
	panics  *tui.PanicHook
	closers []func()
}

func (a *app) close() {
	for _, closer := range a.closers {
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
		Args:              takes(0, 1, "name one Service at most: svctui SERVICE; `svctui diagnose` takes several"),
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
	flags.BoolVarP(&a.allNamespaces, "all-namespaces", "A", false, "look at the Services of all namespaces")
	flags.BoolVar(&a.readOnly, "readonly", false, "never open a port-forward or send a proxy request")
	flags.BoolVar(&a.demo, "demo", false, "use an embedded demo cluster instead of a real one")
	flags.StringVar(&a.logFile, "log-file", "", "append svctui's own log to this file; without it nothing is logged")
	_ = root.RegisterFlagCompletionFunc("context", a.completeContexts)
	_ = root.RegisterFlagCompletionFunc("namespace", a.completeNamespaces)

	root.AddCommand(a.diagnoseCommand(), a.testCommand(), explainCommand(a.out), a.demoCommand(), versionCommand(a.out), manCommand(a.out))
	root.InitDefaultCompletionCmd()
	return root
}

func (a *app) diagnoseCommand() *cobra.Command {
	format := choice{value: string(report.Text)}
	for _, known := range report.Formats() {
		format.options = append(format.options, string(known))
	}
	var wait time.Duration
	command := &cobra.Command{
		Use:   "diagnose [SERVICE...]",
		Short: "Judge Services once, for a script or a ticket",
		Long: "Judges the Services named, or all of the namespace, or with -A of all namespaces, and prints what is wrong,\n" +
			"why, and how to mend it. What has changed a moment ago is given until --wait to settle.\n\n" + exitCodesHelp,
		Example: "  svctui diagnose -n shop\n  svctui diagnose checkout -n shop -o markdown\n" +
			"  svctui diagnose -A -o json | jq -r '.services[] | select(.verdict==\"fail\") | .name'",
		ValidArgsFunction: a.completeServices,
		RunE: func(command *cobra.Command, arguments []string) error {
			return a.diagnose(command.Context(), arguments, report.Format(format.value), wait)
		},
	}
	format.add(command, "how to print: ")
	command.Flags().DurationVar(&wait, "wait", 12*time.Second, "how long to wait for what has changed a moment ago to settle; 0 judges at once")
	return command
}

func (a *app) testCommand() *cobra.Command {
	var options testOptions
	format := choice{value: "text", options: []string{"text", "json"}}
	scheme := choice{value: "auto", options: []string{"auto", "http", "https", "grpc", "tcp"}}
	command := &cobra.Command{
		Use:   "test SERVICE[:PORT]",
		Short: "Run the isolation test: where between client and application does a request stop?",
		Long: "Sends a request to the Service in several ways, each of which leaves something out, and concludes where it stops:\n" +
			"a port-forward to the Pod and to the Service, and the API server's proxy to both. It opens no local port and\n" +
			"changes nothing. Without :PORT every port is tested.\n\n" +
			"Exit codes: 0 every port passed; 1 a fault was found; 2 the test could not be run, or is inconclusive.",
		Args:              takes(1, 1, "name the one Service to test: svctui test SERVICE[:PORT] -n NAMESPACE"),
		ValidArgsFunction: a.completeServices,
		RunE: func(command *cobra.Command, arguments []string) error {
			options.scheme, options.json = scheme.value, format.value == "json"
			return a.test(command.Context(), arguments[0], options)
		},
	}
	command.Flags().StringVar(&options.pod, "pod", "", "test through this Pod; without it the one that a port-forward would choose")
	command.Flags().StringVar(&options.path, "path", "", "the path to request; without it that of the readiness probe, else /")
	command.Flags().StringVar(&options.host, "host", "", "the HTTP Host header")
	scheme.addNamed(command, "scheme", "", "how to speak to the application: ")
	format.add(command, "how to print: ")
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
					"itself in the browser terminals of clouds; SVCTUI_REPAINT=0 does not.").
				WithSection("SEE ALSO", "kubectl(1)")
			// The library writes the short form of a flag with two dashes.
			shorthand := regexp.MustCompile(`\\fB--(\w) --`)
			_, err = fmt.Fprintln(out, shorthand.ReplaceAllString(page.Build(roff.NewDocument()), `\fB-$1, --`))
			return err
		},
	}
}

// scope is the namespace that the command line and the context lead to, as with kubectl.
func (a *app) scope(contextNamespace string) string {
	switch {
	case a.allNamespaces:
		return model.AllNamespaces
	case a.flags.Namespace() != "":
		return a.flags.Namespace()
	case contextNamespace != "":
		return contextNamespace
	}
	return "default"
}

// serviceName takes the kind off a Service's name as kubectl accepts it.
func serviceName(argument string) (string, error) {
	kind, name, slash := strings.Cut(argument, "/")
	if !slash {
		kind, name = "svc", argument
	}
	switch strings.ToLower(kind) {
	case "svc", "service", "services":
	default:
		return "", fmt.Errorf("%q is no Service: write NAME or svc/NAME, and its namespace with -n", argument)
	}
	if name == "" || strings.ContainsAny(name, "/ \t\n") {
		return "", fmt.Errorf("%q names no Service: write NAME or svc/NAME", argument)
	}
	return name, nil
}
