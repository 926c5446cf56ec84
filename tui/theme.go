package tui

import (
	"image/color"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"github.com/svctui/svctui/probes/check"
)

// palette is the few colours that everything is made of. A nil colour is the terminal's own.
type palette struct {
	text, dim, rule, accent, fail, warn, unknown, ok color.Color
	onBadge                                          color.Color
	selection, bar                                   color.Color
}

func darkPalette() palette {
	return palette{
		text: nil, dim: lipgloss.Color("#838b98"), rule: lipgloss.Color("#4b5260"), accent: lipgloss.Color("#79b8ff"),
		fail: lipgloss.Color("#ff7b72"), warn: lipgloss.Color("#e3b341"), unknown: lipgloss.Color("#d2a8ff"),
		ok: lipgloss.Color("#7ee787"), onBadge: lipgloss.Color("#0d1117"),
		selection: lipgloss.Color("#1f2a3a"), bar: lipgloss.Color("#161b22"),
	}
}

func lightPalette() palette {
	return palette{
		text: nil, dim: lipgloss.Color("#5c6570"), rule: lipgloss.Color("#b6bdc6"), accent: lipgloss.Color("#0757b8"),
		fail: lipgloss.Color("#b91c1c"), warn: lipgloss.Color("#8a5a00"), unknown: lipgloss.Color("#7b3fc4"),
		ok: lipgloss.Color("#1a7f37"), onBadge: lipgloss.Color("#ffffff"),
		selection: lipgloss.Color("#dbe7f5"), bar: lipgloss.Color("#eef1f4"),
	}
}

// sixteenPalette uses the terminal's own sixteen colours, which its user has chosen to be readable. There is
// no background that is readable under every one of them, so the selection is told by its mark and by weight.
func sixteenPalette() palette {
	return palette{
		dim: ansi.BrightBlack, rule: ansi.BrightBlack, accent: ansi.BrightBlue, fail: ansi.BrightRed,
		warn: ansi.BrightYellow, unknown: ansi.BrightMagenta, ok: ansi.BrightGreen, onBadge: ansi.Black,
	}
}

// theme is every style that a page may use. Colour is never the only signal: marks say the same.
type theme struct {
	palette palette

	text, strong, dim, rule style
	// accent is for what can be acted on: keys, crumbs, the cursor.
	accent style
	// context is the badge with the context's name.
	context                 style
	fail, warn, unknown, ok style
	// failBadge and its sisters carry the mark in front of a leading cause.
	failBadge, warnBadge, unknownBadge, okBadge, noteBadge style
	// fault marks the very characters that are at fault.
	fault style
	// heading is for the names of columns.
	heading style
}

// newTheme builds the theme for what the terminal can show. colorprofile.ASCII and below carry no colour:
// NO_COLOR and dumb terminals. Sequences are still made, and taken out by the renderer.
func newTheme(profile colorprofile.Profile, darkBackground bool) theme {
	p := darkPalette()
	switch {
	case profile < colorprofile.ANSI256:
		p = sixteenPalette()
	case !darkBackground:
		p = lightPalette()
		if profile < colorprofile.TrueColor {
			p.selection, p.bar = ansi.IndexedColor(254), ansi.IndexedColor(255)
		}
	case profile < colorprofile.TrueColor:
		// The nearest of the 256 colours to a dark blue-grey is navy; a grey keeps the text readable.
		p.selection, p.bar = ansi.IndexedColor(237), ansi.IndexedColor(234)
		// And the nearest to this red is an orange.
		p.fail = ansi.IndexedColor(203)
	}
	t := theme{
		palette: p,
		text:    newStyle(p.text), strong: newStyle(p.text).bold(), dim: newStyle(p.dim), rule: newStyle(p.rule),
		accent: newStyle(p.accent).bold(),
		fail:   newStyle(p.fail), warn: newStyle(p.warn), unknown: newStyle(p.unknown), ok: newStyle(p.ok),
		fault: newStyle(p.fail).bold().underline(), heading: newStyle(p.dim),
	}
	badge := func(c color.Color) style {
		if profile <= colorprofile.ASCII {
			return newStyle(nil).bold().invert()
		}
		return newStyle(p.onBadge).over(c).bold()
	}
	t.context = badge(p.warn)
	t.failBadge, t.warnBadge, t.unknownBadge, t.okBadge = badge(p.fail), badge(p.warn), badge(p.unknown), badge(p.ok)
	t.noteBadge = badge(p.dim)
	return t
}

// mark returns the sign of a mark and how it is painted.
func (t *theme) mark(m check.Mark) (string, style) {
	switch m {
	case check.MarkOK:
		return glyphOK, t.ok
	case check.MarkPending:
		return glyphPending, t.dim
	case check.MarkUnknown:
		return glyphUnknown, t.unknown
	case check.MarkWarn:
		return glyphWarn, t.warn
	case check.MarkFail:
		return glyphFail, t.fail
	default:
		return glyphNone, t.dim
	}
}

// badge returns the style of a badge that carries the mark.
func (t *theme) badge(m check.Mark) style {
	switch m {
	case check.MarkFail:
		return t.failBadge
	case check.MarkWarn:
		return t.warnBadge
	case check.MarkUnknown:
		return t.unknownBadge
	case check.MarkPending:
		return t.noteBadge
	default:
		return t.okBadge
	}
}

// markOfVerdict is the sign in front of a Service.
func markOfVerdict(v check.Verdict) check.Mark {
	switch v {
	case check.OK:
		return check.MarkOK
	case check.Partial:
		return check.MarkPending
	case check.Warn:
		return check.MarkWarn
	case check.Fail:
		return check.MarkFail
	default:
		return check.MarkUnknown
	}
}

// markOfLead is the sign in front of what leads a report. Of a Service that routes, advice is no more than a note: a
// tick in front of it would read as a contradiction.
func markOfLead(r *check.Report) check.Mark {
	mark := markOfVerdict(r.Verdict)
	if r.Leading() != nil && mark == check.MarkOK {
		return check.MarkPending
	}
	return mark
}

// markOfFinding is the sign in front of a finding: red only for what is proven or probed.
func markOfFinding(f *check.Finding) check.Mark {
	switch {
	case f.Red():
		return check.MarkFail
	case f.Amber():
		return check.MarkWarn
	default:
		return check.MarkPending
	}
}
