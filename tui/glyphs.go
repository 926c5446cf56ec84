package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// The signs. Each is one cell wide, so is its ASCII stand-in: a screen keeps its layout without Unicode.
const (
	glyphOK      = "✓"
	glyphPending = "·"
	glyphUnknown = "?"
	glyphWarn    = "▲"
	glyphFail    = "✗"
	glyphNone    = "–"
	glyphCursor  = "▌"
	glyphCrumb   = "▸"
	glyphLive    = "●"
	glyphSyncing = "◌"
	glyphArrow   = "──▶"
	glyphBroken  = "──✗"
	glyphMore    = "…"
	glyphRule    = "─"
	glyphWall    = "│"
	glyphTee     = "┬"
)

// asciiStandIns holds the pairs for strings.NewReplacer: what is drawn, and what stands for it.
func asciiStandIns() []string {
	return []string{
		glyphOK, "+", glyphPending, ".", glyphWarn, "!", glyphFail, "x", glyphNone, "-", glyphCursor, ">", glyphCrumb, ">",
		glyphLive, "*", glyphSyncing, "o", "▶", ">", glyphMore, "~", "─", "-", "│", "|", "┬", "+", "┴", "+", "├", "+",
		"┤", "+", "┼", "+", "┌", "+", "┐", "+", "└", "+", "┘", "+", "╭", "+", "╮", "+", "╰", "+", "╯", "+",
		"→", ">", "←", "<", "↑", "^", "↓", "v", "↵", "<", "“", "\"", "”", "\"", "‘", "'", "’", "'", "×", "x", "—", "-", "•", "*",
		"█", "#", "▏", "|", "⏎", "<",
	}
}

// asciiOnly makes a finished frame printable where the terminal's encoding or font has no Unicode. Every
// character keeps its width.
func asciiOnly(replacer *strings.Replacer, frame string) string {
	frame = replacer.Replace(frame)
	var out strings.Builder
	out.Grow(len(frame))
	for _, r := range frame {
		if r < 0x80 {
			out.WriteRune(r)
			continue
		}
		out.WriteString(strings.Repeat("?", ansi.StringWidth(string(r))))
	}
	return out.String()
}
