package kube

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/demo/apiserver"
	"github.com/svctui/svctui/kube/model"
)

// The engine's Source, spelled out because nothing here may import what judges.
var _ interface {
	Changed() <-chan struct{}
	Take() (*model.Snapshot, []model.Change)
	Ask([]model.Need)
	Scope() string
} = (*Store)(nil)

func needs(namespace string, kinds ...model.Kind) []model.Need {
	var needs []model.Need
	for _, kind := range kinds {
		needs = append(needs, model.Need{Kind: kind, Namespace: namespace})
	}
	return needs
}

var (
	allServices = model.Need{Kind: model.Services}
	allPods     = model.Need{Kind: model.Pods}
	shopPods    = model.Need{Kind: model.Pods, Namespace: "shop"}
)

func hasServices(want ...string) func(*model.Snapshot) bool {
	return func(s *model.Snapshot) bool { return slices.Equal(names(s.Services("")), want) }
}

func TestStoreFollowsTheCluster(t *testing.T) {
	c := newTestCluster(t, nil, service("shop", "cart"), slice("shop", "cart-1", "cart"), pod("shop", "cart-x"))
	w := c.watch("", patient(), needs("", model.Kinds()...)...)
	for _, kind := range model.Kinds() {
		if custom(kind) {
			w.untilState(model.Need{Kind: kind}, model.Absent)
		} else {
			w.untilState(model.Need{Kind: kind}, model.Live)
		}
	}
	snapshot := w.until("everything is there", func(s *model.Snapshot) bool {
		return len(s.Services("")) == 1 && len(s.SlicesOf(model.Key{Namespace: "shop", Name: "cart"})) == 1 && len(s.Pods("shop")) == 1
	})
	before := snapshot.Service(model.Key{Namespace: "shop", Name: "cart"})

	w.changes = nil
	c.put(numbered(service("shop", "cart"), 1), service("shop", "web"))
	w.until("web came and cart changed", func(s *model.Snapshot) bool {
		return hasServices("shop/cart", "shop/web")(s) && s.Services("")[0].Labels["number"] == "1"
	})
	c.objects.Delete(service("shop", "cart"))
	w.until("cart went", hasServices("shop/web"))
	for _, change := range w.changes {
		if change.Key.Name == "cart" && change.Before != nil && change.Before.GetResourceVersion() == before.ResourceVersion {
			if change.Before != corev1Object(before) {
				t.Error("Before is not the object that was in the snapshot")
			}
			return
		}
	}
	t.Errorf("no change started from the cart that was there first: %v", w.changes)
}

func corev1Object(service *corev1.Service) any { return service }

