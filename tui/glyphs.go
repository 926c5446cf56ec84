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

// wantsASCII tells from the environment whether only ASCII can be shown: asked for with SVCTUI_ASCII, the
// Linux console, whose font lacks most signs, or a locale that is not UTF-8. No locale at all says nothing.
func wantsASCII(environ []string) bool {
	env := map[string]string{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	switch env["SVCTUI_ASCII"] {
	case "":
	case "0", "false":
		return false
	default:
		return true
	}
	if env["TERM"] == "linux" {
		return true
	}
	// The order of precedence is POSIX's (Base Definitions, 8.2).
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := env[name]; locale != "" {
			lower := strings.ToLower(locale)
			return !strings.Contains(lower, "utf-8") && !strings.Contains(lower, "utf8")
		}
	}
	return false
}
