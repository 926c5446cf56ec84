package report

import (
	"os"
	"strings"

	"github.com/charmbracelet/x/term"
)

// widest is where text wraps at most: longer lines are hard to read.
const widest = 120

// Style says how text is to look. The zero Style is for a file: no colour, no wrapping.
type Style struct {
	// Color allows the sixteen colours of a terminal.
	Color bool
	// Width is where text wraps; zero for nowhere. Commands and field values never wrap.
	Width int
	// ASCII keeps to ASCII for marks and arrows.
	ASCII bool
}

// StyleOf is the Style for what is written to a file: that of the terminal where it is one, as the environment says, else
// the zero Style.
func StyleOf(file *os.File) Style {
	if !term.IsTerminal(file.Fd()) {
		return Style{}
	}
	width, _, err := term.GetSize(file.Fd())
	if err != nil || width <= 0 || width > widest {
		width = widest
	}
	return Style{
		Color: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		Width: width,
		ASCII: ASCIIOnly(os.Environ()),
	}
}

// ASCIIOnly tells from an environment, as os.Environ returns it, whether its terminal shows ASCII only: asked for with
// SVCTUI_ASCII, the Linux console, whose font lacks most signs, or a locale that is not UTF-8. No locale at all says
// nothing.
func ASCIIOnly(environ []string) bool {
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
