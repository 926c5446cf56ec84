package check

import (
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

// What operators, clouds and platforms make of Services, and what is to be said of it. Each is as its authors write it.
func TestRealClusters(t *testing.T) {
	t.Parallel()
	web := labels{"app": "web"}
	ready := pod("web-1", web, ofDeploy("web"))
	balancer := func(change ...func(*corev1.Service)) *corev1.Service {
		return service("web", web, append([]func(*corev1.Service){loadBalancer}, change...)...)
	}
	served := func(svc *corev1.Service) {
		svc.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "203.0.113.7"}}
	}
	atZero := func(change func(*appsv1.Deployment)) *appsv1.Deployment { return deployment("web", 0, web, change) }
	vault := pod("vault-0", labels{"app.kubernetes.io/name": "vault", "vault-active": "true"}, ownedBy("StatefulSet", "vault"))
	primary := pod("db-0", labels{"app": "db", "role": "primary"}, ownedBy("StatefulSet", "db"))
	driver := pod("driver", labels{"spark-app-selector": "x"}, ended(corev1.PodFailed))
	driver.UID = "driver-uid"
	probed := func(port int32, path string) *corev1.Pod {
		return pod("web-1", web, ofDeploy("web"), notReady, func(p *corev1.Pod) {
			p.Spec.Containers[0].ReadinessProbe.HTTPGet.Port, p.Spec.Containers[0].ReadinessProbe.HTTPGet.Path = intstr.FromInt32(port), path
		})
	}
	rewritten := probed(15020, "/app-health/app/readyz")
	rewritten.Spec.Containers = append(rewritten.Spec.Containers, corev1.Container{Name: "istio-proxy"})
	withNEG := func(annotation string) *corev1.Service {
		return service("web", web, func(s *corev1.Service) { s.Annotations = labels{gkeNEGAnnotation: annotation} })
	}
	front := sends("front", "web", "/")
	translate := event(front, "Ingress", "Warning", "Translate", `Translation failed: service "shop/web" is type "ClusterIP", expected "NodePort" or "LoadBalancer"`, 3*time.Minute)
	throttled := balancer(func(s *corev1.Service) { s.CreationTimestamp = ago(3 * time.Minute) })
	told8 := balancer(served)
	aspnet := pod("web-1", web, ofDeploy("web"), containerPorts(corev1.ContainerPort{ContainerPort: 80}), func(p *corev1.Pod) {
		p.Spec.Containers[0].ReadinessProbe = nil
		p.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "ASPNETCORE_URLS", Value: ":8080"}}
	})
	deny := &networkingv1.NetworkPolicy{ObjectMeta: meta("default-deny", nil), Spec: networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{"Ingress"}}}
	calico := node("node-1", func(n *corev1.Node) { n.Annotations = labels{"projectcalico.org/IPv4Address": "192.0.2.4/24"} })

	for name, test := range map[string]struct {
		service string
		objects objects
		verdict Verdict
		// lead is empty where nothing is to be said.
		lead       string
		confidence Confidence
		// says and fix are parts of the leading finding's texts; noFix is a part that its command must not have.
		says, fix, noFix string
	}{
		"OpenShift idled it": {objects: objects{service("web", web), atZero(func(d *appsv1.Deployment) {
			d.Annotations = labels{"idling.alpha.openshift.io/idled-at": "2026-05-01T00:00:00Z"}
		})}, verdict: OK, lead: "WL-01", confidence: Proven, says: "OpenShift idled it"},
		"Sablier keeps it at zero": {objects: objects{service("web", web), atZero(func(d *appsv1.Deployment) { d.Labels = labels{"sablier.enable": "true"} })}, verdict: OK, lead: "WL-01", confidence: Proven, says: "Sablier"},
		"a Spark driver that has failed": {
			service: "driver-svc",
			objects: objects{driver, service("driver-svc", labels{"spark-app-selector": "x"}, headless, ports(port(8080, 8080)), func(s *corev1.Service) {
				s.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: "driver", UID: driver.UID}}
			})},
			verdict: OK, lead: "POD-11", confidence: Proven, says: "belongs to Pod driver",
		},
		"a failed Pod that owns nothing": {
			service: "driver-svc", objects: objects{driver, service("driver-svc", labels{"spark-app-selector": "x"}, headless, ports(port(8080, 8080)), func(s *corev1.Service) {
				s.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: "driver", UID: types.UID("another")}}
			})},
			verdict: Fail, lead: "POD-11", confidence: Proven,
		},
		"Vault's standby Service while its one Pod is active": {
			service: "vault-standby",
			objects: objects{
				vault, service("vault-standby", labels{"app.kubernetes.io/name": "vault", "vault-active": "false"}),
				service("vault-active", labels{"app.kubernetes.io/name": "vault", "vault-active": "true"}),
			},
			verdict: Warn, lead: "SEL-02", confidence: Likely, says: "Service vault-active takes these Pods", noFix: "patch",
		},
		"a sibling that does not take all of the Pods": {
			service: "vault-standby",
			objects: objects{
				vault, pod("vault-1", labels{"app.kubernetes.io/name": "vault", "vault-active": "unknown"}, ownedBy("StatefulSet", "vault")),
				service("vault-standby", labels{"app.kubernetes.io/name": "vault", "vault-active": "false"}),
				service("vault-active", labels{"app.kubernetes.io/name": "vault", "vault-active": "true"}),
			},
			verdict: Fail, lead: "SEL-02", confidence: Proven,
		},
		"a Service of replicas is not pointed at the primary": {
			service: "db-replica", objects: objects{primary, service("db-replica", labels{"app": "db", "role": "replica"})},
			verdict: Fail, lead: "SEL-02", confidence: Proven, noFix: "primary",
		},
		"the cloud slows its controller down": {
			objects: objects{ready, throttled, event(throttled, "Service", "Warning", "SyncLoadBalancerFailed", "Error syncing load balancer: failed to ensure load balancer: Throttling: Rate exceeded", 2*time.Minute)},
			verdict: OK, lead: "LB-01", confidence: Proven, says: "takes no more requests",
		},
		"a quota stays one": {
			objects: objects{ready, throttled, event(throttled, "Service", "Warning", "SyncLoadBalancerFailed", "googleapi: Error 403: Quota 'IN_USE_ADDRESSES' exceeded. Limit: 8.0 in region x., quotaExceeded", 2*time.Minute)},
			verdict: Fail, lead: "LB-01", confidence: Proven, says: "IN_USE_ADDRESSES",
		},
		"a load balancer that serves, and cannot be changed any more": {
			objects: objects{ready, told8, event(told8, "Service", "Warning", "UpdateLoadBalancerFailed", "Error updating load balancer with new hosts: forbidden", 8*time.Minute)},
			verdict: Warn, lead: "LB-01", confidence: Likely, says: "cannot bring it up to date",
		},
		"a load balancer that serves, and was mended": {
			objects: objects{
				ready, told8, event(told8, "Service", "Warning", "UpdateLoadBalancerFailed", "Error updating load balancer with new hosts", 8*time.Minute),
				event(told8, "Service", "Normal", "UpdatedLoadBalancer", "Updated load balancer with new hosts", 7*time.Minute),
			},
			verdict: OK,
		},
		"EKS Auto Mode is at work": {
			objects: objects{ready, balancer(func(s *corev1.Service) {
				s.Spec.LoadBalancerClass, s.Finalizers = new("eks.amazonaws.com/nlb"), []string{"service.eks.amazonaws.com/resources"}
			})},
			verdict: Warn, lead: "LB-03", confidence: Likely, says: "has taken it on",
		},
		"Cilium's pool of addresses is used up": {
			objects: objects{ready, balancer(func(s *corev1.Service) {
				s.Status.Conditions = []metav1.Condition{
					{Type: "cilium.io/Other", Status: metav1.ConditionTrue, Reason: "fine"},
					{Type: "cilium.io/IPAMRequestSatisfied", Status: metav1.ConditionFalse, Reason: "out_of_ips", Message: "All pools are full"},
				}
			})},
			verdict: Warn, lead: "LB-02", confidence: Likely, says: "out_of_ips",
		},
		"a probe of a management port, and nobody may read why it fails": {
			objects: objects{service("web", web), probed(8081, "/healthz"), deployment("web", 1, web)},
			verdict: Fail, lead: "POD-06", confidence: Proven, noFix: "patch",
		},
		"a probe that Istio has rewritten": {
			objects: objects{
				service("web", web), rewritten, deployment("web", 1, web),
				event(rewritten, "Pod", "Warning", "Unhealthy", `Readiness probe failed: Get "http://10.4.0.1:15020/app-health/app/readyz": dial tcp 10.4.0.1:15020: connect: connection refused`, time.Minute),
			},
			verdict: Fail, lead: "POD-06", confidence: Proven, noFix: "patch",
		},
		"network endpoint groups of its own are kept": {
			objects: objects{ready, withNEG(`{"exposed_ports":{"80":{"name":"my-neg"}}}`), front, translate},
			verdict: Fail, lead: "ING-05", confidence: Proven, fix: `{"exposed_ports":{"80":{"name":"my-neg"}},"ingress":true}`,
		},
		"an annotation that is no JSON is not overwritten": {
			objects: objects{ready, withNEG(`{ingress: true}`), front, translate},
			verdict: Fail, lead: "ING-05", confidence: Proven, fix: "is no JSON", noFix: "annotate",
		},
		"ASP.NET says by a variable where it listens": {objects: objects{aspnet, service("web", web)}, verdict: OK},
		"Calico's own policies beside a default deny": {
			objects: objects{ready, service("web", web), deny, calico}, verdict: OK, lead: "NP-01", confidence: Possible, says: "Here is Calico",
		},
	} {
		t.Run(name, func(t *testing.T) {
			name := test.service
			if name == "" {
				name = "web"
			}
			report := judge(t, name, test.objects...)
			if report.Verdict != test.verdict {
				t.Fatalf("want verdict %v, got %s", test.verdict, told(report))
			}
			if test.lead == "" {
				for i := range report.Findings {
					if report.Findings[i].Severity != Info {
						t.Errorf("want nothing said, got %s", told(report))
					}
				}
				return
			}
			if len(report.Findings) == 0 || report.Findings[0].ID != test.lead || report.Findings[0].Confidence != test.confidence {
				t.Fatalf("want %s %v to lead, got %s", test.lead, test.confidence, told(report))
			}
			finding := report.Findings[0]
			text, fix := finding.Title+" "+finding.Why, ""
			if finding.Cause != nil {
				text += " " + finding.Cause.Text
			}
			if finding.Fix != nil {
				fix = finding.Fix.Command + " # " + finding.Fix.Note
				if test.noFix != "" && strings.Contains(finding.Fix.Command, test.noFix) {
					t.Errorf("the command hurts: %s", fix)
				}
			}
			if !strings.Contains(text, test.says) || !strings.Contains(fix, test.fix) {
				t.Errorf("want %q and fix %q, got %s", test.says, test.fix, told(report))
			}
		})
	}
}

