package demo_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	clocktesting "k8s.io/utils/clock/testing"

	"go.uber.org/goleak"

	"github.com/svctui/svctui/kube/demo"
)

// TestMain fails where a goroutine is left over. Some end by themselves a second later, which is longer than goleak waits:
// spdystream offers the error of closing a connection that the other side closed first for so long to whoever may ask.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		deadline := time.Now().Add(10 * time.Second)
		err := goleak.Find()
		for err != nil && time.Now().Before(deadline) {
			err = goleak.Find()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "goroutines are left over:", err)
			code = 1
		}
	}
	os.Exit(code)
}

var start = time.Date(2026, 10, 5, 14, 2, 0, 0, time.UTC)

// running returns a started cluster and a clientset for it that speaks the given media type.
func running(t *testing.T, clock *clocktesting.FakeClock, options demo.Options, contentType string) (*demo.Cluster, *kubernetes.Clientset) {
	t.Helper()
	cluster := demo.NewWith(clock, options)
	cluster.Start(t.Context())
	client, err := kubernetes.NewForConfig(configFor(cluster, contentType))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cluster.Close()
		closeIdle(client)
	})
	return cluster, client
}

func configFor(cluster *demo.Cluster, contentType string) *rest.Config {
	config := cluster.RESTConfig()
	config.QPS = -1
	config.ContentType = contentType
	if contentType == runtime.ContentTypeProtobuf {
		config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	}
	return config
}

func closeIdle(client *kubernetes.Clientset) {
	if rc, ok := client.CoreV1().RESTClient().(*rest.RESTClient); ok {
		rc.Client.CloseIdleConnections()
	}
}

func service(namespace, name string, labels map[string]string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels},
		Spec:       corev1.ServiceSpec{ClusterIP: "10.96.0.9", Type: corev1.ServiceTypeClusterIP, Ports: []corev1.ServicePort{{Port: 80}}},
	}
}

func mediaTypes(t *testing.T, test func(t *testing.T, contentType string)) {
	for _, contentType := range []string{runtime.ContentTypeJSON, runtime.ContentTypeProtobuf} {
		t.Run(contentType, func(t *testing.T) { test(t, contentType) })
	}
}

func TestListSelectsAndPages(t *testing.T) {
	mediaTypes(t, func(t *testing.T, contentType string) {
		var objects []demo.Object
		for i := range 25 {
			objects = append(objects, service("shop", fmt.Sprintf("s%02d", i), map[string]string{"parity": fmt.Sprint(i % 2)}))
		}
		objects = append(objects, service("data", "other", nil))
		cluster, client := running(t, clocktesting.NewFakeClock(start), demo.Options{Objects: objects}, contentType)

		all, err := client.CoreV1().Services("").List(t.Context(), metav1.ListOptions{})
		if err != nil || len(all.Items) != 26 {
			t.Fatalf("all: %d, %v", len(all.Items), err)
		}
		if all.Items[0].Kind != "" {
			t.Error("the items of a typed list carry a kind, which the real server does not send")
		}
		odd, err := client.CoreV1().Services("shop").List(t.Context(), metav1.ListOptions{LabelSelector: "parity=1"})
		if err != nil || len(odd.Items) != 12 {
			t.Fatalf("odd: %d, %v", len(odd.Items), err)
		}
		one, err := client.CoreV1().Services("").List(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=s07"})
		if err != nil || len(one.Items) != 1 {
			t.Fatalf("one: %d, %v", len(one.Items), err)
		}
		_, err = client.CoreV1().Services("").List(t.Context(), metav1.ListOptions{FieldSelector: "spec.colour=red"})
		if !apierrors.IsBadRequest(err) {
			t.Fatalf("unknown field: %v", err)
		}

		first, err := client.CoreV1().Services("shop").List(t.Context(), metav1.ListOptions{Limit: 10})
		if err != nil || len(first.Items) != 10 || first.Continue == "" || first.RemainingItemCount == nil || *first.RemainingItemCount != 15 {
			t.Fatalf("first page: %d %v %v", len(first.Items), first.ListMeta, err)
		}
		cluster.Delete(service("shop", "s24", nil))
		seen := len(first.Items)
		for next := first.Continue; next != ""; {
			page, err := client.CoreV1().Services("shop").List(t.Context(), metav1.ListOptions{Limit: 10, Continue: next})
			if err != nil {
				t.Fatal(err)
			}
			if page.ResourceVersion != first.ResourceVersion {
				t.Errorf("the pages are of different versions: %s, %s", first.ResourceVersion, page.ResourceVersion)
			}
			seen, next = seen+len(page.Items), page.Continue
		}
		if seen != 25 {
			t.Errorf("the pages have %d items together; a change in between must not show", seen)
		}
		// Asked without client-go, which tries again and again.
		plain := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: cluster.Dial}}
		future, err := plain.Get("http://" + demo.Host + "/api/v1/services?resourceVersion=999999999")
		if err != nil {
			t.Fatal(err)
		}
		body := readAll(t, future.Body)
		_ = future.Body.Close()
		if future.StatusCode != http.StatusGatewayTimeout || !strings.Contains(body, string(metav1.CauseTypeResourceVersionTooLarge)) {
			t.Errorf("a version from the future: %s %s", future.Status, body)
		}
		_, err = client.CoreV1().Services("shop").List(t.Context(), metav1.ListOptions{Limit: 10, Continue: "bm9uZQ"})
		if !apierrors.IsResourceExpired(err) {
			t.Errorf("unknown page: %v", err)
		}
	})
}

