// Package scenarios is the library of situations on a real cluster, with what svctui must say of each.
//
// A scenario is a folder with two files. manifests.yaml holds the objects; they name no namespace, each
// run gives the scenario one of its own. A second one is made by its manifests, as ${namespace}-something. expect.yaml says how the situation comes about and what is
// expected; its fields are those of Scenario. Further YAML files in the folder are applied by steps.
package scenarios

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/svctui/svctui/e2e/objects"
)

//go:embed */*.yaml
var library embed.FS

// Scenario is one folder of the library.
type Scenario struct {
	// Name is the folder's name, such as f03-selector-typo. Those with f are faulty, those with h healthy.
	Name string `json:"-"`
	// Why says in one sentence what is or is not wrong here.
	Why string `json:"why"`
	// Nodes is the number of nodes that it needs, 1 if left out.
	Nodes int `json:"nodes,omitempty"`
	// Kinds are kinds of APIs beside Kubernetes' own that it needs, such as HTTPRoute. It is left out where they are not served.
	Kinds []string `json:"kinds,omitempty"`
	// Steps bring the situation about, after manifests.yaml has been applied.
	Steps []Step `json:"steps,omitempty"`
	// Release are objects whose finalizers are taken off at the end, so that their namespace can go.
	Release []Reference `json:"release,omitempty"`
	// End are steps that let the namespace go, before it is deleted: they end Pods that would take their time.
	End []Step `json:"end,omitempty"`
	// Services says what is expected of each Service by its name. "NAMESPACE/NAME" is one outside of the
	// scenario's namespace.
	Services map[string]Expectation `json:"services"`

	files map[string]string
}

// Step is one thing to do or to wait for; exactly one of its fields is set.
type Step struct {
	Wait   *objects.Condition `json:"wait,omitempty"`
	Apply  string             `json:"apply,omitempty"` // a file of the folder
	Delete *Reference         `json:"delete,omitempty"`
	Post   *Post              `json:"post,omitempty"`
	Patch  *Patch             `json:"patch,omitempty"`
	Fill   *Fill              `json:"fill,omitempty"`
}

// Patch is a merge patch of one object of the scenario's namespace.
type Patch struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// With is the patch, as JSON.
	With string `json:"with"`
}

// Fill writes slices of a hundred endpoints each for a Service without a selector, as the controller would fill them.
type Fill struct {
	Service   string `json:"service"`
	Endpoints int    `json:"endpoints"`
}

// Reference names an object of the scenario's namespace; of kind Namespace it is that namespace, whatever its name.
type Reference struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// Post switches the workload of Pods by an HTTP request; see the flags of e2e/workload.
type Post struct {
	Pods  string `json:"pods"`            // label selector
	Count int    `json:"count,omitempty"` // how many of them, in the order of their names; 0 is all
	Port  int    `json:"port"`
	Path  string `json:"path"`
}

// Expectation is what svctui must say of one Service.
type Expectation struct {
	// Verdict is fail, warn, unknown or ok.
	Verdict string `json:"verdict"`
	// Leads is the ID of the first finding. Empty: not looked at.
	Leads string `json:"leads,omitempty"`
	// Also are IDs of other findings that must be there.
	Also []string `json:"also,omitempty"`
	// Never are IDs of findings that must not be there. "*" is any finding that is critical or major.
	Never []string `json:"never,omitempty"`
	// Evidence must be among the evidence of the first finding.
	Evidence []Evidence `json:"evidence,omitempty"`
	// Says are texts that the first finding's title, why or cause must contain, whatever the case of letters.
	Says []string `json:"says,omitempty"`
	// Fix is a text that the first finding's command must contain.
	Fix string `json:"fix,omitempty"`
	// FixNot is the reason why that command is not pasted here. Every other one that changes something is.
	FixNot string `json:"fixNot,omitempty"`
	// After is what must follow once it has been pasted: if left out, the verdict ok.
	After *Aftermath `json:"after,omitempty"`
	// Health is a text that the row of this Service in the list must contain.
	Health string `json:"health,omitempty"`
	// Row is the verdict of that row where it is another, because the list of one namespace alone knows less; the verdict if left out.
	Row string `json:"row,omitempty"`
	// Test is what the isolation test must say.
	Test *TestExpectation `json:"test,omitempty"`
}

// Told tells whether svctui says of the Service by itself what is wrong with it, without a client being chosen.
func (e Expectation) Told() bool { return e.Verdict != "ok" || e.Test != nil || e.Leads != "" }

