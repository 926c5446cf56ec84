package kube

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/adrg/xdg"
)

// LastNamespaces keeps, for each context that names none, the namespace that was last shown, in a file of the user's own
// among the states of programs. It is a convenience: what goes wrong is logged and nothing else.
type LastNamespaces struct {
	path   string
	logger *slog.Logger
}

// NewLastNamespaces returns LastNamespaces that log to logger; nil discards it.
func NewLastNamespaces(logger *slog.Logger) LastNamespaces {
	return LastNamespaces{filepath.Join(xdg.StateHome, "svctui", "namespaces.json"), orDiscard(logger)}
}

func (l LastNamespaces) load() map[string]string {
	raw, err := os.ReadFile(l.path)
	if err != nil {
		return map[string]string{}
	}
	kept := map[string]string{}
	if err := json.Unmarshal(raw, &kept); err != nil {
		l.logger.Warn("the kept namespaces cannot be read", "file", l.path, "error", err)
		return map[string]string{}
	}
	if kept == nil {
		// The file says null.
		return map[string]string{}
	}
	return kept
}

// Recall returns the namespace that was last shown in a context; empty when none is known.
func (l LastNamespaces) Recall(contextName string) string { return l.load()[contextName] }

// Remember keeps the namespace that is shown in a context. Calls at the same time, of other processes too, leave a file
// that can be read, and one of them may be forgotten.
func (l LastNamespaces) Remember(contextName, namespace string) {
	kept := l.load()
	if kept[contextName] == namespace {
		return
	}
	kept[contextName] = namespace
	if err := l.save(kept); err != nil {
		l.logger.Warn("the namespace cannot be kept", "file", l.path, "error", err)
	}
}

// save replaces the file as a whole, so that two svctui at once do no harm.
func (l LastNamespaces) save(kept map[string]string) error {
	raw, err := json.MarshalIndent(kept, "", "  ")
	if err != nil {
		return err
	}
	directory := filepath.Dir(l.path)
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(directory, "namespaces-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	if _, err := file.Write(raw); err != nil {
		_ = file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), l.path)
}
