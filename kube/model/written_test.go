package model

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestWrittenInto(t *testing.T) {
	for name, test := range map[string]struct {
		container corev1.Container
		want      []string
	}{
		"an environment":         {corev1.Container{Env: []corev1.EnvVar{{Name: "DB", Value: "10.96.0.5:5432"}}}, []string{"c env[DB].value 10.96.0.5:5432"}},
		"arguments":              {corev1.Container{Args: []string{"serve", "--db=http://10.96.0.5/x"}}, []string{"c args[1] 10.96.0.5:0"}},
		"a command":              {corev1.Container{Command: []string{"nc", "10.96.0.5"}}, []string{"c command[1] 10.96.0.5:0"}},
		"two in one":             {corev1.Container{Args: []string{"10.96.0.5:1,10.96.0.6:2"}}, []string{"c args[0] 10.96.0.5:1", "c args[0] 10.96.0.6:2"}},
		"NO_PROXY":               {corev1.Container{Env: []corev1.EnvVar{{Name: "no_proxy", Value: "10.96.0.5"}}}, nil},
		"the API server":         {corev1.Container{Env: []corev1.EnvVar{{Name: "KUBERNETES_SERVICE_HOST", Value: "10.96.0.1"}}}, nil},
		"a range":                {corev1.Container{Args: []string{"--allow=10.96.0.0/16"}}, nil},
		"a version and a time":   {corev1.Container{Args: []string{"1.2.3", "12:30", "10.96.0"}}, nil},
		"a variable":             {corev1.Container{Args: []string{"http://$(MY_WEB_SERVICE_HOST):$(MY_WEB_SERVICE_PORT_HTTP)/"}}, []string{"c args[0] MY_WEB_SERVICE_HOST", "c args[0] MY_WEB_SERVICE_HOST"}},
		"the API's own variable": {corev1.Container{Args: []string{"$(KUBERNETES_SERVICE_HOST) _SERVICE_HOST"}}, nil},
	} {
		test.container.Name = "c"
		var got []string
		for _, written := range WrittenInto(&corev1.PodSpec{Containers: []corev1.Container{test.container}}) {
			what := written.Address.String()
			if written.Variable != "" {
				what = written.Variable
			}
			got = append(got, written.Container+" "+written.Field+" "+what)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	if got := ServiceVariable("my-web"); got != "MY_WEB_SERVICE_HOST" {
		t.Error(got)
	}
	init := corev1.PodSpec{InitContainers: []corev1.Container{{Name: "wait", Args: []string{"10.96.0.5"}}}}
	if got := WrittenInto(&init); len(got) != 1 || got[0].Container != "wait" || got[0].Value() != "10.96.0.5" {
		t.Errorf("an init container: %+v", got)
	}
}

func TestPodsWriting(t *testing.T) {
	writing := func(namespace, name string, args ...string) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Args: args}}},
		}
	}
	names := func(s *Snapshot, value string) []string {
		var names []string
		for _, pod := range s.PodsWriting(value) {
			names = append(names, pod.Namespace+"/"+pod.Name)
		}
		return names
	}
	at := time.Unix(0, 0)
	if got := NewBuilder(nil).Build(at).PodsWriting("10.96.0.5"); got != nil {
		t.Errorf("of no Pods: %v", got)
	}
	first := NewBuilder(nil).Put(
		writing("b", "two", "10.96.0.5:80", "10.96.0.5:81"), writing("b", "one", "10.96.0.5"), writing("a", "three", "10.96.0.5", "10.96.0.6"), writing("a", "none"),
	).Build(at)
	if got := names(first, "10.96.0.5"); !slices.Equal(got, []string{"a/three", "b/one", "b/two"}) {
		t.Errorf("got %v", got)
	}
	next := NewBuilder(first).Put(writing("a", "three", "10.96.0.7")).Build(at)
	if got := names(next, "10.96.0.5"); !slices.Equal(got, []string{"b/one", "b/two"}) {
		t.Errorf("after a change: %v", got)
	}
	if got := names(first, "10.96.0.7"); got != nil {
		t.Errorf("the snapshot before changed: %v", got)
	}
}
