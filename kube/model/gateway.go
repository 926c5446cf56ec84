package model

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What is kept of the Gateway API (gateway-api.sigs.k8s.io). Its objects come through the dynamic client, because svctui
// depends on no module of a third party's API.

// Route is an HTTPRoute, GRPCRoute, TLSRoute or TCPRoute.
type Route struct {
	metav1.ObjectMeta
	// Kind tells which.
	Kind string
	// Hostnames are those of spec.hostnames; none means those of the listener.
	Hostnames []string
	// Parents are spec.parentRefs: the Gateways that it wants to be attached to.
	Parents []GatewayRef
	Rules   []RouteRule
	// Statuses are status.parents: what each controller says of it. None means that no controller took it.
	Statuses []RouteStatus
}

// GatewayRef is a parentRef, with its defaults filled in.
type GatewayRef struct {
	Group, Kind string
	// Namespace is the route's own where the parentRef names none.
	Namespace, Name string
	// Section is the listener's name, Port its port; empty and zero for any.
	Section string
	Port    int32
}

// RouteRule is one rule of a Route.
type RouteRule struct {
	// Paths are the paths that it matches, as far as it names any.
	Paths    []string
	Backends []BackendRef
	// Redirects is true where a filter answers by itself, so that a rule without a backend is no mistake.
	Redirects bool
}

// BackendRef is where a rule sends requests, with its defaults filled in.
type BackendRef struct {
	// Group is empty for the core group, Kind is Service unless said otherwise.
	Group, Kind string
	// Namespace is the route's own where the backendRef names none.
	Namespace, Name string
	// Port is the Service's port, not the target port; zero where none is given.
	Port int32
	// Weight is 1 unless said otherwise.
	Weight int32
	// Path is the path of the reference within the object, e.g. spec.rules[0].backendRefs[1].
	Path string
}

// RouteStatus is what one controller says of a Route for one parent.
type RouteStatus struct {
	Parent     GatewayRef
	Controller string
	Conditions []metav1.Condition
}

// Gateway is a Gateway of the Gateway API.
type Gateway struct {
	metav1.ObjectMeta
	Class      string
	Listeners  []Listener
	Conditions []metav1.Condition
	// Addresses are those of its status.
	Addresses []string
}

// Listener is one listener of a Gateway, with what its status says.
type Listener struct {
	Name, Protocol, Hostname string
	Port                     int32
	// AttachedRoutes is zero where no status tells.
	AttachedRoutes int32
	Conditions     []metav1.Condition
}

// ReferenceGrant lets objects of other namespaces refer to some of its own namespace.
type ReferenceGrant struct {
	metav1.ObjectMeta
	From []GrantFrom
	To   []GrantTo
}

// GrantFrom says who may refer.
type GrantFrom struct{ Group, Kind, Namespace string }

// GrantTo says to what; an empty Name means every object of the kind.
type GrantTo struct{ Group, Kind, Name string }
