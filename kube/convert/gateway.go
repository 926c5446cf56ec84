package convert

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// gatewayGroup is the API group of the Gateway API.
const gatewayGroup = "gateway.networking.k8s.io"

// route converts a route of any kind. Their versions differ in what is kept of none of them.
func route(kind string, meta metav1.ObjectMeta, content fields) *model.Route {
	spec := content.object("spec")
	r := &model.Route{ObjectMeta: meta, Kind: kind, Hostnames: spec.texts("hostnames")}
	for _, parent := range spec.list("parentRefs") {
		r.Parents = append(r.Parents, parentRef(parent, meta.Namespace))
	}
	for i, rule := range spec.list("rules") {
		r.Rules = append(r.Rules, routeRule(rule, fmt.Sprintf("spec.rules[%d]", i), meta.Namespace))
	}
	for _, parent := range content.object("status").list("parents") {
		r.Statuses = append(r.Statuses, model.RouteStatus{
			Parent:     parentRef(parent.object("parentRef"), meta.Namespace),
			Controller: parent.text("controllerName"),
			Conditions: parent.conditions(),
		})
	}
	return r
}

// parentRef fills in the defaults of the API (ParentReference of gateway-api's shared types).
func parentRef(ref fields, namespace string) model.GatewayRef {
	return model.GatewayRef{
		Group:     ref.textOr("group", gatewayGroup),
		Kind:      ref.textOr("kind", "Gateway"),
		Namespace: ref.textOr("namespace", namespace),
		Name:      ref.text("name"),
		Section:   ref.text("sectionName"),
		Port:      ref.number("port", 0),
	}
}

func routeRule(rule fields, path, namespace string) model.RouteRule {
	converted := model.RouteRule{}
	for _, match := range rule.list("matches") {
		if path := matchedPath(match); path != "" {
			converted.Paths = append(converted.Paths, path)
		}
	}
	for _, filter := range rule.list("filters") {
		switch filter.text("type") {
		case "RequestRedirect", "ExtensionRef":
			// What an extension does nobody knows; it may answer by itself.
			converted.Redirects = true
		}
	}
	for i, backend := range rule.list("backendRefs") {
		converted.Backends = append(converted.Backends, model.BackendRef{
			Group:     backend.text("group"),
			Kind:      backend.textOr("kind", "Service"),
			Namespace: backend.textOr("namespace", namespace),
			Name:      backend.text("name"),
			Port:      backend.number("port", 0),
			Weight:    backend.number("weight", 1),
			Path:      fmt.Sprintf("%s.backendRefs[%d]", path, i),
		})
	}
	return converted
}

// matchedPath is the path of an HTTPRoute's match, or the service and method of a GRPCRoute's, which are the path on the wire.
func matchedPath(match fields) string {
	if path := match.object("path").text("value"); path != "" {
		return path
	}
	method := match.object("method")
	service, name := method.text("service"), method.text("method")
	switch {
	case service == "" && name == "":
		return ""
	case service == "":
		service = "*"
	case name == "":
		name = "*"
	}
	return "/" + service + "/" + name
}

func gateway(meta metav1.ObjectMeta, content fields) *model.Gateway {
	spec, status := content.object("spec"), content.object("status")
	g := &model.Gateway{ObjectMeta: meta, Class: spec.text("gatewayClassName"), Conditions: status.conditions()}
	for _, address := range status.list("addresses") {
		if value := address.text("value"); value != "" {
			g.Addresses = append(g.Addresses, value)
		}
	}
	statuses := map[string]fields{}
	for _, listener := range status.list("listeners") {
		statuses[listener.text("name")] = listener
	}
	for _, listener := range spec.list("listeners") {
		told := statuses[listener.text("name")]
		g.Listeners = append(g.Listeners, model.Listener{
			Name: listener.text("name"), Protocol: listener.text("protocol"), Hostname: listener.text("hostname"),
			Port: listener.number("port", 0), AttachedRoutes: told.number("attachedRoutes", 0),
			Conditions: told.conditions(),
		})
	}
	return g
}

func referenceGrant(meta metav1.ObjectMeta, content fields) *model.ReferenceGrant {
	spec := content.object("spec")
	grant := &model.ReferenceGrant{ObjectMeta: meta}
	for _, from := range spec.list("from") {
		grant.From = append(grant.From, model.GrantFrom{
			Group: from.text("group"), Kind: from.text("kind"), Namespace: from.text("namespace"),
		})
	}
	for _, to := range spec.list("to") {
		grant.To = append(grant.To, model.GrantTo{Group: to.text("group"), Kind: to.text("kind"), Name: to.text("name")})
	}
	return grant
}
