package report_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/svctui/svctui/probes/report"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, in, oneLine, lines string }{
		{"plain", "readiness 503 on /healthz", "readiness 503 on /healthz", "readiness 503 on /healthz"},
		{"other scripts and wide characters stay", "größe 日本語 ✗ 🚀 — “quoted”", "größe 日本語 ✗ 🚀 — “quoted”", "größe 日本語 ✗ 🚀 — “quoted”"},
		{"right-to-left letters stay", "שלום", "שלום", "שלום"},
		{"a replacement character that was there stays", "a\uFFFDb", "a\uFFFDb", "a\uFFFDb"},
		{"empty", "", "", ""},
		{"tab", "a\tb", "a b", "a b"},
		{"line breaks", "a\nb\r\nc\n", "a b c", "a\nb\nc\n"},
		{"carriage return alone overwrites the line", "safe\revil", "safe\uFFFDevil", "safe\uFFFDevil"},
		{"title sequence", "\x1b]0;pwned\x07x", "\uFFFD]0;pwned\uFFFDx", "\uFFFD]0;pwned\uFFFDx"},
		{"clear screen", "\x1b[2Jx", "\uFFFD[2Jx", "\uFFFD[2Jx"},
		{"colour in a log", "\x1b[1;31mERROR\x1b[0m disk", "ERROR disk", "ERROR disk"},
		{"colour around another sequence", "\x1b[3\x1b[0m1m", "\uFFFD[31m", "\uFFFD[31m"},
		{"private sequence that ends in m", "\x1b[?1m", "\uFFFD[?1m", "\uFFFD[?1m"},
		{"colour sequence that never ends", "\x1b[31", "\uFFFD[31", "\uFFFD[31"},
		{"C1 as UTF-8", "a\u009b31mb\u0085c", "a\uFFFD31mb\uFFFDc", "a\uFFFD31mb\uFFFDc"},
		{"C1 as a byte", "a\x9b31mb", "a\uFFFD31mb", "a\uFFFD31mb"},
		{"DEL and NUL", "a\x7fb\x00c", "a\uFFFDb\uFFFDc", "a\uFFFDb\uFFFDc"},
		{"bidirectional override", "a\u202Egnp.exe", "a\uFFFDgnp.exe", "a\uFFFDgnp.exe"},
		{"isolates and marks", "\u2066\u2067\u2068\u2069\u200e\u200f\u061c", strings.Repeat("\uFFFD", 7), strings.Repeat("\uFFFD", 7)},
		{"zero width", "pay\u200bments\ufeff\u2060\u00ad", "pay\uFFFDments\uFFFD\uFFFD\uFFFD", "pay\uFFFDments\uFFFD\uFFFD\uFFFD"},
		{"characters that show nothing", "a\u3164b\u115fc\ufe0f", "a\uFFFDb\uFFFDc\uFFFD", "a\uFFFDb\uFFFDc\uFFFD"},
		{"tags", "a\U000E0041", "a\uFFFD", "a\uFFFD"},
		{"separators", "a\u2028b\u2029c", "a\uFFFDb\uFFFDc", "a\uFFFDb\uFFFDc"},
		{"cut UTF-8", "a\xe2\x82", "a\uFFFD\uFFFD", "a\uFFFD\uFFFD"},
		{"surrogate as UTF-8", "\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD", "\uFFFD\uFFFD\uFFFD"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := report.Clean(test.in); got != test.oneLine {
				t.Errorf("Clean(%q) = %q, want %q", test.in, got, test.oneLine)
			}
			if got := report.CleanLines(test.in); got != test.lines {
				t.Errorf("CleanLines(%q) = %q, want %q", test.in, got, test.lines)
			}
		})
	}
}

func TestCleanDoesNotAllocateForCleanStrings(t *testing.T) {
	for _, s := range []string{"checkout-7d9f6b-x2lqp", "größe 日本語 ✗"} {
		if got := testing.AllocsPerRun(100, func() { _ = report.Clean(s) }); got != 0 {
			t.Errorf("Clean(%q) allocates %v times", s, got)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{"plain", "a\tb\nc", "\x1b[31mred\x1b[0m", "\x1b]0;t\x07", "\u202e\u2066", "\x9b\x80\xff", "\r\r\n", "a\xe2\x82"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		for name, clean := range map[string]func(string) string{"Clean": report.Clean, "CleanLines": report.CleanLines} {
			out := clean(in)
			if !utf8.ValidString(out) {
				t.Errorf("%s(%q) = %q is not UTF-8", name, in, out)
			}
			for _, r := range out {
				if r == '\n' && name == "CleanLines" {
					continue
				}
				if unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
					t.Errorf("%s(%q) = %q holds %U", name, in, out, r)
				}
			}
			if again := clean(out); again != out {
				t.Errorf("%s is not idempotent: %q, then %q", name, out, again)
			}
		}
	})
}

func BenchmarkClean(b *testing.B) {
	for name, s := range map[string]string{
		"clean":  "Readiness probe failed: HTTP probe failed with statuscode: 503",
		"dirty":  "\x1b[31mReadiness\x1b[0m probe failed:\tHTTP probe failed",
		"script": "größe 日本語 größe 日本語 größe 日本語 größe 日本語",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = report.Clean(s)
			}
		})
	}
}
