package convert

import (
	"math"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// fields is a JSON object of whatever shape. Its methods return the zero value for what is not there or of another type.
type fields map[string]any

func (f fields) object(name string) fields {
	inner, _ := f[name].(map[string]any)
	return inner
}

func (f fields) text(name string) string {
	text, _ := f[name].(string)
	return text
}

func (f fields) textOr(name, otherwise string) string {
	if text, ok := f[name].(string); ok {
		return text
	}
	return otherwise
}

func (f fields) truth(name string) bool {
	truth, _ := f[name].(bool)
	return truth
}

// number returns a whole number that fits, else what is given for otherwise.
func (f fields) number(name string, otherwise int32) int32 {
	switch value := f[name].(type) {
	case int64:
		if value >= math.MinInt32 && value <= math.MaxInt32 {
			return int32(value)
		}
	case float64:
		if value >= math.MinInt32 && value <= math.MaxInt32 && value == math.Trunc(value) {
			return int32(value)
		}
	}
	return otherwise
}

// large is number for what may need more than 32 bits, such as a generation.
func (f fields) large(name string) int64 {
	switch value := f[name].(type) {
	case int64:
		return value
	case float64:
		if math.Abs(value) < 1<<53 {
			return int64(value)
		}
	}
	return 0
}

// list returns the entries of a list, nil for one that is no object, so that an entry's place is that in the object.
func (f fields) list(name string) []fields {
	items, _ := f[name].([]any)
	if len(items) == 0 {
		return nil
	}
	list := make([]fields, len(items))
	for i, item := range items {
		list[i], _ = item.(map[string]any)
	}
	return list
}

func (f fields) texts(name string) []string {
	items, _ := f[name].([]any)
	var texts []string
	for _, item := range items {
		if text, ok := item.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// labels returns the pairs whose value is a string.
func (f fields) labels(name string) map[string]string {
	inner := f.object(name)
	if len(inner) == 0 {
		return nil
	}
	labels := make(map[string]string, len(inner))
	for key, value := range inner {
		if text, ok := value.(string); ok {
			labels[key] = text
		}
	}
	return labels
}

// conditions returns those of its conditions that have a type.
func (f fields) conditions() []metav1.Condition {
	var conditions []metav1.Condition
	for _, entry := range f.list("conditions") {
		if entry.text("type") == "" {
			continue
		}
		condition := metav1.Condition{
			Type: entry.text("type"), Status: metav1.ConditionStatus(entry.text("status")),
			ObservedGeneration: entry.large("observedGeneration"),
			Reason:             entry.text("reason"), Message: entry.text("message"),
		}
		if at, err := time.Parse(time.RFC3339, entry.text("lastTransitionTime")); err == nil {
			condition.LastTransitionTime = metav1.NewTime(at)
		}
		conditions = append(conditions, condition)
	}
	return conditions
}
