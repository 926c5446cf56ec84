// Package engine turns changes of a cluster into judgements: it coalesces the changes of a Source, calls
// the checks for the Services they touch, asks the Source for more data where a check needs it, and looks
// again when time alone can change a finding. The screen and `diagnose` both stand on it.
package engine
