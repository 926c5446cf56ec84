package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	clientspdy "k8s.io/client-go/transport/spdy"
	"k8s.io/client-go/util/exec"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"

	"github.com/svctui/svctui/kube/forward"
	"github.com/svctui/svctui/kube/model"
)

// execOutputLimit is how much of each output of a command is kept, in bytes.
const execOutputLimit = 256 << 10

// Exec runs one command in a container, as `kubectl exec` does, and waits until it ended or ctx did. It is for commands that look: a
// person was shown context, Pod and command, and agreed. A command that ends with another exit code than 0 is no error; one that
// could not be run is, in the API server's or the runtime's own words.
func (s *Session) Exec(ctx context.Context, request model.ExecRequest) (model.ExecResult, error) {
	if s.readOnly {
		return model.ExecResult{}, errReadOnly
	}
	var refused refusals
	executor, err := s.executor(request, &refused)
	if err != nil {
		return model.ExecResult{}, fmt.Errorf("running a command in Pod %s/%s: %w", request.Namespace, request.Pod, err)
	}
	var output, complaints bounded
	err = streamUntil(ctx, func() error {
		return executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &output, Stderr: &complaints})
	})
	result := model.ExecResult{Output: output.String(), Complaints: complaints.String()}
	var ended exec.CodeExitError
	switch {
	case ctx.Err() != nil:
		return result, ctx.Err()
	case errors.As(err, &ended):
		result.ExitCode = ended.Code
	case err != nil:
		return result, fmt.Errorf("running a command in Pod %s/%s: %w", request.Namespace, request.Pod, refused.instead(err))
	}
	return result, nil
}

// execGrace is how long a command that is given up may take to end.
const execGrace = time.Second

// streamUntil runs a command until it ends, or is given up: a login plugin that hangs inside of the request knows no context.
func streamUntil(ctx context.Context, stream func() error) error {
	ended := make(chan error, 1)
	go func() {
		defer utilruntime.HandleCrash()
		ended <- stream()
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace := time.NewTimer(execGrace)
	defer grace.Stop()
	select {
	case err := <-ended:
		return err
	case <-grace.C:
		return ctx.Err()
	}
}

// executor speaks WebSocket, and SPDY where that is refused, as kubectl does. A dial hook leads to SPDY at once, because the WebSocket
// client has no such hook.
func (s *Session) executor(request model.ExecRequest, refused *refusals) (remotecommand.Executor, error) {
	config := s.RESTConfig()
	config.GroupVersion, config.APIPath = &corev1.SchemeGroupVersion, "/api"
	base, versioned, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, fmt.Errorf("the API server's address %q cannot be used: %w", config.Host, err)
	}
	target := base.JoinPath(versioned, "namespaces", request.Namespace, "pods", request.Pod, "exec")
	options := corev1.PodExecOptions{Container: request.Container, Command: request.Command, Stdout: true, Stderr: true}
	query, err := scheme.ParameterCodec.EncodeParameters(&options, corev1.SchemeGroupVersion)
	if err != nil {
		return nil, err
	}
	target.RawQuery = query.Encode()
	overSPDY, err := spdyExecutor(config, s.Dial(), target, refused)
	if err != nil || s.Dial() != nil {
		return overSPDY, err
	}
	overWebSocket, err := remotecommand.NewWebSocketExecutor(config, http.MethodGet, target.String())
	if err != nil {
		return nil, err
	}
	return remotecommand.NewFallbackExecutor(overWebSocket, overSPDY, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
}

func spdyExecutor(config *rest.Config, dial Dialer, target *url.URL, refused *refusals) (remotecommand.Executor, error) {
	if dial == nil {
		transport, upgrader, err := clientspdy.RoundTripperFor(config)
		if err != nil {
			return nil, err
		}
		return remotecommand.NewSPDYExecutorForTransports(refusing{transport, refused}, upgrader, http.MethodPost, target)
	}
	tlsConfig, err := rest.TLSConfigFor(config)
	if err != nil {
		return nil, err
	}
	transport, err := spdy.NewRoundTripperWithConfig(spdy.RoundTripperConfig{
		UpgradeTransport: &http.Transport{DialContext: dial, TLSClientConfig: tlsConfig},
	})
	if err != nil {
		return nil, err
	}
	authenticated, err := rest.HTTPWrappersForConfig(config, transport)
	if err != nil {
		return nil, err
	}
	return remotecommand.NewSPDYExecutorForTransports(refusing{authenticated, refused}, clientspdy.NewUpgraderForStreaming(transport), http.MethodPost, target)
}

// refusals keeps the last refusal of the API server: client-go keeps nothing but its words, by which a right that is missing cannot be
// told from another reason. It is safe for concurrent use.
type refusals struct{ last atomic.Pointer[error] }

// instead returns the refusal where there was one, else err.
func (r *refusals) instead(err error) error {
	if last := r.last.Load(); last != nil {
		return *last
	}
	return err
}

// refusing makes an error of an answer that is no upgrade, and keeps it.
type refusing struct {
	http.RoundTripper
	refused *refusals
}

// RoundTrip is that of http.RoundTripper.
func (r refusing) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.RoundTripper.RoundTrip(request)
	if err != nil || response.StatusCode < http.StatusBadRequest {
		return response, err
	}
	defer func() { _ = response.Body.Close() }()
	refusal := forward.Refusal(response)
	r.refused.last.Store(&refusal)
	return nil, refusal
}

// bounded keeps the beginning of what is written to it, and lets the rest go. It is safe for concurrent use: client-go goes on
// writing when it has returned because the context ended. It has no other method to write by, such as ReadFrom, which io.Copy
// would call in place of Write.
type bounded struct {
	mu   sync.Mutex
	kept []byte
}

// Write never fails: a command that says too much is no error.
func (b *bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = append(b.kept, p[:min(execOutputLimit-len(b.kept), len(p))]...)
	return len(p), nil
}

// String returns what was kept until now.
func (b *bounded) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.kept)
}
