package tui

import (
	"strings"
	"time"
)

// The bounds of a scroller. What comes in beyond them pushes the oldest lines out.
const (
	scrollerMaxLines = 20_000
	scrollerMaxBytes = 32 << 20
	// scrollerMaxLine is the longest line that is kept; container runtimes split at 16 KiB themselves.
	scrollerMaxLine = 32 << 10
)

// scrollLine is one line of a scroller. Text is clean: made by cleanLine.
type scrollLine struct {
	text string
	// at is drawn in front when the scroller shows times; zero where there is none.
	at time.Time
	// source is the index in scroller.sources of where the line came from.
	source int
	tone   lineTone
	// indent is how far the text stands in when lines are wrapped.
	indent int
	// lead is how many bytes at the beginning are painted as a warning, whatever the tone.
	lead int
}

// lineTone says how a line is painted.
type lineTone uint8

const (
	_ lineTone = iota // as it is
	// toneNote is for what svctui itself says between the others.
	toneNote
	toneStrong
)

// scroller shows a text of many lines: moving, following its end, searching, wrapping. It holds no more than
// its bounds, and draws no more than what is seen. It belongs to the page that made it.
type scroller struct {
	lines   []scrollLine
	bytes   int
	dropped int

	// sources name where lines come from; drawn in front of each line when there are two or more.
	sources   []string
	showTimes bool
	layout    string
	wrap      bool
	// words wraps between words instead of anywhere.
	words bool
	// follow keeps the end in view.
	follow bool

	// top is the first line seen, and topRow the first of its rows when lines are wrapped. top counts the
	// lines that were dropped too, so that the view stays on its line while old ones go.
	top    int
	topRow int
	left   int

	query   string
	folded  bool
	matches int
	// found is the line of the current match, counted like top; -1 for none.
	found int

	// width and height are of the last drawing; moving needs them.
	width, height int
}

func newScroller() *scroller { return &scroller{found: -1, wrap: true, layout: layoutMillis} }

// setText replaces the whole content, and keeps the place as well as it can.
func (s *scroller) setText(text string) {
	s.lines, s.bytes, s.dropped, s.matches = nil, 0, 0, 0
	var lines []scrollLine
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		lines = append(lines, scrollLine{text: cleanLine(line)})
	}
	s.add(lines...)
	s.found = -1
	s.clamp()
}

// add appends lines, and drops the oldest ones beyond the bounds.
func (s *scroller) add(lines ...scrollLine) {
	for i := range lines {
		if len(lines[i].text) > scrollerMaxLine {
			lines[i].text = strings.ToValidUTF8(lines[i].text[:scrollerMaxLine], "") + " … (line cut by svctui)"
		}
		s.bytes += len(lines[i].text)
		if s.matchIn(lines[i].text) {
			s.matches++
		}
	}
	s.lines = append(s.lines, lines...)
	excess := max(0, len(s.lines)-scrollerMaxLines)
	for i := range s.lines {
		if i >= excess && s.bytes <= scrollerMaxBytes {
			excess = i
			break
		}
		s.bytes -= len(s.lines[i].text)
		if s.matchIn(s.lines[i].text) {
			s.matches--
		}
	}
	if excess > 0 {
		clear(s.lines[:excess]) // frees the texts before the array itself goes
		s.lines = s.lines[excess:]
		s.dropped += excess
	}
	if s.top < s.dropped {
		s.top, s.topRow = s.dropped, 0
	}
	if s.follow {
		s.toEnd()
	}
}

// source returns the index of a source's name, added if it is new.
func (s *scroller) source(name string) int {
	for i, have := range s.sources {
		if have == name {
			return i
		}
	}
	s.sources = append(s.sources, name)
	return len(s.sources) - 1
}

func (s *scroller) line(number int) scrollLine { return s.lines[number-s.dropped] }
func (s *scroller) end() int                   { return s.dropped + len(s.lines) }

// key moves the view, if it is one of its own. Moving up ends following, going to the end
// takes it up again.
func (s *scroller) key(key string) {
	page := max(1, s.height-1)
	switch key {
	case "up", "k":
		s.up(1)
	case "down", "j":
		s.down(1)
	case "pgup", "ctrl+b":
		s.up(page)
	case "pgdown", "ctrl+f", "space":
		s.down(page)
	case "g", "home":
		s.follow, s.top, s.topRow = false, s.dropped, 0
	case "G", "end":
		s.follow = true
		s.toEnd()
	case "left":
		s.left = max(0, s.left-8)
	case "right":
		if !s.wrap {
			s.left += 8
		}
	case "w":
		s.wrap = !s.wrap
		s.topRow, s.left = 0, 0
		if s.follow {
			s.toEnd()
		} else {
			s.clamp()
		}
	case "n":
		s.search(1)
	case "N":
		s.search(-1)
	}
}

func (s *scroller) up(rows int) {
	s.follow = false
	for ; rows > 0; rows-- {
		switch {
		case s.topRow > 0:
			s.topRow--
		case s.top > s.dropped:
			s.top--
			s.topRow = s.rowsOf(s.top) - 1
		default:
			return
		}
	}
}

func (s *scroller) down(rows int) {
	for ; rows > 0; rows-- {
		if s.topRow+1 < s.rowsOf(s.top) {
			s.topRow++
		} else {
			s.top++
			s.topRow = 0
		}
		if s.top >= s.end() {
			break
		}
	}
	s.clamp()
}

// clamp keeps the view filled: its last row is at most the last row there is.
func (s *scroller) clamp() {
	lastTop, lastRow := s.bottom()
	if s.top > lastTop || s.top == lastTop && s.topRow > lastRow {
		s.top, s.topRow = lastTop, lastRow
	}
	if s.top < s.dropped {
		s.top, s.topRow = s.dropped, 0
	}
}

func (s *scroller) toEnd() { s.top, s.topRow = s.bottom() }

// bottom returns the top of the view that shows the end.
func (s *scroller) bottom() (line, row int) {
	rows := 0
	for line = s.end() - 1; line >= s.dropped; line-- {
		rows += s.rowsOf(line)
		if rows >= s.height {
			return line, rows - s.height
		}
	}
	return s.dropped, 0
}

func (s *scroller) rowsOf(number int) int {
	if number < s.dropped || number >= s.end() {
		return 1
	}
	line := s.line(number)
	width := s.textWidth()
	if !s.wrap || len(line.text)+line.indent <= width {
		return 1
	}
	return len(s.partsOf(line))
}

// cleanLine makes one line safe to draw, with tabs as wide as a terminal has them.
func cleanLine(line string) string {
	if strings.Contains(line, "\t") {
		var wide strings.Builder
		column := 0
		for part := range strings.SplitAfterSeq(line, "\t") {
			text, tab := strings.CutSuffix(part, "\t")
			wide.WriteString(text)
			column += cells(text)
			if tab {
				space := 8 - column%8
				wide.WriteString(strings.Repeat(" ", space))
				column += space
			}
		}
		line = wide.String()
	}
	return clean(line)
}