// An Ingress that redirects everything names a backend only because it has to.
func TestRedirectsNeedNoBackend(t *testing.T) {
	t.Parallel()
	for annotation, missed := range map[string]bool{
		"nginx.ingress.kubernetes.io/permanent-redirect": false,
		"nginx.ingress.kubernetes.io/temporal-redirect":  false,
		"nginx.ingress.kubernetes.io/ssl-redirect":       true,
	} {
		old := sends("old", "dummy", "/")
		old.Annotations = labels{annotation: "https://new.example"}
		if report := JudgeMissed(input(cluster(old)), model.Key{Namespace: "shop", Name: "dummy"}); (report != nil) != missed {
			t.Errorf("%s: missed is %v", annotation, report != nil)
		}
	}
}

// The cluster's own Pods are meant to ask their node's name server.
func TestSystemPodsAskTheirNode(t *testing.T) {
	t.Parallel()
	coreDNS := pod("coredns-1", labels{"k8s-app": "kube-dns"}, ofDeploy("coredns"), inSystem)
	coreDNS.Spec.DNSPolicy = corev1.DNSDefault
	if finding := ClientDNS(input(cluster(coreDNS)), coreDNS); finding == nil || finding.Severity != Info || finding.Fix != nil {
		t.Errorf("got %+v", finding)
	}
}

