package kube

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"

	"github.com/svctui/svctui/kube/model"
)

const (
	// logLineLimit is how much of one line is kept, in bytes.
	logLineLimit = 64 << 10
	// logBatch is how many lines are handed over at once at most, and logPause how long a line waits for
	// others to go with it.
	logBatch = 500
	logPause = 50 * time.Millisecond
)

// Logs hands the lines of a container's log over in batches, from the calling goroutine, until the log ends or
// ctx does; then it returns nil or ctx's error. A line longer than 64 KiB is cut, and says how much is missing.
// Errors that are a model.LogReason, by errors.Is, are about this log alone. Whether to try again after a
// stream broke off is the caller's to decide.
func (s *Session) Logs(ctx context.Context, request model.LogRequest, lines func([]model.LogLine)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	options := &corev1.PodLogOptions{
		Container: request.Container, Previous: request.Previous, Follow: request.Follow && !request.Previous, Timestamps: true,
	}
	if request.TailLines > 0 {
		options.TailLines = &request.TailLines
	}
	stream, err := s.clientset.CoreV1().Pods(request.Namespace).GetLogs(request.Pod, options).Stream(ctx)
	if err != nil {
		return s.explainLogs(request, err)
	}
	defer stream.Close()

	read := make(chan model.LogLine, logBatch)
	ended := make(chan error, 1)
	go func() {
		defer utilruntime.HandleCrash()
		defer close(read)
		dropped := false
		err := readLog(stream, func(text string) bool {
			line := logLine(request, text)
			if dropped = saysDropped(line); dropped {
				return false
			}
			select {
			case read <- line:
				return true
			case <-ctx.Done():
				return false
			}
		})
		if dropped {
			err = fmt.Errorf("%w of %s: its node has just removed it", model.LogDropped, logName(request))
		}
		ended <- err
	}()
	hand(read, lines)
	err = <-ended
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil && !errors.Is(err, model.LogDropped) {
		return fmt.Errorf("the log of %s broke off: %s", logName(request), Brief(err))
	}
	return err
}

// hand collects lines into batches until there are no more.
func hand(read <-chan model.LogLine, lines func([]model.LogLine)) {
	var batch []model.LogLine
	timer := time.NewTimer(logPause)
	timer.Stop()
	flush := func() {
		timer.Stop()
		if len(batch) > 0 {
			lines(batch)
			batch = nil
		}
	}
	for {
		select {
		case line, ok := <-read:
			if !ok {
				flush()
				return
			}
			if len(batch) == 0 {
				timer.Reset(logPause)
			}
			if batch = append(batch, line); len(batch) >= logBatch {
				flush()
			}
		case <-timer.C:
			flush()
		}
	}
}

// readLog calls line for every line until the log ends, fails, or line says to stop.
func readLog(log io.Reader, line func(string) bool) error {
	reader := bufio.NewReaderSize(log, 16<<10)
	var text []byte
	cut := 0
	for {
		piece, err := reader.ReadSlice('\n')
		room := min(len(piece), logLineLimit-len(text))
		text = append(text, piece[:room]...)
		cut += len(piece) - room
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if len(text) > 0 {
			// The line's end is not among what is missing.
			if cut > 0 && bytes.HasSuffix(piece, []byte("\n")) {
				cut--
			}
			if !line(withCut(text, cut)) {
				return nil
			}
			text, cut = text[:0], 0
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func withCut(text []byte, cut int) string {
	whole := strings.TrimRight(string(text), "\r\n")
	if cut > 0 {
		whole += fmt.Sprintf(" … %d more bytes", cut)
	}
	return whole
}

// logLine takes the time off a line, which the API server puts in front of it.
func logLine(request model.LogRequest, text string) model.LogLine {
	line := model.LogLine{Pod: request.Pod, Container: request.Container, Text: text}
	stamp, rest, found := strings.Cut(text, " ")
	if !found {
		stamp, rest = text, ""
	}
	if at, err := time.Parse(time.RFC3339Nano, stamp); err == nil {
		line.Time, line.Text = at, rest
	}
	return line
}

// saysDropped tells kubelet's own words from a container's. Kubelet writes them into the body of an answer that began
// well, when the container (GetKubeletContainerLogs in its source) or the file of its log (ReadLogs in cri-client) was
// removed meanwhile, and puts no time in front.
func saysDropped(line model.LogLine) bool {
	if !line.Time.IsZero() {
		return false
	}
	if strings.HasPrefix(line.Text, "unable to retrieve container logs for ") {
		return true
	}
	ofFile := strings.HasPrefix(line.Text, "failed to try resolving symlinks in path ") || strings.HasPrefix(line.Text, "failed to open log file ")
	return ofFile && strings.HasSuffix(line.Text, ": no such file or directory")
}

func logName(request model.LogRequest) string {
	name := request.Namespace + "/" + request.Pod
	if request.Container != "" {
		name += " container " + request.Container
	}
	return name
}

// explainLogs tells why there is no log. The kubelet says so in words only (GetContainerLogs in its source).
func (s *Session) explainLogs(request model.LogRequest, err error) error {
	if !apierrors.IsBadRequest(err) {
		if apierrors.IsNotFound(err) {
			return fmt.Errorf("no log: Pod %s/%s does not exist any more: %w", request.Namespace, request.Pod, err)
		}
		return s.Explain(err)
	}
	message := Brief(err)
	switch {
	case request.Previous && strings.Contains(message, "previous terminated container"):
		return fmt.Errorf("%w of %s: the container has not ended before, or its node has removed that log", model.NoPreviousLog, logName(request))
	case strings.Contains(message, "is waiting to start"):
		return fmt.Errorf("%w: %s", model.NotStarted, message)
	case strings.Contains(message, "a container name must be specified"):
		return fmt.Errorf("%w: %s", model.WhichContainer, message)
	}
	return err
}
