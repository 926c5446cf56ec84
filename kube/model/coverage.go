package model

import "time"

// CoverageState says how much is known of one kind in one namespace.
type CoverageState uint8

// The states of Coverage. Only Live and Listed are knowledge of the present; a Stale kind may be shown
// with its age; of every other state nothing may be concluded, least of all "none".
const (
	// NotAsked means that nobody needed the kind yet.
	NotAsked CoverageState = iota
	// Syncing means that the first list is under way.
	Syncing
	// Live means listed and watched.
	Live
	// Listed means listed once at Since; watching is not permitted.
	Listed
	// Stale means that it was live, and nothing was heard since Since.
	Stale
	// Forbidden means that the API server denied the list.
	Forbidden
	// Absent means that the API server does not serve the kind.
	Absent
	// Failed means that listing failed for another reason; Reason has it.
	Failed
)

// String names the state in lower case.
func (s CoverageState) String() string {
	switch s {
	case NotAsked:
		return "not asked"
	case Syncing:
		return "syncing"
	case Live:
		return "live"
	case Listed:
		return "listed"
	case Stale:
		return "stale"
	case Forbidden:
		return "forbidden"
	case Absent:
		return "absent"
	default:
		return "failed"
	}
}

// Coverage says what is known of one kind in one namespace, and since when.
type Coverage struct {
	State CoverageState
	// Since is when the state began; for Stale the last time that anything was heard; for Listed the time of the list.
	Since time.Time
	// Verb is what was denied: list or watch. Empty where nothing was denied.
	Verb string
	// Reason is the error in the API server's or the network's own words. Hostile: clean it at the print.
	Reason string
	// Login says that the credentials were refused or could not be had: logging in again may mend it.
	Login bool
}

// Known tells whether the objects held may be taken as all there are, now or at Since.
func (c Coverage) Known() bool {
	return c.State == Live || c.State == Listed || c.State == Stale
}

// Pending tells whether knowledge may still come without anybody doing anything about it.
func (c Coverage) Pending() bool { return c.State == NotAsked || c.State == Syncing }
