package main

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/adrg/xdg"
)

// lastNamespaces keeps, for each context that names none, the namespace that was last shown. It is a convenience: what
// goes wrong is logged and nothing else.
type lastNamespaces struct{ logger *slog.Logger }

func (l lastNamespaces) path() string {
	return filepath.Join(xdg.StateHome, "svctui", "namespaces.json")
}

func (l lastNamespaces) load() map[string]string {
	raw, err := os.ReadFile(l.path())
	if err != nil {
		return map[string]string{}
	}
	kept := map[string]string{}
	if err := json.Unmarshal(raw, &kept); err != nil {
		l.logger.Warn("the kept namespaces cannot be read", "file", l.path(), "error", err)
		return map[string]string{}
	}
	return kept
}

func (l lastNamespaces) recall(contextName string) string { return l.load()[contextName] }

func (l lastNamespaces) remember(contextName, namespace string) {
	kept := l.load()
	if kept[contextName] == namespace {
		return
	}
	kept[contextName] = namespace
	if err := l.save(kept); err != nil {
		l.logger.Warn("the namespace cannot be kept", "file", l.path(), "error", err)
	}
}

// save replaces the file as a whole, so that two svctui at once do no harm.
func (l lastNamespaces) save(kept map[string]string) error {
	raw, err := json.MarshalIndent(kept, "", "  ")
	if err != nil {
		return err
	}
	directory := filepath.Dir(l.path())
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
	return os.Rename(file.Name(), l.path())
}
