package apiserver

import (
	"math"
	"net/http"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Fault is something that goes wrong with a request. The first field that is set counts.
type Fault struct {
	// Hang answers nothing until the client leaves.
	Hang bool
	// Drop cuts the connection without an answer.
	Drop bool
	// Code answers with an HTTP status that says Message. 401, 403, 429, 500, 503 and 504 get the reason and the words
	// of the real server when Message is empty.
	Code int
	// RetryAfter is sent with Code when it is a second or more.
	RetryAfter time.Duration
	Message    string
	// Delay holds the request back, in real time, and then lets it go on.
	Delay time.Duration
}

// serve tells whether the request has been answered.
func (f *Fault) serve(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case f.Hang:
		<-r.Context().Done()
		return true
	case f.Drop:
		panic(http.ErrAbortHandler)
	case f.Code != 0:
		writeError(w, r, f.status())
		return true
	case f.Delay > 0:
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
		}
	}
	return false
}

func (f *Fault) status() *apierrors.StatusError {
	reasons := map[int]struct {
		reason  metav1.StatusReason
		message string
	}{
		http.StatusUnauthorized:        {metav1.StatusReasonUnauthorized, "Unauthorized"},
		http.StatusForbidden:           {metav1.StatusReasonForbidden, "forbidden"},
		http.StatusTooManyRequests:     {metav1.StatusReasonTooManyRequests, "Too many requests, please try again later."},
		http.StatusInternalServerError: {metav1.StatusReasonInternalError, "Internal error occurred: etcdserver: leader changed"},
		http.StatusServiceUnavailable:  {metav1.StatusReasonServiceUnavailable, "apiserver is shutting down"},
		http.StatusGatewayTimeout:      {metav1.StatusReasonTimeout, "Timeout: request did not complete within the allotted timeout"},
		http.StatusGone:                {metav1.StatusReasonExpired, "The resourceVersion for the provided watch is too old."},
	}
	known := reasons[f.Code]
	status := metav1.Status{
		Status: metav1.StatusFailure, Code: int32(f.Code), Reason: known.reason, Message: f.Message,
	}
	if status.Message == "" {
		status.Message = known.message
	}
	if seconds := math.Floor(f.RetryAfter.Seconds()); seconds >= 1 {
		status.Details = &metav1.StatusDetails{RetryAfterSeconds: int32(seconds)}
	}
	return &apierrors.StatusError{ErrStatus: status}
}

// watchCuts lets all running watches end at once.
type watchCuts struct {
	mu   sync.Mutex
	next chan struct{}
	gone *bool
}

func (c *watchCuts) init() { c.next, c.gone = make(chan struct{}), new(bool) }

// current returns what a watch waits for, and whether that ends it with 410 Gone, to be read after the channel closed.
func (c *watchCuts) current() (<-chan struct{}, *bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.next, c.gone
}

func (c *watchCuts) cut(gone bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*c.gone = gone
	close(c.next)
	c.init()
}

// EndWatches ends every running watch as the server's own time limit does.
func (s *Server) EndWatches() { s.cuts.cut(false) }

// ExpireWatches ends every running watch with 410 Gone and forgets history, so that clients must list again.
func (s *Server) ExpireWatches() {
	s.store.ForgetHistory()
	s.cuts.cut(true)
}
