package terminal

import (
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// Controls names every kind of control that stands in what a program sent to its terminal, sorted: escape sequences
// by their form, without their numbers where these only say how much ("CSI m", "CSI ?1049h", "OSC 52", "ESC c"), and every
// character that a terminal could obey or that hides or turns text ("C0 07", "C1 9B", "U+202E", "not UTF-8").
// Line feed, carriage return, backspace and tab are left out: programs move the cursor by them.
func Controls(output []byte) []string {
	found := map[string]bool{}
	for i := 0; i < len(output); {
		r, size := utf8.DecodeRune(output[i:])
		switch {
		case r == utf8.RuneError && size <= 1:
			found["not UTF-8"] = true
		case r == esc:
			var name string
			name, size = escapeSequence(output[i:])
			found[name] = true
		case r == '\n' || r == '\r' || r == '\b' || r == '\t':
		case r < 0x20 || r == 0x7f:
			found[fmt.Sprintf("C0 %02X", r)] = true
		case r >= 0x80 && r < 0xa0:
			found[fmt.Sprintf("C1 %02X", r)] = true
		case invisible(r):
			found[fmt.Sprintf("%U", r)] = true
		}
		i += size
	}
	return slices.Sorted(maps.Keys(found))
}

func invisible(r rune) bool {
	return r == 0x061c || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff
}

// escapeSequence names the sequence that the bytes begin with, and tells how long it is.
func escapeSequence(output []byte) (name string, size int) {
	if len(output) < 2 {
		return "ESC at the end", len(output)
	}
	switch kind := output[1]; kind {
	case '[':
		end := 2
		for end < len(output) && output[end] < 0x40 {
			end++
		}
		if end == len(output) {
			return "CSI at the end", end
		}
		parameters := string(output[2:end])
		if parameters != "" && parameters[0] >= '<' && parameters[0] <= '?' {
			return "CSI " + parameters + string(output[end]), end + 1 // which mode it is matters
		}
		return "CSI " + string(output[end]), end + 1
	case ']', 'P', '_', '^', 'X':
		end := 2
		for end < len(output) && output[end] != 0x07 && output[end] != esc {
			end++
		}
		if end < len(output) && output[end] == esc && end+1 < len(output) {
			end++ // ESC \
		}
		names := map[byte]string{']': "OSC", 'P': "DCS", '_': "APC", '^': "PM", 'X': "SOS"}
		number := 2
		for number < end && output[number] >= '0' && output[number] <= '9' {
			number++
		}
		return names[kind] + " " + string(output[2:number]), min(end+1, len(output))
	default:
		return "ESC " + string(kind), 2
	}
}
