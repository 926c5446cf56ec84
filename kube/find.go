package kube

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// ServiceName reads how a person names a Service: checkout or svc/checkout as with kubectl, or by its DNS name, checkout.shop,
// checkout.shop.svc and whatever the cluster's domain is behind that. A Service's own name has no dot (RFC 1035 label), so these cannot be
// taken for one. The namespace is empty where the argument has none.
func ServiceName(argument string) (name, namespace string, err error) {
	kind, name, slash := strings.Cut(argument, "/")
	if !slash {
		kind, name = "svc", argument
	}
	switch strings.ToLower(kind) {
	case "svc", "service", "services":
	default:
		return "", "", fmt.Errorf("%q is no Service: write NAME or svc/NAME, and its namespace with -n", argument)
	}
	parts := strings.SplitN(strings.TrimSuffix(name, "."), ".", 4)
	if slices.Contains(parts, "") || strings.ContainsAny(name, "/ \t\n") || len(parts) > 2 && parts[2] != "svc" {
		return "", "", fmt.Errorf("%q names no Service: write NAME, svc/NAME or NAME.NAMESPACE", argument)
	}
	if len(parts) > 1 {
		namespace = parts[1]
	}
	return parts[0], namespace, nil
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

// PodNames lists the names of a namespace's Pods that have not ended, sorted.
func (s *Session) PodNames(ctx context.Context, namespace string) ([]string, error) {
	list, err := s.clientset.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, s.Explain(err)
	}
	var names []string
	for i := range list.Items {
		if phase := list.Items[i].Status.Phase; phase != corev1.PodSucceeded && phase != corev1.PodFailed {
			names = append(names, list.Items[i].Name)
		}
	}
	slices.Sort(names)
	return names, nil
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
