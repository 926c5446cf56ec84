package tui

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// The layouts of the times in front of lines.
const (
	layoutMillis  = "01-02 15:04:05.000"
	layoutSeconds = "01-02 15:04:05"
)

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

// partsOf are the rows of a wrapped line. What svctui itself says is wrapped between words.
func (s *scroller) partsOf(line scrollLine) []string {
	return wrapped(line.text, s.textWidth()-line.indent, s.words || line.tone == toneNote)
}

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

// thousands writes a number with commas.
func thousands(n int) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
