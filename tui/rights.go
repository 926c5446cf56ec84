package tui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/isolation"
)

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
	return append([]model.AccessQuestion{
		mayForward(namespace), mayReadLogs(namespace), mayProxyServices(namespace), mayProxyPods(namespace),
		mayList("services", namespace), mayList("endpointslices", namespace), mayList("pods", namespace),
		mayList("events", namespace),
	}, isolation.Rights(namespace)...)
}

// learnRights asks for the rights in a Service's namespace, where the scope is another: what may not be done everywhere may be done there.
func (sh *shell) learnRights(namespace string) {
	if _, asked := sh.rights[mayForward(namespace)]; asked || namespace == "" || sh.session == nil {
		return
	}
	sh.ask(func(r *root) tea.Cmd {
		if r.rightsAsked[namespace] || sh.session == nil {
			return nil
		}
		return r.askRights(namespace)
	})
}

// deniedToTest are those of the test's rights that are known to be denied in some namespace.
func (sh *shell) deniedToTest(namespaces ...string) []model.AccessQuestion {
	var denied []model.AccessQuestion
	for _, namespace := range namespaces {
		for _, question := range isolation.Rights(namespace) {
			if sh.denied(question) != "" {
				denied = append(denied, question)
			}
		}
	}
	return denied
}