// Aftermath is what svctui must say once the command of the first finding has been pasted. That finding must be gone, unless Leads says
// otherwise.
type Aftermath struct {
	// Verdict is the verdict then; empty: not looked at, for commands that mend one of several faults.
	Verdict string `json:"verdict,omitempty"`
	// Leads is the ID of the first finding then. It may be the same one, where the command mends it for a part of the clients.
	Leads string `json:"leads,omitempty"`
	// Says are texts that the first finding's title, why or cause must contain then.
	Says []string `json:"says,omitempty"`
	// Gone is true where the Service does not exist, and nobody misses it any more.
	Gone bool `json:"gone,omitempty"`
}

// Evidence matches an object and field; empty parts match anything.
type Evidence struct {
	Kind  string `json:"kind,omitempty"`
	Name  string `json:"name,omitempty"` // the beginning of the name, because Pods' ends are random
	Field string `json:"field,omitempty"`
	Value string `json:"value,omitempty"` // a part of the value
}

// TestExpectation is what `svctui test` must say of the Service's first port.
type TestExpectation struct {
	// Conclusion is the ID of the conclusion; empty: not looked at.
	Conclusion string `json:"conclusion,omitempty"`
	// Exit is the exit code.
	Exit int `json:"exit"`
	// Rungs gives the results by the rungs' names, such as proxy-pod: refused.
	Rungs map[string]string `json:"rungs,omitempty"`
	// Says are texts that the conclusion must contain, whatever the case of letters.
	Says []string `json:"says,omitempty"`
}

// All are the scenarios of the library, by name. An error is a mistake in a file.
func All() ([]*Scenario, error) { return load(library) }

func load(files fs.FS) ([]*Scenario, error) {
	folders, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, err
	}
	var all []*Scenario
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		scenario, err := loadFolder(files, folder.Name())
		if err != nil {
			return nil, fmt.Errorf("scenario %s: %w", folder.Name(), err)
		}
		all = append(all, scenario)
	}
	return all, nil
}

func loadFolder(files fs.FS, name string) (*Scenario, error) {
	scenario := &Scenario{Name: name, files: map[string]string{}}
	entries, err := fs.ReadDir(files, name)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		text, err := fs.ReadFile(files, path.Join(name, entry.Name()))
		if err != nil {
			return nil, err
		}
		if entry.Name() == "expect.yaml" {
			if err := yaml.UnmarshalStrict(text, scenario); err != nil {
				return nil, fmt.Errorf("expect.yaml: %w", err)
			}
			continue
		}
		scenario.files[entry.Name()] = string(text)
	}
	return scenario, scenario.validate()
}

func (s *Scenario) validate() error {
	if _, found := s.files["manifests.yaml"]; !found {
		return fmt.Errorf("manifests.yaml is missing")
	}
	if s.Why == "" || len(s.Services) == 0 {
		return fmt.Errorf("expect.yaml needs why and services")
	}
	for name, expected := range s.Services {
		if !slices.Contains([]string{"fail", "warn", "unknown", "ok"}, expected.Verdict) {
			return fmt.Errorf("service %s: verdict %q is none of fail, warn, unknown, ok", name, expected.Verdict)
		}
	}
	for i, step := range slices.Concat(s.Steps, s.End) {
		set := 0
		for _, isSet := range []bool{step.Wait != nil, step.Apply != "", step.Delete != nil, step.Post != nil, step.Patch != nil, step.Fill != nil} {
			if isSet {
				set++
			}
		}
		if set != 1 {
			return fmt.Errorf("step %d needs exactly one of wait, apply, delete, post, patch, fill", i+1)
		}
		if _, found := s.files[step.Apply]; step.Apply != "" && !found {
			return fmt.Errorf("step %d applies %s, which is not in the folder", i+1, step.Apply)
		}
	}
	return s.servicesAreExpected()
}

// servicesAreExpected sees to it that no Service of the manifests is left unjudged.
func (s *Scenario) servicesAreExpected() error {
	for file, text := range s.files {
		for document := range bytes.SplitSeq([]byte(text), []byte("\n---")) {
			var object struct {
				Kind     string `json:"kind"`
				Metadata struct {
					Name      string `json:"name"`
					Namespace string `json:"namespace"`
				} `json:"metadata"`
			}
			if err := yaml.Unmarshal(document, &object); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			if namespace := object.Metadata.Namespace; namespace != "" && !strings.HasPrefix(namespace, "${namespace}-") {
				return fmt.Errorf("%s: %s/%s names a namespace", file, object.Kind, object.Metadata.Name)
			}
			if _, found := s.Services[object.Metadata.Name]; object.Kind == "Service" && !found {
				return fmt.Errorf("%s: nothing is expected of Service %s", file, object.Metadata.Name)
			}
		}
	}
	return nil
}

