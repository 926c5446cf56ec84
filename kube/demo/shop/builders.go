package shop

import (
	"maps"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const day = 24 * time.Hour

// labels is short for what every object has.
type labels = map[string]string

// release returns the labels and annotations that Helm gives to the objects of a chart.
func release(namespace, instance, chart, version string, more labels) (metadata metav1.ObjectMeta, selector labels) {
	selector = labels{"app.kubernetes.io/name": chart, "app.kubernetes.io/instance": instance}
	maps.Copy(selector, more)
	all := maps.Clone(selector)
	all["app.kubernetes.io/managed-by"] = "Helm"
	all["helm.sh/chart"] = chart + "-" + version
	return metav1.ObjectMeta{Namespace: namespace, Name: instance, Labels: all, Annotations: helmAnnotations(namespace, instance)}, selector
}

func helmAnnotations(namespace, instance string) labels {
	return labels{"meta.helm.sh/release-name": instance, "meta.helm.sh/release-namespace": namespace}
}

// inHouse returns the metadata of one of the shop's own applications, which carry short labels.
func inHouse(namespace, name string, podLabels labels) metav1.ObjectMeta {
	all := maps.Clone(podLabels)
	all["app.kubernetes.io/managed-by"] = "Helm"
	return metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: all, Annotations: helmAnnotations(namespace, name)}
}

// container describes the only container of a workload that matters here.
func container(name, image string, ports ...corev1.ContainerPort) corev1.Container {
	return corev1.Container{Name: name, Image: image, Ports: ports, Resources: requests("60m", "96Mi")}
}

func requests(cpu, memory string) corev1.ResourceRequirements {
	return corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory),
	}}
}

func port(name string, number int32) corev1.ContainerPort {
	return corev1.ContainerPort{Name: name, ContainerPort: number, Protocol: corev1.ProtocolTCP}
}

func httpProbe(path, port string, period int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.Parse(port)}},
		PeriodSeconds: period,
	}
}

func httpsProbe(path, port string) *corev1.Probe {
	probe := httpProbe(path, port, 10)
	probe.HTTPGet.Scheme = corev1.URISchemeHTTPS
	return probe
}

func tcpProbe(port string) *corev1.Probe {
	return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.Parse(port)}}}
}

func grpcProbe(port int32) *corev1.Probe {
	return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: port}}}
}

func execProbe(command ...string) *corev1.Probe {
	return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: command}}}
}

func deployment(metadata metav1.ObjectMeta, replicas int32, selector labels, containers ...corev1.Container) *appsv1.Deployment {
	history := int32(2)
	return &appsv1.Deployment{
		ObjectMeta: metadata,
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, RevisionHistoryLimit: &history,
			Selector: &metav1.LabelSelector{MatchLabels: selector},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: maps.Clone(selector)}, Spec: corev1.PodSpec{Containers: containers}},
		},
	}
}

func statefulSet(metadata metav1.ObjectMeta, serviceName string, replicas int32, selector labels, containers ...corev1.Container) *appsv1.StatefulSet {
	return &appsv1.StatefulSet{
		ObjectMeta: metadata,
		Spec: appsv1.StatefulSetSpec{
			Replicas: &replicas, ServiceName: serviceName, PodManagementPolicy: appsv1.ParallelPodManagement,
			Selector: &metav1.LabelSelector{MatchLabels: selector},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: maps.Clone(selector)}, Spec: corev1.PodSpec{Containers: containers}},
		},
	}
}

func daemonSet(metadata metav1.ObjectMeta, selector labels, hostNetwork bool, containers ...corev1.Container) *appsv1.DaemonSet {
	return &appsv1.DaemonSet{
		ObjectMeta: metadata,
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: selector},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: maps.Clone(selector)},
				Spec:       corev1.PodSpec{Containers: containers, HostNetwork: hostNetwork, PriorityClassName: "system-node-critical"},
			},
		},
	}
}

func service(metadata metav1.ObjectMeta, clusterIP string, selector labels, ports ...corev1.ServicePort) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metadata,
		Spec:       corev1.ServiceSpec{ClusterIP: clusterIP, Selector: maps.Clone(selector), Ports: ports},
	}
}

func headless(metadata metav1.ObjectMeta, publishNotReady bool, selector labels, ports ...corev1.ServicePort) *corev1.Service {
	svc := service(metadata, corev1.ClusterIPNone, selector, ports...)
	svc.Spec.PublishNotReadyAddresses = publishNotReady
	return svc
}

// servicePort maps a port to a target, which is a number or a name.
func servicePort(name string, number int32, target string) corev1.ServicePort {
	return corev1.ServicePort{Name: name, Port: number, TargetPort: intstr.Parse(target), Protocol: corev1.ProtocolTCP}
}

func renamed(metadata metav1.ObjectMeta, name string) metav1.ObjectMeta {
	other := *metadata.DeepCopy()
	other.Name = name
	return other
}
