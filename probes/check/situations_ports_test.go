package check

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

func withProtocol(protocol corev1.Protocol, number int32, target any) corev1.ServicePort {
	p := port(number, target)
	p.Protocol = protocol
	return p
}

func udpNamed(name string, number int32, target any) corev1.ServicePort {
	p := withProtocol("UDP", number, target)
	p.Name = name
	return p
}

func changedBy(manager, fields string, since time.Duration) func(*corev1.Service) {
	return func(svc *corev1.Service) {
		at := ago(since)
		svc.ManagedFields = append(svc.ManagedFields, metav1.ManagedFieldsEntry{Manager: manager, Time: &at, FieldsV1: metav1.NewFieldsV1(fields)})
	}
}

const portsField = `{"f:spec":{"f:ports":{}}}`

func templateWith(d *appsv1.Deployment, ports ...corev1.ContainerPort) *appsv1.Deployment {
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "app", Ports: ports}}
	return d
}

// TestPortsByName holds what is said of a targetPort by name that Pods do not have, and which container port it may have meant.
func TestPortsByName(t *testing.T) {
	t.Parallel()
	svc := func(name string) *corev1.Service { return service("web", webApp, ports(port(80, name))) }
	app := func(name string, declared ...corev1.ContainerPort) *corev1.Pod {
		return pod(name, webApp, ofDeploy("web"), containerPorts(declared...))
	}
	http, web := declared("http", 8080, "TCP"), declared("web", 8080, "TCP")
	unknown := svc("http")
	known := app("a", http)
	listed := slicesFor(unknown, known)[0]
	// A slice lists Pods that are not in the snapshot.
	noPods := func(withPort bool) *discoveryv1.EndpointSlice {
		slice := listed.DeepCopy()
		if !withPort {
			slice.Ports, slice.Name = nil, slice.Name+"-none"
		}
		slice.Endpoints[0].TargetRef.Name, slice.Endpoints[0].TargetRef.UID, slice.Endpoints[0].Addresses = "unread"+slice.Name, "uid-unread", []string{"10.4.9.9"}
		return slice
	}
	mixed := func(objects ...metav1.Object) objects { return objects }
	noName := app("b", web)
	three := []*corev1.Pod{app("b", web), app("c", web), app("d", web), app("e", web)}
	sidecarHas := pod("a", webApp, ofDeploy("web"), containerPorts(), func(p *corev1.Pod) {
		p.Spec.InitContainers = []corev1.Container{{Name: "proxy", RestartPolicy: new(corev1.ContainerRestartPolicyAlways), Ports: []corev1.ContainerPort{declared("htttp", 15001, "TCP")}}}
	})
	rolled := func(change func(*appsv1.Deployment), declared ...corev1.ContainerPort) *appsv1.Deployment {
		return templateWith(deployment("web", 2, webApp, rollingOut, change), declared...)
	}
	nothing := func(*appsv1.Deployment) {}
	unready := pod("new", webApp, ofDeploy("web"), notReady)
	sets := []*appsv1.ReplicaSet{owned(replicaSet("web-1", 1, webApp), "Deployment", "web"), owned(replicaSet("web-2", 1, webApp), "Deployment", "web")}
	for i, set := range sets {
		set.Annotations = labels{revisionAnnotation: string(rune('1' + i))}
		set.OwnerReferences[0].UID = deployment("web", 1, nil).UID
	}
	testSituations(t, "ports_named", map[string]situation{
		"one that is nearly the same":             {objects: objects{svc("htttp"), app("a", http, declared("metrics", 9090, "TCP"))}, want: "PORT-01 critical proven"},
		"two that are nearly the same":            {objects: objects{svc("htttp"), app("a", http, declared("https", 8443, "TCP"))}, want: "PORT-01 critical proven"},
		"one alone, of another name":              {objects: objects{svc("nope"), app("a", http)}, want: "PORT-01 critical proven"},
		"one alone, without a name":               {objects: objects{svc("http"), app("a", declared("", 8080, "TCP"))}, want: "PORT-01 critical proven"},
		"one alone, beside one of UDP":            {objects: objects{svc("nope"), app("a", http, declared("dns", 53, "UDP"))}, want: "PORT-01 critical proven"},
		"two of other names":                      {objects: objects{svc("nope"), app("a", http, declared("metrics", 9090, "TCP"))}, want: "PORT-01 critical proven"},
		"none":                                    {objects: objects{svc("nope"), app("a")}, want: "PORT-01 critical proven"},
		"one of a native sidecar, nearly":         {objects: objects{svc("http"), sidecarHas}, want: "PORT-01 critical proven"},
		"another protocol beside another name":    {objects: objects{svc("http"), app("a", declared("web", 9090, "UDP"), declared("http", 8080, "UDP"))}, want: "PORT-03 critical proven"},
		"another protocol of another name":        {objects: objects{svc("http"), app("a", declared("web", 9090, "UDP"))}, want: "PORT-01 critical proven"},
		"headless":                                {objects: objects{service("web", webApp, headless, ports(port(8080, "nope"))), app("a", http)}, want: "PORT-01 minor proven"},
		"headless, some":                          {objects: objects{service("web", webApp, headless, ports(port(8080, "http"))), app("a", http), app("b", web)}, want: "PORT-02 minor proven"},
		"two Pods, the first says what was meant": {objects: objects{svc("htttp"), app("a", http), app("b", declared("x", 1, "TCP"), declared("y", 2, "TCP"))}, want: "PORT-01 critical proven"},
		"two slips":                               {objects: objects{svc("shipments"), app("a", declared("shipmnt", 8080, "TCP"), declared("metrics", 9090, "TCP"))}, want: "PORT-01 critical proven"},
		"some, two have it at one number":         {objects: objects{svc("http"), app("a", http), app("c", http), app("b", web)}, want: "PORT-02 major proven"},
		"some, two lack it, of whom one is not read": {objects: objects{unknown, known, noName, listed, noPods(false), func() metav1.Object {
			slice := slicesFor(unknown, noName)[0]
			slice.Name, slice.Ports = "a-of-the-other", nil
			return slice
		}()}, want: "PORT-02 major proven"},
		"another port of the Service works":        {objects: objects{service("web", webApp, ports(namedPort("a", 80, "http"), namedPort("b", 81, "nope"))), app("a", http)}, want: "PORT-01 major proven"},
		"a Pod that is not Ready has it":           {objects: objects{svc("http"), app("a", web), pod("b", webApp, ofDeploy("web"), notReady)}, want: "POD-06 critical proven, PORT-01 critical proven"},
		"some, and a Pod that is not Ready has it": {objects: objects{svc("http"), app("a", web), app("c", http), pod("b", webApp, ofDeploy("web"), notReady)}, want: "PORT-02 major proven, POD-06 info proven"},
		"Pods that are not read":                   {objects: mixed(unknown, noPods(false)), want: "SEL-04 critical proven, PORT-01 critical proven"},
		"Pods may not be read":                     {objects: mixed(svc("nope"), app("a", http)), want: "PORT-01 critical proven", without: []model.Kind{model.Pods}},
		"some, of whom one is not read":            {objects: mixed(unknown, known, listed, noPods(false)), want: "PORT-02 major proven"},
		"some, of whom one that has it is not read": {objects: mixed(unknown, noName, noPods(true), func() metav1.Object {
			slice := slicesFor(unknown, noName)[0]
			slice.Name = "of-the-other"
			return slice
		}()), want: "PORT-02 major proven"},
		"some, of whom one is not Ready": {objects: objects{svc("http"), app("a", http), app("b", web), pod("c", webApp, ofDeploy("web"), containerPorts(declared("http", 7070, "TCP")), notReady)}, want: "PORT-02 major proven, POD-06 info proven"},
		"four of five":                   {objects: objects{svc("http"), app("a", http), three[0], three[1], three[2], three[3]}, want: "PORT-02 major proven"},
		"three of four":                  {objects: objects{svc("http"), app("a", http), three[0], three[1], three[2]}, want: "PORT-02 major proven"},
		"some, listed by a slice that says another": {objects: func() objects {
			a, b := app("a", web), app("b", web)
			first, second := slicesFor(svc("http"), a)[0], slicesFor(svc("http"), b)[0]
			first.Ports = []discoveryv1.EndpointPort{{Name: new(""), Port: new(int32(8080)), Protocol: new(corev1.ProtocolTCP)}}
			second.Name = "second"
			return objects{svc("http"), a, b, first, second}
		}(), want: "PORT-02 major proven"},

		"a rollout drops it":                              {objects: objects{svc("http"), known, unready, rolled(nothing, web)}, want: "PORT-01 major proven, POD-06 info proven"},
		"a rollout drops it, and there is a way back":     {objects: objects{svc("http"), known, unready, rolled(func(d *appsv1.Deployment) { d.Annotations = labels{revisionAnnotation: "2"} }, web), sets[0], sets[1]}, want: "PORT-01 major proven, POD-06 info proven"},
		"a rollout keeps it":                              {objects: objects{svc("http"), known, unready, rolled(nothing, http)}, want: "POD-06 info proven"},
		"a template lacks it, and does not roll":          {objects: objects{svc("http"), known, unready, templateWith(deployment("web", 2, webApp), web)}, want: "POD-06 info proven"},
		"a rollout drops it of a StatefulSet":             {objects: objects{svc("http"), known, unready, statefulSet("web", 2, webApp)}, want: "POD-06 info proven"},
		"a rollout drops one that some lack already":      {objects: objects{svc("http"), known, noName, unready, rolled(nothing, web)}, want: "PORT-02 major proven, POD-06 info proven"},
		"a rollout drops one, and another is missing":     {objects: objects{service("web", webApp, ports(namedPort("a", 80, "http"), namedPort("b", 81, "nope"))), known, unready, rolled(nothing, web)}, want: "PORT-01 major proven, PORT-01 major proven, POD-06 info proven"},
		"a rollout drops a port that leads nowhere":       {objects: objects{svc("http"), unready, rolled(nothing, web)}, want: "POD-06 critical proven"},
		"a rollout drops it, beside a port by its number": {objects: objects{service("web", webApp, ports(namedPort("a", 80, 8080), namedPort("b", 81, "http"))), known, unready, rolled(nothing, web)}, want: "PORT-01 major proven, POD-06 info proven"},
	})
}

