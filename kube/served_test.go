package kube

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// customAPIs answers for APIs that the API server behind it does not serve.
type customAPIs struct {
	mu sync.Mutex
	// lists are the answers to lists, by path; their resources and versions are what discovery tells of.
	lists map[string]string
	// asked counts requests by path.
	asked map[string]int
	next  http.Handler
}

func (c *customAPIs) wrap(next http.Handler) http.Handler {
	c.next, c.asked = next, map[string]int{}
	return c
}

func (c *customAPIs) count(path string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked[path]
}

func (c *customAPIs) serve(path, list string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lists[path] = list
}

func (c *customAPIs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.asked[r.URL.Path]++
	list, ours := c.lists[r.URL.Path]
	discovery := c.discovery(r.URL.Path)
	c.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case discovery != nil:
		_ = json.NewEncoder(w).Encode(discovery)
	case ours && r.URL.Query().Get("sendInitialEvents") != "":
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422,"message":"no streaming"}`)
	case ours && r.URL.Query().Get("watch") != "":
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	case ours:
		fmt.Fprint(w, list)
	default:
		w.Header().Del("Content-Type")
		c.next.ServeHTTP(w, r)
	}
}

func (c *customAPIs) discovery(path string) any {
	groups, resources := metav1.APIGroupList{}, metav1.APIResourceList{}
	for list := range c.lists {
		parts := strings.Split(list, "/")
		group, version, resource := parts[2], parts[3], parts[len(parts)-1]
		served := metav1.GroupVersionForDiscovery{GroupVersion: group + "/" + version, Version: version}
		groups.Groups = append(groups.Groups, metav1.APIGroup{Name: group, Versions: []metav1.GroupVersionForDiscovery{served}})
		if path == "/apis/"+group+"/"+version {
			resources.APIResources = append(resources.APIResources, metav1.APIResource{Name: resource})
		}
	}
	switch {
	case path == "/apis":
		return groups
	case len(resources.APIResources) > 0:
		return resources
	}
	return nil
}

func TestStoreReadsTheVersionThatIsServed(t *testing.T) {
	item := func(kind, name string) string {
		return fmt.Sprintf(`{"apiVersion":"x/v1","kind":%q,"metadata":{"namespace":"shop","name":%q,"resourceVersion":"7","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"long"},"managedFields":[{"manager":"x"}]},"spec":{"rules":[{"backendRefs":[{"name":"cart","port":80}]}]}}`, kind, name)
	}
	list := func(kind string, items ...string) string {
		return fmt.Sprintf(`{"apiVersion":"x/v1","kind":"%sList","metadata":{"resourceVersion":"9"},"items":[%s]}`, kind, strings.Join(items, ","))
	}
	apis := &customAPIs{lists: map[string]string{
		"/apis/gateway.networking.k8s.io/v1/httproutes":                      list("HTTPRoute", item("HTTPRoute", "web"), item("HTTPRoute", "")),
		"/apis/gateway.networking.k8s.io/v1alpha3/namespaces/shop/tlsroutes": list("TLSRoute", item("TLSRoute", "tls")),
		"/apis/gateway.networking.k8s.io/v1alpha2/tlsroutes":                 list("TLSRoute"),
		"/apis/gateway.networking.k8s.io/v1beta1/referencegrants":            list("ReferenceGrant", item("ReferenceGrant", "grant")),
		"/apis/argoproj.io/v1alpha1/rollouts":                                list("Rollout", item("Rollout", "roll")),
		"/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/roll":           item("Rollout", "roll"),
		"/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/web":  item("HTTPRoute", "web"),
		"/apis/networking.k8s.io/v1/ingresses":                               list("Ingress"),
		"/apis/apiregistration.k8s.io/v1/apiservices":                        list("APIService", `{"metadata":{"name":"v1.metrics"},"spec":{"service":{"namespace":"shop","name":"metrics"}}}`),
	}}
	c := newTestCluster(t, apis.wrap)
	w := c.watch("", patient(), append(needs("", model.HTTPRoutes, model.GRPCRoutes, model.ReferenceGrants, model.Rollouts, model.ScaledObjects, model.APIServices, model.ServiceCIDRs),
		model.Need{Kind: model.TLSRoutes, Namespace: "shop"})...)
	snapshot := w.until("all that is served is live", func(s *model.Snapshot) bool {
		covered := s.Covered()
		for _, need := range append(needs("", model.HTTPRoutes, model.ReferenceGrants, model.Rollouts, model.APIServices), model.Need{Kind: model.TLSRoutes, Namespace: "shop"}) {
			if covered[need].State != model.Live {
				return false
			}
		}
		return true
	})
	for _, kind := range []model.Kind{model.GRPCRoutes, model.ScaledObjects, model.ServiceCIDRs} {
		w.untilState(model.Need{Kind: kind}, model.Absent)
	}
	if got := fmt.Sprint(names(snapshot.Routes("")), names(snapshot.ReferenceGrants("")), names(snapshot.Rollouts("")), names(snapshot.APIServices())); got != "[shop/web shop/tls] [shop/grant] [shop/roll] [/v1.metrics]" {
		t.Errorf("got %s", got)
	}
	route := snapshot.Routes("")[0]
	if route.Annotations["kubectl.kubernetes.io/last-applied-configuration"] != "" || len(route.ManagedFields) > 0 || len(route.Rules) != 1 || route.Rules[0].Backends[0].Name != "cart" {
		t.Errorf("got %+v", route)
	}
	for path, want := range map[string]int{
		"/apis": 1, "/apis/gateway.networking.k8s.io/v1": 1, "/apis/gateway.networking.k8s.io/v1alpha2": 1,
		"/apis/gateway.networking.k8s.io/v1/grpcroutes": 0, "/apis/keda.sh/v1alpha1/scaledobjects": 0, "/apis/networking.k8s.io/v1/servicecidrs": 0,
	} {
		if got := apis.count(path); got != want {
			t.Errorf("%s was asked for %d times, not %d", path, got, want)
		}
	}
	for ref, want := range map[model.Ref]string{
		{Kind: model.Rollouts, Namespace: "shop", Name: "roll"}:  "name: roll",
		{Kind: model.HTTPRoutes, Namespace: "shop", Name: "web"}: "name: web",
	} {
		text, err := c.session().YAML(t.Context(), ref)
		if err != nil || !strings.Contains(text, want) {
			t.Errorf("%v: %v\n%s", ref, err, text)
		}
	}
	text, err := c.session().Describe(t.Context(), model.Ref{Kind: model.Rollouts, Namespace: "shop", Name: "roll"})
	if err != nil || !strings.Contains(text, "Kind:         Rollout") {
		t.Errorf("got %v\n%s", err, text)
	}

	// What is installed later is found when all is listed anew.
	apis.serve("/apis/keda.sh/v1alpha1/scaledobjects", list("ScaledObject", item("ScaledObject", "scaler")))
	w.Relist()
	w.untilState(model.Need{Kind: model.ScaledObjects}, model.Live)
}

