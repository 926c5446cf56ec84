package apiserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/remotecommand"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// Execution is what came of a command in a container.
type Execution struct {
	Output, Complaints string
	ExitCode           int
}

// serveExec runs one command in a container of a Pod, over SPDY, as the kubelet does. It has neither input nor terminal.
func (s *Server) serveExec(w http.ResponseWriter, r *http.Request, t target) {
	pod, err := s.pod(t.Namespace, t.Name)
	if err != nil {
		writeError(w, r, err)
		return
	}
	query := r.URL.Query()
	container, err := containerToExec(pod, query.Get("container"))
	if err != nil {
		writeError(w, r, err)
		return
	}
	if !httpstream.IsUpgradeRequest(r) {
		writeError(w, r, apierrors.NewBadRequest("Upgrade request required"))
		return
	}
	if _, err := httpstream.Handshake(r, w, []string{remotecommand.StreamProtocolV4Name}); err != nil {
		return // Handshake has told the client
	}
	streams := make(chan httpstream.Stream, 4)
	conn := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(stream httpstream.Stream, _ <-chan struct{}) error {
		select {
		case streams <- stream:
			return nil
		default:
			return fmt.Errorf("one stream too many")
		}
	})
	if conn == nil {
		return
	}
	defer func() { _ = conn.Close() }()
	byType := map[string]httpstream.Stream{}
	for range 3 {
		select {
		case stream := <-streams:
			byType[stream.Headers().Get(corev1.StreamType)] = stream
		case <-conn.CloseChan():
			return
		case <-r.Context().Done():
			return
		}
	}
	ran, err := s.nodes.Exec(r.Context(), pod, container, query["command"])
	if output := byType[corev1.StreamTypeStdout]; output != nil {
		_, _ = output.Write([]byte(ran.Output))
		_ = output.Close()
	}
	if complaints := byType[corev1.StreamTypeStderr]; complaints != nil {
		_, _ = complaints.Write([]byte(ran.Complaints))
		_ = complaints.Close()
	}
	if status := byType[corev1.StreamTypeError]; status != nil {
		if text, marshalErr := json.Marshal(execStatus(ran.ExitCode, err)); marshalErr == nil {
			_, _ = status.Write(text)
		}
		_ = status.Close()
	}
	// The client ends the connection once it has read everything.
	select {
	case <-conn.CloseChan():
	case <-r.Context().Done():
	}
}

// containerToExec is the container that was asked for, or the first one.
func containerToExec(pod *corev1.Pod, name string) (string, error) {
	if pod.Spec.NodeName == "" {
		return "", apierrors.NewBadRequest(fmt.Sprintf("pod %s does not have a host assigned", pod.Name))
	}
	for i := range pod.Spec.Containers {
		if name == "" || pod.Spec.Containers[i].Name == name {
			return pod.Spec.Containers[i].Name, nil
		}
	}
	return "", apierrors.NewBadRequest(fmt.Sprintf("container %s is not valid for pod %s", name, pod.Name))
}

// execStatus is how version 4 of the protocol tells the end of a command (k8s.io/kubelet, ServeExec).
func execStatus(code int, err error) metav1.Status {
	switch {
	case err != nil:
		return apierrors.NewInternalError(err).Status()
	case code != 0:
		return metav1.Status{
			Status: metav1.StatusFailure, Reason: remotecommand.NonZeroExitCodeReason,
			Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: remotecommand.ExitCodeCauseType, Message: strconv.Itoa(code)}}},
			Message: fmt.Sprintf("command terminated with non-zero exit code: exit status %d", code),
		}
	}
	return metav1.Status{Status: metav1.StatusSuccess}
}
