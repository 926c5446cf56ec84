package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// replacement stands for every character that was taken out, so that tampering can be seen.
const replacement = "\uFFFD"

// Clean makes a string from a cluster safe to print on one line of a terminal. Control characters (C0, DEL
// and C1, as bytes or as UTF-8), bidirectional controls, zero-width and other format characters, the
// Unicode line and paragraph separators and invalid UTF-8 become U+FFFD. A tab and a line break become one
// space, line breaks at the end vanish, and so do complete colour sequences (ESC [ … m), which
// applications like to log. Cleaning twice changes nothing more. A clean string is returned as it is,
// without an allocation.
func Clean(s string) string { return clean(s, false) }

// CleanLines is Clean for text of several lines: a line break, CR LF included, stays as \n.
func CleanLines(s string) string { return clean(s, true) }

func clean(s string, lines bool) string {
	dirty := firstUnsafe(s, lines)
	if dirty < 0 {
		return s
	}
	if !lines {
		s = strings.TrimRight(s, "\r\n")
		dirty = min(dirty, len(s))
	}
	var out strings.Builder
	out.Grow(len(s) + len(replacement))
	out.WriteString(s[:dirty])
	for i := dirty; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\r' && strings.HasPrefix(s[i:], "\r\n"):
			// The line feed that follows is the line break.
		case r == '\n' && lines:
			out.WriteByte('\n')
		case r == '\n', r == '\t':
			out.WriteByte(' ')
		case r == '\x1b' && colourSequence(s[i:]) > 0:
			size = colourSequence(s[i:])
		case unsafe(r), r == utf8.RuneError && size == 1:
			out.WriteString(replacement)
		default:
			out.WriteString(s[i : i+size])
		}
		i += size
	}
	return out.String()
}

// firstUnsafe returns the index of the first byte that clean would change, or -1.
func firstUnsafe(s string, lines bool) int {
	for i := 0; i < len(s); {
		if b := s[i]; b < utf8.RuneSelf {
			if (b < ' ' || b == 0x7f) && (b != '\n' || !lines) {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if unsafe(r) || r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// unsafe tells whether a terminal may act on a character, reorder text by it, or show nothing for it.
func unsafe(r rune) bool {
	if r < 0x7f {
		return r < ' '
	}
	return r < 0xa0 || unicode.In(r,
		unicode.Cf, // bidirectional controls, zero-width characters, tags
		unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, // fillers that show nothing
		unicode.Variation_Selector,
	)
}

// colourSequence returns the length of the complete SGR sequence that s begins with, else 0 (ECMA-48, 8.3.117).
func colourSequence(s string) int {
	if !strings.HasPrefix(s, "\x1b[") {
		return 0
	}
	for i := 2; i < len(s); i++ {
		switch c := s[i]; {
		case c == 'm':
			return i + 1
		case c != ';' && c != ':' && (c < '0' || c > '9'):
			return 0
		}
	}
	return 0
}
