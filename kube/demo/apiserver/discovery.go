package apiserver

import (
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strings"

	apidiscovery "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
)

// aggregatedType is the media type of discovery in one answer (KEP-3352).
const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

// serverVersion is the Kubernetes release that the server says it is.
func serverVersion() version.Info {
	return version.Info{
		Major: "1", Minor: "36", EmulationMajor: "1", EmulationMinor: "36", MinCompatibilityMajor: "1", MinCompatibilityMinor: "35",
		GitVersion: "v1.36.3", GitTreeState: "clean", Platform: "linux/amd64", Compiler: "gc", GoVersion: "go1.26.3",
		BuildDate: "2026-09-08T10:12:31Z", GitCommit: "0000000000000000000000000000000000000000",
	}
}

func (s *Server) serveDiscovery(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	switch path {
	case "/version":
		writeJSON(w, "application/json", serverVersion())
		return
	case "/healthz", "/livez", "/readyz":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok"))
		return
	case "/api":
		if wantsAggregated(r) {
			writeJSON(w, aggregatedType, s.aggregated(true))
			return
		}
		writeJSON(w, "application/json", metav1.APIVersions{
			TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"},
			ServerAddressByClientCIDRs: []metav1.ServerAddressByClientCIDR{},
		})
		return
	case "/apis":
		if wantsAggregated(r) {
			writeJSON(w, aggregatedType, s.aggregated(false))
			return
		}
		writeJSON(w, "application/json", s.groups())
		return
	}
	for _, gv := range s.catalogue.groupVersions() {
		if path == "/apis/"+gv.String() || gv.Group == "" && path == "/api/"+gv.Version {
			writeJSON(w, "application/json", s.resourceList(gv))
			return
		}
	}
	writeNotFoundPath(w)
}

func wantsAggregated(r *http.Request) bool {
	for clause := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		_, params, err := mime.ParseMediaType(strings.TrimSpace(clause))
		if err == nil && params["as"] == "APIGroupDiscoveryList" && params["v"] == "v2" {
			return true
		}
	}
	return false
}

func (s *Server) groups() metav1.APIGroupList {
	list := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
	for _, gv := range s.catalogue.groupVersions() {
		if gv.Group == "" {
			continue
		}
		served := metav1.GroupVersionForDiscovery{GroupVersion: gv.String(), Version: gv.Version}
		list.Groups = append(list.Groups, metav1.APIGroup{
			Name: gv.Group, Versions: []metav1.GroupVersionForDiscovery{served}, PreferredVersion: served,
		})
	}
	return list
}

func (s *Server) resourceList(gv schema.GroupVersion) metav1.APIResourceList {
	list := metav1.APIResourceList{
		TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: gv.String(),
	}
	for _, r := range s.catalogue.all {
		if r.GroupVersion() == gv {
			list.APIResources = append(list.APIResources, metav1.APIResource{
				Name: r.Resource, SingularName: r.singular, Namespaced: r.namespaced, Kind: r.kind,
				Verbs: r.verbs, ShortNames: r.shortNames,
			})
		}
	}
	for _, sub := range s.catalogue.subs {
		if sub.parent.GroupVersion() == gv {
			list.APIResources = append(list.APIResources, metav1.APIResource{
				Name: sub.parent.Resource + "/" + sub.name, Namespaced: true, Kind: sub.kind, Verbs: sub.verbs,
			})
		}
	}
	slices.SortFunc(list.APIResources, func(a, b metav1.APIResource) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func (s *Server) aggregated(core bool) apidiscovery.APIGroupDiscoveryList {
	list := apidiscovery.APIGroupDiscoveryList{
		TypeMeta: metav1.TypeMeta{Kind: "APIGroupDiscoveryList", APIVersion: "apidiscovery.k8s.io/v2"},
	}
	for _, gv := range s.catalogue.groupVersions() {
		if core != (gv.Group == "") {
			continue
		}
		served := apidiscovery.APIVersionDiscovery{Version: gv.Version, Freshness: apidiscovery.DiscoveryFreshnessCurrent}
		for _, r := range s.catalogue.all {
			if r.GroupVersion() == gv {
				served.Resources = append(served.Resources, s.aggregatedResource(r))
			}
		}
		list.Items = append(list.Items, apidiscovery.APIGroupDiscovery{
			ObjectMeta: metav1.ObjectMeta{Name: gv.Group}, Versions: []apidiscovery.APIVersionDiscovery{served},
		})
	}
	return list
}

func (s *Server) aggregatedResource(r resource) apidiscovery.APIResourceDiscovery {
	scope := apidiscovery.ScopeCluster
	if r.namespaced {
		scope = apidiscovery.ScopeNamespace
	}
	found := apidiscovery.APIResourceDiscovery{
		Resource: r.Resource, SingularResource: r.singular, ShortNames: r.shortNames, Scope: scope, Verbs: r.verbs,
		ResponseKind: &metav1.GroupVersionKind{Group: r.Group, Version: r.Version, Kind: r.kind},
	}
	for _, sub := range s.catalogue.subs {
		if sub.parent == r.GroupVersionResource {
			found.Subresources = append(found.Subresources, apidiscovery.APISubresourceDiscovery{
				Subresource: sub.name, Verbs: sub.verbs,
				ResponseKind: &metav1.GroupVersionKind{Version: "v1", Kind: sub.kind},
			})
		}
	}
	return found
}

func writeJSON(w http.ResponseWriter, contentType string, value any) {
	w.Header().Set("Content-Type", contentType)
	// An error here means that the client has left.
	_ = json.NewEncoder(w).Encode(value)
}
