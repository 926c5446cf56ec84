package shop

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

const registry = "registry.shop.example/"

// inHouseApp is one of the shop's own applications: a Deployment and a Service that fit each other.
type inHouseApp struct {
	namespace, name, tier string
	replicas              int32
	image                 string
	clusterIP             string
	port                  int32
	targetPort            string
	// containerPort is declared under the name http unless portName says otherwise.
	containerPort int32
	portName      string
	probe         *corev1.Probe
	env           []corev1.EnvVar
	cpu           string
}

func (a inHouseApp) podLabels() labels { return labels{"app": a.name, "tier": a.tier} }

func (a inHouseApp) deployment() *appsv1.Deployment {
	name := a.portName
	if name == "" {
		name = "http"
	}
	c := container(a.name, registry+a.image, port(name, a.containerPort))
	c.ReadinessProbe, c.Env = a.probe, a.env
	if a.cpu != "" {
		c.Resources = requests(a.cpu, "256Mi")
	}
	return deployment(inHouse(a.namespace, a.name, a.podLabels()), a.replicas, a.podLabels(), c)
}

func (a inHouseApp) service() *corev1.Service {
	name := a.portName
	if name == "" {
		name = "http"
	}
	return service(inHouse(a.namespace, a.name, a.podLabels()), a.clusterIP, a.podLabels(), servicePort(name, a.port, a.targetPort))
}

// install makes both, some time before the demo begins.
func (b *builder) install(before time.Duration, a inHouseApp) {
	b.at(before, func() { b.apply("helm", a.deployment(), a.service()) })
}

// buildShop makes the healthy part of namespace shop.
func (b *builder) buildShop() {
	b.at(60*day, func() { b.namespace("shop") })
	health := httpProbe("/healthz", "http", 10)

	frontend := inHouseApp{
		namespace: "shop", name: "frontend", tier: "frontend", replicas: 4, image: "frontend:5.18.2",
		clusterIP: "10.96.14.1", port: 80, targetPort: "http", containerPort: 8080, probe: health,
	}
	b.at(58*day, func() {
		svc := frontend.service()
		svc.Spec.Type = corev1.ServiceTypeLoadBalancer
		b.apply("helm", svc)
	})
	b.at(2*day, func() { b.apply("helm", frontend.deployment()) })

	b.install(6*day, inHouseApp{
		namespace: "shop", name: "catalog", tier: "backend", replicas: 3, image: "catalog:3.4.0",
		clusterIP: "10.96.20.3", port: 80, targetPort: "http", containerPort: 8080, probe: health,
	})
	b.install(9*day, recommendations("2.9.0"))
	b.install(11*day, inHouseApp{
		namespace: "shop", name: "orders", tier: "backend", replicas: 3, image: "orders:7.2.4",
		clusterIP: "10.96.22.9", port: 80, targetPort: "8080", containerPort: 8080, probe: quick(httpProbe("/healthz", "http", 2)),
	})
	b.install(4*day, inHouseApp{
		namespace: "shop", name: "accounts", tier: "backend", replicas: 2, image: "accounts:2.11.0",
		clusterIP: "10.96.24.2", port: 80, targetPort: "http", containerPort: 8080, probe: quick(httpProbe("/healthz", "http", 3)),
	})
	b.install(11*day+3*time.Hour, inHouseApp{
		namespace: "shop", name: "shipping", tier: "backend", replicas: 2, image: "shipping:1.8.3",
		clusterIP: "10.96.61.2", port: 50051, targetPort: "grpc", containerPort: 50051, portName: "grpc", probe: grpcProbe(50051),
	})
	b.install(30*day, inHouseApp{
		namespace: "shop", name: "currency", tier: "backend", replicas: 2, image: "currency:1.2.0",
		clusterIP: "10.96.62.7", port: 7000, targetPort: "7000", containerPort: 7000, portName: "grpc", probe: grpcProbe(7000),
	})
	// The address of cart is written into the environment: it breaks when cart is ever created anew.
	b.install(13*day, inHouseApp{
		namespace: "shop", name: "notifications", tier: "backend", replicas: 1, image: "notifications:0.9.1",
		clusterIP: "10.96.63.8", port: 80, targetPort: "http", containerPort: 3000, probe: httpProbe("/health", "http", 10),
		env: []corev1.EnvVar{{Name: "CART_URL", Value: "http://10.96.12.7"}, {Name: "ORDERS_URL", Value: "http://orders"}},
	})

	pricing := inHouseApp{
		namespace: "shop", name: "pricing", tier: "backend", replicas: 2, image: "pricing:4.0.2",
		clusterIP: "10.96.30.5", port: 80, targetPort: "http", containerPort: 8080, probe: health,
	}
	b.at(21*day, func() {
		svc := pricing.service()
		svc.Spec.Type = corev1.ServiceTypeLoadBalancer
		svc.Annotations["networking.gke.io/load-balancer-type"] = "Internal"
		b.apply("helm", pricing.deployment(), svc)
	})
	admin := inHouseApp{
		namespace: "shop", name: "admin", tier: "frontend", replicas: 1, image: "admin:1.33.0",
		clusterIP: "10.96.40.6", port: 80, targetPort: "http", containerPort: 8080, probe: health,
	}
	b.at(45*day, func() {
		svc := admin.service()
		svc.Spec.Type = corev1.ServiceTypeNodePort
		svc.Spec.Ports[0].NodePort = 30080
		b.apply("helm", admin.deployment(), svc)
	})
	// A load balancer that has only just been asked for; its Pods are ready already.
	partner := inHouseApp{
		namespace: "shop", name: "partner-api", tier: "backend", replicas: 2, image: "partner-api:0.1.0",
		clusterIP: "10.96.77.9", port: 80, targetPort: "http", containerPort: 8080, probe: health,
	}
	b.at(4*time.Minute, func() { b.apply("helm", partner.deployment()) })
	b.at(25*time.Second, func() {
		svc := partner.service()
		svc.Spec.Type = corev1.ServiceTypeLoadBalancer
		svc.Annotations["networking.gke.io/load-balancer-type"] = "Internal"
		b.apply("helm", svc)
	})

	b.at(40*day, func() {
		b.bitnamiRedis("shop", "redis-cart")
		b.apply("helm", externalName("shop", "erp", "erp.internal.example.com", 443))
	})
	b.at(55*day, func() { b.shopIngress() })
	b.at(50*day, func() {
		b.put(&policyv1.PodDisruptionBudget{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "frontend"},
			Spec: policyv1.PodDisruptionBudgetSpec{
				MinAvailable: ptr.To(intstr.FromInt32(2)), Selector: &metav1.LabelSelector{MatchLabels: frontend.podLabels()},
			},
			Status: policyv1.PodDisruptionBudgetStatus{CurrentHealthy: 4, DesiredHealthy: 2, DisruptionsAllowed: 2, ExpectedPods: 4, ObservedGeneration: 1},
		})
	})
	b.at(6*day, func() { b.put(catalogAutoscaler(3)) })
}