func TestStoreCoalesces(t *testing.T) {
	c := newTestCluster(t, nil, numbered(service("shop", "cart"), 0))
	w := c.watch("", patient())
	first := w.until("cart is there", hasServices("shop/cart"))
	w.untilState(allServices, model.Live)

	c.put(service("shop", "passing"))
	c.objects.Delete(service("shop", "passing"))
	for n := 1; n <= 50; n++ {
		c.put(numbered(service("shop", "cart"), n))
	}
	c.put(service("shop", "last"))
	// Nothing is taken until the last change has arrived.
	eventually(t, "the last change arrives", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		_, arrived := w.pending[model.Services][model.Key{Namespace: "shop", Name: "last"}]
		return arrived
	})
	snapshot, changes := w.Take()
	if !hasServices("shop/cart", "shop/last")(snapshot) {
		t.Errorf("services are %v", names(snapshot.Services("")))
	}
	if len(changes) != 2 {
		t.Errorf("want one change each of cart and last, got %v", changes)
	}
	for _, change := range changes {
		if change.Key.Name != "cart" {
			continue
		}
		if change.Before != corev1Object(first.Services("")[0]) || change.After.GetLabels()["number"] != "50" {
			t.Errorf("the change goes from %v to %v", change.Before.GetLabels(), change.After.GetLabels())
		}
	}
	if again, more := w.Take(); len(more) != 0 || !hasServices("shop/cart", "shop/last")(again) {
		t.Errorf("a second Take has %v", more)
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestStoreForbiddenKind(t *testing.T) {
	for _, kind := range []model.Kind{model.Services, model.EndpointSlices, model.Pods, model.Events, model.Nodes} {
		t.Run(string(kind), func(t *testing.T) {
			c := newTestCluster(t, nil, service("shop", "cart"), slice("shop", "cart-1", "cart"), pod("shop", "cart-x"))
			c.deny(func(a apiserver.Attributes) bool { return a.Resource == string(kind) })
			asked := needs("", model.Pods, model.Events, model.Nodes)
			w := c.watch("", patient(), asked...)
			for _, other := range append(asked, allServices, model.Need{Kind: model.EndpointSlices}) {
				if other.Kind != kind {
					w.untilState(other, model.Live)
				}
			}
			coverage := w.untilState(model.Need{Kind: kind}, model.Forbidden)
			if coverage.Verb != "list" || !strings.Contains(coverage.Reason, "cannot list resource") {
				t.Errorf("coverage is %+v", coverage)
			}
			if coverage.Known() {
				t.Error("a forbidden kind counts as known")
			}
			// The feed is over: whatever happens elsewhere, it asks no more.
			eventually(t, "its reflector ends", func() bool { return ended(w.Store, model.Need{Kind: kind}) })
			if n := c.count("list", kind); n != 1 {
				t.Errorf("it was listed %d times", n)
			}

			c.deny(nil)
			w.Relist()
			w.untilState(model.Need{Kind: kind}, model.Live)
		})
	}
}

func ended(s *Store, need model.Need) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.feeds[need]
	return f != nil && f.done
}

func TestStoreForbiddenLater(t *testing.T) {
	c := newTestCluster(t, nil, service("shop", "cart"))
	w := c.watch("", patient())
	w.untilState(allServices, model.Live)
	w.untilWatched(allServices)
	c.deny(func(a apiserver.Attributes) bool { return a.Resource == "services" })
	c.server.ExpireWatches()
	w.untilState(allServices, model.Forbidden)
	if got := names(w.last.Services("")); len(got) != 0 {
		t.Errorf("objects that may not be seen any more are still there: %v", got)
	}
}

func TestStoreListedWhereWatchIsDenied(t *testing.T) {
	for _, need := range []model.Need{allServices, allPods} {
		t.Run(string(need.Kind), func(t *testing.T) {
			c := newTestCluster(t, nil, service("shop", "cart"), pod("shop", "cart-x"))
			c.deny(func(a apiserver.Attributes) bool { return a.Verb == "watch" && a.Resource == string(need.Kind) })
			w := c.watch("", patient(), allPods)
			coverage := w.untilState(need, model.Listed)
			if coverage.Verb != "watch" || coverage.Since.IsZero() || !coverage.Known() {
				t.Errorf("coverage is %+v", coverage)
			}
			count := func(s *model.Snapshot) int { return len(s.Services("")) + len(s.Pods("")) }
			w.until("both are there", func(s *model.Snapshot) bool { return count(s) == 2 })

			c.put(service("shop", "web"), pod("shop", "web-x"))
			w.Relist()
			w.until("all four are there", func(s *model.Snapshot) bool { return count(s) == 4 })
			if again := w.untilState(need, model.Listed); !again.Since.After(coverage.Since) {
				t.Errorf("listed again, but since %v as before", again.Since)
			}
		})
	}
}

func TestStoreAbsentKind(t *testing.T) {
	c := newTestCluster(t, nil, service("shop", "cart"))
	c.misbehave(&apiserver.Fault{Code: http.StatusNotFound, Message: "404 page not found"}, model.Pods, "list", "watch")
	w := c.watch("", patient(), allPods)
	w.untilState(allPods, model.Absent)
	w.untilState(allServices, model.Live)
}

