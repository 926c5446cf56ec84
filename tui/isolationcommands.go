package tui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/isolation"
)

// whyNoCommand says why no command is run in a Pod; empty where one may be asked for.
func (p *isolationPage) whyNoCommand(sh *shell) string {
	return firstReason(sh.readOnlyReason(), sh.notConnected())
}

// inCluster tries the Service from the chosen client, or asks for a Pod first.
func (p *isolationPage) inCluster(sh *shell) tea.Cmd {
	if pod := sh.client.Pod; pod != (model.Key{}) {
		return p.askFor(sh, func(request *isolation.Request) { request.Client = pod })
	}
	sh.open(newClientPicker(sh, p.request.Service, "try it from which Pod?", false, func(sh *shell, client check.Client) tea.Cmd {
		sh.chooseClient(client)
		return p.askFor(sh, func(request *isolation.Request) { request.Client = client.Pod })
	}))
	return nil
}

// sockets reads what the tested Pod listens on.
func (p *isolationPage) sockets(sh *shell) tea.Cmd {
	return p.askFor(sh, func(request *isolation.Request) { request.Sockets = true })
}

// askFor shows the commands that a request would run in Pods, and runs the test with them once a person agreed. Where there is none, the
// test is run all the same: its row says why.
func (p *isolationPage) askFor(sh *shell, want func(*isolation.Request)) tea.Cmd {
	request := p.request
	if request.Pod == "" {
		request.Pod = p.result.Request.Pod // the same Pod as before
	}
	if request.Port == "" {
		request.Port = p.result.Request.Port
	}
	want(&request)
	request.Denied = sh.deniedToTest(request.Service.Namespace, request.Client.Namespace)
	var commands []isolation.Command
	if sh.state != nil {
		commands = isolation.Commands(sh.state.Snapshot, request)
	}
	for _, command := range commands {
		request.Agreed = append(request.Agreed, command.ExecRequest)
	}
	if len(commands) == 0 {
		return p.startWith(sh, request)
	}
	sh.open(newConsentPage(commands, func(sh *shell) tea.Cmd { return p.startWith(sh, request) }))
	return nil
}
