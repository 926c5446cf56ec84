package tui

import "strings"

// commandLine is one line of a command that is laid out.
type commandLine struct {
	text string
	// flush says that the line begins inside a word: whatever is drawn in front of it would become part of the
	// word when the lines are selected and pasted.
	flush bool
}

// leastCommandWidth holds any break with its quotes.
const leastCommandWidth = 10

// layCommand lays a command out so that its lines can be selected and pasted. Its own line breaks stay. A line
// that is too long is broken at a space with a backslash; where a word is wider than the line, inside the word, and
// inside of single quotes by an end of the quotes, a backslash and new quotes: a shell joins what adjoins.
func layCommand(command string, width int) []commandLine {
	if command == "" {
		return nil
	}
	width = max(width, leastCommandWidth)
	var out []commandLine
	quote := rune(0)
	for _, line := range strings.Split(command, "\n") {
		var units []commandUnit
		inside := quote != 0
		units, quote = commandUnits(clean(line), quote)
		out = append(out, layUnits(units, width, inside)...)
	}
	return out
}

// commandUnit is what a line may not be broken within: a character, or a backslash with what it escapes.
type commandUnit struct {
	text  string
	width int
	// quote is the quotes that are open in front of it, zero for none.
	quote rune
	// gap says that it separates words.
	gap bool
}

// commandUnits takes a line apart as a POSIX shell reads it, and says which quotes are open at its end.
func commandUnits(line string, quote rune) ([]commandUnit, rune) {
	var units []commandUnit
	runes := []rune(line)
	for i := 0; i < len(runes); i++ {
		r, text := runes[i], string(runes[i])
		unit := commandUnit{quote: quote, gap: quote == 0 && r == ' '}
		switch {
		case r == '\\' && quote != '\'' && i+1 < len(runes):
			i++
			text += string(runes[i])
		case quote == 0 && (r == '\'' || r == '"'):
			quote = r
		case r == quote:
			quote = 0
		}
		unit.text, unit.width = text, cells(text)
		units = append(units, unit)
	}
	return units, quote
}

func layUnits(units []commandUnit, width int, flush bool) []commandLine {
	var out []commandLine
	for {
		reopened := ""
		if len(out) > 0 && flush && units[0].quote == '\'' {
			reopened = "'"
		}
		at := breakOf(units, width-len(reopened))
		if at == len(units) {
			return append(out, commandLine{reopened + unitsText(units), flush})
		}
		end := `\`
		if units[at].quote == '\'' {
			end = `'\`
		}
		out = append(out, commandLine{reopened + unitsText(units[:at]) + end, flush})
		flush = !units[at-1].gap
		units = units[at:]
	}
}

// breakOf is how many units go on a line: all of them where they fit, else up to behind the last space, else
// behind a comma or a space in quotes that is not far from the line's end, else as many as leave room for the end of the
// quotes and the backslash.
func breakOf(units []commandUnit, width int) int {
	used, word := 0, false
	behindGap, behindComma, anywhere := 0, 0, 1
	for i, unit := range units {
		if used+unit.width > width {
			if behindGap > 0 {
				return behindGap
			}
			if behindComma > 0 {
				return behindComma
			}
			// Quotes with nothing in them would be right, but hard to read.
			if anywhere > 1 && units[anywhere].quote == '\'' && units[anywhere-1].quote == 0 {
				anywhere--
			}
			return anywhere
		}
		end := 1
		if unit.quote == '\'' {
			end = 2
		}
		if i > 0 && used+end <= width {
			if anywhere = i; word && units[i-1].gap {
				behindGap = i
			}
			if before := units[i-1].text; used > width/2 && (before == "," || before == " ") {
				behindComma = i
			}
		}
		used += unit.width
		word = word || !unit.gap
	}
	return len(units)
}

func unitsText(units []commandUnit) string {
	var text strings.Builder
	for _, unit := range units {
		text.WriteString(unit.text)
	}
	return text.String()
}
