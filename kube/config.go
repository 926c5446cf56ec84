package kube

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/svctui/svctui/kube/model"
)

// Flags are kubectl's own flags that say where to look: those of the connection, and -n and -A. They must not be changed
// any more once a Connector has them.
type Flags struct {
	config        *genericclioptions.ConfigFlags
	allNamespaces bool
}

// NewFlags returns kubectl's flags with kubectl's defaults.
func NewFlags() *Flags { return &Flags{config: genericclioptions.NewConfigFlags(false)} }

// AddFlags adds --kubeconfig, --context, -n, -A and all the others to a flag set.
func (f *Flags) AddFlags(flags *pflag.FlagSet) {
	f.config.AddFlags(flags)
	flags.BoolVarP(&f.allNamespaces, "all-namespaces", "A", false, "look at the Services of all namespaces")
}

// Namespace is the value of -n; empty when it was not given.
func (f *Flags) Namespace() string { return *f.config.Namespace }

// In makes a namespace that stands in a Service's name the one that -n gives, before a Connector has the flags; empty changes nothing. The
// error says that -n gives another one.
func (f *Flags) In(namespace, service string) error {
	switch given := f.Namespace(); {
	case namespace == "":
	case given != "" && given != namespace:
		return fmt.Errorf("%s.%s is a Service of namespace %s, and -n says %s: leave one of the two out", service, namespace, namespace, given)
	default:
		*f.config.Namespace, f.allNamespaces = namespace, false
	}
	return nil
}

// AllNamespaces tells whether -A was given.
func (f *Flags) AllNamespaces() bool { return f.allNamespaces }

// Scope is the namespace that the flags and a context's own namespace lead to, or model.AllNamespaces, as with kubectl.
func (f *Flags) Scope(contextNamespace string) string {
	if f.allNamespaces {
		return model.AllNamespaces
	}
	return cmp.Or(f.Namespace(), contextNamespace, defaultNamespace)
}

// Home is the namespace in which a Service is missed that is in none of the scope.
func (f *Flags) Home(contextNamespace string) string {
	return cmp.Or(f.Scope(contextNamespace), contextNamespace, defaultNamespace)
}

// defaultNamespace is the one that kubectl takes where nothing names one.
const defaultNamespace = "default"

// Context is the value of --context; empty when it was not given.
func (f *Flags) Context() string { return *f.config.Context }

// forContext returns the flags to connect to a context with. Those that say where to go and who to be were
// meant for the context that the program was started with: a token must not be sent to another cluster.
// Impersonation stays, because it can only take rights away.
func (f *Flags) forContext(name string, raw clientcmdapi.Config) *genericclioptions.ConfigFlags {
	own := f.config
	if name == "" || name == cmp.Or(*own.Context, raw.CurrentContext) {
		return own
	}
	other := genericclioptions.NewConfigFlags(false)
	other.Context = &name
	other.KubeConfig = own.KubeConfig
	other.CacheDir = own.CacheDir
	other.Timeout = own.Timeout
	other.DisableCompression = own.DisableCompression
	other.Impersonate = own.Impersonate
	other.ImpersonateUID = own.ImpersonateUID
	other.ImpersonateGroup = own.ImpersonateGroup
	other.ImpersonateUserExtra = own.ImpersonateUserExtra
	return other
}

// load reads the kubeconfigs that the flags and the environment name, merged as kubectl does.
func (f *Flags) load() (clientcmdapi.Config, error) {
	raw, err := f.config.ToRawKubeConfigLoader().RawConfig()
	if err == nil {
		return raw, nil
	}
	path := *f.config.KubeConfig
	if path != "" && errors.Is(err, fs.ErrNotExist) {
		return raw, &ConnectError{
			Reason: NoKubeconfig, Cause: err,
			Text: fmt.Sprintf("there is no kubeconfig %s: check --kubeconfig", path),
		}
	}
	return raw, &ConnectError{
		Reason: BadKubeconfig, Cause: err,
		Text: fmt.Sprintf("cannot use the kubeconfig: %s; `kubectl config view` should fail the same way", oneLine(err)),
	}
}

// contexts lists the contexts of a kubeconfig, sorted by name.
func contexts(raw clientcmdapi.Config) []model.ContextInfo {
	var infos []model.ContextInfo
	for _, name := range slices.Sorted(maps.Keys(raw.Contexts)) {
		entry := raw.Contexts[name]
		info := model.ContextInfo{
			Name: name, Cluster: entry.Cluster, User: entry.AuthInfo, Namespace: entry.Namespace,
			Current: name == raw.CurrentContext,
		}
		if cluster := raw.Clusters[entry.Cluster]; cluster != nil {
			info.Server = cluster.Server
		}
		infos = append(infos, info)
	}
	return infos
}

// resolved is what a kubeconfig, the flags and the environment together say about one context.
type resolved struct {
	config *rest.Config
	// context is empty in a Pod and where --server alone says where to go.
	context string
	user    string
	// namespace is the context's own, empty when it names none.
	namespace string
	// kubectlArgs makes kubectl go to the same place as the same user.
	kubectlArgs []string
}

