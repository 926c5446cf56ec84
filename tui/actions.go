package tui

import "github.com/svctui/svctui/kube/model"

// serviceActions are the keys that act on one Service, the same at home and on the Service screen. chosen
// says which Service that is.
func serviceActions(chosen func(sh *shell) (model.Key, bool)) []binding {
	return nil
}

// globalActions are the keys that open a page from anywhere.
func globalActions() []binding {
	return nil
}

// pickNamespace asks for a namespace, which may be one that cannot be listed.
func pickNamespace(sh *shell) {}

// pickContext asks for a context.
func pickContext(sh *shell) {}
