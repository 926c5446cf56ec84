package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/svctui/svctui/kube/model"
)

// YAML returns the object as `kubectl get -o yaml` prints it: whole, as it is now, without managedFields.
func (s *Session) YAML(ctx context.Context, ref model.Ref) (string, error) {
	resource, err := s.findServed(ctx, ref.Kind)
	if err != nil {
		return "", err
	}
	prefix := []string{"api", resource.Version}
	if resource.Group != "" {
		prefix = []string{"apis", resource.Group, resource.Version}
	}
	request := s.clientset.CoreV1().RESTClient().Get().AbsPath(prefix...).Resource(resource.Resource).Name(ref.Name)
	if ref.Kind.Namespaced() {
		request = request.Namespace(ref.Namespace)
	}
	result := request.SetHeader("Accept", "application/json").Do(ctx)
	if err := result.Error(); err != nil {
		return "", s.Explain(err)
	}
	body, err := result.Raw()
	if err != nil {
		return "", s.Explain(err)
	}
	object := &unstructured.Unstructured{}
	if err := json.Unmarshal(body, &object.Object); err != nil {
		return "", fmt.Errorf("reading %s %s/%s: the API server's answer is no JSON object: %w", ref.Kind, ref.Namespace, ref.Name, err)
	}
	object.SetManagedFields(nil)
	if body, err = json.Marshal(object.Object); err != nil {
		return "", err
	}
	text, err := yaml.JSONToYAML(escapeControls(body))
	return string(text), err
}

// findServed returns the resource under which the API server serves a kind.
func (s *Session) findServed(ctx context.Context, kind model.Kind) (schema.GroupVersionResource, error) {
	resource, err := s.served.find(ctx, kind)
	if meta.IsNoMatchError(err) {
		return resource, fmt.Errorf("this cluster serves no %s: %w", kind.Resource().GroupResource(), err)
	}
	return resource, s.Explain(err)
}

// escapeControls writes those characters of a JSON text as escapes that JSON allows as they are and YAML does not
// (YAML 1.2, 5.1). An annotation with one of them would make the whole object unreadable.
func escapeControls(text []byte) []byte {
	isControl := func(r rune) bool {
		return r >= 0x7f && r < 0xa0 || r == 0xfeff || r == 0xfffe || r == 0xffff
	}
	if bytes.IndexFunc(text, isControl) < 0 {
		return text
	}
	var escaped bytes.Buffer
	for _, r := range string(text) {
		if isControl(r) {
			fmt.Fprintf(&escaped, `\u%04x`, r)
		} else {
			escaped.WriteRune(r)
		}
	}
	return escaped.Bytes()
}
