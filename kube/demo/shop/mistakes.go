package shop

import (
	"maps"
	"net/http"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/demo/apps"
	"github.com/svctui/svctui/kube/demo/simulation"
)

// buildMistakes makes the part of namespace shop where something went wrong. Each began healthy, unless it was born broken.
func (b *builder) buildMistakes() {
	b.checkout()
	b.cart()
	b.web()
	b.search()
	b.quotes()
	b.reviews()
	b.wishlist()
	b.promotions()
	b.giftCards()
	b.loyalty()
	b.sessions()
	b.media()
	b.at(33*day, func() { b.apply("kubectl-client-side-apply", externalName("shop", "legacy-db", "10.128.0.37", 5432)) })
}

// checkout: an upgrade "corrected" the Service's selector, three minutes ago, and left the Pods' labels.
func (b *builder) checkout() {
	app := inHouseApp{
		namespace: "shop", name: "checkout", tier: "backend", replicas: 3, image: "checkout:4.7.1",
		clusterIP: "10.96.45.23", port: 80, targetPort: "http", containerPort: 8080, probe: httpProbe("/healthz", "http", 10),
	}
	podLabels := labels{"app": "check-out", "tier": "backend"}
	deploy := func() *appsv1.Deployment {
		d := app.deployment()
		d.Spec.Selector.MatchLabels, d.Spec.Template.Labels = podLabels, maps.Clone(podLabels)
		return d
	}
	b.at(40*day, func() {
		svc := app.service()
		svc.Spec.Selector = maps.Clone(podLabels)
		b.apply("helm", deploy(), svc)
	})
	b.at(3*time.Minute, func() { b.apply("helm", app.service()) })
}

// cart: its Redis wants another password since twelve minutes ago, so no Pod is ready.
func (b *builder) cart() {
	b.install(40*day-time.Hour, inHouseApp{
		namespace: "shop", name: "cart", tier: "backend", replicas: 3, image: "cart:2.4.1",
		clusterIP: "10.96.12.7", port: 80, targetPort: "8080", containerPort: 8080, probe: httpProbe("/healthz", "http", 10),
		env: []corev1.EnvVar{{Name: "REDIS_ADDR", Value: "redis-cart:6379"}},
	})
	b.at(12*time.Minute, func() {
		b.sim.Strike(simulation.Incident{
			Namespace: "shop", Workload: "cart",
			Answer: failing(http.StatusServiceUnavailable, `{"status":"unavailable","redis":"WRONGPASS invalid username-password pair or user is disabled."}`),
		})
	})
}

// web: the load balancer cannot get an address, because the region's quota is used up.
func (b *builder) web() {
	app := inHouseApp{
		namespace: "shop", name: "web", tier: "frontend", replicas: 3, image: "web:1.0.0",
		clusterIP: "10.96.3.9", port: 443, targetPort: "8443", containerPort: 8443, portName: "https", probe: httpsProbe("/healthz", "https"),
	}
	b.at(27*time.Minute, func() { b.apply("helm", app.deployment()) })
	b.at(26*time.Minute, func() {
		svc := app.service()
		svc.Spec.Type = corev1.ServiceTypeLoadBalancer
		b.apply("helm", svc)
	})
}

// search: the Service's port was taken for the container's.
func (b *builder) search() {
	b.install(2*time.Hour, inHouseApp{
		namespace: "shop", name: "search", tier: "backend", replicas: 2, image: "search:0.14.0",
		clusterIP: "10.96.3.77", port: 80, targetPort: "80", containerPort: 8080, probe: httpProbe("/healthz", "http", 10),
	})
}

// quotes: it listens on 127.0.0.1, and its probe looks from inside.
func (b *builder) quotes() {
	b.install(5*time.Hour, inHouseApp{
		namespace: "shop", name: "quotes", tier: "backend", replicas: 2, image: "quotes:0.3.0",
		clusterIP: "10.96.50.4", port: 80, targetPort: "8080", containerPort: 8080,
		probe: execProbe("wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/healthz"),
	})
}

// reviews: the new release does not start.
func (b *builder) reviews() {
	app := inHouseApp{
		namespace: "shop", name: "reviews", tier: "backend", replicas: 2, image: "reviews:3.1.4",
		clusterIP: "10.96.52.8", port: 80, targetPort: "http", containerPort: 8080, probe: httpProbe("/actuator/health/readiness", "http", 5),
	}
	recreate := func(a inHouseApp) *appsv1.Deployment {
		d := a.deployment()
		d.Spec.Strategy.Type = appsv1.RecreateDeploymentStrategyType
		return d
	}
	b.at(17*day, func() { b.apply("helm", recreate(app), app.service()) })
	broken := app
	broken.image = "reviews:3.2.0"
	b.at(41*time.Minute, func() { b.apply("helm", recreate(broken)) })
}

