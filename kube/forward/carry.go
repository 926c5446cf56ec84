package forward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/svctui/svctui/kube/model"
)

const (
	// reasonGrace is how long after the Pod's side ended the runtime's reason may come. They travel on different streams.
	reasonGrace = 500 * time.Millisecond
	// takenAfter is how long a connection lives that was not refused, even if the Pod says nothing on it.
	takenAfter = 3 * time.Second
	// farewell is how long a local side may still send when the Pod's side has ended.
	farewell = 2 * time.Second
	// lastWord is how long the Pod's side has to be quiet before it is told that the local side has said all. Container
	// runtimes cut a connection one second after that, whatever is still being said (containerd,
	// internal/cri/server/sandbox_portforward_linux.go), and the client could not tell half an answer from a whole one.
	lastWord = 3 * time.Second
	// afterAnswer is the same where the Pod's side has answered: then the local side has most likely left.
	afterAnswer = 250 * time.Millisecond
)

// accept takes local connections until the listener is closed.
func (h *held) accept(ctx context.Context, parts *sync.WaitGroup) {
	for {
		local, err := h.listener.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			// Out of file descriptors, say: that passes.
			h.note(fmt.Errorf("accepting a connection on %s: %w", h.listener.Addr(), err))
			sleep(ctx, firstPause)
			continue
		}
		parts.Go(guarded(func() { h.serve(ctx, local) }))
	}
}

// serve carries one local connection, and counts it.
func (h *held) serve(ctx context.Context, local net.Conn) {
	h.mu.Lock()
	h.locals[local] = struct{}{}
	h.mu.Unlock()
	h.change(func(status *model.Forward) { status.Connections++; status.Total++ })
	defer func() {
		_ = local.Close()
		h.mu.Lock()
		delete(h.locals, local)
		h.mu.Unlock()
		h.change(func(status *model.Forward) { status.Connections-- })
	}()
	if ctx.Err() != nil {
		return
	}
	err := h.carry(ctx, local)
	if err == nil || ctx.Err() != nil {
		return
	}
	reset(local)
	if !errors.Is(err, errStillConnecting) {
		h.note(err)
	}
}

// errStillConnecting is why a connection is reset that waited in vain where the forward's last error says already what is in the way.
var errStillConnecting = errors.New("no connection to a Pod yet")

func (h *held) carry(ctx context.Context, local net.Conn) error {
	to, err := h.awaitRoute(ctx)
	if err != nil {
		return err
	}
	remote, err := h.streams.openUnread(ctx, to.identity(h.target.Namespace), to.port)
	if err != nil {
		return fmt.Errorf("port-forward to Pod %s: %w", to.pod, err)
	}
	defer func() { _ = remote.Close() }()
	taken := time.AfterFunc(takenAfter, h.taken)
	defer taken.Stop()
	down := h.counted(&h.bytesDown)
	err = join(local, remote, h.counted(&h.bytesUp), func(n int) { down(n); h.taken() })
	if err != nil && refusedByPort(err.Error()) {
		h.refused()
	}
	return err
}

// refused notes that nothing takes connections in the Pod.
func (h *held) refused() {
	h.refusing.Store(true)
	h.change(func(status *model.Forward) {
		status.Refusals++
		if status.State == model.ForwardActive {
			status.State = model.ForwardRefused
		}
	})
}

// taken notes that the application took a connection.
func (h *held) taken() {
	if !h.refusing.Load() || !h.refusing.CompareAndSwap(true, false) { // it is asked of each piece that comes
		return
	}
	h.change(func(status *model.Forward) {
		status.Refusals = 0
		if status.State == model.ForwardRefused {
			status.State = model.ForwardActive
		}
	})
}

func (h *held) counted(total *atomic.Int64) func(int) {
	return func(n int) {
		total.Add(int64(n))
		h.touched()
	}
}

// awaitRoute returns where a connection goes. It waits while the forward connects, but not for a Pod to become Ready.
func (h *held) awaitRoute(ctx context.Context) (route, error) {
	deadline := time.NewTimer(routeWait)
	defer deadline.Stop()
	for {
		h.mu.Lock()
		status, to, moved := h.status, h.route, h.moved
		h.mu.Unlock()
		switch status.State {
		case model.ForwardActive, model.ForwardRefused:
			return to, nil
		case model.ForwardConnecting:
		default:
			return route{}, errors.New(status.LastError)
		}
		select {
		case <-moved:
		case <-deadline.C:
			if status.LastError != "" {
				return route{}, errStillConnecting
			}
			return route{}, fmt.Errorf("no connection to a Pod in %s", routeWait)
		case <-ctx.Done():
			return route{}, ctx.Err()
		}
	}
}

// join copies both ways until both have ended, and returns why a connection did not end well: the runtime's own words
// where there are any. It closes neither side for good.
func join(local net.Conn, remote model.Stream, up, down func(int)) error {
	sent, answered := make(chan struct{}), make(chan struct{})
	var heard, owed atomic.Bool
	go guarded(func() {
		defer close(sent)
		readErr, writeErr := pump(remote, local, func(n int) { owed.Store(true); up(n) })
		switch {
		case writeErr != nil:
		case readErr != nil && !errors.Is(readErr, os.ErrDeadlineExceeded):
			_ = remote.Close()
		default:
			awaitQuiet(&heard, &owed, answered)
			_ = remote.CloseWrite()
		}
	})()
	lostErr, localErr := pump(local, remote, func(n int) { heard.Store(true); owed.Store(false); down(n) })
	close(answered)
	if localErr != nil || lostErr != nil {
		reset(local)
		err := lostErr
		if text := reason(remote); lostErr != nil && text != nil {
			err = text
		}
		_ = remote.Close()
		<-sent
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		return err
	}
	if text := reason(remote); text != nil {
		reset(local)
		<-sent
		return text
	}
	// The Pod's side has ended. The local side may still be sending; closing under it would destroy what it has not read yet.
	closeWrite(local)
	_ = local.SetReadDeadline(time.Now().Add(farewell))
	<-sent
	return nil
}

// awaitQuiet waits until nothing was heard for a while, longer while an answer is owed, or until answered is closed.
func awaitQuiet(heard, owed *atomic.Bool, answered <-chan struct{}) {
	for {
		heard.Store(false)
		pause := afterAnswer
		if owed.Load() {
			pause = lastWord
		}
		quiet := time.NewTimer(pause)
		select {
		case <-answered:
			quiet.Stop()
			return
		case <-quiet.C:
			if !heard.Load() {
				return
			}
		}
	}
}

// pump copies until from ends, and tells a failure to read from one to write. The end of from is no failure.
func pump(to io.Writer, from io.Reader, count func(int)) (readErr, writeErr error) {
	if ready, ok := from.(*stream); ok {
		return ready.copyTo(to, count)
	}
	buffer := make([]byte, chunkSize)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			count(n)
			if _, err := to.Write(buffer[:n]); err != nil {
				return nil, err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil, nil
		case err != nil:
			return err, nil
		}
	}
}

// reason returns what the runtime says about the end of a connection, or nil.
func reason(remote model.Stream) error {
	grace := time.NewTimer(reasonGrace)
	defer grace.Stop()
	select {
	case text, some := <-remote.Errors():
		if some {
			return errors.New(text)
		}
	case <-grace.C:
	}
	return nil
}

// reset ends a local connection so that its other side sees an error and not an orderly end.
func reset(local net.Conn) {
	if tcp, ok := local.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = local.Close()
}

func closeWrite(local net.Conn) {
	if tcp, ok := local.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
}

func (h *held) closeLocals() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for local := range h.locals {
		reset(local)
	}
}
