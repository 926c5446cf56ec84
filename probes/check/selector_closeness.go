package check

import (
	"slices"
	"strings"
)

// Costs of one label value, or key, standing for another. A sibling costs more than may be suggested.
const (
	costEqual     = 0
	costCase      = 1
	costSeparator = 1
	costOneTypo   = 2
	costTwoTypos  = 3
	costAffix     = 4
	costSibling   = 7
	costOther     = 9
	costAbsent    = 10

	costKeyCase    = 1
	costKeyAlias   = 2
	costKeyTypo    = 2
	costUnrelated  = 4
	costSwapped    = 3
	costMost       = 6
	likelyCostMost = 3
)

// valueCost says how likely it is that somebody wrote wanted and meant got, cheapest first. Names that people
// give to things on purpose side by side (web-1 and web-2, blue and green, api and app) are siblings, however near their
// letters are.
func valueCost(wanted, got string) int {
	if wanted == got {
		return costEqual
	}
	if wanted == "" || got == "" {
		return costOther
	}
	wantedLower, gotLower := strings.ToLower(wanted), strings.ToLower(got)
	wantedDigits, wantedLetters := splitDigits(wantedLower)
	gotDigits, gotLetters := splitDigits(gotLower)
	if wantedDigits != gotDigits {
		if wantedLetters == gotLetters {
			return costSibling
		}
		return costOther
	}
	if wantedLower == gotLower {
		return costCase
	}
	wantedTokens, gotTokens := tokens(wantedLower), tokens(gotLower)
	if opposites(wantedTokens, gotTokens) {
		return costSibling
	}
	wantedJoined, gotJoined := strings.Join(wantedTokens, ""), strings.Join(gotTokens, "")
	if wantedJoined == gotJoined {
		if stripSeparators(wanted) == stripSeparators(got) {
			return costSeparator
		}
		return costSeparator + costCase
	}
	if twistedThree(wantedJoined, gotJoined) {
		return costTwoTypos
	}
	switch typos(wantedTokens, gotTokens, wantedJoined, gotJoined) {
	case 1:
		return costOneTypo
	case 2:
		return costTwoTypos
	}
	if affix(wantedTokens, gotTokens) || affix(gotTokens, wantedTokens) {
		return costAffix
	}
	return costOther
}

// typos counts the slips of a finger between two values, 3 for too many: one needs four letters to be told from another
// word, two need seven. Where the values have as many words, each word that differs has to pass by itself.
func typos(wanted, got []string, wantedJoined, gotJoined string) int {
	const tooMany = 3
	if len(wanted) != len(got) {
		return wordTypos(wantedJoined, gotJoined)
	}
	sum := 0
	for i := range wanted {
		if wanted[i] != got[i] {
			sum += wordTypos(wanted[i], got[i])
		}
	}
	return min(sum, tooMany)
}

// twistedThree tells whether two words of three letters differ by two neighbours that changed places (wbe, web): three letters
// are too few for any other slip to be told from another word.
func twistedThree(a, b string) bool {
	return len(a) == 3 && len(b) == 3 && a != b &&
		(a[0] == b[1] && a[1] == b[0] && a[2] == b[2] || a[0] == b[0] && a[1] == b[2] && a[2] == b[1])
}

func wordTypos(a, b string) int {
	const tooMany = 3
	shorter := min(len(a), len(b))
	if shorter < 4 {
		return tooMany
	}
	distance := editDistance(a, b)
	if distance == 2 && shorter < 7 {
		return tooMany
	}
	return distance
}

// editLimit is the largest distance that editDistance tells.
const editLimit = 2

// Near returns those of names that a mistyped one may have been meant for, in their order: those that contain it or begin as it does, and
// those that differ by two letters at most.
func Near(mistyped string, names []string) []string {
	var near []string
	for _, name := range names {
		if mistyped != "" && (strings.Contains(name, mistyped) || strings.HasPrefix(mistyped, name) || editDistance(name, mistyped) <= editLimit) {
			near = append(near, name)
		}
	}
	return near
}

