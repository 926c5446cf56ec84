package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/svctui/svctui/kube/model"
)

// versionsOf returns the versions from which an extension kind can be read, the one to be preferred first.
func versionsOf(kind model.Kind) []string {
	switch kind {
	case model.HTTPRoutes, model.Gateways:
		return []string{"v1", "v1beta1"}
	case model.GRPCRoutes:
		return []string{"v1", "v1alpha2"}
	case model.TLSRoutes:
		return []string{"v1", "v1alpha3", "v1alpha2"}
	case model.TCPRoutes:
		return []string{"v1", "v1alpha2"}
	case model.ReferenceGrants:
		return []string{"v1", "v1beta1"}
	}
	return []string{kind.Resource().Version}
}

// custom tells whether a kind is read through the dynamic client.
func custom(kind model.Kind) bool {
	return kind.Extension() && kind != model.ServiceCIDRs
}

// served knows which kinds a cluster serves, and in which version, so that a cluster without an API is asked once and
// not by a list of each kind again and again. It reads the list of groups, and of a group that is there the resources of the
// versions that matter: of a cluster without any extension one small answer. Safe for concurrent use.
type served struct {
	client rest.Interface

	// mu is held while asking, so that a dozen kinds that begin together ask once.
	mu sync.Mutex
	// groups are the versions of each group; nil until known.
	groups map[string][]string
	// resources are those of the versions that were looked into.
	resources map[schema.GroupVersion][]string
}

func newServed(client rest.Interface) *served { return &served{client: client} }

// forget makes the next find ask anew.
func (s *served) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups, s.resources = nil, nil
}

// find returns the resource to read a kind from. The error satisfies meta.IsNoMatchError where no version is served. Where it
// may not be known what is served, it is the preferred version: reading it tells more.
func (s *served) find(ctx context.Context, kind model.Kind) (schema.GroupVersionResource, error) {
	resource := kind.Resource()
	if !kind.Extension() {
		return resource, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.learnGroups(ctx); apierrors.IsForbidden(err) {
		return resource, nil
	} else if err != nil {
		return resource, err
	}
	for _, version := range versionsOf(kind) {
		if !slices.Contains(s.groups[resource.Group], version) {
			continue
		}
		resource.Version = version
		names, err := s.learnResources(ctx, resource.GroupVersion())
		switch {
		case apierrors.IsForbidden(err):
			return resource, nil
		case err != nil:
			return resource, err
		case slices.Contains(names, resource.Resource):
			return resource, nil
		}
	}
	return resource, &meta.NoResourceMatchError{PartialResource: kind.Resource()}
}

// learnGroups asks for the groups unless they are known. mu is held.
func (s *served) learnGroups(ctx context.Context) error {
	if s.groups != nil {
		return nil
	}
	var list metav1.APIGroupList
	if err := s.get(ctx, "/apis", &list); err != nil {
		return err
	}
	groups := map[string][]string{}
	for _, group := range list.Groups {
		for _, version := range group.Versions {
			groups[group.Name] = append(groups[group.Name], version.Version)
		}
	}
	s.groups, s.resources = groups, map[schema.GroupVersion][]string{}
	return nil
}

// learnResources asks for the resources of a version unless they are known. A version that is gone by now has none. mu is held.
func (s *served) learnResources(ctx context.Context, version schema.GroupVersion) ([]string, error) {
	if names, known := s.resources[version]; known {
		return names, nil
	}
	var list metav1.APIResourceList
	if err := s.get(ctx, "/apis/"+version.String(), &list); err != nil && !apierrors.IsNotFound(err) {
		return nil, err
	}
	names := make([]string, 0, len(list.APIResources))
	for i := range list.APIResources {
		names = append(names, list.APIResources[i].Name)
	}
	s.resources[version] = names
	return names, nil
}

func (s *served) get(ctx context.Context, path string, into any) error {
	body, err := s.client.Get().AbsPath(path).SetHeader("Accept", "application/json").DoRaw(ctx)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("reading what the API server serves: %s is no JSON: %w", path, err)
	}
	return nil
}
