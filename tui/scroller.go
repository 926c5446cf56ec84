package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
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

// partsOf are the rows of a wrapped line. What svctui itself says is wrapped between words.
func (s *scroller) partsOf(line scrollLine) []string {
	return wrapped(line.text, s.textWidth()-line.indent, s.words || line.tone == toneNote)
}

// wrapped breaks a text into rows. A width below one, of a window narrower than the indent, counts as one.
func wrapped(text string, width int, words bool) []string {
	width = max(width, 1)
	if len(text) <= width {
		return []string{text}
	}
	if words {
		// Wrapping between words leaves blanks in front of a word whole, however wide; the second makes them fit.
		return strings.Split(ansi.Hardwrap(ansi.Wrap(text, width, ""), width, true), "\n")
	}
	return strings.Split(ansi.Hardwrap(text, width, true), "\n")
}

// The layouts of the times in front of lines.
const (
	layoutMillis  = "01-02 15:04:05.000"
	layoutSeconds = "01-02 15:04:05"
)

// prefixWidths returns the widths of the time and of the source in front of each line; none where the
// window is too narrow for them.
func (s *scroller) prefixWidths() (at, source int) {
	if s.showTimes && s.width >= 50 {
		at = len(s.layout) + 1
	}
	if len(s.sources) > 1 && s.width >= 40 {
		longest := 0
		for _, name := range s.sources {
			longest = max(longest, cells(name))
		}
		source = min(longest, max(8, s.width/5)) + 1
	}
	return at, source
}

func (s *scroller) textWidth() int {
	at, source := s.prefixWidths()
	return max(1, s.width-at-source)
}

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

// scrollStyles are the styles that a scroller draws with.
type scrollStyles struct {
	text, faint, strong, warn style
	match, current            style
	sources                   []style
}

func (t *theme) scroll() scrollStyles {
	return scrollStyles{
		text: t.text, faint: t.dim, strong: t.strong, warn: t.warn.bold(), match: t.warnBadge, current: t.okBadge,
		sources: []style{newStyle(t.palette.accent), t.ok, t.unknown, t.warn, t.strong},
	}
}

// view draws exactly height rows, none wider than width.
func (s *scroller) view(width, height int, styles scrollStyles) []string {
	s.resize(width, height)
	if height <= 0 || width <= 0 {
		return nil
	}
	rows := make([]string, 0, height)
	skip := s.topRow
	for number := s.top; number < s.end() && len(rows) < height; number++ {
		for _, row := range s.draw(number, height-len(rows)+skip, styles) {
			if skip > 0 {
				skip--
				continue
			}
			if len(rows) < height {
				rows = append(rows, row)
			}
		}
	}
	for len(rows) < height {
		rows = append(rows, "")
	}
	return rows
}

// resize notes the size of the view, and keeps the end in view when following.
func (s *scroller) resize(width, height int) {
	if width == s.width && height == s.height {
		return
	}
	s.width, s.height = width, height
	if s.follow {
		s.toEnd()
		return
	}
	s.topRow = min(s.topRow, max(0, s.rowsOf(s.top)-1))
	s.clamp()
}

// draw returns the rows of one line, at most limit of them.
func (s *scroller) draw(number, limit int, styles scrollStyles) []string {
	line := s.line(number)
	atWidth, sourceWidth := s.prefixWidths()
	width := s.textWidth()
	var parts []string
	switch {
	case s.wrap:
		parts = s.partsOf(line)
	case s.left > 0:
		// A wide character that begins left of the view is kept by Cut, and makes it too wide.
		parts = []string{ansi.Truncate(ansi.Cut(line.text, s.left, s.left+width), width, "")}
	default:
		parts = []string{ansi.Truncate(line.text, width, "")}
	}
	if len(parts) > limit {
		parts = parts[:limit]
	}
	rows := make([]string, len(parts))
	for i, part := range parts {
		var row strings.Builder
		if atWidth > 0 {
			stamp := ""
			if i == 0 && !line.at.IsZero() {
				stamp = line.at.Local().Format(s.layout)
			}
			row.WriteString(styles.faint.on(fmt.Sprintf("%-*s", atWidth, stamp)))
		}
		if sourceWidth > 0 {
			name := ""
			paint := styles.faint
			if i == 0 && line.tone != toneNote && line.source < len(s.sources) {
				name = shorten(s.sources[line.source], sourceWidth-1)
				if len(styles.sources) > 0 {
					paint = styles.sources[line.source%len(styles.sources)]
				}
			}
			row.WriteString(paint.on(name) + strings.Repeat(" ", sourceWidth-cells(name)))
		}
		text := styles.text
		switch line.tone {
		case toneNote:
			text = styles.faint
		case toneStrong:
			text = styles.strong
		}
		if s.wrap && line.indent > 0 && line.indent < width {
			row.WriteString(strings.Repeat(" ", line.indent))
		}
		if i == 0 && s.left == 0 && line.lead > 0 && line.lead <= len(part) {
			row.WriteString(styles.warn.on(part[:line.lead]))
			part = part[line.lead:]
		}
		row.WriteString(s.highlight(part, number == s.found, text, styles))
		rows[i] = row.String()
	}
	return rows
}

// highlight draws one row with the matches in it marked. A match that runs over a wrap is not marked.
func (s *scroller) highlight(text string, current bool, plain style, styles scrollStyles) string {
	if s.query == "" {
		return plain.on(text)
	}
	mark := styles.match
	if current {
		mark = styles.current
	}
	var row strings.Builder
	from := 0
	for {
		at := s.indexFrom(text, from)
		if at < 0 {
			break
		}
		if at > from {
			row.WriteString(plain.on(text[from:at]))
		}
		row.WriteString(mark.on(text[at : at+len(s.query)]))
		from = at + len(s.query)
	}
	if from < len(text) {
		row.WriteString(plain.on(text[from:]))
	}
	return row.String()
}

// position says in few words where the view is and what is not seen.
func (s *scroller) position() string {
	var parts []string
	if s.query != "" {
		switch {
		case s.matches == 0:
			parts = append(parts, fmt.Sprintf("no line has “%s”", s.query))
		case s.matches == 1:
			parts = append(parts, fmt.Sprintf("1 line has “%s”", s.query))
		default:
			parts = append(parts, fmt.Sprintf("%s lines have “%s”, n next", thousands(s.matches), s.query))
		}
	}
	if s.dropped > 0 {
		parts = append(parts, fmt.Sprintf("%s older lines dropped", thousands(s.dropped)))
	}
	if count := len(s.lines); count > 0 {
		parts = append(parts, fmt.Sprintf("line %s of %s", thousands(s.top-s.dropped+1), thousands(count)))
	}
	return strings.Join(parts, " · ")
}

// thousands writes a number with commas.
func thousands(n int) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
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