func quick(probe *corev1.Probe) *corev1.Probe {
	probe.FailureThreshold = 1
	return probe
}

func recommendations(version string) inHouseApp {
	return inHouseApp{
		namespace: "shop", name: "recommendations", tier: "backend", replicas: 4, image: "recommendations:" + version,
		clusterIP: "10.96.31.5", port: 8080, targetPort: "http", containerPort: 8080, probe: httpProbe("/healthz", "http", 5),
	}
}

func externalName(namespace, name, target string, number int32) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeExternalName, ExternalName: target, Ports: []corev1.ServicePort{{Port: number, Protocol: corev1.ProtocolTCP}},
		},
	}
}

func catalogAutoscaler(replicas int32) *autoscalingv2.HorizontalPodAutoscaler {
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "catalog"},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			MinReplicas: ptr.To[int32](3), MaxReplicas: 8,
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "catalog"},
			Metrics: []autoscalingv2.MetricSpec{{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
				Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: ptr.To[int32](70)},
			}}},
		},
		Status: autoscalingv2.HorizontalPodAutoscalerStatus{CurrentReplicas: replicas, DesiredReplicas: replicas},
	}
}

// bitnamiRedis is a Redis of one Pod as the chart makes it.
func (b *builder) bitnamiRedis(namespace, name string) {
	metadata, selector := release(namespace, name, "redis", "22.0.4", labels{"app.kubernetes.io/component": "master"})
	c := container("redis", "docker.io/bitnami/redis:8.2.1", port("redis", 6379))
	c.ReadinessProbe = tcpProbe("redis")
	inner := renamed(metadata, name+"-headless")
	b.apply("helm",
		statefulSet(metadata, inner.Name, 1, selector, c),
		service(metadata, "10.96.9.40", selector, servicePort("tcp-redis", 6379, "redis")),
		headless(inner, false, selector, servicePort("tcp-redis", 6379, "redis")))
}

