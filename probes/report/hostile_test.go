package report_test

import (
	"encoding/json"
	"math/rand"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/randfill"
	"sigs.k8s.io/yaml"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/report"
)

// judgedAt is the time of every hostile cluster.
var judgedAt = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// anyFiller fills objects of every kind with what an API server, or somebody in its place, might send: any field may be nil, and texts are few,
// so that names meet.
func anyFiller(bytes []byte, extra string) *randfill.Filler {
	texts := []string{
		"", "web", "web", "web", "api", "we-b", "shop", "shop", "prod", "app", "http", "8080", "10.0.0.1", "10.0.0.0/8", "fd00::1", "db.shop.svc.cluster.local", ".", "-", "kubernetes.io/metadata.name",
		"Deployment", "ReplicaSet", "Service", "Pod", "Node", "Gateway", "HTTPRoute", "gateway.networking.k8s.io", "node-1", "CrashLoopBackOff", "Unhealthy", "FailedCreate", "SyncLoadBalancerFailed", "rollouts-pod-template-hash",
		"\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "a\nb", "a\r\nb", "\u202eright", "\u200b", "\xff\xfe", "\u0085", "'; rm -rf /; '", "`id`", "| a | b |", "<script>", "{{ x }}", "%s%d%!", strings.Repeat("語", 90),
		"Readiness probe failed: HTTP probe failed with statuscode: 503", `{"exposed_ports":{"80":{}}}`, `[{"name":"x"`, extra,
	}
	text := func(c randfill.Continue) string { return texts[c.Intn(len(texts))] }
	// Fields that no check reads, because kube takes them out on arrival, would only cost time.
	unread := regexp.MustCompile(`^(Volumes|Affinity|Resources|Env|EnvFrom|VolumeMounts|VolumeDevices|SecurityContext|EphemeralContainers|EphemeralContainerStatuses|TopologySpreadConstraints|Tolerations|Lifecycle|ImagePullSecrets|DNSConfig|Overhead|ResourceClaims|VolumeClaimTemplates|Images|VolumesAttached|Features|Config|NodeInfo|Raw|AllocatedResources|AllocatedResourcesStatus|ResourceClaimStatuses|VolumesInUse|DaemonEndpoints)$`)
	return randfill.NewFromGoFuzz(bytes).NilChance(0.35).NumElements(0, 3).MaxDepth(14).SkipFieldsWithPattern(unread).Funcs(
		func(s *string, c randfill.Continue) { *s = text(c) },
		func(n *int32, c randfill.Continue) {
			*n = []int32{0, 1, 2, 53, 80, 443, 8080, 9090, -1, 65536, 2147483647}[c.Intn(11)]
		},
		func(t *metav1.Time, c randfill.Continue) { *t = anyTime(c) },
		func(t *metav1.MicroTime, c randfill.Continue) { *t = metav1.MicroTime(anyTime(c)) },
		func(v *intstr.IntOrString, c randfill.Continue) {
			*v = intstr.IntOrString{Type: intstr.Type(c.Intn(3)), IntVal: []int32{0, 80, 8080, -1}[c.Intn(4)], StrVal: text(c)}
		},
		func(q *resource.Quantity, c randfill.Continue) {
			*q = *resource.NewQuantity(int64(c.Intn(10)), resource.DecimalSI)
		},
		func(f *metav1.FieldsV1, c randfill.Continue) {
			*f = *metav1.NewFieldsV1([]string{`{"f:spec":{"f:selector":{},"f:type":{},"f:ports":{},"f:replicas":{}}}`, `{"f:endpoints":{}}`, `{"f:`, ""}[c.Intn(4)])
		},
		func(m *metav1.ObjectMeta, c randfill.Continue) {
			c.FillNoCustom(m)
			if c.Intn(8) > 0 {
				m.Namespace = "shop"
			}
			m.UID = types.UID(m.Name)
		},
		func(p *corev1.Protocol, c randfill.Continue) {
			*p = []corev1.Protocol{"", "TCP", "TCP", "UDP", "SCTP", "odd"}[c.Intn(6)]
		},
		func(t *corev1.ServiceType, c randfill.Continue) {
			*t = []corev1.ServiceType{"", "ClusterIP", "ClusterIP", "NodePort", "LoadBalancer", "LoadBalancer", "ExternalName", "odd"}[c.Intn(8)]
		},
		func(f *corev1.IPFamily, c randfill.Continue) {
			*f = []corev1.IPFamily{"IPv4", "IPv4", "IPv6", ""}[c.Intn(4)]
		},
		func(a *discoveryv1.AddressType, c randfill.Continue) {
			*a = []discoveryv1.AddressType{"IPv4", "IPv4", "IPv6", "FQDN", ""}[c.Intn(5)]
		},
		func(p *corev1.PodPhase, c randfill.Continue) {
			*p = []corev1.PodPhase{"Running", "Running", "Pending", "Failed", "Succeeded", "Unknown", ""}[c.Intn(7)]
		},
		func(s *corev1.ConditionStatus, c randfill.Continue) {
			*s = []corev1.ConditionStatus{"True", "False", "Unknown", ""}[c.Intn(4)]
		},
		func(t *corev1.PodConditionType, c randfill.Continue) {
			*t = []corev1.PodConditionType{"Ready", "Ready", "PodScheduled", "Initialized", "ContainersReady", "odd"}[c.Intn(6)]
		},
		func(t *corev1.NodeConditionType, c randfill.Continue) {
			*t = []corev1.NodeConditionType{"Ready", "NetworkUnavailable", "odd"}[c.Intn(3)]
		},
		func(t *appsv1.DeploymentConditionType, c randfill.Continue) {
			*t = []appsv1.DeploymentConditionType{"Progressing", "ReplicaFailure", "Available"}[c.Intn(3)]
		},
		func(o *metav1.LabelSelectorOperator, c randfill.Continue) {
			*o = []metav1.LabelSelectorOperator{"In", "NotIn", "Exists", "DoesNotExist", "odd"}[c.Intn(5)]
		},
		func(t *networkingv1.PolicyType, c randfill.Continue) {
			*t = []networkingv1.PolicyType{"Ingress", "Egress", "odd"}[c.Intn(3)]
		},
		func(p *corev1.ServiceExternalTrafficPolicy, c randfill.Continue) {
			*p = []corev1.ServiceExternalTrafficPolicy{"", "Cluster", "Local"}[c.Intn(3)]
		},
		func(p *corev1.ServiceInternalTrafficPolicy, c randfill.Continue) {
			*p = []corev1.ServiceInternalTrafficPolicy{"Cluster", "Local"}[c.Intn(2)]
		},
		func(s *discoveryv1.EndpointSlice, c randfill.Continue) {
			c.FillNoCustom(s)
			s.Labels = map[string]string{discoveryv1.LabelServiceName: text(c), discoveryv1.LabelManagedBy: []string{"endpointslice-controller.k8s.io", "odd"}[c.Intn(2)]}
			for i := range s.Endpoints {
				if ref := s.Endpoints[i].TargetRef; ref != nil {
					ref.Kind, ref.Namespace, ref.UID = "Pod", "shop", ""
				}
			}
		},
		func(s *corev1.Service, c randfill.Continue) {
			c.FillNoCustom(s)
			s.Spec.ClusterIP = []string{"", "None", "10.0.0.1", "fd00::1", "odd"}[c.Intn(5)]
		},
		func(r *model.Route, c randfill.Continue) {
			c.FillNoCustom(r)
			r.Kind = []string{"HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute"}[c.Intn(4)]
		},
	)
}

