// Package convert makes of objects that come through the dynamic client, and of typed ones of which little is kept, what
// kube/model holds of them. Nothing about their shape is trusted: a CustomResourceDefinition may be another one of the
// same name, or prune nothing. What is not as expected is left out.
package convert

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/svctui/svctui/kube/model"
)

// Object converts an object of a kind; nil for one that cannot be of that kind. An object that is kept as it is comes back
// unchanged. The result shares no memory with the content of an unstructured object.
func Object(kind model.Kind, object any) metav1.Object {
	switch object := object.(type) {
	case *unstructured.Unstructured:
		if object == nil || object.GetName() == "" {
			return nil
		}
		return custom(kind, object)
	case *autoscalingv2.HorizontalPodAutoscaler:
		return horizontalScaler(object)
	case metav1.Object:
		return object
	}
	return nil
}

func custom(kind model.Kind, object *unstructured.Unstructured) metav1.Object {
	content := fields(object.Object)
	meta := objectMeta(object)
	switch kind {
	case model.HTTPRoutes:
		return route("HTTPRoute", meta, content)
	case model.GRPCRoutes:
		return route("GRPCRoute", meta, content)
	case model.TLSRoutes:
		return route("TLSRoute", meta, content)
	case model.TCPRoutes:
		return route("TCPRoute", meta, content)
	case model.Gateways:
		return gateway(meta, content)
	case model.ReferenceGrants:
		return referenceGrant(meta, content)
	case model.APIServices:
		return apiService(meta, content)
	case model.Rollouts:
		return rollout(meta, content)
	case model.ScaledObjects:
		return scaledObject(meta, content)
	case model.Endpoints:
		return legacyEndpoints(meta, content)
	}
	return nil
}

// objectMeta keeps what checks read of every object, and managedFields of none.
func objectMeta(object *unstructured.Unstructured) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name:              object.GetName(),
		Namespace:         object.GetNamespace(),
		UID:               object.GetUID(),
		ResourceVersion:   object.GetResourceVersion(),
		Generation:        object.GetGeneration(),
		CreationTimestamp: object.GetCreationTimestamp(),
		DeletionTimestamp: object.GetDeletionTimestamp(),
		Labels:            object.GetLabels(),
		Annotations:       object.GetAnnotations(),
		OwnerReferences:   object.GetOwnerReferences(),
	}
}
