package terminal

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// wideFiller stands in the second cell of a character that is two cells wide. The emulator knows only
// characters of one cell; the filler keeps its cursor where a real terminal's is, and Screen leaves it out.
const wideFiller = '\U000F0000'

// filter stands between a program and the emulator, which dates from before several sequences that
// programs send today, and misreads some of them: `CSI > 1 u` (keyboard protocol) restores its cursor,
// `CSI > 4 ; 2 m` and `CSI 4 : 3 m` reset its colours, `ESC % G` prints a G, and leaving an alternate
// screen that was never entered enters it. The filter takes these out, translates what the emulator can
// show in another form, and answers the questions that a terminal of today answers.
type filter struct {
	state    filterState
	sequence []byte // of the current escape sequence, without its introducer
	kind     byte   // of the current string sequence: ] P _ ^ X
	partial  []byte // the beginning of a UTF-8 character
	last     rune   // the last character printed, for REP

	out        func([]byte) // to the emulator
	answer     func(string) // to the program
	beforeSync func()       // a frame begins that is to be shown whole
	afterSync  func()
	resetTabs  func()
	leavingAlt func()

	altScreen    bool
	bracketPaste bool
	mouse        bool
	clipboard    string
}

type filterState int

const (
	ground filterState = iota
	escape
	escapeIntermediate
	controlSequence
	stringSequence
	stringEscape
)

const esc = 0x1b

func (f *filter) write(data []byte) {
	for _, b := range data {
		f.put(b)
	}
}

func (f *filter) put(b byte) {
	switch f.state {
	case ground:
		f.putGround(b)
	case escape:
		f.putEscape(b)
	case escapeIntermediate:
		// ESC ( x chooses a character set, which the emulator knows; the other intermediates it does not.
		if b >= 0x30 {
			if f.sequence[0] == '(' && len(f.sequence) == 1 {
				f.out([]byte{esc, '(', b})
			}
			f.state = ground
		} else {
			f.sequence = append(f.sequence, b)
		}
	case controlSequence:
		switch {
		case b >= 0x40 && b <= 0x7e:
			f.state = ground
			f.finishControlSequence(string(f.sequence), b)
		case b >= 0x20 && b < 0x40:
			f.sequence = append(f.sequence, b)
		case b == esc:
			f.begin(escape)
		case b == 0x18 || b == 0x1a: // CAN and SUB end a sequence
			f.state = ground
		case b < 0x20:
			f.out([]byte{b}) // controls inside of a sequence act at once
		}
	case stringSequence:
		switch b {
		case esc:
			f.state = stringEscape
		case 0x07:
			f.finishString()
		case 0x18, 0x1a:
			f.state = ground
		default:
			f.sequence = append(f.sequence, b)
		}
	case stringEscape:
		f.finishString()
		if b != '\\' { // the escape began something new
			f.begin(escape)
			f.put(b)
		}
	}
}

func (f *filter) begin(state filterState) {
	f.state = state
	f.sequence = f.sequence[:0]
}

func (f *filter) putGround(b byte) {
	switch {
	case len(f.partial) > 0 || b >= utf8.RuneSelf:
		f.partial = append(f.partial, b)
		if !utf8.FullRune(f.partial) {
			return
		}
		r, size := utf8.DecodeRune(f.partial)
		rest := bytes.Clone(f.partial[size:])
		f.partial = f.partial[:0]
		f.print(r)
		for _, b := range rest {
			f.put(b)
		}
	case b == esc:
		f.begin(escape)
	case b < 0x20 || b == 0x7f:
		f.out([]byte{b})
	default:
		f.print(rune(b))
	}
}

func (f *filter) print(r rune) {
	if r >= 0x80 && r < 0xa0 {
		r = utf8.RuneError // an 8-bit control: a terminal would obey it, a test must see it
	}
	switch runewidth.RuneWidth(r) {
	case 0:
		return // joins the character before it
	case 2:
		f.out([]byte(string([]rune{r, wideFiller})))
	default:
		f.out([]byte(string(r)))
	}
	f.last = r
}

func (f *filter) putEscape(b byte) {
	switch {
	case b == '[':
		f.begin(controlSequence)
	case b == ']' || b == 'P' || b == '_' || b == '^' || b == 'X' || b == 'k':
		f.kind = b
		f.begin(stringSequence)
	case b >= 0x20 && b < 0x30:
		f.begin(escapeIntermediate)
		f.sequence = append(f.sequence, b)
	case b == esc:
		f.begin(escape)
	default:
		f.state = ground
		if b == 'c' {
			f.altScreen = false
		}
		f.out([]byte{esc, b})
	}
}

