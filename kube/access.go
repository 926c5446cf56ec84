package kube

import (
	"context"
	"slices"
	"sync"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"

	"github.com/svctui/svctui/kube/model"
)

// accessAtOnce is how many access reviews are asked at the same time; it leaves room for other requests.
const accessAtOnce = 4

// Access asks the API server what the user may do, by one SelfSubjectAccessReview each. It answers every
// question in the order asked, with Err where it could not. About kinds that are in no namespace it asks
// without one, because an API server says yes to "list nodes in namespace x" for a right that does not exist.
func (s *Session) Access(ctx context.Context, questions []model.AccessQuestion) []model.AccessAnswer {
	answers := make([]model.AccessAnswer, len(questions))
	places := make(chan struct{}, accessAtOnce)
	var asking sync.WaitGroup
	for i, question := range questions {
		if clusterScoped(question) {
			question.Namespace = ""
		}
		answers[i].AccessQuestion = question
		places <- struct{}{}
		asking.Go(func() {
			defer utilruntime.HandleCrash()
			defer func() { <-places }()
			answers[i].Allowed, answers[i].Err = s.may(ctx, question)
		})
	}
	asking.Wait()
	return answers
}

// clusterScoped tells whether the question is about a kind that is in no namespace.
func clusterScoped(question model.AccessQuestion) bool {
	kind := model.Kind(question.Resource)
	if slices.Contains(model.Kinds(), kind) {
		return !kind.Namespaced() && kind.Resource().Group == question.Group
	}
	switch question.Resource {
	case "ingressclasses", "gatewayclasses", "persistentvolumes", "storageclasses", "customresourcedefinitions", "clusterroles", "clusterrolebindings":
		return true
	}
	return false
}

func (s *Session) may(ctx context.Context, question model.AccessQuestion) (bool, error) {
	review, err := s.clientset.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
			Verb: question.Verb, Group: question.Group, Resource: question.Resource, Subresource: question.Subresource,
			Namespace: question.Namespace, Name: question.Name,
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		return false, s.Explain(err)
	}
	return review.Status.Allowed, nil
}

// Namespaces lists the names of the namespaces, sorted. A 403 is returned as it is: names can still be typed.
func (s *Session) Namespaces(ctx context.Context) ([]string, error) {
	list, err := s.clientset.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, s.Explain(err)
	}
	names := make([]string, 0, len(list.Items))
	for _, namespace := range list.Items {
		names = append(names, namespace.Name)
	}
	slices.Sort(names)
	return names, nil
}