func TestStoreSurvivesExpiredHistory(t *testing.T) {
	c := newTestCluster(t, nil, service("shop", "cart"), service("shop", "web"), pod("shop", "x"), pod("shop", "y"))
	w := c.watch("", patient(), allPods)
	w.until("everything is there", func(s *model.Snapshot) bool { return len(s.Services("")) == 2 && len(s.Pods("")) == 2 })
	w.untilWatched(allServices)

	// While the watches are down a change is lost to history, a deletion among them.
	c.misbehave(&apiserver.Fault{Drop: true}, model.Services, "watch")
	c.server.EndWatches()
	c.objects.Delete(service("shop", "web"))
	c.objects.Delete(pod("shop", "y"))
	c.put(service("shop", "new"))
	c.server.Misbehave(nil)
	c.server.ExpireWatches()
	w.until("the list was made anew", func(s *model.Snapshot) bool {
		return hasServices("shop/cart", "shop/new")(s) && len(s.Pods("")) == 1
	})
	w.untilState(allServices, model.Live)
}

func TestStoreSurvivesEndedWatches(t *testing.T) {
	c := newTestCluster(t, nil, service("shop", "cart"))
	w := c.watch("", patient())
	w.untilState(allServices, model.Live)
	w.untilWatched(allServices)
	c.server.EndWatches()
	c.put(service("shop", "web"))
	w.until("the watch went on", hasServices("shop/cart", "shop/web"))
}

func TestStoreStaleAndBack(t *testing.T) {
	for _, test := range []struct {
		name   string
		fault  apiserver.Fault
		reason string
		login  bool
	}{
		{"connection cut", apiserver.Fault{Drop: true}, "", false},
		{"overloaded", apiserver.Fault{Code: http.StatusServiceUnavailable}, "apiserver is shutting down", false},
		{"login expired", apiserver.Fault{Code: http.StatusUnauthorized}, "401 Unauthorized", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newTestCluster(t, nil, service("shop", "cart"))
			quick := patient()
			quick.broken = 50 * time.Millisecond
			w := c.watch("", quick)
			live := w.untilState(allServices, model.Live)
			w.until("cart is there", hasServices("shop/cart"))
			w.untilWatched(allServices)

			c.misbehave(&test.fault, model.Services, "list", "watch")
			c.server.EndWatches()
			w.until("it is stale, and says why", func(s *model.Snapshot) bool {
				coverage := s.Covered()[allServices]
				return coverage.State == model.Stale && strings.Contains(coverage.Reason, test.reason)
			})
			stale := w.last.Covered()[allServices]
			if stale.Since.IsZero() || stale.Since.Before(live.Since) || stale.Login != test.login {
				t.Errorf("coverage is %+v after %+v", stale, live)
			}
			if !hasServices("shop/cart")(w.last) {
				t.Error("a stale object must stay")
			}
			c.server.Misbehave(nil)
			c.put(service("shop", "web"))
			w.untilState(allServices, model.Live)
			w.until("it follows again", hasServices("shop/cart", "shop/web"))
		})
	}
}

func TestStoreSilence(t *testing.T) {
	// The test server sends a bookmark every minute, so there is silence from the start.
	quick := patient()
	// A reflector takes a watch that ends within a second for a broken one.
	quick.silent, quick.stale = 1100*time.Millisecond, time.Hour
	t.Run("a quiet kind is not stale", func(t *testing.T) {
		c := newTestCluster(t, nil, service("shop", "cart"))
		w := c.watch("", quick)
		w.untilState(allServices, model.Live)
		eventually(t, "the watch was opened anew", func() bool { return c.count("watch", model.Services) >= 3 })
		if n := c.count("list", model.Services); n != 1 {
			t.Errorf("listed %d times", n)
		}
		if snapshot, _ := w.Take(); snapshot.Covered()[allServices].State != model.Live {
			t.Errorf("services are %v", snapshot.Covered()[allServices])
		}
		c.put(service("shop", "web"))
		w.until("it follows", hasServices("shop/cart", "shop/web"))
	})
	t.Run("a server that hangs is", func(t *testing.T) {
		c := newTestCluster(t, nil, service("shop", "cart"))
		quick := quick
		quick.stale = 2 * time.Second
		w := c.watch("", quick)
		w.untilState(allServices, model.Live)
		c.misbehave(&apiserver.Fault{Hang: true}, model.Services, "list", "watch")
		w.untilState(allServices, model.Stale)
	})
}