func (b *builder) shopIngress() {
	b.put(ingress("shop", "shop", "shop.example.com", map[string]backend{
		"/": {"frontend", 80}, "/cart": {"cart", 80}, "/checkout": {"checkout", 80}, "/reviews": {"reviews", 80},
	}))
	// The blog moved away; its Ingress did not.
	b.put(ingress("shop", "marketing", "blog.shop.example.com", map[string]backend{"/": {"blog", 80}}))
}

type backend struct {
	service string
	port    int32
}

func ingress(namespace, name, host string, paths map[string]backend) *networkingv1.Ingress {
	prefix := networkingv1.PathTypePrefix
	object := &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Generation: 1},
		Spec: networkingv1.IngressSpec{IngressClassName: ptr.To("nginx"), Rules: []networkingv1.IngressRule{{
			Host: host, IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{}},
		}}},
		Status: networkingv1.IngressStatus{LoadBalancer: networkingv1.IngressLoadBalancerStatus{
			Ingress: []networkingv1.IngressLoadBalancerIngress{{IP: "203.0.113.80"}},
		}},
	}
	for _, path := range sortedKeys(paths) {
		to := paths[path]
		rule := object.Spec.Rules[0].HTTP
		rule.Paths = append(rule.Paths, networkingv1.HTTPIngressPath{
			Path: path, PathType: &prefix,
			Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
				Name: to.service, Port: networkingv1.ServiceBackendPort{Number: to.port},
			}},
		})
	}
	return object
}

// buildPayments makes namespace payments: gRPC, a leader election, and NetworkPolicies.
func (b *builder) buildPayments() {
	b.at(60*day-time.Minute, func() { b.namespace("payments") })
	b.install(40*day, inHouseApp{
		namespace: "payments", name: "payments", tier: "backend", replicas: 3, image: "payments:6.1.0",
		clusterIP: "10.96.77.1", port: 9000, targetPort: "grpc", containerPort: 9000, portName: "grpc", probe: grpcProbe(9000),
	})
	b.install(33*day, inHouseApp{
		namespace: "payments", name: "ledger", tier: "backend", replicas: 2, image: "ledger:2.0.7",
		clusterIP: "10.96.77.2", port: 80, targetPort: "http", containerPort: 8080, probe: httpProbe("/healthz", "http", 10),
	})
	b.install(19*day, inHouseApp{
		namespace: "payments", name: "webhooks", tier: "edge", replicas: 2, image: "webhooks:1.5.0",
		clusterIP: "10.96.77.3", port: 80, targetPort: "http", containerPort: 8080, probe: httpProbe("/healthz", "http", 10),
	})
	b.install(25*day, inHouseApp{
		namespace: "payments", name: "psp-gateway", tier: "edge", replicas: 2, image: "psp-gateway:3.3.3",
		clusterIP: "10.96.77.4", port: 8443, targetPort: "https", containerPort: 8443, portName: "https", probe: tcpProbe("https"),
	})
	// Only the leader is ready: one of three, for good.
	b.install(50*time.Minute, inHouseApp{
		namespace: "payments", name: "settlement", tier: "worker", replicas: 3, image: "settlement:1.0.9",
		clusterIP: "10.96.77.5", port: 80, targetPort: "http", containerPort: 8080, probe: quick(httpProbe("/leader", "http", 15)),
	})
	b.electLeader(50*time.Minute - 4*time.Second)
	b.at(18*day, func() {
		b.put(ingress("payments", "webhooks", "hooks.shop.example.com", map[string]backend{"/": {"webhooks", 80}}))
		b.put(&networkingv1.NetworkPolicy{
			ObjectMeta: metav1.ObjectMeta{Namespace: "payments", Name: "payments-from-shop", Generation: 1},
			Spec: networkingv1.NetworkPolicySpec{
				PodSelector: metav1.LabelSelector{MatchLabels: labels{"app": "payments"}},
				PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
				Ingress: []networkingv1.NetworkPolicyIngressRule{{
					From:  []networkingv1.NetworkPolicyPeer{{NamespaceSelector: &metav1.LabelSelector{MatchLabels: labels{corev1.LabelMetadataName: "shop"}}}},
					Ports: []networkingv1.NetworkPolicyPort{{Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(intstr.FromString("grpc"))}},
				}},
			},
		})
	})
}

