package scenarios

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"sigs.k8s.io/yaml"
)

func TestLibraryLoads(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	broken, healthy := 0, 0
	for _, scenario := range all {
		switch scenario.Name[0] {
		case 'f':
			broken++
		case 'h':
			healthy++
			for service, expected := range scenario.Services {
				if expected.Verdict != "ok" || len(expected.Never) == 0 {
					t.Errorf("%s: a healthy Service %s is ok and never has a finding", scenario.Name, service)
				}
			}
		default:
			t.Errorf("%s: a name begins with f (faulty) or h (healthy)", scenario.Name)
		}
	}
	if broken < 8 || healthy < 8 {
		t.Errorf("%d broken and %d healthy scenarios, want 8 of each at least", broken, healthy)
	}
}

func TestMistakesInFilesAreFound(t *testing.T) {
	const manifests = "kind: Service\nmetadata:\n  name: web\n"
	const good = "why: x\nservices: {web: {verdict: ok}}\n"
	for name, test := range map[string]struct{ manifests, expect, problem string }{
		"good":               {manifests, good, ""},
		"unknown field":      {manifests, good + "verdicts: {}\n", "unknown field"},
		"no such verdict":    {manifests, "why: x\nservices: {web: {verdict: red}}\n", "verdict"},
		"Service not judged": {manifests + "---\nkind: Service\nmetadata: {name: other}\n", good, "nothing is expected of Service other"},
		"own namespace":      {"kind: Service\nmetadata: {name: web, namespace: x}\n", good, "names a namespace"},
		"two things at once": {manifests, good + "steps: [{apply: manifests.yaml, delete: {kind: A, name: b}}]\n", "exactly one"},
		"nothing at the end": {manifests, good + "end: [{}]\n", "exactly one"},
		"no such file":       {manifests, good + "steps: [{apply: absent.yaml}]\n", "absent.yaml"},
		"no manifests":       {"", good, "manifests.yaml is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{"x/expect.yaml": {Data: []byte(test.expect)}}
			if test.manifests != "" {
				files["x/manifests.yaml"] = &fstest.MapFile{Data: []byte(test.manifests)}
			}
			_, err := load(files)
			switch {
			case test.problem == "" && err != nil:
				t.Error(err)
			case test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem)):
				t.Errorf("error %v does not tell of %q", err, test.problem)
			}
		})
	}
}

// Every situation of the catalogue has a scenario, or a reason why it has none.
func TestCatalogueIsCovered(t *testing.T) {
	var catalogue map[string]string
	readYAML(t, "catalogue.yaml", &catalogue)
	var missing []struct{ Number, Name, Reason string }
	readYAML(t, "notmade.yaml", &missing)
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]string{}
	for _, scenario := range all {
		number, _, _ := strings.Cut(scenario.Name, "-")
		if other, twice := made[number]; twice {
			t.Errorf("%s and %s have one number", other, scenario.Name)
		}
		made[number] = scenario.Name
	}
	reasons := map[string]string{}
	for _, entry := range missing {
		reasons[entry.Number] = entry.Reason
		if catalogue[entry.Number] == "" || entry.Name == "" || entry.Reason == "" {
			t.Errorf("notmade.yaml: %+v needs a number of the catalogue, a name and a reason", entry)
		}
	}
	for number, name := range catalogue {
		if made[number] == "" && reasons[number] == "" {
			t.Errorf("%s (%s) has neither a folder nor an entry in notmade.yaml", number, name)
		}
	}
}

func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