// TestPortsByNameOfUnready holds what is said of a targetPort by name where no Pod is Ready.
func TestPortsByNameOfUnready(t *testing.T) {
	t.Parallel()
	svc := service("web", webApp, ports(port(80, "web")))
	app := func(name string, change ...func(*corev1.Pod)) *corev1.Pod {
		return pod(name, webApp, append([]func(*corev1.Pod){ofDeploy("web"), notReady}, change...)...)
	}
	asksSame := probedBy(httpProbe("/", intstr.FromString("web"), "HTTP"))
	startsBy := func(p *corev1.Pod) {
		startupProbe(p)
		p.Spec.Containers[0].StartupProbe.HTTPGet.Port = intstr.FromString("web")
		p.Status.ContainerStatuses[0].Started = new(false)
	}
	template := func(declared ...corev1.ContainerPort) *appsv1.Deployment {
		return templateWith(deployment("web", 1, webApp), declared...)
	}
	unnamed := declared("", 8080, "TCP")
	has := app("a")
	testSituations(t, "ports_unready", map[string]situation{
		"no Pod has it":                            {objects: objects{svc, app("a")}, want: "POD-06 critical proven, PORT-01 critical proven"},
		"a Pod has it":                             {objects: objects{svc, app("a"), app("b", containerPorts(declared("web", 8080, "TCP")))}, want: "POD-06 critical proven"},
		"no Pod has it, one is gone":               {objects: objects{svc, has, slicesFor(svc, app("0"), has)[0]}, want: "POD-06 critical proven, PORT-01 critical proven"},
		"no Pod has it, one goes":                  {objects: objects{svc, app("a"), app("b", terminating)}, want: "POD-06 critical proven, PORT-01 critical proven"},
		"no Pod has it, and none has an address":   {objects: objects{svc, app("a", func(p *corev1.Pod) { p.Status.PodIP, p.Status.PodIPs = "", nil })}, want: "POD-06 critical proven"},
		"no Pod has it, beside a port by number":   {objects: objects{service("web", webApp, ports(namedPort("a", 80, 8080), namedPort("b", 81, "web"))), app("a")}, want: "POD-06 critical proven, PORT-01 critical proven"},
		"the probe asks it":                        {objects: objects{svc, app("a", asksSame), template(unnamed)}, want: "PORT-01 critical proven, POD-06 critical proven"},
		"the startup probe asks it":                {objects: objects{svc, app("a", startsBy), template(unnamed)}, want: "PORT-01 critical proven, POD-06 critical proven"},
		"the startup probe asks another":           {objects: objects{svc, app("a", asksSame, startupProbe, func(p *corev1.Pod) { p.Status.ContainerStatuses[0].Started = new(false) }), template(unnamed)}, want: "POD-06 critical proven, PORT-01 critical proven"},
		"the probe asks it, of another Deployment": {objects: objects{svc, app("a", asksSame), templateWith(deployment("other", 1, webApp), unnamed)}, want: "PORT-01 critical proven, POD-06 critical proven"},
		"the probe asks it, of a StatefulSet":      {objects: objects{svc, app("a", asksSame, ownedBy("StatefulSet", "web")), template(unnamed)}, want: "PORT-01 critical proven, POD-06 critical proven"},
		"the probe asks it, two ports":             {objects: objects{svc, app("a", asksSame), template(unnamed, declared("b", 1, "TCP"))}, want: "PORT-01 critical proven, POD-06 critical proven"},
		"the probe asks it, a port of UDP":         {objects: objects{svc, app("a", asksSame), template(declared("", 8080, "UDP"))}, want: "PORT-01 critical proven, POD-06 critical proven"},
		"the probe asks it, the template has another container": {objects: objects{svc, app("a", asksSame), func() metav1.Object {
			d := template(unnamed)
			d.Spec.Template.Spec.Containers[0].Name = "renamed"
			return d
		}()}, want: "PORT-01 critical proven, POD-06 critical proven"},
		"an image, and a probe that asks it": {objects: objects{svc, app("a", asksSame, waiting("ErrImagePull", "not found")), template(unnamed)}, want: "POD-02 critical proven, PORT-01 critical proven"},
		"a crash, and a probe that asks it":  {objects: objects{svc, app("a", asksSame, waiting("CrashLoopBackOff", "")), template(unnamed)}, want: "POD-03 critical proven, PORT-01 critical proven"},
	})
}

