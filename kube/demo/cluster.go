// Package demo is a Kubernetes cluster inside the process, for `svctui demo` and for tests: an API server without a
// socket, the controllers and kubelets behind it, and a shop that runs there, some of it broken.
//
// It holds API objects only. What is wrong with them is found by the same code that looks at a real cluster, over the same
// client: RESTConfig differs from a real one in its Dial function alone.
package demo

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"

	"github.com/svctui/svctui/kube/demo/apiserver"
	"github.com/svctui/svctui/kube/demo/apps"
	"github.com/svctui/svctui/kube/demo/memnet"
	"github.com/svctui/svctui/kube/demo/simulation"
)

const (
	// ContextName is the name of the demo's context, as a kubeconfig would have it.
	ContextName = "demo"
	// DefaultNamespace is the namespace of that context.
	DefaultNamespace = "shop"
	// Host is the API server's name. The top-level domain can never exist (RFC 2606), so that a client which does not
	// use the cluster's Dial reaches nothing.
	Host = "demo.svctui.invalid"
)

// firstVersion makes resourceVersions look like those of a cluster that has lived.
const firstVersion = 4_180_000

// Object is any API object that the cluster can hold.
type Object = apiserver.Object

// Attributes say what a request asks for, as authorization sees it.
type Attributes = apiserver.Attributes

// Fault is something that goes wrong with a request.
type Fault = apiserver.Fault

// Options describe a cluster for NewWith.
type Options struct {
	// Objects are what the cluster holds. They belong to the cluster from then on.
	Objects []Object
	// Applications are what runs in the containers, by image with or without its tag. They answer port-forwards,
	// proxies and probes, and write the logs.
	Applications map[string]apps.Application
	// Controllers lets the controllers of Kubernetes act: EndpointSlices follow Services and Pods, Deployments make
	// Pods, Pods are scheduled and run. Without them the cluster holds exactly what it is given.
	Controllers bool
	// Cloud makes load balancers. Without it, and without Controllers, they stay pending.
	Cloud simulation.CloudProvider
	// Deny and Misbehave are the first rules, as the methods of these names set them.
	Deny      func(Attributes) bool
	Misbehave func(Attributes) *Fault
}

// Cluster is an embedded cluster. It is safe for concurrent use.
type Cluster struct {
	clock       clock.Clock
	store       *apiserver.Store
	server      *apiserver.Server
	simulation  *simulation.Simulation
	controllers bool

	listener *memnet.Listener
	http     *http.Server
	ctx      context.Context
	stop     context.CancelFunc
	busy     sync.WaitGroup

	mu     sync.Mutex
	closed bool
}

// NewWith returns a cluster of given objects. Nothing runs until Start.
func NewWith(clock clock.Clock, options Options) *Cluster {
	c := newCluster(clock, options.Applications, options.Controllers)
	if options.Controllers && len(options.Cloud.External)+len(options.Cloud.Internal) > 0 {
		c.simulation.UseCloud(options.Cloud)
	}
	c.Deny(options.Deny)
	c.Misbehave(options.Misbehave)
	c.simulation.Do(clock.Now(), c.simulation.KeepClean)
	for _, obj := range options.Objects {
		c.Apply(obj)
	}
	return c
}

func newCluster(clock clock.Clock, applications apps.ByImage, controllers bool) *Cluster {
	store := apiserver.NewStore(firstVersion)
	c := &Cluster{
		clock: clock, store: store, controllers: controllers,
		simulation: simulation.New(store, applications, clock),
		listener:   memnet.Listen(memnet.Addr(Host + ":80")),
	}
	c.server = apiserver.New(store, c.simulation.Network(), clock)
	c.ctx, c.stop = context.WithCancel(context.Background())
	c.http = &http.Server{
		Handler:           http.HandlerFunc(c.serve),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0),
		BaseContext:       func(net.Listener) context.Context { return c.ctx },
	}
	return c
}

// serve counts requests, so that Close can wait for them.
func (c *Cluster) serve(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		panic(http.ErrAbortHandler) // the connection is being cut anyway
	}
	c.busy.Add(1)
	c.mu.Unlock()
	defer c.busy.Done()
	// The context of a hijacked request ends with the cluster, that of any other with its connection or the cluster.
	c.server.ServeHTTP(w, r)
}

