package tui

import "github.com/svctui/svctui/kube/model"

// The rights that keys depend on. Port-forward over SPDY needs create; over WebSocket get, and from
// Kubernetes 1.35 create too.
func mayForward(namespace string) model.AccessQuestion {
	return model.AccessQuestion{Verb: "create", Resource: "pods", Subresource: "portforward", Namespace: namespace}
}

func mayReadLogs(namespace string) model.AccessQuestion {
	return model.AccessQuestion{Verb: "get", Resource: "pods", Subresource: "log", Namespace: namespace}
}

func mayProxyServices(namespace string) model.AccessQuestion {
	return model.AccessQuestion{Verb: "get", Resource: "services", Subresource: "proxy", Namespace: namespace}
}

func mayProxyPods(namespace string) model.AccessQuestion {
	return model.AccessQuestion{Verb: "get", Resource: "pods", Subresource: "proxy", Namespace: namespace}
}

func mayList(resource, namespace string) model.AccessQuestion {
	question := model.AccessQuestion{Verb: "list", Resource: resource, Namespace: namespace}
	if resource == string(model.EndpointSlices) {
		question.Group = "discovery.k8s.io"
	}
	return question
}

// rightsAskedFor is asked whenever a session or a scope begins.
func rightsAskedFor(namespace string) []model.AccessQuestion {
	return []model.AccessQuestion{
		mayForward(namespace), mayReadLogs(namespace), mayProxyServices(namespace), mayProxyPods(namespace),
		mayList("services", namespace), mayList("endpointslices", namespace), mayList("pods", namespace),
		mayList("events", namespace),
	}
}