func (f *filter) finishControlSequence(parameters string, final byte) {
	prefix := byte(0)
	if parameters != "" && strings.IndexByte("<=>?", parameters[0]) >= 0 {
		prefix, parameters = parameters[0], parameters[1:]
	}
	intermediate := strings.IndexFunc(parameters, func(r rune) bool { return r < 0x30 })
	switch {
	case prefix == '?' && final == 'p' && strings.HasSuffix(parameters, "$"):
		f.reportMode(strings.TrimSuffix(parameters, "$"))
	case intermediate >= 0: // cursor shapes and the like: nothing to draw
	case prefix == '?' && (final == 'h' || final == 'l'):
		for mode := range strings.SplitSeq(parameters, ";") {
			f.setPrivateMode(mode, final)
		}
	case prefix == '?' && (final == 'J' || final == 'K'):
		f.emit(parameters, final)
	case prefix == '?' && final == 'W' && parameters == "5": // DECST8C
		f.resetTabs()
	case prefix != 0: // keyboard protocols and questions
	case final == 'm':
		f.emit(plainAttributes(parameters), final)
	case final == 'b':
		f.repeat(parameters)
	case final == 'c':
		f.answer("\x1b[?62;22c") // a VT220 with colours
	case final == 't' || final == 'q': // the window's size and lights
	default:
		f.emit(parameters, final)
	}
}

// emit fills in parameters that are left out, where the emulator would drop the ones after them.
func (f *filter) emit(parameters string, final byte) {
	if strings.Contains(parameters, ";") {
		fields := strings.Split(parameters, ";")
		for i, field := range fields {
			if field == "" {
				fields[i] = "0"
			}
		}
		parameters = strings.Join(fields, ";")
	}
	f.out([]byte("\x1b[" + parameters + string(final)))
}

func (f *filter) setPrivateMode(mode string, final byte) {
	set := final == 'h'
	switch mode {
	case "2026": // synchronized output
		if set && f.beforeSync != nil {
			f.beforeSync()
		}
		if !set && f.afterSync != nil {
			f.afterSync()
		}
		return
	case "47", "1047", "1049":
		if set == f.altScreen {
			return
		}
		if !set && f.leavingAlt != nil {
			f.leavingAlt()
		}
		f.altScreen = set
		f.out([]byte("\x1b[?" + mode + string(final)))
		if set {
			f.out([]byte("\x1b[2J")) // entering clears it, which the emulator forgets
		}
		return
	case "2004":
		f.bracketPaste = set
	case "1000", "1002", "1003":
		f.mouse = set
	}
	f.out([]byte("\x1b[?" + mode + string(final)))
}

// reportMode answers DECRQM: the modes that are followed here, and "not recognized" for the rest.
func (f *filter) reportMode(mode string) {
	state := 0
	flag := func(on bool) int {
		if on {
			return 1
		}
		return 2
	}
	switch mode {
	case "2026":
		state = 2
	case "1049":
		state = flag(f.altScreen)
	case "2004":
		state = flag(f.bracketPaste)
	}
	f.answer(fmt.Sprintf("\x1b[?%s;%d$y", mode, state))
}

// repeat is REP, which the emulator does not have: the last character again.
func (f *filter) repeat(parameters string) {
	count, err := strconv.Atoi(parameters)
	if err != nil || count < 1 {
		count = 1
	}
	if f.last != 0 {
		f.out([]byte(strings.Repeat(string(f.last), min(count, 10_000))))
	}
}

// plainAttributes turns parameters with colons into those without: 4:3 (curly underline) into 4,
// 38:2::r:g:b into 38;2;r;g;b. The colour of underlines is left out.
func plainAttributes(parameters string) string {
	if parameters == "" {
		return "0"
	}
	var plain []string
	fields := strings.Split(parameters, ";")
	for i := 0; i < len(fields); i++ {
		parts := strings.Split(fields[i], ":")
		switch {
		case parts[0] == "58":
			if len(parts) > 1 {
				continue
			}
			if i+1 < len(fields) && fields[i+1] == "5" {
				i += 2
			} else if i+1 < len(fields) && fields[i+1] == "2" {
				i += 4
			}
		case len(parts) == 1:
			if fields[i] == "" {
				fields[i] = "0"
			}
			plain = append(plain, fields[i])
		case parts[0] == "4" && parts[1] == "0":
			plain = append(plain, "24")
		case parts[0] == "38" || parts[0] == "48":
			if parts[1] == "2" && len(parts) == 6 { // with a colour space, which is left empty
				parts = append(parts[:2:2], parts[3:]...)
			}
			plain = append(plain, strings.Join(parts, ";"))
		default:
			plain = append(plain, parts[0])
		}
	}
	if len(plain) == 0 {
		return "58" // unknown to the emulator, so nothing changes; no parameter at all would be a reset
	}
	return strings.Join(plain, ";")
}

// finishString obeys titles, questions for colours and the clipboard, and drops every other string.
func (f *filter) finishString() {
	f.state = ground
	if f.kind != ']' {
		return
	}
	text := string(f.sequence)
	number, rest, _ := strings.Cut(text, ";")
	switch number {
	case "0", "2", "10", "11":
		f.out([]byte("\x1b]" + text + "\x07"))
	case "52":
		if _, encoded, found := strings.Cut(rest, ";"); found {
			if decoded, err := base64.StdEncoding.DecodeString(encoded); err == nil {
				f.clipboard = string(decoded)
			}
		}
	}
}