// Start lets the cluster live and answer, until Close or until ctx ends.
func (c *Cluster) Start(ctx context.Context) {
	c.simulation.Network().Start()
	c.busy.Go(func() { _ = c.http.Serve(c.listener) })
	c.busy.Go(c.live)
	c.busy.Go(func() {
		select {
		case <-ctx.Done():
			c.shut()
		case <-c.ctx.Done():
		}
	})
}

// live carries out what is due, as the clock goes on.
func (c *Cluster) live() {
	for {
		c.simulation.CatchUp(c.clock.Now())
		due, planned := c.simulation.NextDue()
		wait := time.Hour
		if planned {
			wait = due.Sub(c.clock.Now())
		}
		timer := c.clock.NewTimer(max(0, wait))
		select {
		case <-timer.C():
		case <-c.simulation.Woken():
		case <-c.ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// CatchUp carries out everything that is due by the clock's time. Start does it by itself; a test that steps the clock
// calls it to see the result at once.
func (c *Cluster) CatchUp() { c.simulation.CatchUp(c.clock.Now()) }

// Close ends the cluster and waits until nothing of it runs any more. Clients see their connections cut.
func (c *Cluster) Close() {
	c.shut()
	c.simulation.Network().Close()
	c.busy.Wait()
}

func (c *Cluster) shut() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.stop()
	_ = c.http.Close()
	_ = c.listener.Close()
	c.listener.CloseConnections()
}

// RESTConfig returns how clients reach the cluster. It needs no credentials, and no proxy of the environment applies.
func (c *Cluster) RESTConfig() *rest.Config {
	return &rest.Config{
		Host:  "http://" + Host,
		Dial:  c.Dial,
		Proxy: func(*http.Request) (*url.URL, error) { return nil, nil },
	}
}

// Apply creates or replaces an object, as a client would; it belongs to the cluster from then on. Where Controllers act
// they fill in defaults and react before Apply returns; otherwise the object is stored as it is.
func (c *Cluster) Apply(obj Object) { c.ApplyAs("kubectl-client-side-apply", obj) }

// ApplyAs is Apply with the name that managedFields will tell.
func (c *Cluster) ApplyAs(manager string, obj Object) {
	c.simulation.Do(c.clock.Now(), func() {
		if c.controllers {
			c.simulation.Apply(manager, obj)
			return
		}
		c.simulation.Put(obj)
	})
}

// Delete removes the object of the same kind, namespace and name. Where Controllers act a Pod ends gracefully.
func (c *Cluster) Delete(obj Object) {
	c.simulation.Do(c.clock.Now(), func() {
		if c.controllers {
			c.simulation.Delete(obj)
			return
		}
		c.simulation.Remove(obj)
	})
}

// Strike lets an incident begin, and returns what ends it.
func (c *Cluster) Strike(incident simulation.Incident) (end func()) {
	var finish func()
	c.simulation.Do(c.clock.Now(), func() { finish = c.simulation.Strike(incident) })
	return func() { c.simulation.Do(c.clock.Now(), finish) }
}

// Deny replaces the rule that says what the user may not do. Nil allows everything.
func (c *Cluster) Deny(rule func(Attributes) bool) { c.server.Deny(rule) }

// Misbehave replaces the rule that says which requests meet a Fault. Nil means none.
func (c *Cluster) Misbehave(rule func(Attributes) *Fault) { c.server.Misbehave(rule) }

// EndWatches ends every running watch, as the server's time limit does.
func (c *Cluster) EndWatches() { c.server.EndWatches() }

// ExpireWatches ends every running watch with 410 Gone and forgets all changes, so that clients must list again.
func (c *Cluster) ExpireWatches() { c.server.ExpireWatches() }

// DropConnections cuts every connection to the API server, forwards included. New ones are accepted.
func (c *Cluster) DropConnections() { c.listener.CloseConnections() }

// Requests returns what was asked of the API server so far, oldest first.
func (c *Cluster) Requests() []Attributes { return c.server.Requests() }

// Get returns an object as the cluster holds it now. It is shared and must not be changed.
func Get[T Object](c *Cluster, prototype T, namespace, name string) (T, bool) {
	return apiserver.Get(c.store, prototype, namespace, name)
}

// List returns the objects of prototype's kind in a namespace, or in all when it is empty. They are shared and must not
// be changed.
func List[T Object](c *Cluster, prototype T, namespace string) []T {
	return apiserver.List(c.store, prototype, namespace)
}
