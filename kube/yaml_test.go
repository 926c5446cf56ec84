package kube

import (
	"testing"

	"sigs.k8s.io/yaml"
)

func TestYAMLTakesEveryCharacter(t *testing.T) {
	value := "a\u007f\u0080\u0085\u009b\u009f\u00a0\u2028\ufeff\ufffe\uffffz"
	text, err := yaml.JSONToYAML(escapeControls([]byte(`{"value":"` + value + `"}`)))
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]string
	if err := yaml.Unmarshal(text, &back); err != nil || back["value"] != value {
		t.Errorf("%q is written as %s and read as %q, %v", value, text, back["value"], err)
	}
	if plain := `{"value":"plain"}`; string(escapeControls([]byte(plain))) != plain {
		t.Error("a text without controls was changed")
	}
}
