package kube

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"strings"
	"sync"

	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// pluginOutput is where a session's login plugin writes what it has to say. A file, because the plugin's
// last words must be there when its failure is told, and because nobody has to read along.
// Safe for concurrent use.
type pluginOutput struct {
	mu   sync.Mutex
	file *os.File
	// users are the session and the forwards that outlive it; the last one closes the file.
	users int
}

func newPluginOutput() (*pluginOutput, error) {
	file, err := os.CreateTemp("", "svctui-login-")
	if err != nil {
		return nil, err
	}
	// Where the system allows it, the file has no name from now on; elsewhere close removes it.
	_ = os.Remove(file.Name())
	return &pluginOutput{file: file, users: 1}, nil
}

// lastLine returns the last line that was written and is not empty.
func (p *pluginOutput) lastLine() string {
	if p == nil {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	const most = 4096
	info, err := p.file.Stat()
	if err != nil {
		return ""
	}
	tail := make([]byte, min(info.Size(), most))
	n, err := p.file.ReadAt(tail, info.Size()-int64(len(tail)))
	if err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	lines := bytes.Split(tail[:n], []byte("\n"))
	for i := len(lines) - 1; i >= 0; i-- {
		if line := strings.TrimSpace(string(lines[i])); line != "" {
			return line
		}
	}
	return ""
}

// hold keeps the file open until what it returns is called.
func (p *pluginOutput) hold() (release func()) {
	if p == nil {
		return func() {}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users++
	return sync.OnceFunc(p.close)
}

// close ends one use of the file.
func (p *pluginOutput) close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users--; p.users > 0 {
		return
	}
	_ = p.file.Close()
	_ = os.Remove(p.file.Name())
}

// stderrSwap guards the moment in which os.Stderr is another file.
var stderrSwap sync.Mutex

// quietPlugin makes the login plugin of a configuration run without a terminal from now on: nothing on standard
// input, and standard error into output. client-go gives a plugin the os.Stderr that it saw when it
// first heard of it, and no way to say otherwise; so for that moment os.Stderr is the output.
func quietPlugin(config *rest.Config, output *pluginOutput) error {
	config.ExecProvider = freshPlugin(config.ExecProvider)
	plugin := config.ExecProvider
	plugin.InteractiveMode = clientcmdapi.NeverExecInteractiveMode
	plugin.StdinUnavailable = true
	plugin.StdinUnavailableMessage = "svctui owns the terminal"
	stderrSwap.Lock()
	defer stderrSwap.Unlock()
	before := os.Stderr
	os.Stderr = output.file
	defer func() { os.Stderr = before }()
	_, err := config.TransportConfig()
	return err
}

// freshPlugin returns the same login plugin, in such a way that client-go takes it for one that it never saw.
// It remembers plugins, with their credentials and their standard error, by their configuration for as long
// as the process lives.
func freshPlugin(plugin *clientcmdapi.ExecConfig) *clientcmdapi.ExecConfig {
	fresh := plugin.DeepCopy()
	fresh.Env = append(fresh.Env, clientcmdapi.ExecEnvVar{Name: "SVCTUI_SESSION", Value: rand.Text()})
	return fresh
}