// buildData makes namespace data: databases from charts, headless Services, and one that lives outside.
func (b *builder) buildData() {
	b.at(60*day-2*time.Minute, func() { b.namespace("data") })
	b.at(40*day, func() {
		metadata, selector := release("data", "postgresql", "postgresql", "17.0.2", labels{"app.kubernetes.io/component": "primary"})
		c := container("postgresql", "docker.io/bitnami/postgresql:17.6.0", port("tcp-postgresql", 5432))
		c.ReadinessProbe = execProbe("/bin/sh", "-c", "pg_isready -U postgres -h 127.0.0.1 -p 5432")
		c.Resources = requests("250m", "512Mi")
		inner := renamed(metadata, "postgresql-hl")
		b.apply("helm",
			statefulSet(metadata, inner.Name, 1, selector, c),
			service(metadata, "10.96.70.2", selector, servicePort("tcp-postgresql", 5432, "tcp-postgresql")),
			headless(inner, true, selector, servicePort("tcp-postgresql", 5432, "tcp-postgresql")))
	})
	b.at(38*day, func() {
		metadata, selector := release("data", "kafka", "kafka", "32.4.3", labels{"app.kubernetes.io/component": "broker"})
		c := container("kafka", "docker.io/bitnami/kafka:4.0.0", port("client", 9092), port("interbroker", 9094))
		c.ReadinessProbe = tcpProbe("client")
		c.Resources = requests("200m", "1Gi")
		inner := renamed(metadata, "kafka-headless")
		b.apply("helm",
			statefulSet(metadata, inner.Name, 3, selector, c),
			service(metadata, "10.96.70.9", selector, servicePort("tcp-client", 9092, "client")),
			headless(inner, true, selector, servicePort("tcp-client", 9092, "client"), servicePort("tcp-interbroker", 9094, "interbroker")))
	})
	b.at(26*day, func() {
		metadata, selector := release("data", "elasticsearch-master", "elasticsearch", "8.5.1", nil)
		c := container("elasticsearch", "docker.elastic.co/elasticsearch/elasticsearch:8.19.4", port("http", 9200), port("transport", 9300))
		c.ReadinessProbe = tcpProbe("http")
		c.Resources = requests("300m", "2Gi")
		inner := renamed(metadata, "elasticsearch-master-headless")
		b.apply("helm",
			statefulSet(metadata, inner.Name, 3, selector, c),
			service(metadata, "10.96.71.4", selector, servicePort("http", 9200, "http"), servicePort("transport", 9300, "transport")),
			headless(inner, true, selector, servicePort("http", 9200, "http"), servicePort("transport", 9300, "transport")))
	})
	b.at(52*day, func() { b.warehouse() })
	b.at(41*day, func() { b.nightlyBackup() })
}

// warehouse is a database outside of the cluster: no selector, and a slice that somebody wrote.
func (b *builder) warehouse() {
	b.apply("kubectl-client-side-apply", service(metav1.ObjectMeta{Namespace: "data", Name: "warehouse"}, "10.96.72.1", nil,
		servicePort("postgres", 5432, "5432")))
	b.put(&discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Namespace: "data", Name: "warehouse-1", Generation: 1, Labels: labels{
			discoveryv1.LabelServiceName: "warehouse", discoveryv1.LabelManagedBy: "platform-team",
		}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: ptr.To("postgres"), Port: ptr.To[int32](5432), Protocol: ptr.To(corev1.ProtocolTCP)}},
		Endpoints: []discoveryv1.Endpoint{
			{Addresses: []string{"10.20.4.31"}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)}},
			{Addresses: []string{"10.20.4.32"}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)}},
		},
	})
}

