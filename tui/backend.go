package tui

import (
	"context"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/engine"
	"github.com/svctui/svctui/probes/isolation"
)

// Connector opens sessions. Safe for concurrent use.
type Connector interface {
	// Contexts lists the contexts of the kubeconfig, sorted by name.
	Contexts() ([]model.ContextInfo, error)
	// Open connects to a context; empty means the one that the command line or the kubeconfig says. It blocks until the API
	// server answered or could not be reached. The error says what was tried and what can be done.
	Open(ctx context.Context, contextName string) (Session, error)
}

// Loginer is a Connector for contexts that a person may have to log in to.
type Loginer interface {
	Connector
	// Login lets the context's login plugin speak with the person, with this process's terminal, which is not
	// in use meanwhile. It returns when the plugin is done or ctx ends, and at once where there is no plugin.
	Login(ctx context.Context, contextName string) error
	// MayAsk tells whether Login would run a plugin. It reads the kubeconfig and nothing else.
	MayAsk(contextName string) bool
}

// Session is one connection to one cluster. Every method is safe for concurrent use; those with a context
// block and are called from commands, never from Update.
type Session interface {
	Info() model.SessionInfo
	// Run judges the cluster until ctx ends, and hands each new state to publish, from one goroutine, oldest
	// first. It is called once.
	Run(ctx context.Context, publish func(*engine.State))
	// SetScope reads another namespace, or model.AllNamespaces, from now on. It does not block.
	SetScope(namespace string)
	// Focus says which Service is open, so that everything its checks need is read; nil for none.
	// It does not block.
	Focus(service *model.Key)
	// FocusClient says for whom the Service that is open is looked at, so that what judging that client needs is read; the zero
	// Client for nobody. It does not block.
	FocusClient(client check.Client)
	// Namespaces lists the namespaces. A 403 is an error; names can still be typed.
	Namespaces(ctx context.Context) ([]string, error)
	// Logs hands lines over in batches, from one goroutine, until the log ends or ctx does.
	Logs(ctx context.Context, request model.LogRequest, lines func([]model.LogLine)) error
	// Describe returns what `kubectl describe` prints.
	Describe(ctx context.Context, ref model.Ref) (string, error)
	// YAML returns the object as `kubectl get -o yaml` prints it, without managedFields.
	YAML(ctx context.Context, ref model.Ref) (string, error)
	// Access asks what the user may do. It answers every question, with Err where it could not.
	Access(ctx context.Context, questions []model.AccessQuestion) []model.AccessAnswer
	// Test runs the isolation test, and hands over each step of its progress, the last one included.
	Test(ctx context.Context, request isolation.Request, progress func(isolation.Result))
	// Sweep tries all Pods of a Service, and hands over each step of its progress, the last one included.
	Sweep(ctx context.Context, request isolation.Request, progress func(isolation.SweepResult))
	// Close ends everything the session holds but the forwards.
	Close()
}

// Forwards holds the forwards, which outlive sessions. Safe for concurrent use.
type Forwards interface {
	// Open starts a forward through the given session's cluster and returns its id. It blocks until the local
	// port is listened on, no longer.
	Open(ctx context.Context, through Session, spec model.ForwardSpec) (int, error)
	// Busy tells whether something listens on a port of this machine already, so that a forward cannot; an empty address is 127.0.0.1.
	Busy(ctx context.Context, address string, port int) bool
	// Stop ends a forward and its connections.
	Stop(id int)
	// List returns the forwards in the order they were opened.
	List() []model.Forward
	// Changed returns a channel of capacity one that holds a value after List changed.
	Changed() <-chan struct{}
}
