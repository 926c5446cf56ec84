package check

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func TestLoadBalancerErrorsAreRead(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"googleapi: Error 403: Quota 'IN_USE_ADDRESSES' exceeded. Limit: 8.0":             "quota IN_USE_ADDRESSES",
		"PublicIPCountLimitReached: Cannot create more than 10 public IP addresses":       "cloud quota used up",
		"TooManyLoadBalancers: LimitExceeded":                                             "cloud quota used up",
		"googleapi: Error 403: Required 'compute.addresses.create' permission":            "cloud permission denied (IAM)",
		"AccessDenied: User is not authorized to perform: elasticloadbalancing:Create":    "cloud permission denied (IAM)",
		"could not find any suitable subnets for creating the ELB":                        "no subnet for the load balancer",
		"requested ip \"34.1.2.3\" is neither static nor assigned to the LB":              "static IP cannot be used",
		"instance target type with an unallocated NodePort":                               "load balancer needs node ports",
		"there are no available nodes for LoadBalancer":                                   "no node for the load balancer",
		"Firewall change required by security admin: `gcloud compute firewall-rules ...`": "firewall rule must be made by hand",
		"no available IPs in pool \"default\"":                                            "address pool is used up",
		"rpc error: context deadline exceeded":                                            "load balancer error: see the event",
		"request 14037 failed":                                                            "load balancer error: see the event",
	} {
		if got := loadBalancerClass(message); got.short != want {
			t.Errorf("%s: %q, want %q", message, got.short, want)
		}
	}
}

func TestAnErrorThatWasMendedIsNone(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	svc := service("web", app, loadBalancer)
	failed := event(svc, "Service", "Warning", "SyncLoadBalancerFailed", "quota exceeded", 20*time.Minute)
	for reason, want := range map[string]string{"EnsuredLoadBalancer": "LB-02", "Scheduled": "LB-01"} {
		report := judge(t, "web", svc, pod("a", app), failed, event(svc, "Service", "Normal", reason, "x", 10*time.Minute))
		if lead := report.Leading(); lead == nil || lead.ID != want {
			t.Errorf("after %s: %s", reason, told(report))
		}
	}
	young := event(svc, "Service", "Warning", "SyncLoadBalancerFailed", "quota exceeded", 20*time.Second)
	report := judge(t, "web", svc, pod("a", app), young)
	if lead := report.Leading(); lead.ID != "LB-01" || !lead.Settling || report.Verdict != OK || !report.Again.Equal(now.Add(40*time.Second)) {
		t.Errorf("an error of twenty seconds: again %v %s", report.Again, told(report))
	}
	odd := event(svc, "Service", "Warning", "SyncLoadBalancerFailed", "something odd", 2*time.Minute)
	if lead := judge(t, "web", svc, pod("a", app), odd).Leading(); lead.ID != "LB-01" || lead.Settling {
		t.Errorf("an hour without an address, and an error that nobody knows: %+v", lead)
	}
	held := service("web", app, loadBalancer, func(svc *corev1.Service) { svc.Finalizers = []string{"service.kubernetes.io/load-balancer-cleanup"} })
	if lead := judge(t, "web", held, pod("a", app)).Leading(); lead.ID != "LB-02" || lead.Short != "address pending" {
		t.Errorf("a controller has taken it on: %+v", lead)
	}
}

func TestScaledOnPurposeIsOnlyTold(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	at := ago(time.Hour)
	scaledBy := func(manager, subresource string) func(*appsv1.Deployment) {
		return func(d *appsv1.Deployment) {
			d.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: manager, Subresource: subresource, Time: &at, FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:replicas":{}}}`)}}
		}
	}
	labelled := func(key string) func(*appsv1.Deployment) {
		return func(d *appsv1.Deployment) { d.Annotations = labels{key: "x"} }
	}
	for name, test := range map[string]struct {
		change  func(*appsv1.Deployment)
		verdict Verdict
	}{
		"kubectl scale":         {scaledBy("kubectl", "scale"), Fail},
		"kubectl edit":          {scaledBy("kubectl-edit", ""), Fail},
		"the autoscaler":        {scaledBy("kube-controller-manager", "scale"), OK},
		"not the autoscaler":    {scaledBy("kube-controller-manager", ""), Fail},
		"KEDA":                  {scaledBy("keda-operator", "scale"), OK},
		"KEDA, paused":          {labelled("autoscaling.keda.sh/paused-replicas"), OK},
		"Knative":               {labelled("serving.knative.dev/creator"), OK},
		"kube-downscaler":       {labelled("downscaler/original-replicas"), OK},
		"some other annotation": {labelled("example.com/x"), Fail},
	} {
		if report := judge(t, "web", service("web", app), deployment("web", 0, app, test.change)); report.Verdict != test.verdict || report.Leading().ID != "WL-01" {
			t.Errorf("%s: %s", name, told(report))
		}
	}
}

func TestOwnerOf(t *testing.T) {
	t.Parallel()
	free := replicaSet("free", 1, nil)
	owned := replicaSet("web-1", 1, nil)
	owned.OwnerReferences = []metav1.OwnerReference{{Kind: "Rollout", Name: "web", Controller: new(true)}}
	snapshot := input(cluster(free, owned)).Snapshot
	for want, p := range map[string]*corev1.Pod{
		"deploy/web":  pod("a", labels{}, ofDeploy("web")),
		"rollout/web": pod("a", labels{}, ownedBy("ReplicaSet", "web-1")),
		"rs/free":     pod("a", labels{}, ownedBy("ReplicaSet", "free")),
		"rs/unknown":  pod("a", labels{}, ownedBy("ReplicaSet", "unknown")),
		"rollout/x":   pod("a", labels{"rollouts-pod-template-hash": "abc"}, ownedBy("ReplicaSet", "x-abc")),
		"sts/db":      pod("a", labels{}, ownedBy("StatefulSet", "db")),
		"ds/agent":    pod("a", labels{}, ownedBy("DaemonSet", "agent")),
		"job/once":    pod("a", labels{}, ownedBy("Job", "once")),
		"no owner":    pod("a", labels{}),
	} {
		if got := OwnerOf(snapshot, p).String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestMissingServiceIsMadeFromItsDeployment(t *testing.T) {
	t.Parallel()
	d := deployment("web", 1, labels{"app": "web"}, func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "app", Ports: []corev1.ContainerPort{{ContainerPort: 8080}}}}
	})
	finding := JudgeMissing(input(cluster(d)), model.Key{Namespace: "shop", Name: "web"}).Leading()
	if finding.Fix == nil || finding.Fix.Command != "kubectl --context prod -n shop expose deploy/web --port=8080 --target-port=8080" {
		t.Errorf("%+v", finding.Fix)
	}
}
