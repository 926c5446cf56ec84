// Package tui draws: the screens, their keys, and the shell around them. It speaks to a cluster only through
// the interfaces of backend.go, and does no IO in Update or View.
//
// A screen is a page. Pages lie on a stack; the shell draws the header and the footer around the top one,
// delivers messages, and drops answers that come for a page which is gone. See page.go for the contract and
// root.go for the order in which a message is offered.
package tui
