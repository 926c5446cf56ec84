package tui

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/isolation"
)

// isolationPage runs the isolation test and shows its rungs as they come.
type isolationPage struct {
	request isolation.Request

	life    *life
	run     turn
	session Session
	result  isolation.Result
	running bool
	// began is true once a test was started, and at is when its conclusion came.
	began bool
	at    time.Time
	// offset is how far the page is scrolled, most how far it can be.
	offset, most int
	// client is what keeps the chosen client from the Service.
	client clientReport
}

type (
	isolationProgress struct{ result isolation.Result }
	isolationOver     struct{}
)

func newIsolationPage(service model.Key) *isolationPage {
	return &isolationPage{request: isolation.Request{Service: service}}
}

func (p *isolationPage) about() (model.Key, bool) { return p.request.Service, true }

func (p *isolationPage) again() visitable {
	return &isolationPage{request: p.request, began: p.began, result: p.result, at: p.at}
}

func (p *isolationPage) title() string       { return "isolation test" }
func (p *isolationPage) capturesInput() bool { return false }
func (p *isolationPage) crumbs(sh *shell) []string {
	return append([]string{namespaceName(p.request.Service.Namespace), clean(p.request.Service.Name), p.title()}, sh.clientCrumb()...)
}

func (p *isolationPage) opened(sh *shell, life *life) tea.Cmd {
	p.life = life
	if p.began && sh.session != nil {
		p.session = sh.session
		p.session.Focus(&p.request.Service)
		return nil
	}
	return p.start(sh)
}

// start runs the test anew with the request as it is; the run before is cancelled.
func (p *isolationPage) start(sh *shell) tea.Cmd { return p.startWith(sh, p.request) }

func (p *isolationPage) startWith(sh *shell, request isolation.Request) tea.Cmd {
	if sh.session == nil {
		return nil
	}
	p.session = sh.session
	p.session.Focus(&p.request.Service)
	p.running, p.began, p.at = true, true, time.Time{}
	p.result = isolation.Result{Request: p.request}
	sh.learnRights(p.request.Service.Namespace)
	session := sh.session
	request.Denied = sh.deniedToTest(request.Service.Namespace, request.Client.Namespace)
	request.ReadOnly, request.KubectlArgs = sh.info.ReadOnly, sh.info.KubectlArgs
	return p.run.stream(p.life, func(ctx context.Context, send func(tea.Msg)) {
		session.Test(ctx, request, func(result isolation.Result) { send(isolationProgress{result}) })
		send(isolationOver{})
	})
}

func (p *isolationPage) update(sh *shell, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case isolationProgress:
		p.result = msg.result
		if p.running = msg.result.Conclusion == nil; !p.running {
			p.at = sh.now()
		}
		sh.remember(msg.result)
	case isolationOver:
		p.running = false
	case stateChanged, revealed:
		if !p.began {
			return p.start(sh)
		}
	}
	return nil
}

func (p *isolationPage) closed(sh *shell) { unfocus(sh, p.session) }

func (p *isolationPage) bindings() []binding {
	running := func(sh *shell) string { return sh.notConnected() }
	return append([]binding{
		{keys: []string{"r"}, name: "run again", brief: "run", help: "runs the test again", disabled: running, run: p.start},
		{
			keys: []string{"tab"}, label: "Tab", name: "next port", brief: "port", help: "tests the Service's next port",
			disabled: func(sh *shell) string {
				if len(p.ports(sh)) < 2 {
					return "the Service has no other port to test"
				}
				return running(sh)
			},
			run: p.nextPort,
		},
		{keys: []string{"p"}, name: "other Pod", brief: "Pod", help: "chooses the Pod, and runs the test again", disabled: running, run: func(sh *shell) tea.Cmd {
			sh.open(p.podChooser(sh))
			return nil
		}},
		{keys: []string{"o"}, name: "options", brief: "opts", help: "changes port, path, scheme, host, what is dialled from here and how long an answer may take, and runs the test again", disabled: running, run: func(sh *shell) tea.Cmd {
			sh.open(newIsolationOptions(p, p.ports(sh)))
			return nil
		}},
		{keys: []string{"x"}, name: "in-cluster", brief: "exec", help: "tries the Service from inside a Pod: shows the command, and runs it once after a y", disabled: p.whyNoCommand, run: p.inCluster},
		{keys: []string{"s"}, name: "sockets", help: "reads what the tested Pod listens on: shows the command, and runs it once after a y", disabled: p.whyNoCommand, run: p.sockets},
		clientAction(func(*shell) (model.Key, string) { return p.request.Service, "" }),
		{keys: []string{"a"}, name: "all Pods", brief: "all", help: "tries all Pods on all ports: which of them does not answer?", disabled: func(sh *shell) string { return whyNoSweep(sh, p.request.Service.Namespace) }, run: func(sh *shell) tea.Cmd {
			sh.open(newSweepPage(p.request))
			return nil
		}},
		{keys: []string{"c"}, name: "copy", help: "copies the result as text", disabled: func(*shell) string {
			if p.result.Conclusion == nil {
				return "there is no result yet"
			}
			return ""
		}, run: func(sh *shell) tea.Cmd { return sh.copy("the result", isolationText(p.result)) }},
	}, cursorKeys(&p.offset, func() int { return p.most + 1 })...)
}

