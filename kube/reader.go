package kube

import (
	"context"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/svctui/svctui/kube/model"
)

// reader lists and watches one kind in one namespace.
type reader struct {
	list  func(context.Context, metav1.ListOptions) (runtime.Object, error)
	watch func(context.Context, metav1.ListOptions) (watch.Interface, error)
	// example is an empty object of the kind.
	example runtime.Object
}

// resource is what every typed client of a kind offers.
type resource[L runtime.Object] interface {
	List(context.Context, metav1.ListOptions) (L, error)
	Watch(context.Context, metav1.ListOptions) (watch.Interface, error)
}

func readerOf[L runtime.Object](client resource[L], example runtime.Object) reader {
	return reader{
		list: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return client.List(ctx, options)
		},
		watch:   client.Watch,
		example: example,
	}
}

// clients are what a Store reads with.
type clients struct {
	typed   kubernetes.Interface
	dynamic dynamic.Interface
	served  *served
}

// readerFor returns the reader of a need; false for a kind that a Snapshot cannot hold.
func readerFor(clients clients, need model.Need) (reader, bool) {
	if custom(need.Kind) || need.Kind == model.Endpoints {
		// Of Endpoints hardly anything is kept, and their typed client is deprecated.
		return clients.customReader(need), true
	}
	read, ok := typedReader(clients.typed, need)
	if ok && need.Kind.Extension() {
		read = clients.onlyServed(need.Kind, read)
	}
	return read, ok
}

// customReader reads a kind through the dynamic client, from a version that is served.
func (c clients) customReader(need model.Need) reader {
	find := func(ctx context.Context) (dynamic.ResourceInterface, error) {
		resource, err := c.served.find(ctx, need.Kind)
		if err != nil {
			return nil, err
		}
		if need.Namespace == model.AllNamespaces {
			return c.dynamic.Resource(resource), nil
		}
		return c.dynamic.Resource(resource).Namespace(need.Namespace), nil
	}
	return reader{
		list: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			client, err := find(ctx)
			if err != nil {
				return nil, err
			}
			return client.List(ctx, options)
		},
		watch: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			client, err := find(ctx)
			if err != nil {
				return nil, err
			}
			return client.Watch(ctx, options)
		},
		example: &unstructured.Unstructured{},
	}
}

// onlyServed keeps a reader from asking for what the cluster does not serve.
func (c clients) onlyServed(kind model.Kind, inner reader) reader {
	return reader{
		list: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			if _, err := c.served.find(ctx, kind); err != nil {
				return nil, err
			}
			return inner.list(ctx, options)
		},
		watch: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			if _, err := c.served.find(ctx, kind); err != nil {
				return nil, err
			}
			return inner.watch(ctx, options)
		},
		example: inner.example,
	}
}

func typedReader(client kubernetes.Interface, need model.Need) (reader, bool) {
	namespace := need.Namespace
	switch need.Kind {
	case model.Services:
		return readerOf(client.CoreV1().Services(namespace), &corev1.Service{}), true
	case model.EndpointSlices:
		return readerOf(client.DiscoveryV1().EndpointSlices(namespace), &discoveryv1.EndpointSlice{}), true
	case model.Pods:
		return readerOf(client.CoreV1().Pods(namespace), &corev1.Pod{}), true
	case model.Events:
		return readerOf(client.CoreV1().Events(namespace), &corev1.Event{}), true
	case model.Deployments:
		return readerOf(client.AppsV1().Deployments(namespace), &appsv1.Deployment{}), true
	case model.ReplicaSets:
		return readerOf(client.AppsV1().ReplicaSets(namespace), &appsv1.ReplicaSet{}), true
	case model.StatefulSets:
		return readerOf(client.AppsV1().StatefulSets(namespace), &appsv1.StatefulSet{}), true
	case model.DaemonSets:
		return readerOf(client.AppsV1().DaemonSets(namespace), &appsv1.DaemonSet{}), true
	case model.Jobs:
		return readerOf(client.BatchV1().Jobs(namespace), &batchv1.Job{}), true
	case model.Ingresses:
		return readerOf(client.NetworkingV1().Ingresses(namespace), &networkingv1.Ingress{}), true
	case model.NetworkPolicies:
		return readerOf(client.NetworkingV1().NetworkPolicies(namespace), &networkingv1.NetworkPolicy{}), true
	case model.Nodes:
		return readerOf(client.CoreV1().Nodes(), &corev1.Node{}), true
	case model.Namespaces:
		return readerOf(client.CoreV1().Namespaces(), &corev1.Namespace{}), true
	case model.IngressClasses:
		return readerOf(client.NetworkingV1().IngressClasses(), &networkingv1.IngressClass{}), true
	case model.ServiceCIDRs:
		return readerOf(client.NetworkingV1().ServiceCIDRs(), &networkingv1.ServiceCIDR{}), true
	case model.ValidatingWebhooks:
		return readerOf(client.AdmissionregistrationV1().ValidatingWebhookConfigurations(), &admissionv1.ValidatingWebhookConfiguration{}), true
	case model.MutatingWebhooks:
		return readerOf(client.AdmissionregistrationV1().MutatingWebhookConfigurations(), &admissionv1.MutatingWebhookConfiguration{}), true
	case model.HorizontalScalers:
		return readerOf(client.AutoscalingV2().HorizontalPodAutoscalers(namespace), &autoscalingv2.HorizontalPodAutoscaler{}), true
	}
	return reader{}, false
}
