package shop

import (
	"net/http"
	"time"

	"github.com/svctui/svctui/kube/demo/apps"
)

// Applications returns what runs in the shop's containers, by image.
func Applications() apps.ByImage {
	const httpPort, grpcPort = 8080, 50051
	ok := apps.JSON(http.StatusOK, `{"status":"ok"}`)
	api := func(name string) func(apps.Call) apps.Response {
		return apps.Paths(map[string]apps.Response{
			"/healthz": ok, "/": apps.JSON(http.StatusOK, `{"service":"`+name+`"}`), "/metrics": apps.Text(http.StatusOK, "up 1"),
		})
	}
	service := func(name string, log apps.Log) apps.Application {
		return apps.Application{
			Warmup: 1200 * time.Millisecond, Log: log,
			Ports: []apps.Port{{Number: httpPort, HTTP: api(name)}},
		}
	}
	grpc := func(name string, number int32) apps.Application {
		return apps.Application{Warmup: time.Second, NoShell: true, Log: grpcLog(name), Ports: []apps.Port{{Number: number, Raw: apps.GRPC}}}
	}

	found := apps.ByImage{
		registry + "frontend":        {Warmup: time.Second, Log: accessLog(), Ports: []apps.Port{{Number: httpPort, HTTP: storefront(ok)}}},
		registry + "admin":           service("admin", accessLog()),
		registry + "catalog":         service("catalog", jsonLog("catalog", "GET /products", "GET /products/search")),
		registry + "recommendations": service("recommendations", jsonLog("recommendations", "POST /rank", "GET /similar")),
		registry + "orders":          service("orders", jsonLog("orders", "POST /orders", "GET /orders")),
		registry + "accounts":        service("accounts", jsonLog("accounts", "POST /login", "GET /me")),
		registry + "pricing":         service("pricing", jsonLog("pricing", "POST /quote")),
		registry + "partner-api":     service("partner-api", jsonLog("partner-api", "GET /v1/offers")),
		registry + "cart":            service("cart", cartLog()),
		registry + "checkout":        service("checkout", jsonLog("checkout", "POST /checkout")),
		registry + "search":          service("search", jsonLog("search", "GET /search")),
		registry + "gift-cards":      service("gift-cards", jsonLog("gift-cards", "GET /cards")),
		registry + "loyalty":         service("loyalty", jsonLog("loyalty", "GET /points")),
		registry + "sessions":        service("sessions", jsonLog("sessions", "PUT /session")),
		registry + "media":           service("media", accessLog()),
		registry + "ledger":          service("ledger", jsonLog("ledger", "POST /entries")),
		registry + "webhooks":        service("webhooks", jsonLog("webhooks", "POST /stripe")),
		registry + "promotions":      service("promotions", apps.Log{}),
		registry + "notifications": {Warmup: time.Second, Log: jsonLog("notifications", "POST /send"), Ports: []apps.Port{{
			Number: 3000, HTTP: apps.Paths(map[string]apps.Response{"/health": ok, "/": apps.JSON(http.StatusOK, `{"queued":0}`)}),
		}}},
		registry + "settlement": {Warmup: time.Second, Log: electionLog(), Ports: []apps.Port{{
			Number: httpPort, HTTP: apps.Paths(map[string]apps.Response{"/leader": apps.Text(http.StatusOK, "leader"), "/healthz": ok}),
		}}},
		registry + "shipping":    grpc("shipping", grpcPort),
		registry + "currency":    grpc("currency", 7000),
		registry + "payments":    grpc("payments", 9000),
		registry + "psp-gateway": {Warmup: time.Second, Log: jsonLog("psp-gateway", "POST /authorize"), Ports: []apps.Port{{Number: 8443, TLS: true, HTTP: api("psp-gateway")}}},
		registry + "web":         {Warmup: time.Second, Log: accessLog(), Ports: []apps.Port{{Number: 8443, TLS: true, HTTP: storefront(ok)}}},
		registry + "quotes": {Warmup: time.Second, Log: loopbackLog(), Ports: []apps.Port{{
			Number: httpPort, LoopbackOnly: true, HTTP: api("quotes"),
		}}},
		registry + "reviews": {Warmup: 3 * time.Second, Log: springLog(), Ports: []apps.Port{{
			Number: httpPort, HTTP: apps.Paths(map[string]apps.Response{"/actuator/health/readiness": apps.JSON(http.StatusOK, `{"status":"UP"}`), "/": ok}),
		}}},
		registry + "reviews:3.2.0": {
			Warmup: time.Minute, Log: crashLog(),
			Exit: &apps.Exit{After: 9400 * time.Millisecond, Code: 1, Reason: "Error"},
		},
		registry + "wishlist": {PullError: `failed to resolve reference "registry.shop.example/wishlist:1.14.O": registry.shop.example/wishlist:1.14.O: not found`},
	}
	for image, app := range platformApplications() {
		found[image] = app
	}
	return found
}