func anyTime(c randfill.Continue) metav1.Time {
	hours := []time.Duration{0, time.Second, time.Minute, 10 * time.Minute, time.Hour, 1000 * time.Hour, -time.Second, -time.Hour}
	if at := c.Intn(len(hours) + 1); at < len(hours) {
		return metav1.NewTime(judgedAt.Add(-hours[at]))
	}
	return metav1.Time{}
}

// hostileCluster makes a snapshot of arbitrary objects and arbitrary knowledge.
func hostileCluster(bytes []byte, extra string) *model.Snapshot {
	filler := anyFiller(bytes, extra)
	var dice rand.Rand
	var seed int64
	filler.Fill(&seed)
	dice = *rand.New(rand.NewSource(seed))
	builder := model.NewBuilder(nil)
	states := []model.CoverageState{model.Live, model.Live, model.Live, model.Live, model.Live, model.Forbidden, model.Syncing, model.Stale, model.Absent, model.NotAsked}
	for _, kind := range model.Kinds() {
		builder.Cover(model.Need{Kind: kind}, model.Coverage{State: states[dice.Intn(len(states))], Reason: extra, Since: judgedAt})
	}
	kinds := []func() metav1.Object{
		func() metav1.Object { return new(corev1.Service) }, func() metav1.Object { return new(corev1.Service) }, func() metav1.Object { return new(discoveryv1.EndpointSlice) },
		func() metav1.Object { return new(discoveryv1.EndpointSlice) }, func() metav1.Object { return new(corev1.Pod) }, func() metav1.Object { return new(corev1.Pod) },
		func() metav1.Object { return new(corev1.Pod) }, func() metav1.Object { return new(corev1.Event) }, func() metav1.Object { return new(appsv1.Deployment) },
		func() metav1.Object { return new(appsv1.ReplicaSet) }, func() metav1.Object { return new(appsv1.StatefulSet) }, func() metav1.Object { return new(appsv1.DaemonSet) },
		func() metav1.Object { return new(batchv1.Job) }, func() metav1.Object { return new(networkingv1.Ingress) }, func() metav1.Object { return new(networkingv1.NetworkPolicy) },
		func() metav1.Object { return new(networkingv1.NetworkPolicy) }, func() metav1.Object { return new(corev1.Node) }, func() metav1.Object { return new(corev1.Namespace) },
		func() metav1.Object { return new(networkingv1.IngressClass) }, func() metav1.Object { return new(model.Route) }, func() metav1.Object { return new(model.Gateway) },
		func() metav1.Object { return new(model.ReferenceGrant) }, func() metav1.Object { return new(admissionv1.ValidatingWebhookConfiguration) },
		func() metav1.Object { return new(admissionv1.MutatingWebhookConfiguration) }, func() metav1.Object { return new(model.APIService) }, func() metav1.Object { return new(model.Autoscaler) },
		func() metav1.Object { return new(model.Rollout) }, func() metav1.Object { return new(networkingv1.ServiceCIDR) },
	}
	for range 3 + dice.Intn(12) {
		object := kinds[dice.Intn(len(kinds))]()
		filler.Fill(object)
		if kind, ok := model.KindOf(object); ok && !kind.Namespaced() {
			object.SetNamespace("")
		}
		builder.Put(object)
	}
	return builder.Build(judgedAt)
}