// What a report says does not depend on the order of a map.
func TestTextsDoNotDependOnOrder(t *testing.T) {
	t.Parallel()
	texts := map[string]bool{}
	for range 40 {
		client := pod("c", labels{"app": "c"})
		client.Namespace = "web"
		policy := &networkingv1.NetworkPolicy{ObjectMeta: meta("np", nil), Spec: networkingv1.NetworkPolicySpec{Ingress: []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: labels{"name": "web", "team": "web", "x": "web"}},
		}}}}}}
		in := input(cluster(
			service("db", labels{"app": "db"}), pod("db-1", labels{"app": "db"}, ofDeploy("db")), client, policy,
			&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "web", Labels: labels{"kubernetes.io/metadata.name": "web"}}},
		))
		for _, finding := range Reaches(in, model.Key{Namespace: "shop", Name: "db"}, 0, Client{Pod: model.Key{Namespace: "web", Name: "c"}}).Findings {
			if finding.Cause != nil {
				texts[finding.Cause.Text] = true
			}
		}
		resting := deployment("web", 0, labels{"app": "web"}, func(d *appsv1.Deployment) { d.Labels = labels{"downscaler/uptime": "x", "autoscaling.keda.sh/y": "z"} })
		texts[judge(t, "web", service("web", labels{"app": "web"}), resting).Findings[0].Why] = true
	}
	if len(texts) != 2 {
		t.Error(texts)
	}
}

// A Service of thousands of Pods is judged in a time that grows as they do.
func BenchmarkJudgeManyPods(b *testing.B) {
	for _, count := range []int{500, 4000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			web := labels{"app": "web"}
			all := objects{service("web", web)}
			for i := range count {
				all = append(all, pod(fmt.Sprintf("web-%d", i), web, ofDeploy("web"), func(p *corev1.Pod) {
					p.Status.PodIP = fmt.Sprintf("10.%d.%d.%d", 1+i/62500, i/250%250, i%250+1)
					p.Status.PodIPs = []corev1.PodIP{{IP: p.Status.PodIP}}
				}))
			}
			in := input(cluster(all...))
			for b.Loop() {
				Judge(in, model.Key{Namespace: "shop", Name: "web"})
			}
		})
	}
}
