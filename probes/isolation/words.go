package isolation

import (
	"fmt"
	"slices"
	"strings"
)

// joined is sentences one after the other, without those that are empty.
func joined(sentences ...string) string {
	return strings.Join(slices.DeleteFunc(sentences, func(sentence string) bool { return sentence == "" }), " ")
}

// few names some, and counts the rest.
func few(names []string, most int) string {
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most-1], ", "), len(names)-most+1)
	}
	if last := len(names) - 1; last > 0 {
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return strings.Join(names, "")
}

func lowered(sentence string) string {
	if sentence == "" || strings.HasPrefix(sentence, "API") {
		return sentence
	}
	return strings.ToLower(sentence[:1]) + sentence[1:]
}

func wasOrWere(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

func doOrDoes(n int) string {
	if n == 1 {
		return "does"
	}
	return "do"
}

// thirdPerson ends a verb of which n things are the subject.
func thirdPerson(n int) string {
	if n == 1 {
		return "s"
	}
	return ""
}

// allOf says of a number of things that it is all of them.
func allOf(count int, things string) string {
	if count == 2 {
		return "both " + things
	}
	return fmt.Sprintf("all %d %s", count, things)
}