// FuzzReport judges arbitrary clusters, asks for everything that can be asked of them, and writes all of it in every format: nothing may
// panic, no control character may come through, and JSON and YAML must be well formed.
func FuzzReport(f *testing.F) {
	for seed := range 40 {
		bytes := make([]byte, 1200)
		rand.New(rand.NewSource(int64(seed))).Read(bytes)
		f.Add(bytes, "web")
	}
	f.Add([]byte{}, "\x1b[2J")
	f.Fuzz(func(t *testing.T, bytes []byte, extra string) {
		snapshot := hostileCluster(bytes, extra)
		in := check.Input{Snapshot: snapshot, Now: judgedAt, KubectlArgs: []string{"--context", extra}, Elsewhere: []model.Key{{Namespace: extra, Name: "web"}}}
		var reports []*check.Report
		for _, service := range snapshot.Services(model.AllNamespaces) {
			key := model.Key{Namespace: service.Namespace, Name: service.Name}
			reports = append(reports, check.Judge(in, key))
			askAll(in, key, service)
		}
		reports = append(reports, check.JudgeMissing(in, model.Key{Namespace: "shop", Name: extra}), check.Judge(in, model.Key{Namespace: extra, Name: "web"}))
		for _, format := range report.Formats() {
			for _, named := range []bool{true, false} {
				var out strings.Builder
				document := report.Document{Scope: "shop", At: judgedAt, Snapshot: snapshot, Reports: reports, Named: named}
				if err := report.Write(&out, document, format, report.Style{Width: 60}); err != nil {
					t.Fatalf("%s: %v", format, err)
				}
				written(t, format, out.String())
			}
		}
	})
}

// askAll asks what the screens ask of a Service.
func askAll(in check.Input, key model.Key, service *corev1.Service) {
	check.Needs(key, in.Snapshot)
	check.OpenNeeds(key, in.Snapshot)
	check.SelectorTable(in.Snapshot, key)
	check.EndpointTable(in.Snapshot, key)
	check.PodTable(in, key)
	check.EventList(in.Snapshot, key)
	check.ServiceFacts(in.Snapshot, key)
	check.NearNames(in.Snapshot, key)
	for _, client := range []check.Client{{Pod: model.Key{Namespace: "shop", Name: "web"}}, {Namespace: "prod"}, {Address: netip.MustParseAddr("10.0.0.1")}} {
		check.ClientNeeds(in.Snapshot, key, client)
		check.Reaches(in, key, 0, client)
	}
	for _, pod := range in.Snapshot.Pods(service.Namespace) {
		check.PoliciesFor(in.Snapshot, pod, 8080)
		check.OwnerOf(in.Snapshot, pod)
	}
}

// written checks what is true of everything that is printed. In JSON and YAML a value keeps its characters, for programs, and on the
// paper they are escaped.
func written(t *testing.T, format report.Format, out string) {
	t.Helper()
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		if clean := report.Clean(line); clean != line {
			t.Errorf("%s: not clean: %q", format, line)
		}
	}
	var into any
	switch format {
	case report.JSON:
		if err := json.Unmarshal([]byte(out), &into); err != nil {
			t.Errorf("JSON: %v", err)
		}
	case report.YAML:
		if err := yaml.Unmarshal([]byte(out), &into); err != nil {
			t.Errorf("YAML: %v", err)
		}
	case report.Text, report.Markdown:
	}
}