func (b *builder) nightlyBackup() {
	last := metav1.NewTime(b.ago(11 * time.Hour))
	done := metav1.NewTime(b.ago(11*time.Hour - 3*time.Minute))
	own := labels{"app": "nightly-backup"}
	spec := corev1.PodSpec{RestartPolicy: corev1.RestartPolicyOnFailure, Containers: []corev1.Container{container("backup", registry+"pg-backup:1.4.0")}}
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: own}, Spec: spec}
	cron := &batchv1.CronJob{
		ObjectMeta: metav1.ObjectMeta{Namespace: "data", Name: "nightly-backup"},
		Spec:       batchv1.CronJobSpec{Schedule: "0 3 * * *", ConcurrencyPolicy: batchv1.ForbidConcurrent, JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: template}}},
		Status:     batchv1.CronJobStatus{LastScheduleTime: &last, LastSuccessfulTime: &done},
	}
	b.put(cron)
	b.at(11*time.Hour, func() {
		job := &batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "data", Name: "nightly-backup-29351700", Labels: own,
				OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(cron, batchv1.SchemeGroupVersion.WithKind("CronJob"))},
			},
			Spec: batchv1.JobSpec{Template: template, Completions: ptr.To[int32](1), Parallelism: ptr.To[int32](1)},
			Status: batchv1.JobStatus{Succeeded: 1, StartTime: &last, CompletionTime: &done, Conditions: []batchv1.JobCondition{
				{Type: batchv1.JobComplete, Status: corev1.ConditionTrue, LastTransitionTime: done, LastProbeTime: done},
			}},
		}
		b.put(job)
		b.put(&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "data", Name: job.Name + "-m8c4w", Labels: own,
				OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))},
			},
			Spec: *spec.DeepCopy(),
			Status: corev1.PodStatus{Phase: corev1.PodSucceeded, StartTime: &last, Conditions: []corev1.PodCondition{
				{Type: corev1.PodReady, Status: corev1.ConditionFalse, Reason: "PodCompleted", LastTransitionTime: done},
				{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: last},
			}},
		})
	})
}

// buildOps makes namespace ops: the Ingress controller and the monitoring.
func (b *builder) buildOps() {
	b.at(65*day, func() { b.namespace("ops") })
	b.at(62*day, func() {
		metadata, selector := release("ops", "ingress-nginx-controller", "ingress-nginx", "4.13.3", labels{"app.kubernetes.io/component": "controller"})
		c := container("controller", "registry.k8s.io/ingress-nginx/controller:v1.13.3", port("http", 80), port("https", 443), port("webhook", 8443))
		c.ReadinessProbe = httpProbe("/healthz", "10254", 10)
		c.Resources = requests("100m", "90Mi")
		front := service(metadata, "10.96.3.10", selector, servicePort("http", 80, "http"), servicePort("https", 443, "https"))
		front.Spec.Type = corev1.ServiceTypeLoadBalancer
		admission := service(renamed(metadata, "ingress-nginx-controller-admission"), "10.96.3.11", selector, servicePort("https-webhook", 443, "webhook"))
		b.apply("helm", deployment(metadata, 2, selector, c), front, admission)
	})
	b.at(60*day, func() {
		metadata, selector := release("ops", "prometheus-server", "prometheus", "27.39.0", labels{"app.kubernetes.io/component": "server"})
		c := container("prometheus-server", "quay.io/prometheus/prometheus:v3.6.0", port("", 9090))
		c.ReadinessProbe = httpProbe("/-/ready", "9090", 10)
		c.Resources = requests("200m", "1Gi")
		b.apply("helm", deployment(metadata, 1, selector, c), service(metadata, "10.96.80.1", selector, servicePort("http", 80, "9090")))
	})
	b.at(59*day, func() {
		metadata, selector := release("ops", "grafana", "grafana", "10.1.2", nil)
		c := container("grafana", "docker.io/grafana/grafana:12.2.0", port("grafana", 3000))
		c.ReadinessProbe = httpProbe("/api/health", "grafana", 10)
		b.apply("helm", deployment(metadata, 1, selector, c), service(metadata, "10.96.80.2", selector, servicePort("service", 80, "grafana")))
	})
	b.at(58*day, func() {
		metadata, selector := release("ops", "alertmanager", "alertmanager", "1.27.0", nil)
		c := container("alertmanager", "quay.io/prometheus/alertmanager:v0.28.1", port("web", 9093), port("mesh-tcp", 9094))
		c.ReadinessProbe = httpProbe("/-/ready", "web", 10)
		inner := renamed(metadata, "alertmanager-operated")
		b.apply("helm", statefulSet(metadata, inner.Name, 2, selector, c),
			headless(inner, true, selector, servicePort("web", 9093, "web"), servicePort("tcp-mesh", 9094, "mesh-tcp")))
		// A managed control plane runs no scheduler in a Pod: the chart's Service for it never has one.
		metadata = metav1.ObjectMeta{Namespace: "kube-system", Name: "kube-prometheus-stack-kube-scheduler", Labels: labels{
			"app": "kube-prometheus-stack-kube-scheduler", "release": "kube-prometheus-stack", "app.kubernetes.io/managed-by": "Helm",
		}}
		b.apply("helm", headless(metadata, false, labels{"component": "kube-scheduler"}, servicePort("http-metrics", 10259, "10259")))
	})
}