// TestPortsByNumber holds what is said of a targetPort by number that the containers do not declare.
func TestPortsByNumber(t *testing.T) {
	t.Parallel()
	swapped, beside := ports(port(8080, 80)), ports(port(80, 9090))
	app := func(change ...func(*corev1.Pod)) *corev1.Pod {
		return pod("a", webApp, append([]func(*corev1.Pod){ofDeploy("web")}, change...)...)
	}
	svc := func(change ...func(*corev1.Service)) *corev1.Service { return service("web", webApp, change...) }
	another := func(change ...func(*corev1.Service)) *corev1.Service { return service("another", webApp, change...) }
	young := svc(swapped, changedBy("kubectl-patch", portsField, 30*time.Second))
	testSituations(t, "ports_numbered", map[string]situation{
		"swapped, since the ports changed":           {objects: objects{svc(swapped, changedBy("kubectl-patch", portsField, 5*time.Minute)), app()}, want: "PORT-06 major likely"},
		"swapped, of late":                           {objects: objects{young, app()}, want: "PORT-06 major likely"},
		"swapped, of late, in a rollout":             {objects: objects{young, app(), deployment("web", 1, webApp, rollingOut)}, want: "PORT-06 minor likely"},
		"swapped, in one of two":                     {objects: objects{svc(swapped), app(), pod("b", webApp, containerPorts(declared("", 80, "TCP")))}, want: ""},
		"swapped in one, beside it in another":       {objects: objects{svc(ports(port(8080, 80))), app(), pod("b", webApp, containerPorts(declared("", 9090, "TCP")), probeOf("HTTP", intstr.FromInt32(9090)))}, want: ""},
		"port and targetPort are one":                {objects: objects{svc(ports(port(9090, 9090))), app()}, want: "PORT-05 major likely"},
		"no targetPort":                              {objects: objects{svc(ports(port(9090, nil))), app()}, want: "PORT-05 major likely"},
		"both are declared":                          {objects: objects{svc(swapped), app(containerPorts(declared("", 80, "TCP"), declared("http", 8080, "TCP")))}, want: ""},
		"probed on it, by its number":                {objects: objects{svc(beside), app(probeOf("HTTP", intstr.FromInt32(9090)))}, want: ""},
		"probed on it, and not Ready":                {objects: objects{svc(swapped), app(probeOf("HTTP", intstr.FromInt32(80)), notReady)}, want: "POD-06 critical proven, PORT-06 major likely"},
		"beside it, and not Ready":                   {objects: objects{svc(beside), app(notReady)}, want: "POD-06 critical proven"},
		"beside it, probed by name":                  {objects: objects{svc(beside), app(probeOf("HTTP", intstr.FromString("http")))}, want: "PORT-05 major likely"},
		"beside it, probed by TCP":                   {objects: objects{svc(beside), app(probedBy(tcpProbe(intstr.FromInt32(8080))))}, want: "PORT-05 major likely"},
		"beside it, probed by gRPC":                  {objects: objects{svc(beside), app(probedBy(corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 8080}}))}, want: "PORT-05 major likely"},
		"beside it, probed by a command":             {objects: objects{svc(beside), app(probedBy(execProbe("true")))}, want: ""},
		"beside it, a command, an unnamed port":      {objects: objects{svc(beside), app(probedBy(execProbe("true")), containerPorts(declared("", 8080, "TCP")))}, want: ""},
		"beside it, two declared":                    {objects: objects{svc(beside), app(containerPorts(declared("a", 8080, "TCP"), declared("b", 8081, "TCP")))}, want: ""},
		"beside it, one declared, of UDP":            {objects: objects{svc(beside), app(containerPorts(declared("a", 8080, "UDP")))}, want: ""},
		"beside it, one of either protocol":          {objects: objects{svc(beside), app(containerPorts(declared("a", 8080, "TCP"), declared("b", 8080, "UDP")))}, want: ""},
		"beside it, a command names a longer number": {objects: objects{svc(beside), app(arguments("--id=x90901"))}, want: "PORT-05 major likely"},
		"beside it, a command names it":              {objects: objects{svc(beside), app(arguments("x", "--listen", "9090"))}, want: ""},
		"beside it, metrics of another number": {objects: objects{svc(beside), app(func(p *corev1.Pod) {
			p.Spec.InitContainers = []corev1.Container{{Name: "proxy", RestartPolicy: new(corev1.ContainerRestartPolicyAlways)}}
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "beside"})
		})}, want: "PORT-05 major likely"},
		"swapped, beside a port for metrics":        {objects: objects{svc(swapped), app(containerPorts(declared("metrics", 9090, "TCP"), declared("http", 8080, "TCP")))}, want: "PORT-06 major likely"},
		"another port leads there":                  {objects: objects{svc(ports(namedPort("a", 80, 9090), namedPort("b", 81, 8080))), app()}, want: ""},
		"another port leads there, of UDP":          {objects: objects{svc(ports(namedPort("a", 80, 9090), withProtocol("UDP", 81, 8080))), app()}, want: "PORT-05 major likely, PORT-11 minor possible"},
		"another port leads elsewhere":              {objects: objects{svc(ports(namedPort("a", 80, 9090), namedPort("b", 81, 7070))), app()}, want: "PORT-05 major likely, PORT-05 major likely"},
		"another port by a name that nobody has":    {objects: objects{svc(ports(namedPort("a", 80, 9090), namedPort("b", 81, "nope"))), app()}, want: "PORT-01 major proven, PORT-05 major likely"},
		"another Service leads there by name":       {objects: objects{svc(beside), app(), another(ports(port(80, "http")))}, want: ""},
		"another Service by a name that nobody has": {objects: objects{svc(beside), app(), another(ports(port(80, "nope")))}, want: "PORT-05 major likely"},
		"another Service without a selector":        {objects: objects{svc(beside), app(), service("another", nil)}, want: "PORT-05 major likely"},
		"another Service to other Pods":             {objects: objects{svc(beside), app(), service("another", labels{"app": "x"})}, want: "PORT-05 major likely"},
	})
}

