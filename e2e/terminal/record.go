package terminal

import (
	"sync"
	"time"
)

// Sight is what was seen of a screen from a moment on.
type Sight struct {
	At   time.Time
	What string
}

// Record is the course of something on the screen. Safe for concurrent use.
type Record struct {
	mu     sync.Mutex
	sights []Sight
}

// Record notes what see makes of the screen, now and whenever it makes something else of it, until the program ends.
// The times are those at which the bytes were read that changed it. Changes that arrive together count as one.
func (term *Terminal) Record(see func(screen string) string) *Record {
	record := &Record{}
	note := func() <-chan struct{} {
		term.mu.Lock()
		changed, screen, at := term.changed, term.screen(), term.readAt
		term.mu.Unlock()
		what := see(screen)
		record.mu.Lock()
		defer record.mu.Unlock()
		if n := len(record.sights); n == 0 || record.sights[n-1].What != what {
			record.sights = append(record.sights, Sight{at, what})
		}
		return changed
	}
	changed := note()
	go func() {
		for {
			select {
			case <-changed:
				changed = note()
			case <-term.exited:
				return
			}
		}
	}()
	return record
}

// Sights is everything so far, oldest first.
func (r *Record) Sights() []Sight {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Sight(nil), r.sights...)
}

// Last is what is seen now.
func (r *Record) Last() Sight {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sights[len(r.sights)-1]
}