// platformApplications are those that the shop took from others.
func platformApplications() apps.ByImage {
	text := func(answers map[string]string) func(apps.Call) apps.Response {
		all := map[string]apps.Response{}
		for path, body := range answers {
			all[path] = apps.Text(http.StatusOK, body)
		}
		return apps.Paths(all)
	}
	return apps.ByImage{
		"docker.io/bitnami/redis":      {Warmup: time.Second, Log: redisLog(), Ports: []apps.Port{{Number: 6379, Raw: apps.Redis}}},
		"docker.io/bitnami/postgresql": {Warmup: 2 * time.Second, Log: postgresLog(), Ports: []apps.Port{{Number: 5432, Raw: apps.Postgres}}},
		"docker.io/bitnami/kafka":      {Warmup: 3 * time.Second, Log: kafkaLog(), Ports: []apps.Port{{Number: 9092, Raw: apps.Silent}, {Number: 9094, Raw: apps.Silent}}},
		"docker.elastic.co/elasticsearch/elasticsearch": {Warmup: 3 * time.Second, Log: kafkaLog(), Ports: []apps.Port{
			{Number: 9200, HTTP: apps.Paths(map[string]apps.Response{"/": apps.JSON(http.StatusOK, `{"cluster_name":"shop","tagline":"You Know, for Search"}`)})},
			{Number: 9300, Raw: apps.Silent},
		}},
		"quay.io/prometheus/prometheus": {Warmup: time.Second, Log: goKitLog("prometheus"), Ports: []apps.Port{{
			Number: 9090, HTTP: text(map[string]string{"/-/ready": "Prometheus Server is Ready.", "/-/healthy": "Prometheus Server is Healthy.", "/": "<a href=\"/query\">Found</a>."}),
		}}},
		"quay.io/prometheus/alertmanager": {Warmup: time.Second, Log: goKitLog("alertmanager"), Ports: []apps.Port{
			{Number: 9093, HTTP: text(map[string]string{"/-/ready": "OK", "/-/healthy": "OK", "/": "alertmanager"})}, {Number: 9094, Raw: apps.Silent},
		}},
		"docker.io/grafana/grafana": {Warmup: time.Second, Log: goKitLog("grafana"), Ports: []apps.Port{{
			Number: 3000, HTTP: apps.Paths(map[string]apps.Response{"/api/health": apps.JSON(http.StatusOK, `{"database":"ok","version":"12.2.0"}`), "/": apps.HTML(http.StatusOK, "<title>Grafana</title>")}),
		}}},
		"registry.k8s.io/ingress-nginx/controller": {Warmup: time.Second, Log: accessLog(), Ports: []apps.Port{
			{Number: 80, Ingress: true, HTTP: notFoundByNginx},
			{Number: 443, TLS: true, Ingress: true, HTTP: notFoundByNginx},
			{Number: 8443, TLS: true, HTTP: notFoundByNginx},
			{Number: 10254, HTTP: text(map[string]string{"/healthz": "ok"})},
		}},
		"registry.k8s.io/coredns/coredns": {Warmup: time.Second, Log: corednsLog(), Ports: []apps.Port{
			{Number: 53, UDP: true},
			{Number: 53, Raw: apps.Silent},
			{Number: 9153, HTTP: text(map[string]string{"/metrics": "coredns_build_info 1"})},
			{Number: 8181, HTTP: text(map[string]string{"/ready": "OK"})},
		}},
		"registry.k8s.io/metrics-server/metrics-server": {Warmup: time.Second, Ports: []apps.Port{{
			Number: 10250, TLS: true, HTTP: text(map[string]string{"/readyz": "ok", "/livez": "ok"}),
		}}},
		"registry.k8s.io/kube-proxy": {Log: apps.Log{Startup: []string{`I1005 09:12:44.018231       1 server.go:677] "Using nftables Proxier"`}}},
	}
}

func notFoundByNginx(apps.Call) apps.Response {
	return apps.HTML(http.StatusNotFound, "<html>\n<head><title>404 Not Found</title></head>\n<body>\n<center><h1>404 Not Found</h1></center>\n<hr><center>nginx</center>\n</body>\n</html>")
}

func storefront(health apps.Response) func(apps.Call) apps.Response {
	return apps.Paths(map[string]apps.Response{
		"/healthz": health, "/": apps.HTML(http.StatusOK, "<!doctype html><title>The Shop</title><h1>Welcome</h1>"),
	})
}