// editDistance is the Damerau-Levenshtein distance (optimal string alignment) of two texts, by bytes, or editLimit+1 for
// anything above the limit.
func editDistance(a, b string) int {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > editLimit || len(a) > 253 {
		return editLimit + 1
	}
	var rows [3][256]int
	before, above, row := &rows[0], &rows[1], &rows[2]
	for j := range len(a) + 1 {
		above[j] = j
	}
	for i := 1; i <= len(b); i++ {
		row[0] = i
		best := i
		for j := 1; j <= len(a); j++ {
			cost := 1
			if b[i-1] == a[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && b[i-1] == a[j-2] && b[i-2] == a[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			best = min(best, row[j])
		}
		if best > editLimit {
			return editLimit + 1
		}
		before, above, row = above, row, before
	}
	return min(above[len(a)], editLimit+1)
}

func isSeparator(r rune) bool { return r == '-' || r == '_' || r == '.' }

func tokens(value string) []string { return strings.FieldsFunc(value, isSeparator) }

func stripSeparators(value string) string {
	return strings.Map(func(r rune) rune {
		if isSeparator(r) {
			return -1
		}
		return r
	}, value)
}

// splitDigits parts a value into its runs of digits and its other letters without separators, so that a number
// is never taken for a typing error: v1.1 is not v11.
func splitDigits(value string) (digits, letters string) {
	var runs, rest strings.Builder
	inDigits := false
	for _, r := range value {
		switch {
		case r >= '0' && r <= '9':
			if !inDigits {
				runs.WriteByte(' ')
			}
			runs.WriteRune(r)
			inDigits = true
			continue
		case !isSeparator(r):
			rest.WriteRune(r)
		}
		inDigits = false
	}
	return runs.String(), rest.String()
}

// affix tells whether the longer value is the shorter one with more words before or after it: redis and redis-master.
func affix(shorter, longer []string) bool {
	if len(shorter) == 0 || len(shorter) >= len(longer) {
		return false
	}
	return slices.Equal(shorter, longer[:len(shorter)]) || slices.Equal(shorter, longer[len(longer)-len(shorter):])
}

// opposites tells whether two values differ in exactly one word, and the two words are a pair that people set up
// side by side.
func opposites(wanted, got []string) bool {
	if len(wanted) != len(got) {
		return false
	}
	differing := -1
	for i := range wanted {
		if wanted[i] == got[i] {
			continue
		}
		if differing >= 0 {
			return false
		}
		differing = i
	}
	return differing >= 0 && oppositeWords(wanted[differing], got[differing])
}

func oppositeWords(a, b string) bool {
	for _, group := range siblingWords {
		if slices.Contains(group, a) && slices.Contains(group, b) {
			return true
		}
	}
	return false
}

// siblingWords are words of which people run one beside the other. It is never changed.
var siblingWords = [][]string{
	{"blue", "green", "red"},
	{"dev", "development", "test", "testing", "qa", "uat", "stage", "staging", "preprod", "prod", "production", "preview"},
	{"primary", "secondary", "replica", "master", "slave", "standby", "leader", "follower", "main", "backup"},
	{"api", "app", "web", "ui", "worker", "admin", "job", "cron", "cli"},
	{"stable", "canary", "baseline", "experiment"},
	{"active", "inactive", "passive", "preview"},
	{"frontend", "backend", "middleware"},
	{"client", "server", "agent"},
	{"reader", "writer", "read", "write", "readonly", "readwrite", "ro", "rw"},
	{"internal", "external"},
	{"public", "private"},
	{"inbound", "outbound"},
	{"ingress", "egress"},
	{"import", "export", "importer", "exporter"},
	{"input", "output"},
	{"encoder", "decoder", "encode", "decode"},
	{"sync", "async"},
	{"auth", "oauth", "authn", "authz"},
	{"http", "https", "grpc", "tcp", "udp", "tls"},
	{"push", "pull", "pusher", "puller"},
	{"install", "uninstall"},
	{"attach", "detach", "attacher", "detacher"},
	{"upload", "download", "uploader", "downloader"},
	{"producer", "consumer"},
	{"publisher", "subscriber"},
	{"sender", "reader", "receiver"},
	{"north", "south", "east", "west", "left", "right"},
	{"upper", "lower", "inner", "outer"},
	{"old", "new", "next", "current", "legacy"},
	{"even", "odd"},
	{"hot", "cold"},
	{"cpu", "gpu"},
	{"arm", "amd"},
	{"linux", "windows"},
	{"alpha", "beta", "gamma"},
	{"large", "small", "medium"},
}
