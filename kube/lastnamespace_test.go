package kube

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLastNamespacesAreKeptByContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "svctui", "namespaces.json")
	last := LastNamespaces{path, orDiscard(nil)}
	if got := last.Recall("prod"); got != "" {
		t.Errorf("before anything was kept it is %q", got)
	}
	last.Remember("prod", "shop")
	last.Remember("test", "")
	last.Remember("prod", "pay")
	if prod, other := last.Recall("prod"), last.Recall("other"); prod != "pay" || other != "" {
		t.Errorf("prod has %q, other has %q", prod, other)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestLastNamespacesSurviveADamagedFile(t *testing.T) {
	for _, damaged := range []string{"", "null", "[1]", `{"prod":`} {
		path := filepath.Join(t.TempDir(), "namespaces.json")
		if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		last := LastNamespaces{path, orDiscard(nil)}
		last.Remember("prod", "shop")
		if got := last.Recall("prod"); got != "shop" {
			t.Errorf("after %q prod has %q", damaged, got)
		}
	}
}
