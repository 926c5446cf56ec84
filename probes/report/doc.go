// Package report turns judgements into something to read or to parse: text, Markdown, JSON and YAML. It
// also holds Clean, the one function that makes a string from a cluster safe to print; whatever draws or
// writes such a string calls it.
package report
