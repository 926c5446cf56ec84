package tui

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"
)

func plainRows(s *scroller, width, height int) []string {
	rows := s.view(width, height, scrollStyles{})
	for i := range rows {
		rows[i] = ansi.Strip(rows[i])
	}
	return rows
}

func numbered(from, to int) []scrollLine {
	var lines []scrollLine
	for i := from; i < to; i++ {
		lines = append(lines, scrollLine{text: fmt.Sprintf("line %d", i)})
	}
	return lines
}

func TestScrollerFollowsUntilMovedUpAndAgainAtTheEnd(t *testing.T) {
	s := newScroller()
	s.follow = true
	s.view(40, 5, scrollStyles{})
	s.add(numbered(0, 20)...)
	if got := plainRows(s, 40, 5)[4]; got != "line 19" {
		t.Fatalf("following shows %q last, want line 19", got)
	}
	s.key("up")
	s.add(numbered(20, 30)...)
	if got := plainRows(s, 40, 5)[4]; got != "line 18" {
		t.Fatalf("moved up shows %q last, want line 18: new lines must not move it", got)
	}
	s.key("G")
	s.add(numbered(30, 40)...)
	if got := plainRows(s, 40, 5)[4]; got != "line 39" {
		t.Fatalf("at the end again shows %q last, want line 39", got)
	}
}

func TestScrollerCutsAWideCharacterAtItsLeftEdge(t *testing.T) {
	s := newScroller()
	s.key("w")
	s.add(scrollLine{text: "AAAAAAA〆A"})
	s.key("right")
	if got := plainRows(s, 2, 1)[0]; cells(got) > 2 {
		t.Errorf("the row %q is %d cells wide, want at most 2", got, cells(got))
	}
}

func TestScrollerDropsTheOldestAndSaysSo(t *testing.T) {
	s := newScroller()
	s.view(40, 5, scrollStyles{})
	s.add(numbered(0, scrollerMaxLines)...)
	s.key("down")
	s.key("down")
	s.add(numbered(scrollerMaxLines, scrollerMaxLines+1)...)
	if got := plainRows(s, 40, 5)[0]; got != "line 2" {
		t.Fatalf("dropping one line moved the view to %q, want line 2", got)
	}
	s.add(numbered(0, 100)...)
	if len(s.lines) != scrollerMaxLines || s.dropped != 101 {
		t.Fatalf("holds %d lines, dropped %d; want %d and 101", len(s.lines), s.dropped, scrollerMaxLines)
	}
	if !strings.Contains(s.position(), "101 older lines dropped") {
		t.Fatalf("position %q does not say that lines were dropped", s.position())
	}
	long := strings.Repeat("x", scrollerMaxLine)
	for range scrollerMaxBytes/scrollerMaxLine + 10 {
		s.add(scrollLine{text: long})
	}
	if s.bytes > scrollerMaxBytes {
		t.Fatalf("holds %d bytes, more than %d", s.bytes, scrollerMaxBytes)
	}
}

func TestScrollerSearch(t *testing.T) {
	s := newScroller()
	s.view(40, 5, scrollStyles{})
	lines := numbered(0, 50)
	lines[10].text, lines[30].text = "an Error here", "another ERROR"
	s.add(lines...)
	s.find("error")
	if s.matches != 2 || s.found != 10 {
		t.Fatalf("found line %d of %d matches, want 10 of 2", s.found, s.matches)
	}
	s.key("n")
	if s.found != 30 {
		t.Fatalf("n found line %d, want 30", s.found)
	}
	if !strings.Contains(strings.Join(plainRows(s, 40, 5), "\n"), "another ERROR") {
		t.Fatal("the match is not in view")
	}
	s.key("n")
	if s.found != 10 {
		t.Fatalf("n past the last found line %d, want 10 again", s.found)
	}
	s.key("N")
	if s.found != 30 {
		t.Fatalf("N before the first found line %d, want 30", s.found)
	}
	s.find("ERROR")
	if s.matches != 1 || s.found != 30 {
		t.Fatalf("capitals heed case: found line %d of %d, want 30 of 1", s.found, s.matches)
	}
	s.find("absent")
	if s.key("n"); s.found != -1 || !strings.Contains(s.position(), "no line has “absent”") {
		t.Fatalf("an absent text: found %d, position %q", s.found, s.position())
	}
}

func TestScrollerWrapsEverythingAndCutsNothing(t *testing.T) {
	s := newScroller()
	s.view(10, 4, scrollStyles{})
	s.add(scrollLine{text: "abcdefghijklmnopqrstuvwxyz"}, scrollLine{text: "end"})
	if got := strings.Join(plainRows(s, 10, 4), "|"); got != "abcdefghij|klmnopqrst|uvwxyz|end" {
		t.Fatalf("wrapped rows %q", got)
	}
	s.key("w")
	s.key("right")
	if got := plainRows(s, 10, 4)[0]; got != "ijklmnopqr" {
		t.Fatalf("scrolled right by eight: %q", got)
	}
}

func TestScrollerDrawsCleanRowsOfTheRightSizeWhateverItHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newScroller()
		s.sources = []string{"a", "日本語のとても長い名前"}[:rapid.IntRange(0, 2).Draw(t, "sources")]
		s.showTimes, s.words = rapid.Bool().Draw(t, "times"), rapid.Bool().Draw(t, "words")
		keys := []string{"up", "down", "pgup", "pgdown", "g", "G", "w", "n", "N", "left", "right"}
		for range rapid.IntRange(1, 20).Draw(t, "rounds") {
			for _, text := range rapid.SliceOfN(rapid.String(), 0, 5).Draw(t, "lines") {
				s.add(scrollLine{text: cleanLine(text)})
			}
			s.key(rapid.SampledFrom(keys).Draw(t, "key"))
			if rapid.Bool().Draw(t, "search") {
				s.find(rapid.StringN(0, 2, -1).Draw(t, "query"))
			}
			width, height := rapid.IntRange(0, 70).Draw(t, "width"), rapid.IntRange(0, 6).Draw(t, "height")
			rows := s.view(width, height, scrollStyles{})
			if width > 0 && len(rows) != height {
				t.Fatalf("%d rows, want %d", len(rows), height)
			}
			for _, row := range rows {
				// A character of two cells cannot be cut in half: a window of one cell shows it whole.
				if ansi.StringWidth(row) > max(width, 2) {
					t.Fatalf("row %q is %d wide, want at most %d", row, ansi.StringWidth(row), width)
				}
			}
		}
	})
}

func TestCleanLine(t *testing.T) {
	for in, want := range map[string]string{
		"a\tb":                "a       b",
		"\x1b[31mred\x1b[0m":  "red",
		"bell\aescape\x1b]0;": "bell\ufffdescape\ufffd]0;",
	} {
		if got := cleanLine(in); got != want {
			t.Errorf("cleanLine(%q) = %q, want %q", in, got, want)
		}
	}
}
