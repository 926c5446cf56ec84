package isolation

import "regexp"

// Texts name both ways to do what they advise, a flag for the command line and a key for the screen: "--sockets, or s on the screen of the
// test". Where it is known which of them the reader has at hand, that one alone is left.
var bothWays = regexp.MustCompile(`(--[a-z-]+(?: and --[a-z-]+| [^\s,;()]+)?), or ([a-z]) on the screen of the test,?`)

// ByKeys leaves the keys of the test's own screen in a text of a conclusion.
func ByKeys(text string) string { return bothWays.ReplaceAllString(text, "$2") }

// ByFlags leaves the flags of the command line in a text of a conclusion.
func ByFlags(text string) string { return bothWays.ReplaceAllString(text, "$1") }