// receive waits for a value. The limit only keeps a broken test from hanging.
func receive[T any](t *testing.T, from <-chan T) (T, bool) {
	t.Helper()
	select {
	case value, ok := <-from:
		return value, ok
	case <-time.After(30 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func next(t *testing.T, w watch.Interface) watch.Event {
	t.Helper()
	event, ok := receive(t, w.ResultChan())
	if !ok {
		t.Fatal("the watch has ended")
	}
	return event
}

func TestWatchFollowsTheSelection(t *testing.T) {
	mediaTypes(t, func(t *testing.T, contentType string) {
		cluster, client := running(t, clocktesting.NewFakeClock(start), demo.Options{}, contentType)
		list, err := client.CoreV1().Services("shop").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		w, err := client.CoreV1().Services("shop").Watch(t.Context(), metav1.ListOptions{
			ResourceVersion: list.ResourceVersion, LabelSelector: "tier=front",
		})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Stop()
		front := map[string]string{"tier": "front"}
		cluster.Apply(service("data", "elsewhere", front))
		cluster.Apply(service("shop", "plain", nil))
		cluster.Apply(service("shop", "web", front))
		cluster.Apply(service("shop", "web", map[string]string{"tier": "front", "x": "y"}))
		cluster.Apply(service("shop", "web", nil))
		cluster.Apply(service("shop", "plain", front))
		cluster.Delete(service("shop", "plain", nil))
		want := []struct {
			kind watch.EventType
			name string
		}{
			{watch.Added, "web"},
			{watch.Modified, "web"},
			{watch.Deleted, "web"},
			{watch.Added, "plain"},
			{watch.Deleted, "plain"},
		}
		last := list.ResourceVersion
		for _, step := range want {
			event := next(t, w)
			obj := event.Object.(*corev1.Service)
			if event.Type != step.kind || obj.Name != step.name {
				t.Errorf("%s %s, want %s %s", event.Type, obj.Name, step.kind, step.name)
			}
			if obj.ResourceVersion <= last {
				t.Errorf("%s %s has version %s after %s", event.Type, obj.Name, obj.ResourceVersion, last)
			}
			last = obj.ResourceVersion
		}
	})
}

func TestWatchListStreamsTheStateAndMarksItsEnd(t *testing.T) {
	yes := true
	cluster, client := running(t, clocktesting.NewFakeClock(start), demo.Options{Objects: []demo.Object{service("shop", "web", nil)}}, runtime.ContentTypeProtobuf)
	w, err := client.CoreV1().Services("").Watch(t.Context(), metav1.ListOptions{
		SendInitialEvents: &yes, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan, AllowWatchBookmarks: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	if event := next(t, w); event.Type != watch.Added {
		t.Fatalf("%v", event)
	}
	mark := next(t, w)
	if mark.Type != watch.Bookmark || mark.Object.(*corev1.Service).Annotations[metav1.InitialEventsAnnotationKey] != "true" {
		t.Fatalf("%v", mark)
	}
	cluster.Apply(service("shop", "later", nil))
	if event := next(t, w); event.Type != watch.Added || event.Object.(*corev1.Service).Name != "later" {
		t.Fatalf("%v", event)
	}
}

func TestWatchEndsAndExpires(t *testing.T) {
	clock := clocktesting.NewFakeClock(start)
	cluster, client := running(t, clock, demo.Options{Objects: []demo.Object{service("shop", "web", nil)}}, runtime.ContentTypeJSON)
	list, err := client.CoreV1().Services("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	open := func(version string) watch.Interface {
		t.Helper()
		w, err := client.CoreV1().Services("").Watch(t.Context(), metav1.ListOptions{ResourceVersion: version})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.Stop)
		return w
	}
	ended := open(list.ResourceVersion)
	// The watch runs once it has told of a change.
	cluster.Apply(service("shop", "web", map[string]string{"a": "1"}))
	next(t, ended)
	cluster.EndWatches()
	if event, ok := receive(t, ended.ResultChan()); ok {
		t.Fatalf("after the end: %v", event)
	}
	cut := open(list.ResourceVersion)
	next(t, cut)
	cluster.ExpireWatches()
	if event := next(t, cut); event.Type != watch.Error || !apierrors.IsResourceExpired(apierrors.FromObject(event.Object)) {
		t.Fatalf("expired: %v", event)
	}
	late := open(list.ResourceVersion)
	if event := next(t, late); event.Type != watch.Error || !apierrors.IsResourceExpired(apierrors.FromObject(event.Object)) {
		t.Fatalf("too old: %v", event)
	}
}

func TestInformersFollowThroughCuts(t *testing.T) {
	cluster, client := running(t, clocktesting.NewFakeClock(start), demo.Options{Objects: []demo.Object{service("shop", "web", nil)}}, runtime.ContentTypeProtobuf)
	ctx, cancel := context.WithCancel(t.Context())
	factory := informers.NewSharedInformerFactory(client, 0)
	informer := factory.Core().V1().Services()
	added := make(chan string, 10)
	if _, err := informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(obj any) { added <- obj.(*corev1.Service).Name },
	}); err != nil {
		t.Fatal(err)
	}
	factory.StartWithContext(ctx)
	defer factory.Shutdown()
	defer cancel()
	expect := func(name string) {
		t.Helper()
		if got, _ := receive(t, added); got != name {
			t.Fatalf("added %q, want %q", got, name)
		}
	}
	expect("web")
	cluster.Apply(service("shop", "live", nil))
	expect("live")
	cluster.ExpireWatches()
	cluster.Apply(service("shop", "after-410", nil))
	expect("after-410")
	cluster.DropConnections()
	cluster.Apply(service("shop", "after-cut", nil))
	expect("after-cut")
}

func TestRefusalsSpeakKubernetes(t *testing.T) {
	cluster, client := running(t, clocktesting.NewFakeClock(start), demo.Options{Objects: []demo.Object{service("shop", "web", nil)}}, runtime.ContentTypeProtobuf)
	cluster.Deny(func(a demo.Attributes) bool { return a.Resource == "pods" || a.Resource == "nodes" })
	for want, ask := range map[string]func() error{
		`pods is forbidden: User "demo" cannot list resource "pods" in API group "" in the namespace "shop"`: func() error {
			_, err := client.CoreV1().Pods("shop").List(t.Context(), metav1.ListOptions{})
			return err
		},
		`nodes is forbidden: User "demo" cannot list resource "nodes" in API group "" at the cluster scope`: func() error {
			_, err := client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
			return err
		},
		`pods "x" is forbidden: User "demo" cannot get resource "pods/log" in API group "" in the namespace "shop"`: func() error {
			_, err := client.CoreV1().Pods("shop").GetLogs("x", &corev1.PodLogOptions{}).Stream(t.Context())
			return err
		},
	} {
		if err := ask(); !apierrors.IsForbidden(err) || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if _, err := client.CoreV1().Services("shop").Get(t.Context(), "nope", metav1.GetOptions{}); !apierrors.IsNotFound(err) || err.Error() != `services "nope" not found` {
		t.Errorf("missing: %v", err)
	}
	if err := client.CoreV1().Services("shop").Delete(t.Context(), "web", metav1.DeleteOptions{}); !apierrors.IsMethodNotSupported(err) {
		t.Errorf("delete: %v", err)
	}
	review := func(verb, resource string) bool {
		t.Helper()
		answer, err := client.AuthorizationV1().SelfSubjectAccessReviews().Create(t.Context(), &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: verb, Resource: resource, Namespace: "shop"}},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return answer.Status.Allowed
	}
	if review("list", "pods") || !review("list", "services") {
		t.Error("access reviews and denials differ")
	}
	rules, err := client.AuthorizationV1().SelfSubjectRulesReviews().Create(t.Context(), &authorizationv1.SelfSubjectRulesReview{
		Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: "shop"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, rule := range rules.Status.ResourceRules {
		found[rule.Resources[0]] = true
	}
	if found["pods"] || found["pods/log"] || !found["services"] || !found["services/proxy"] {
		t.Errorf("rules: %v", found)
	}
}

func TestMisbehaviour(t *testing.T) {
	cluster, client := running(t, clocktesting.NewFakeClock(start), demo.Options{Objects: []demo.Object{service("shop", "web", nil)}}, runtime.ContentTypeJSON)
	ask := func() error {
		_, err := client.CoreV1().Services("shop").Get(t.Context(), "web", metav1.GetOptions{})
		return err
	}
	cluster.Misbehave(func(demo.Attributes) *demo.Fault { return &demo.Fault{Code: http.StatusUnauthorized} })
	if err := ask(); !apierrors.IsUnauthorized(err) {
		t.Errorf("401: %v", err)
	}
	times := 0
	cluster.Misbehave(func(demo.Attributes) *demo.Fault {
		if times++; times > 1 {
			return nil
		}
		return &demo.Fault{Code: http.StatusTooManyRequests, RetryAfter: time.Second}
	})
	if err := ask(); err != nil || times != 2 {
		t.Errorf("429 is retried by the client: %v after %d", err, times)
	}
	cluster.Misbehave(func(demo.Attributes) *demo.Fault { return &demo.Fault{Drop: true} })
	once, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+demo.Host+"/version", nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DialContext: cluster.Dial}
	if response, err := transport.RoundTrip(once); err == nil {
		_ = response.Body.Close()
		t.Errorf("a cut connection answered %s", response.Status)
	}
	arrived := make(chan struct{})
	cluster.Misbehave(func(demo.Attributes) *demo.Fault { close(arrived); return &demo.Fault{Hang: true} })
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := client.CoreV1().Services("shop").Get(ctx, "web", metav1.GetOptions{})
		failed <- err
	}()
	<-arrived
	cancel()
	if err := <-failed; err == nil {
		t.Error("a hanging server answered")
	}
	cluster.Misbehave(nil)
	if err := ask(); err != nil {
		t.Error(err)
	}
}

func TestDiscovery(t *testing.T) {
	_, client := running(t, clocktesting.NewFakeClock(start), demo.Options{}, runtime.ContentTypeJSON)
	version, err := client.Discovery().ServerVersion()
	if err != nil || version.Minor != "36" {
		t.Fatalf("%v, %v", version, err)
	}
	_, lists, err := client.Discovery().ServerGroupsAndResources()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, list := range lists {
		for _, r := range list.APIResources {
			found[list.GroupVersion+"/"+r.Name] = true
		}
	}
	for _, want := range []string{"v1/services", "v1/pods/portforward", "discovery.k8s.io/v1/endpointslices", "apps/v1/deployments", "networking.k8s.io/v1/ingresses"} {
		if !found[want] {
			t.Errorf("%s is not in %v", want, found)
		}
	}
	legacy, err := client.Discovery().RESTClient().Get().AbsPath("/apis/apps/v1").DoRaw(t.Context())
	if err != nil || len(legacy) == 0 {
		t.Errorf("legacy discovery: %v", err)
	}
}

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