// resolve finds out where a context leads; an empty name means the one that kubectl would take.
func (f *Flags) resolve(name string) (resolved, error) {
	raw, err := f.load()
	if err != nil {
		return resolved{}, err
	}
	flags := f.forContext(name, raw)
	names := slices.Sorted(maps.Keys(raw.Contexts))
	contextName := cmp.Or(*flags.Context, raw.CurrentContext)
	entry := raw.Contexts[contextName]
	if contextName != "" && entry == nil {
		return resolved{}, unknownContext(contextName, names, *flags.Context == "")
	}

	if entry != nil {
		if err := complete(contextName, *entry, raw, flags); err != nil {
			return resolved{}, err
		}
	}

	loader := flags.ToRawKubeConfigLoader()
	config, err := loader.ClientConfig()
	elsewhere := *flags.APIServer != "" || *flags.ClusterName != "" || os.Getenv("KUBERNETES_MASTER") != ""
	inPod := err == nil && contextName == "" && !elsewhere && config.BearerTokenFile != ""
	switch {
	case contextName == "" && !elsewhere && !inPod && len(names) > 0:
		return resolved{}, &ConnectError{
			Reason: NoContext, Contexts: names,
			Text: "the kubeconfig names no current context: pass --context NAME or run `kubectl config use-context NAME`, where NAME is one of " + fewOf(names),
		}
	case contextName == "" && !elsewhere && !inPod:
		return resolved{}, f.noKubeconfig()
	case err != nil:
		return resolved{}, &ConnectError{
			Reason: BadKubeconfig, Context: contextName, Contexts: names, Cause: err,
			Text: fmt.Sprintf("cannot use context %s of the kubeconfig: %s", orNone(contextName), oneLine(err)),
		}
	}

	out := resolved{config: config, context: contextName, kubectlArgs: kubectlArgs(flags, contextName)}
	out.user = *flags.AuthInfoName
	if entry != nil {
		out.user = cmp.Or(out.user, entry.AuthInfo)
		out.namespace = entry.Namespace
	}
	if inPod {
		out.user = "the Pod's service account"
		if namespace, _, err := loader.Namespace(); err == nil {
			out.namespace = namespace
		}
	}
	return out, nil
}

// complete checks that what a context refers to is there. kubectl would go to localhost, or as nobody, instead.
func complete(name string, entry clientcmdapi.Context, raw clientcmdapi.Config, flags *genericclioptions.ConfigFlags) error {
	var missing string
	switch {
	case raw.Clusters[entry.Cluster] == nil && *flags.ClusterName == "" && *flags.APIServer == "":
		missing = "cluster " + orNone(entry.Cluster)
	case entry.AuthInfo != "" && raw.AuthInfos[entry.AuthInfo] == nil && *flags.AuthInfoName == "" && *flags.BearerToken == "" && *flags.CertFile == "":
		missing = "user " + entry.AuthInfo
	default:
		return nil
	}
	return &ConnectError{
		Reason: BadKubeconfig, Context: name, Contexts: slices.Sorted(maps.Keys(raw.Contexts)),
		Text: fmt.Sprintf("context %s of the kubeconfig names the %s, which is not there: mend it with `kubectl config`, or pick another context", name, missing),
	}
}

func (f *Flags) noKubeconfig() error {
	looked := clientcmd.NewDefaultClientConfigLoadingRules().GetLoadingPrecedence()
	if path := *f.config.KubeConfig; path != "" {
		looked = []string{path}
	}
	return &ConnectError{
		Reason: NoKubeconfig,
		Text: fmt.Sprintf("no kubeconfig found, or nothing in it: looked at %s; set KUBECONFIG or pass --kubeconfig FILE, or look around with `svctui --demo`",
			strings.Join(looked, ", ")),
	}
}

func unknownContext(name string, known []string, current bool) error {
	text := fmt.Sprintf("the kubeconfig has no context %q", name)
	if current {
		text = fmt.Sprintf("the kubeconfig's current context %q does not exist", name)
	}
	if len(known) > 0 {
		text += "; it has " + fewOf(known)
	} else {
		text += ", nor any other"
	}
	return &ConnectError{Reason: UnknownContext, Context: name, Contexts: known, Text: text}
}

// fewOf names a few things, and says how many more there are.
func fewOf(names []string) string {
	const few = 5
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}

// kubectlArgs returns the flags that make kubectl go where these lead. Secrets are left out.
func kubectlArgs(flags *genericclioptions.ConfigFlags, contextName string) []string {
	var args []string
	add := func(flag, value string) {
		if value != "" {
			args = append(args, "--"+flag, value)
		}
	}
	add("kubeconfig", *flags.KubeConfig)
	add("context", contextName)
	add("cluster", *flags.ClusterName)
	add("user", *flags.AuthInfoName)
	add("server", *flags.APIServer)
	add("certificate-authority", *flags.CAFile)
	add("client-certificate", *flags.CertFile)
	add("client-key", *flags.KeyFile)
	add("tls-server-name", *flags.TLSServerName)
	add("proxy-url", *flags.ProxyURL)
	if *flags.Insecure {
		args = append(args, "--insecure-skip-tls-verify")
	}
	add("as", *flags.Impersonate)
	add("as-uid", *flags.ImpersonateUID)
	for _, group := range *flags.ImpersonateGroup {
		add("as-group", group)
	}
	for _, extra := range *flags.ImpersonateUserExtra {
		add("as-user-extra", extra)
	}
	return args
}

// oneLine makes one line of an error that clientcmd spread over several.
func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}