func TestStoreFirstListFails(t *testing.T) {
	c := newTestCluster(t, nil, service("shop", "cart"), pod("shop", "x"))
	c.server.Misbehave(func(a apiserver.Attributes) *apiserver.Fault {
		if a.IsResource() {
			return &apiserver.Fault{Code: http.StatusInternalServerError}
		}
		return nil
	})
	w := c.watch("", patient(), allPods)
	for _, need := range []model.Need{allServices, allPods} {
		if coverage := w.untilState(need, model.Failed); !strings.Contains(coverage.Reason, "leader changed") {
			t.Errorf("coverage is %+v", coverage)
		}
	}
	c.server.Misbehave(nil)
	for _, need := range []model.Need{allServices, allPods} {
		w.untilState(need, model.Live)
	}
	w.until("cart is there", hasServices("shop/cart"))
}

func TestStoreScope(t *testing.T) {
	c := newTestCluster(t, nil, service("shop", "cart"), service("bank", "vault"), service("bank", "till"))
	w := c.watch("", patient())
	w.until("all are there", hasServices("bank/till", "bank/vault", "shop/cart"))

	w.SetScope("bank")
	if w.Scope() != "bank" {
		t.Errorf("the scope is %q", w.Scope())
	}
	// From all to one there is nothing to wait for.
	snapshot, changes := w.Take()
	if !hasServices("bank/till", "bank/vault")(snapshot) || len(changes) != 1 || changes[0].After != nil || changes[0].Key.Name != "cart" {
		t.Errorf("right after the change there are %v, by %v", names(snapshot.Services("")), changes)
	}
	if _, covered := snapshot.Covered()[allServices]; covered {
		t.Error("all namespaces are still covered")
	}
	c.put(service("bank", "new"), service("shop", "unseen"))
	w.until("the one follows", hasServices("bank/new", "bank/till", "bank/vault"))

	w.SetScope("shop")
	w.until("shop is there", hasServices("shop/cart", "shop/unseen"))

	w.SetScope("")
	w.until("all are there again", hasServices("bank/new", "bank/till", "bank/vault", "shop/cart", "shop/unseen"))
	w.untilState(allServices, model.Live)
	w.until("the namespace's own feed is gone", func(s *model.Snapshot) bool {
		_, covered := s.Covered()[model.Need{Kind: model.Services, Namespace: "shop"}]
		return !covered
	})
	c.objects.Delete(service("shop", "cart"))
	w.until("shop follows", hasServices("bank/new", "bank/till", "bank/vault", "shop/unseen"))
}

func TestStoreClosesWhatIsNotWanted(t *testing.T) {
	c := newTestCluster(t, nil, pod("shop", "x"))
	quick := patient()
	quick.closing = 100 * time.Millisecond
	w := c.watch("", quick, shopPods)
	w.untilState(shopPods, model.Live)
	w.until("the Pod is there", func(s *model.Snapshot) bool { return len(s.Pods("shop")) == 1 })
	w.changes = nil
	w.Ask(nil)
	w.until("the Pod is gone", func(s *model.Snapshot) bool {
		_, covered := s.Covered()[shopPods]
		return !covered && len(s.Pods("shop")) == 0
	})
	if len(w.changes) != 1 || w.changes[0].After != nil {
		t.Errorf("changes are %v", w.changes)
	}
	if state := w.last.Coverage(model.Pods, "shop").State; state != model.NotAsked {
		t.Errorf("Pods are %v", state)
	}
}

func TestStoreKeepsWhatIsWantedAgain(t *testing.T) {
	c := newTestCluster(t, nil, pod("shop", "x"))
	w := c.watch("", patient(), shopPods)
	w.untilState(shopPods, model.Live)
	eventually(t, "it is watched", func() bool { return c.count("watch", model.Pods) >= 1 })
	asked := c.count("watch", model.Pods) + c.count("list", model.Pods)
	for range 10 {
		w.Ask(nil)
		w.Ask([]model.Need{shopPods})
	}
	c.put(pod("shop", "y"))
	w.until("it still follows", func(s *model.Snapshot) bool { return len(s.Pods("shop")) == 2 })
	if now := c.count("watch", model.Pods) + c.count("list", model.Pods); now != asked {
		t.Errorf("flipping made %d more requests", now-asked)
	}
}

