package apiserver

import (
	"fmt"
	"io"
	"net/http"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
)

// maxReviewBytes is far more than any review needs.
const maxReviewBytes = 1 << 20

// serveReview answers the questions that a user may ask about themselves.
func (s *Server) serveReview(w http.ResponseWriter, r *http.Request, t target) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxReviewBytes))
	if err != nil {
		writeError(w, r, apierrors.NewBadRequest(err.Error()))
		return
	}
	obj, kind, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, nil)
	if err != nil {
		writeError(w, r, apierrors.NewBadRequest(err.Error()))
		return
	}
	var answer runtime.Object
	switch review := obj.(type) {
	case *authorizationv1.SelfSubjectAccessReview:
		review.Status = s.reviewAccess(t.User, review.Spec)
		answer = review
	case *authorizationv1.SelfSubjectRulesReview:
		if review.Spec.Namespace == "" {
			writeError(w, r, apierrors.NewBadRequest("no namespace on request"))
			return
		}
		review.Status = s.reviewRules(t.User, review.Spec.Namespace)
		answer = review
	case *authenticationv1.SelfSubjectReview:
		review.Status.UserInfo = authenticationv1.UserInfo{Username: t.User, Groups: []string{"system:authenticated"}}
		answer = review
	default:
		writeError(w, r, apierrors.NewBadRequest(fmt.Sprintf("cannot review %s", kind)))
		return
	}
	answer.GetObjectKind().SetGroupVersionKind(*kind)
	writeObject(w, r, http.StatusCreated, answer)
}

func (s *Server) reviewAccess(user string, spec authorizationv1.SelfSubjectAccessReviewSpec) authorizationv1.SubjectAccessReviewStatus {
	asked := Attributes{User: user}
	switch {
	case spec.ResourceAttributes != nil:
		about := spec.ResourceAttributes
		asked.Verb, asked.Group, asked.Version = about.Verb, about.Group, about.Version
		asked.Resource, asked.Subresource = about.Resource, about.Subresource
		asked.Namespace, asked.Name = about.Namespace, about.Name
		// The API server itself evaluates cluster-scoped kinds under the namespace that the question names, which is
		// why clients must leave it empty. The rule sees the question as it was asked.
	case spec.NonResourceAttributes != nil:
		asked.Verb, asked.Path = spec.NonResourceAttributes.Verb, spec.NonResourceAttributes.Path
	}
	if s.denied(asked) {
		return authorizationv1.SubjectAccessReviewStatus{Allowed: false}
	}
	return authorizationv1.SubjectAccessReviewStatus{Allowed: true, Reason: "RBAC: allowed by ClusterRoleBinding \"demo\""}
}

// reviewRules tells for every served resource and verb whether it is allowed in the namespace. Denials by name cannot be
// told in this form; the real server cannot either.
func (s *Server) reviewRules(user, namespace string) authorizationv1.SubjectRulesReviewStatus {
	status := authorizationv1.SubjectRulesReviewStatus{
		NonResourceRules: []authorizationv1.NonResourceRule{
			{Verbs: []string{"get"}, NonResourceURLs: []string{"/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/readyz", "/version", "/version/"}},
		},
		ResourceRules: []authorizationv1.ResourceRule{},
	}
	add := func(group, version, name, sub string, verbs []string) {
		full := name
		if sub != "" {
			full += "/" + sub
		}
		var allowed []string
		for _, verb := range verbs {
			asked := Attributes{User: user, Verb: verb, Group: group, Version: version, Resource: name, Subresource: sub, Namespace: namespace}
			if !s.denied(asked) {
				allowed = append(allowed, verb)
			}
		}
		if len(allowed) > 0 {
			status.ResourceRules = append(status.ResourceRules, authorizationv1.ResourceRule{
				Verbs: allowed, APIGroups: []string{group}, Resources: []string{full},
			})
		}
	}
	for _, res := range s.catalogue.all {
		add(res.Group, res.Version, res.Resource, "", res.verbs)
	}
	for _, sub := range s.catalogue.subs {
		add(sub.parent.Group, sub.parent.Version, sub.parent.Resource, sub.name, sub.verbs)
	}
	return status
}
