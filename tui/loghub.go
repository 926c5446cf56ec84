package tui

import (
	"context"
	"slices"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

// logBatchEvery is the least time between two messages of a log page, however much is written.
const logBatchEvery = 100 * time.Millisecond

// logBatch is what all the logs of a page brought since the last one.
type logBatch struct {
	lines   []logText
	dropped int
}

// logText is one cleaned line with where it came from.
type logText struct {
	source logSource
	line   scrollLine
}

// logHub collects the lines of several logs, so that the event loop gets them in few messages. Safe for
// concurrent use. It holds no more than a scroller would keep.
type logHub struct {
	mu      sync.Mutex
	pending []logText
	// bytes is the size of the texts that are pending.
	bytes   int
	dropped int
	wake    chan struct{}
	// sending keeps batches in order when two goroutines hand over.
	sending sync.Mutex
}

func newLogHub() *logHub { return &logHub{wake: make(chan struct{}, 1)} }

func (h *logHub) add(lines ...logText) {
	h.mu.Lock()
	h.pending = append(h.pending, lines...)
	for _, added := range lines {
		h.bytes += len(added.line.text)
	}
	excess := max(0, len(h.pending)-scrollerMaxLines)
	for i, old := range h.pending {
		if i >= excess && h.bytes <= scrollerMaxBytes {
			excess = i
			break
		}
		h.bytes -= len(old.line.text)
	}
	if excess > 0 {
		h.pending = slices.Clone(h.pending[excess:])
		h.dropped += excess
	}
	h.mu.Unlock()
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

func (h *logHub) take() logBatch {
	h.mu.Lock()
	defer h.mu.Unlock()
	batch := logBatch{lines: h.pending, dropped: h.dropped}
	h.pending, h.bytes, h.dropped = nil, 0, 0
	return batch
}

// flush hands over what is there now.
func (h *logHub) flush(send func(tea.Msg)) {
	h.sending.Lock()
	defer h.sending.Unlock()
	if batch := h.take(); len(batch.lines) > 0 {
		// Lines of several Pods that came together are put in order; those that came later stay later.
		slices.SortStableFunc(batch.lines, func(a, b logText) int { return a.line.at.Compare(b.line.at) })
		send(batch)
	}
}

// pump hands what was collected to send until ctx ends, at most once every logBatchEvery.
func (h *logHub) pump(ctx context.Context, send func(tea.Msg)) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.wake:
		}
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		h.flush(send)
		pause.Reset(logBatchEvery)
	}
}
