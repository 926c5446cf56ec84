package check

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// shortLimit is how wide the list's HEALTH column may get, in characters.
const shortLimit = 40

// short cuts a text to the width of the HEALTH column. The middle goes, because names differ at their ends.
func short(format string, args ...any) string {
	text := fmt.Sprintf(format, args...)
	if utf8.RuneCountInString(text) <= shortLimit {
		return text
	}
	runes := []rune(text)
	head := shortLimit * 3 / 5
	return string(runes[:head]) + "…" + string(runes[len(runes)-(shortLimit-head-1):])
}

// firstOf shows the beginning of a list whose length is not ours to choose.
func firstOf(words []string, most int) string {
	if len(words) <= most {
		return strings.Join(words, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), len(words)-most)
}

func selectorText(selector map[string]string) string {
	return joinPairs(selector, " ")
}

// selectorQuery writes a selector as kubectl takes it behind -l.
func selectorQuery(selector map[string]string) string { return joinPairs(selector, ",") }

func joinPairs(pairs map[string]string, separator string) string {
	texts := make([]string, 0, len(pairs))
	for _, key := range sortedKeys(pairs) {
		texts = append(texts, key+"="+pairs[key])
	}
	return strings.Join(texts, separator)
}

func sortedKeys(pairs map[string]string) []string { return slices.Sorted(maps.Keys(pairs)) }

// Counted writes a number with its noun: one where it is 1, else many.
func Counted(count int, one, many string) string {
	return strconv.Itoa(count) + " " + verbFor(count, one, many)
}

func counted(count int, one string) string { return Counted(count, one, one+"s") }

func verbFor(count int, one, many string) string {
	if count == 1 {
		return one
	}
	return many
}

func isIPv4(address string) bool {
	parsed, _ := netip.ParseAddr(address)
	return parsed.Is4()
}

func isIPv6(address string) bool {
	parsed, _ := netip.ParseAddr(address)
	return parsed.Is6()
}

// Sentence ends a text of somebody else's with a full stop, so that another sentence may follow; empty stays empty.
func Sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || strings.ContainsRune(".!?:", rune(text[len(text)-1])) {
		return text
	}
	return text + "."
}