// StepLimit is how long one step of a scenario may take.
const StepLimit = 2 * time.Minute

// SetUp brings the situation about in a namespace.
func (s *Scenario) SetUp(ctx context.Context, client *objects.Client, namespace string) error {
	if _, err := client.Apply(ctx, namespace, s.files["manifests.yaml"]); err != nil {
		return fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	for i, step := range s.Steps {
		if err := s.do(ctx, client, namespace, step); err != nil {
			return fmt.Errorf("scenario %s, step %d: %w", s.Name, i+1, err)
		}
	}
	return nil
}

// Remove deletes what SetUp made outside of the namespace. It comes before the namespace is deleted, whose end may
// depend on it: one APIService whose Pods are gone keeps every namespace from ending.
func (s *Scenario) Remove(ctx context.Context, client *objects.Client, namespace string) error {
	var problems []error
	for _, text := range s.files {
		problems = append(problems, client.DeleteClusterWide(ctx, namespace, text))
	}
	for _, held := range s.Release {
		problems = append(problems, client.Patch(ctx, namespace, held.Kind, held.Name, `{"metadata":{"finalizers":null}}`))
	}
	for i, step := range s.End {
		if err := s.do(ctx, client, namespace, step); err != nil {
			problems = append(problems, fmt.Errorf("scenario %s, step %d of its end: %w", s.Name, i+1, err))
		}
	}
	return errors.Join(problems...)
}

func (s *Scenario) do(ctx context.Context, client *objects.Client, namespace string, step Step) error {
	ctx, cancel := context.WithTimeout(ctx, StepLimit)
	defer cancel()
	switch {
	case step.Wait != nil:
		return client.Wait(ctx, namespace, *step.Wait)
	case step.Apply != "":
		_, err := client.Apply(ctx, namespace, s.files[step.Apply])
		return err
	case step.Patch != nil:
		return client.Patch(ctx, namespace, step.Patch.Kind, step.Patch.Name, step.Patch.With)
	case step.Fill != nil:
		return fill(ctx, client, namespace, *step.Fill)
	case step.Delete != nil && step.Delete.Kind == "Namespace":
		return client.DeleteNamespace(ctx, namespace)
	case step.Delete != nil:
		return client.Delete(ctx, namespace, step.Delete.Kind, step.Delete.Name)
	default:
		return post(ctx, client, namespace, *step.Post)
	}
}

// fill writes the slices for a Service. Their addresses are of a range that is nobody's.
func fill(ctx context.Context, client *objects.Client, namespace string, f Fill) error {
	const most = 100
	for first := 0; first < f.Endpoints; first += most {
		var text strings.Builder
		fmt.Fprintf(&text, "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: %s-%d\n", f.Service, first/most)
		fmt.Fprintf(&text, "  labels: {kubernetes.io/service-name: %s, endpointslice.kubernetes.io/managed-by: svctui.test}\n", f.Service)
		text.WriteString("addressType: IPv4\nports: [{name: \"\", port: 8080, protocol: TCP}]\nendpoints:\n")
		for i := first; i < min(first+most, f.Endpoints); i++ {
			fmt.Fprintf(&text, "- {addresses: [198.18.%d.%d], conditions: {ready: true}}\n", i/200, i%200+1)
		}
		if _, err := client.Apply(ctx, namespace, text.String()); err != nil {
			return err
		}
	}
	return nil
}

func post(ctx context.Context, client *objects.Client, namespace string, p Post) error {
	pods, err := client.Pods(ctx, namespace, p.Pods)
	if err != nil {
		return err
	}
	if len(pods) < max(p.Count, 1) {
		return fmt.Errorf("%d Pods with %q to POST to, want %d", len(pods), p.Pods, max(p.Count, 1))
	}
	names := make([]string, len(pods))
	for i := range pods {
		names[i] = pods[i].Name
	}
	slices.Sort(names)
	if p.Count > 0 {
		names = names[:p.Count]
	}
	for _, name := range names {
		if err := client.PostToPod(ctx, namespace, name, p.Port, p.Path); err != nil {
			return err
		}
	}
	return nil
}