// TestWhatAPortSpeaksInFull holds what is said where a Service and its Pods say different things of a port.
func TestWhatAPortSpeaksInFull(t *testing.T) {
	t.Parallel()
	app := func(change ...func(*corev1.Pod)) *corev1.Pod {
		return pod("a", webApp, append([]func(*corev1.Pod){ofDeploy("web")}, change...)...)
	}
	svc := func(of ...corev1.ServicePort) *corev1.Service { return service("web", webApp, ports(of...)) }
	said := func(name, protocol string) corev1.ServicePort {
		p := namedPort(name, 443, 8080)
		p.AppProtocol = &protocol
		return p
	}
	plain := probeOf("HTTP", intstr.FromInt32(8080))
	testSituations(t, "ports_protocol", map[string]situation{
		"UDP to a port of TCP":                             {objects: objects{svc(withProtocol("UDP", 8080, nil)), app()}, want: "PORT-11 minor possible"},
		"UDP to a port of TCP, another number is both":     {objects: objects{svc(withProtocol("UDP", 53, 8080), namedPort("tcp", 54, 8080)), app()}, want: "PORT-11 minor possible"},
		"UDP to a port of TCP, beside others":              {objects: objects{svc(withProtocol("UDP", 53, 8080)), app(containerPorts(declared("a", 8080, "TCP"), declared("b", 8081, "UDP"), declared("c", 8082, "UDP")))}, want: "PORT-11 minor possible"},
		"UDP by name, and by number":                       {objects: objects{svc(withProtocol("UDP", 53, "http"), udpNamed("two", 54, 8080)), app()}, want: "PORT-03 major proven, PORT-11 minor possible"},
		"UDP by name, beside its number in TCP, by number": {objects: objects{svc(withProtocol("UDP", 8080, "dns"), namedPort("http", 80, 8080)), app(containerPorts(declared("http", 8080, "TCP"), declared("dns", 5353, "UDP")))}, want: ""},
		"UDP by name, beside its number in TCP":            {objects: objects{svc(withProtocol("UDP", 8080, "dns")), app(containerPorts(declared("http", 8080, "TCP"), declared("dns", 5353, "UDP")))}, want: ""},
		"https by appProtocol":                             {objects: objects{svc(said("web", "https")), app(plain)}, want: "PORT-14 info possible"},
		"https by name, an empty appProtocol":              {objects: objects{svc(said("https", "")), app(plain)}, want: "PORT-14 info possible"},
		"https, the second of two ports":                   {objects: objects{svc(namedPort("web", 80, 8080), namedPort("https", 443, 8080)), app(plain)}, want: "PORT-14 info possible"},
		"https, to a name that nobody has":                 {objects: objects{svc(namedPort("https", 443, "nope")), app(plain)}, want: "PORT-01 critical proven"},
		"https, probed at another host":                    {objects: objects{svc(namedPort("https", 443, 8080)), app(plain, func(p *corev1.Pod) { p.Spec.Containers[0].ReadinessProbe.HTTPGet.Host = "example.com" })}, want: ""},
		"https, probed by TCP":                             {objects: objects{svc(namedPort("https", 443, 8080)), app(probedBy(tcpProbe(intstr.FromInt32(8080))))}, want: ""},
		"https, probed by a name that nobody has":          {objects: objects{svc(namedPort("https", 443, 8080)), app(probeOf("HTTP", intstr.FromString("")), containerPorts(declared("", 8080, "TCP")))}, want: ""},
		"a port without a number":                          {objects: objects{svc(corev1.ServicePort{Port: 8080}), app()}, want: ""},
	})
}