// ports are the Service's ports that can be tested, as numbers.
func (p *isolationPage) ports(sh *shell) []string {
	if sh == nil || sh.state == nil {
		return nil
	}
	service := sh.state.Snapshot.Service(p.request.Service)
	if service == nil {
		return nil
	}
	var ports []string
	for _, port := range service.Spec.Ports {
		if notTCP(port.Protocol) == "" {
			ports = append(ports, fmt.Sprint(port.Port))
		}
	}
	return ports
}

// portNow is the number of the port that is tested.
func (p *isolationPage) portNow(sh *shell) string {
	now := cmp.Or(p.result.Request.Port, p.request.Port)
	if sh.state != nil {
		if service := sh.state.Snapshot.Service(p.request.Service); service != nil {
			for _, port := range service.Spec.Ports {
				if now == "" || port.Name == now || fmt.Sprint(port.Port) == now {
					return fmt.Sprint(port.Port)
				}
			}
		}
	}
	return now
}

func (p *isolationPage) nextPort(sh *shell) tea.Cmd {
	ports := p.ports(sh)
	at := slices.Index(ports, p.portNow(sh))
	p.request.Port = ports[(at+1)%len(ports)]
	return p.start(sh)
}

func (p *isolationPage) podChooser(sh *shell) page {
	choose := newPickPage("Pod to test", func(sh *shell, value string) tea.Cmd {
		p.request.Pod = value
		if value == anyPodItem {
			p.request.Pod = ""
		}
		return p.start(sh)
	})
	choose.picker.hint = "type to search, or the name of a Pod that is not listed"
	choose.picker.refuse = whyNoPodName
	items := []pickItem{{value: anyPodItem, label: "the Pod that a port-forward to the Service takes", current: p.request.Pod == ""}}
	if sh.state != nil {
		for _, pod := range podsBehind(sh.state.Snapshot, p.request.Service) {
			items = append(items, pickItem{
				value: pod.Name, label: clean(pod.Name), detail: strings.TrimSpace(clean(pod.Status.PodIP) + "  " + podState(pod)),
				current: pod.Name == p.request.Pod,
			})
		}
	}
	choose.picker.setItems(items)
	return choose
}

// whyNoPodName says why no Pod can be named so; empty where one can.
func whyNoPodName(name string) string {
	if len(validation.IsDNS1123Subdomain(name)) == 0 {
		return ""
	}
	return "names no Pod: want the name of a Pod of this namespace"
}

// anyPodItem stands for no choice of a Pod; no Pod can have this name.
const anyPodItem = "*"

func (p *isolationPage) status(sh *shell) string {
	if p.running {
		return sh.theme.warn.on("testing …")
	}
	return testedAgo(sh, p.at)
}

// testedAgo says how old a result is, once that is a minute: what it says was so then.
func testedAgo(sh *shell, at time.Time) string {
	if at.IsZero() || sh.now().Sub(at) < time.Minute {
		return ""
	}
	return sh.theme.dim.on("tested " + age(at, sh.now()) + " ago")
}

// wakeAt is when the age of the result reads differently.
func (p *isolationPage) wakeAt(sh *shell) time.Time {
	return nextAge(p.at, sh.now())
}
