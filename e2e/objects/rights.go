package objects

import (
	"context"
	"errors"
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// awaitRights waits until the API server grants what a role binding gives: its authorizer reads bindings by a
// watch, so that a request right after one was made may still be forbidden. Other kinds do not wait.
func (c *Client) awaitRights(ctx context.Context, object *unstructured.Unstructured) error {
	kind := object.GroupVersionKind()
	if kind.Group != rbacv1.GroupName || kind.Kind != "RoleBinding" && kind.Kind != "ClusterRoleBinding" {
		return nil
	}
	binding := &rbacv1.RoleBinding{} // a ClusterRoleBinding has the same fields
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, binding); err != nil {
		return fmt.Errorf("objects: %w", err)
	}
	rules, err := c.rulesOf(ctx, binding)
	if err != nil {
		return fmt.Errorf("objects: role of %s/%s: %w", kind.Kind, binding.Name, err)
	}
	for _, rule := range rules {
		if len(rule.Resources) == 0 || len(rule.APIGroups) == 0 || len(rule.Verbs) == 0 {
			continue
		}
		attributes := &authorizationv1.ResourceAttributes{
			Namespace: binding.Namespace, Verb: rule.Verbs[0], Group: rule.APIGroups[0],
		}
		attributes.Resource, attributes.Subresource, _ = strings.Cut(rule.Resources[0], "/")
		if len(rule.ResourceNames) > 0 {
			attributes.Name = rule.ResourceNames[0]
		}
		for _, subject := range binding.Subjects {
			if err := c.awaitRight(ctx, subject, attributes); err != nil {
				return fmt.Errorf("objects: what %s/%s gives to %s %s: %w", kind.Kind, binding.Name, subject.Kind, subject.Name, err)
			}
		}
		return nil // all rules of a binding come into force together
	}
	return nil
}

func (c *Client) rulesOf(ctx context.Context, binding *rbacv1.RoleBinding) ([]rbacv1.PolicyRule, error) {
	if binding.RoleRef.Kind == "Role" {
		role, err := c.Kube.RbacV1().Roles(binding.Namespace).Get(ctx, binding.RoleRef.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		return role.Rules, nil
	}
	role, err := c.Kube.RbacV1().ClusterRoles().Get(ctx, binding.RoleRef.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return role.Rules, nil
}

func (c *Client) awaitRight(ctx context.Context, subject rbacv1.Subject, attributes *authorizationv1.ResourceAttributes) error {
	spec := authorizationv1.SubjectAccessReviewSpec{ResourceAttributes: attributes}
	switch subject.Kind {
	case rbacv1.GroupKind:
		spec.User, spec.Groups = "somebody", []string{subject.Name}
	case rbacv1.ServiceAccountKind:
		spec.User = "system:serviceaccount:" + subject.Namespace + ":" + subject.Name
	default:
		spec.User = subject.Name
	}
	return Eventually(ctx, func(ctx context.Context) error {
		review := &authorizationv1.SubjectAccessReview{Spec: spec}
		answer, err := c.Kube.AuthorizationV1().SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		if !answer.Status.Allowed {
			return errors.New("not in force yet")
		}
		return nil
	})
}