// TestFamiliesOfPods holds what is said where no Pod has an address of the Service's family.
func TestFamiliesOfPods(t *testing.T) {
	t.Parallel()
	six := func(svc *corev1.Service) {
		svc.Spec.IPFamilies, svc.Spec.ClusterIP = []corev1.IPFamily{corev1.IPv6Protocol}, "fd00::1"
	}
	svc := service("web", webApp, six)
	app := func(name string, change ...func(*corev1.Pod)) *corev1.Pod {
		return pod(name, webApp, append([]func(*corev1.Pod){ofDeploy("web")}, change...)...)
	}
	testSituations(t, "ports_family", map[string]situation{
		"a Ready Pod":                    {objects: objects{svc, app("a")}, want: "PORT-15 critical proven"},
		"a Ready Pod, another is not":    {objects: objects{svc, app("a"), app("b", notReady)}, want: "PORT-15 critical proven, POD-06 critical proven"},
		"none is Ready":                  {objects: objects{svc, app("a", notReady)}, want: "POD-06 critical proven"},
		"a Ready Pod without an address": {objects: objects{svc, app("a", func(p *corev1.Pod) { p.Status.PodIP, p.Status.PodIPs = "", nil })}, want: ""},
		"a Ready Pod of both":            {objects: objects{svc, app("a", func(p *corev1.Pod) { p.Status.PodIPs = append(p.Status.PodIPs, corev1.PodIP{IP: "fd00::5"}) })}, want: ""},
	})
}