// wishlist: the tag ends in the letter O.
func (b *builder) wishlist() {
	b.install(48*time.Minute, inHouseApp{
		namespace: "shop", name: "wishlist", tier: "backend", replicas: 2, image: "wishlist:1.14.O",
		clusterIP: "10.96.53.3", port: 80, targetPort: "http", containerPort: 8080, probe: httpProbe("/healthz", "http", 10),
	})
}

// promotions: it asks for more than any node has.
func (b *builder) promotions() {
	b.install(35*time.Minute, inHouseApp{
		namespace: "shop", name: "promotions", tier: "backend", replicas: 2, image: "promotions:2.0.0",
		clusterIP: "10.96.54.6", port: 80, targetPort: "http", containerPort: 8080, probe: httpProbe("/healthz", "http", 10), cpu: "6",
	})
}

// giftCards: somebody scaled it to zero and went to lunch.
func (b *builder) giftCards() {
	app := inHouseApp{
		namespace: "shop", name: "gift-cards", tier: "backend", replicas: 2, image: "gift-cards:1.6.2",
		clusterIP: "10.96.55.5", port: 80, targetPort: "http", containerPort: 8080, probe: httpProbe("/healthz", "http", 10),
	}
	b.install(15*day, app)
	app.replicas = 0
	b.at(2*time.Hour+10*time.Minute, func() { b.apply("kubectl", app.deployment()) })
}

// loyalty: the program was switched off and its Deployment deleted; the Service stayed.
func (b *builder) loyalty() {
	app := inHouseApp{
		namespace: "shop", name: "loyalty", tier: "backend", replicas: 1, image: "loyalty:0.8.0",
		clusterIP: "10.96.56.7", port: 80, targetPort: "http", containerPort: 8080, probe: httpProbe("/healthz", "http", 10),
	}
	b.install(30*day, app)
	b.at(26*time.Hour, func() { b.sim.Delete(app.deployment()) })
}

// sessions: a refactoring renamed the container's port, and the Service asks for the old name.
func (b *builder) sessions() {
	app := inHouseApp{
		namespace: "shop", name: "sessions", tier: "backend", replicas: 2, image: "sessions:2.2.0",
		clusterIP: "10.96.57.2", port: 80, targetPort: "http", containerPort: 8080, probe: httpProbe("/healthz", "8080", 10),
	}
	b.install(22*day, app)
	app.portName, app.image = "web", "sessions:2.3.0"
	b.at(17*time.Minute, func() { b.apply("helm", app.deployment()) })
}

// media: moved to a chart with the recommended labels; the old Service still asks for app=media.
func (b *builder) media() {
	app := inHouseApp{
		namespace: "shop", name: "media", tier: "backend", replicas: 2, image: "media:1.9.0",
		clusterIP: "10.96.58.9", port: 80, targetPort: "http", containerPort: 8080, probe: httpProbe("/healthz", "http", 10),
	}
	b.at(20*day, func() {
		svc, old := app.service(), app.deployment()
		svc.Spec.Selector = labels{"app": "media"}
		svc.Labels, svc.Annotations = labels{"app": "media"}, nil
		old.Labels, old.Annotations = labels{"app": "media"}, nil
		b.apply("kubectl-client-side-apply", old, svc)
	})
	b.at(6*time.Hour, func() {
		b.sim.Delete(app.deployment())
		metadata, selector := release("shop", "media", "media", "0.1.0", nil)
		chart := app.deployment()
		chart.ObjectMeta = metadata
		chart.Spec.Selector = &metav1.LabelSelector{MatchLabels: selector}
		chart.Spec.Template.Labels = maps.Clone(selector)
		b.apply("helm", chart)
	})
}

// electLeader leaves one of the three Pods of settlement ready.
func (b *builder) electLeader(before time.Duration) {
	b.at(before, func() {
		b.sim.Strike(simulation.Incident{
			Namespace: "payments", Workload: "settlement", Pods: 2, Path: "/leader",
			Answer: apps.Text(http.StatusServiceUnavailable, "standby"),
		})
	})
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
