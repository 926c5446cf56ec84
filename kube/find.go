package kube

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// ServiceName takes the kind off a Service's name as kubectl accepts it: checkout, svc/checkout and the like.
func ServiceName(argument string) (string, error) {
	kind, name, slash := strings.Cut(argument, "/")
	if !slash {
		kind, name = "svc", argument
	}
	switch strings.ToLower(kind) {
	case "svc", "service", "services":
	default:
		return "", fmt.Errorf("%q is no Service: write NAME or svc/NAME, and its namespace with -n", argument)
	}
	if name == "" || strings.ContainsAny(name, "/ \t\n") {
		return "", fmt.Errorf("%q names no Service: write NAME or svc/NAME", argument)
	}
	return name, nil
}

// FindServices returns the Services of a name in a namespace, or in model.AllNamespaces; of any name where that is empty.
func (s *Session) FindServices(ctx context.Context, namespace, name string) ([]model.Key, error) {
	options := metav1.ListOptions{}
	if name != "" {
		options.FieldSelector = "metadata.name=" + name
	}
	list, err := s.clientset.CoreV1().Services(namespace).List(ctx, options)
	if err != nil {
		return nil, s.Explain(err)
	}
	keys := make([]model.Key, len(list.Items))
	for i := range list.Items {
		keys[i] = model.Key{Namespace: list.Items[i].Namespace, Name: list.Items[i].Name}
	}
	return keys, nil
}

// CheckNamespace returns an error for a namespace that does not exist, with one that may have been meant; nil where it
// does, or where that may not be known.
func (s *Session) CheckNamespace(ctx context.Context, namespace string) error {
	if namespace == model.AllNamespaces {
		return nil
	}
	missing := fmt.Errorf("there is no namespace %s in context %s", namespace, s.place.context)
	known, err := s.Namespaces(ctx)
	if err != nil {
		// Who may not list namespaces may still be allowed to get one.
		_, err := s.clientset.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return missing
		}
		return nil
	}
	if slices.Contains(known, namespace) {
		return nil
	}
	for _, other := range known {
		if strings.Contains(other, namespace) || strings.Contains(namespace, other) {
			return fmt.Errorf("%w: did you mean %s?", missing, other)
		}
	}
	return fmt.Errorf("%w: `kubectl get namespaces` lists those there are", missing)
}
