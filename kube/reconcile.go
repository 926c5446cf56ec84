package kube

import (
	"context"
	"maps"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// wanted returns what has to be read: the scope's Services and EndpointSlices, and what is asked for, less
// what a feed for all namespaces serves as well. mu is held.
func (s *Store) wanted() map[model.Need]bool {
	needs := maps.Clone(s.asked)
	needs[model.Need{Kind: model.Services, Namespace: s.scope}] = true
	needs[model.Need{Kind: model.EndpointSlices, Namespace: s.scope}] = true
	for need := range needs {
		all := model.Need{Kind: need.Kind, Namespace: model.AllNamespaces}
		if need.Namespace == model.AllNamespaces || !needs[all] {
			continue
		}
		if f := s.feeds[all]; f != nil && f.coverage.State == model.Forbidden {
			continue
		}
		delete(needs, need)
	}
	return needs
}

// reconcile opens the feeds that are wanted and closes those that are not, at once where another feed has
// taken over or the scope has moved on, else after a while. mu is held.
func (s *Store) reconcile() {
	if s.ctx == nil || s.ctx.Err() != nil {
		return
	}
	wanted := s.wanted()
	for need := range wanted {
		f := s.feeds[need]
		if f == nil {
			f = s.open(need)
		}
		if f != nil {
			f.unwantedSince = time.Time{}
		}
	}
	now := time.Now()
	for need, f := range s.feeds {
		if wanted[need] {
			continue
		}
		if f.unwantedSince.IsZero() {
			f.unwantedSince = now
		}
		if s.closable(need, f, now) {
			s.shift(need.Kind, func() {
				f.end()
				delete(s.feeds, need)
			})
			s.notify()
		}
	}
	s.hurry()
}

// closable tells whether a feed that is not wanted can be closed now. mu is held.
func (s *Store) closable(need model.Need, f *feed, now time.Time) bool {
	all := s.feeds[model.Need{Kind: need.Kind, Namespace: model.AllNamespaces}]
	if need.Namespace != model.AllNamespaces && all != nil && all.unwantedSince.IsZero() {
		// All namespaces are read instead. The old feed serves until the new one has listed.
		return all.listed
	}
	if need.Kind == model.Services || need.Kind == model.EndpointSlices {
		return true
	}
	return now.Sub(f.unwantedSince) >= s.patience.closing
}

// open begins a feed. When a feed for all namespaces is about to make room for it, the objects of the
// namespace are taken over, so that the screen does not go blank. mu is held.
func (s *Store) open(need model.Need) *feed {
	reader, ok := readerFor(s.clients, need)
	if !ok {
		return nil
	}
	f := &feed{store: s, need: need, reader: reader, coverage: model.Coverage{State: model.Syncing, Since: time.Now()}}
	all := s.feeds[model.Need{Kind: need.Kind, Namespace: model.AllNamespaces}]
	if need.Namespace != model.AllNamespaces && all != nil && all.listed {
		f.coverage, f.listed, f.heardAt = all.coverage, true, all.heardAt
		f.objects = map[model.Key]metav1.Object{}
		for key, object := range all.objects {
			if key.Namespace == need.Namespace {
				f.objects[key] = object
			}
		}
	}
	s.launch(f)
	return f
}

// restart begins a feed anew, with what it holds. mu is held.
func (s *Store) restart(old *feed) {
	old.end()
	f := &feed{
		store: s, need: old.need, reader: old.reader, unwantedSince: old.unwantedSince,
		plainList: old.plainList, coverage: old.coverage, listed: old.listed, heardAt: old.heardAt, objects: old.objects,
	}
	if !f.listed {
		s.cover(f, model.Coverage{State: model.Syncing, Since: time.Now()})
	}
	s.launch(f)
}

// launch puts a feed in its place and lets it run. mu is held.
func (s *Store) launch(f *feed) {
	ctx, cancel := context.WithCancel(s.ctx)
	f.cancel = cancel
	s.shift(f.need.Kind, func() { s.feeds[f.need] = f })
	s.notify()
	s.running.Go(func() { f.run(ctx) })
}

// supervise closes feeds whose time has come, and notices silence, until the Store stops.
func (s *Store) supervise() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.kick:
		case <-timer.C:
		}
		timer.Reset(s.look(time.Now()))
	}
}

// look does what is due, and returns how long to wait until something else may be.
func (s *Store) look(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := now.Add(time.Hour)
	due := func(since time.Time, after time.Duration) bool {
		deadline := since.Add(after)
		if !deadline.After(now) {
			return true
		}
		if deadline.Before(next) {
			next = deadline
		}
		return false
	}
	closing := false
	for need, f := range s.feeds {
		// What cannot be closed yet is closed when the feed that takes over has listed; looking again and again would
		// only burn time.
		if !f.unwantedSince.IsZero() && due(f.unwantedSince, s.patience.closing) && s.closable(need, f, now) {
			closing = true
		}
		if f.coverage.State == model.Syncing && f.watch != nil && due(f.heardAt, s.patience.streaming) {
			// The API server took the request to stream the first list for an ordinary watch.
			f.plainList = true
			s.restart(f)
			continue
		}
		if f.coverage.State != model.Live {
			continue
		}
		if !f.brokenSince.IsZero() && due(f.brokenSince, s.patience.broken) {
			s.cover(f, model.Coverage{State: model.Stale, Since: f.heardAt, Reason: f.brokenBy})
			continue
		}
		if due(f.heardAt, s.patience.stale) {
			s.cover(f, model.Coverage{State: model.Stale, Since: f.heardAt, Reason: "nothing was heard on the watch"})
			continue
		}
		if f.watch != nil && due(f.heardAt, s.patience.silent) {
			f.watch.Stop()
			f.watch = nil
		}
	}
	if closing {
		s.reconcile()
	}
	return next.Sub(now)
}
