package terminal

import (
	"slices"
	"testing"
)

func TestControls(t *testing.T) {
	for output, want := range map[string][]string{
		"plain\r\n\tü漢字":                       nil,
		"\x1b[1;31mred\x1b[m\x1b[2;3H":         {"CSI H", "CSI m"},
		"\x1b[?1049h\x1b[?2026$p":              {"CSI ?1049h", "CSI ?2026$p"},
		"\x1b]52;c;aGk=\x07\x1b]0;title\x1b\\": {"OSC 0", "OSC 52"},
		"\x1bc\x1b7":                           {"ESC 7", "ESC c"},
		"bell\a null\x00 delete\x7f":           {"C0 00", "C0 07", "C0 7F"},
		"8-bit \u009b2J":                       {"C1 9B"},
		"\x9b2J":                               {"not UTF-8"},
		"\u202eevil\u2066\u200b":               {"U+200B", "U+202E", "U+2066"},
		"\x1bPq#0\x1b\\after":                  {"DCS "},
	} {
		if got := Controls([]byte(output)); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", output, got, want)
		}
	}
}