func TestStoreOverlap(t *testing.T) {
	t.Run("one namespace is served by all", func(t *testing.T) {
		c := newTestCluster(t, nil, pod("shop", "x"))
		w := c.watch("", patient(), allPods, shopPods)
		w.untilState(allPods, model.Live)
		if state := w.last.Coverage(model.Pods, "shop").State; state != model.Live {
			t.Errorf("Pods of shop are %v", state)
		}
		for _, request := range c.server.Requests() {
			if request.Resource == "pods" && request.Namespace != "" {
				t.Errorf("asked for the namespace too: %+v", request)
			}
		}
	})
	t.Run("unless all are forbidden", func(t *testing.T) {
		c := newTestCluster(t, nil, pod("shop", "x"))
		c.deny(func(a apiserver.Attributes) bool { return a.Resource == "pods" && a.Namespace == "" })
		w := c.watch("", patient(), allPods, shopPods)
		w.untilState(allPods, model.Forbidden)
		w.untilState(shopPods, model.Live)
		w.until("the Pod is there", func(s *model.Snapshot) bool { return len(s.Pods("shop")) == 1 })
		if state := w.last.Coverage(model.Pods, "bank").State; state != model.Forbidden {
			t.Errorf("Pods of bank are %v", state)
		}
	})
}

func TestStoreOldServerTakesStreamedListForAWatch(t *testing.T) {
	var streamed atomic.Bool
	ignore := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			query := r.URL.Query()
			if query.Has("sendInitialEvents") {
				streamed.Store(true)
				rw.Header().Set("Content-Type", "application/json")
				rw.WriteHeader(http.StatusOK)
				rw.(http.Flusher).Flush()
				<-r.Context().Done()
				return
			}
			next.ServeHTTP(rw, r)
		})
	}
	c := newTestCluster(t, ignore, pod("shop", "x"))
	quick := patient()
	quick.streaming = 100 * time.Millisecond
	w := c.watch("", quick, allPods)
	w.untilState(allPods, model.Live)
	w.until("the Pod is there", func(s *model.Snapshot) bool { return len(s.Pods("")) == 1 })
	if !streamed.Load() {
		t.Error("the list was never asked for as a stream")
	}
}

func TestStoreTakesAfterStop(t *testing.T) {
	c := newTestCluster(t, nil, service("shop", "cart"))
	w := c.watch("", patient())
	w.until("cart is there", hasServices("shop/cart"))
	w.Stop()
	w.Stop()
	w.SetScope("bank")
	w.Ask([]model.Need{shopPods})
	w.Relist()
	if snapshot, _ := w.Take(); !hasServices("shop/cart")(snapshot) {
		t.Errorf("services are %v", names(snapshot.Services("")))
	}
}

func TestStoreDoesNotSpinOnWhatItCannotClose(t *testing.T) {
	long := time.Now().Add(-time.Hour)
	store := newStore(clients{}, model.AllNamespaces)
	failed := model.Coverage{State: model.Failed}
	for _, kind := range []model.Kind{model.Services, model.EndpointSlices} {
		need := model.Need{Kind: kind}
		store.feeds[need] = &feed{store: store, need: need, coverage: failed}
	}
	// The namespace that was shown before serves until all namespaces could be listed, which they cannot now.
	before := model.Need{Kind: model.Services, Namespace: "shop"}
	store.feeds[before] = &feed{store: store, need: before, listed: true, coverage: failed, unwantedSince: long}
	store.ctx = t.Context()
	store.look(time.Now())
	select {
	case <-store.kick:
		t.Error("looking wakes the one who looks")
	default:
	}
	if store.feeds[before] == nil {
		t.Error("what still serves was closed")
	}
}