func TestServedWhereDiscoveryIsForbidden(t *testing.T) {
	c := newTestCluster(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/apis" {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}`)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	w := c.watch("", patient(), needs("", model.HTTPRoutes, model.ServiceCIDRs)...)
	w.untilState(model.Need{Kind: model.HTTPRoutes}, model.Absent)
	w.untilState(model.Need{Kind: model.ServiceCIDRs}, model.Live)
}

func TestServedWhereDiscoveryFails(t *testing.T) {
	var mended atomic.Bool
	c := newTestCluster(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !mended.Load() && r.URL.Path == "/apis" {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	w := c.watch("", patient(), needs("", model.HTTPRoutes)...)
	w.untilState(model.Need{Kind: model.HTTPRoutes}, model.Failed)
	mended.Store(true)
	w.untilState(model.Need{Kind: model.HTTPRoutes}, model.Absent)
}

func TestFindNamesOnlyServedKinds(t *testing.T) {
	session := newTestCluster(t, nil).session()
	if _, err := session.served.find(t.Context(), model.Gateways); !meta.IsNoMatchError(err) {
		t.Errorf("got %v", err)
	}
	if resource, err := session.served.find(t.Context(), model.Pods); err != nil || resource != model.Pods.Resource() {
		t.Errorf("got %v, %v", resource, err)
	}
	for _, kind := range model.Kinds() {
		if kind.ObjectKind() == "" {
			t.Errorf("%s has no kind", kind)
		}
	}
}
