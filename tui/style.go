package tui

import (
	"image/color"

	"github.com/charmbracelet/x/ansi"
)

// style paints text that has no escape sequences of its own. It is a value, made once by the theme: a table
// paints hundreds of cells a frame, and building a sequence for each of them is what would be slow.
type style struct {
	fg, bg                    color.Color
	isBold, isUnder, isInvert bool
	open                      string
}

func newStyle(fg color.Color) style { return style{fg: fg}.built() }

func (s style) bold() style               { s.isBold = true; return s.built() }
func (s style) underline() style          { s.isUnder = true; return s.built() }
func (s style) invert() style             { s.isInvert = true; return s.built() }
func (s style) over(bg color.Color) style { s.bg = bg; return s.built() }

func (s style) built() style {
	var sequence ansi.Style
	if s.isBold {
		sequence = sequence.Bold()
	}
	if s.isUnder {
		sequence = sequence.Underline(true)
	}
	if s.isInvert {
		sequence = sequence.Reverse(true)
	}
	if s.fg != nil {
		sequence = sequence.ForegroundColor(s.fg)
	}
	if s.bg != nil {
		sequence = sequence.BackgroundColor(s.bg)
	}
	s.open = ""
	if len(sequence) > 0 {
		s.open = sequence.String()
	}
	return s
}

// on paints text.
func (s style) on(text string) string {
	if s.open == "" || text == "" {
		return text
	}
	return s.open + text + ansi.ResetStyle
}
