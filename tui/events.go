package tui

import "github.com/svctui/svctui/kube/model"

func newEventsPage(key model.Key) page { return newMessagesPage() }
