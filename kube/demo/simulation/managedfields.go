package simulation

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/svctui/svctui/kube/demo/apiserver"
)

// owns records in the object's managedFields that a manager owns the given fields now, as the API server does for an
// update. fields is a tree of the object's own JSON names; its leaves are owned whole.
func (s *Simulation) owns(obj apiserver.Object, manager, subresource string, fields map[string]any) {
	raw, err := json.Marshal(fieldsV1(fields))
	if err != nil {
		return // a tree of maps always marshals
	}
	now := s.metaNow()
	version := ""
	if kinds, _, err := scheme.Scheme.ObjectKinds(obj); err == nil {
		version = schema.GroupVersion{Group: kinds[0].Group, Version: kinds[0].Version}.String()
	}
	entry := metav1.ManagedFieldsEntry{
		Manager: manager, Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: version, Time: &now,
		FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(string(raw)), Subresource: subresource,
	}
	entries := append([]metav1.ManagedFieldsEntry(nil), obj.GetManagedFields()...)
	for i := range entries {
		if entries[i].Manager == manager && entries[i].Subresource == subresource {
			entries[i] = entry
			obj.SetManagedFields(entries)
			return
		}
	}
	obj.SetManagedFields(append(entries, entry))
}

// leaf is a field that is owned whole, whatever is inside: a scalar, or a map or list that the API marks atomic.
type leaf struct{}

// fieldsV1 turns names into the API's form: "f:" before each field name.
func fieldsV1(fields map[string]any) map[string]any {
	out := make(map[string]any, len(fields))
	for name, value := range fields {
		if !strings.HasPrefix(name, "k:") && name != "." {
			name = "f:" + name
		}
		if inner, ok := value.(map[string]any); ok {
			out[name] = fieldsV1(inner)
			continue
		}
		out[name] = map[string]any{}
	}
	return out
}

// metadataFields are the labels and annotations of an object, each key by itself.
func metadataFields(obj metav1.Object) map[string]any {
	fields := map[string]any{}
	add := func(name string, values map[string]string) {
		if len(values) == 0 {
			return
		}
		keys := map[string]any{".": leaf{}}
		for key := range maps.Keys(values) {
			keys[key] = leaf{}
		}
		fields[name] = keys
	}
	add("labels", obj.GetLabels())
	add("annotations", obj.GetAnnotations())
	return fields
}

// specFields walks an object's JSON. Fields named in atomic are leaves, and so are lists but for those of objects that
// have one of the usual merge keys.
func specFields(value any, atomic ...string) map[string]any {
	raw, err := json.Marshal(value)
	if err != nil {
		return nil
	}
	var tree map[string]any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil
	}
	whole := map[string]bool{}
	for _, name := range atomic {
		whole[name] = true
	}
	return walk(tree, whole)
}

func walk(tree map[string]any, atomic map[string]bool) map[string]any {
	out := make(map[string]any, len(tree))
	for name, value := range tree {
		if atomic[name] {
			out[name] = leaf{}
			continue
		}
		switch v := value.(type) {
		case map[string]any:
			out[name] = walk(v, atomic)
		case []any:
			out[name] = walkList(v, atomic)
		default:
			out[name] = leaf{}
		}
	}
	return out
}

// walkList names the items of an associative list by their merge key.
func walkList(list []any, atomic map[string]bool) any {
	items := map[string]any{".": leaf{}}
	for _, entry := range list {
		item, ok := entry.(map[string]any)
		if !ok {
			return leaf{}
		}
		key := mergeKey(item)
		if key == "" {
			return leaf{}
		}
		fields := walk(item, atomic)
		fields["."] = leaf{}
		items[key] = fields
	}
	return items
}

func mergeKey(item map[string]any) string {
	port := func(name string) string {
		number, ok := item[name].(float64)
		if !ok {
			return ""
		}
		return fmt.Sprintf(`k:{%q:%d,"protocol":%q}`, name, int(number), item["protocol"])
	}
	for _, name := range []string{"port", "containerPort"} {
		if key := port(name); key != "" {
			return key
		}
	}
	for _, name := range []string{"name", "type", "mountPath"} {
		if text, ok := item[name].(string); ok {
			return fmt.Sprintf(`k:{%q:%q}`, name, text)
		}
	}
	return ""
}
