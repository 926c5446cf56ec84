package tui

import (
	"strings"
)

// find sets what is searched for and goes to the first match from the top of the view on. Capitals in the
// query make it heed case.
func (s *scroller) find(query string) {
	s.query, s.folded = query, query == strings.ToLower(query)
	s.matches, s.found = 0, -1
	for _, line := range s.lines {
		if s.matchIn(line.text) {
			s.matches++
		}
	}
	if s.matches > 0 {
		s.found = s.top - 1
		s.search(1)
	}
}

// search goes to the next match in a direction, from the end on to the other end.
func (s *scroller) search(direction int) {
	if s.matches == 0 {
		return
	}
	from := s.found
	if from < s.dropped-1 {
		from = s.top - direction
	}
	for range s.lines {
		from += direction
		if from >= s.end() {
			from = s.dropped
		}
		if from < s.dropped {
			from = s.end() - 1
		}
		if s.matchIn(s.line(from).text) {
			s.found, s.follow = from, false
			s.reveal(from)
			return
		}
	}
}

// reveal scrolls no more than needed to see a line, and then leaves a third of the view above it.
func (s *scroller) reveal(number int) {
	rows := -s.topRow
	for line := s.top; line <= number && rows <= s.height; line++ {
		rows += s.rowsOf(line)
	}
	if number >= s.top && rows <= s.height && (number > s.top || s.topRow == 0) {
		return
	}
	s.top, s.topRow = number, 0
	s.up(s.height / 3)
	s.clamp()
}

func (s *scroller) matchIn(text string) bool {
	return s.query != "" && s.indexFrom(text, 0) >= 0
}

// indexFrom returns the byte index of the query in the text from an index on, or -1.
func (s *scroller) indexFrom(text string, from int) int {
	if !s.folded {
		if at := strings.Index(text[from:], s.query); at >= 0 {
			return from + at
		}
		return -1
	}
	for i := from; i+len(s.query) <= len(text); i++ {
		if equalFoldASCII(text[i:i+len(s.query)], s.query) {
			return i
		}
	}
	return -1
}

// equalFoldASCII compares two strings of one length without heed to the case of ASCII letters; b is lower case.
// Other letters must be the same: folding them could change their length.
func equalFoldASCII(a, b string) bool {
	for i := range len(a) {
		c := a[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != b[i] {
			return false
		}
	}
	return true
}
