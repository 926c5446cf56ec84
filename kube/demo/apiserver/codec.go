package apiserver

import (
	"fmt"
	"mime"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// negotiate picks the first of the request's media types that the server can write. Objects are written with the kind
// that they carry: the codecs that set a kind while they encode would write to objects that others read.
func negotiate(r *http.Request) (runtime.SerializerInfo, error) {
	supported := scheme.Codecs.SupportedMediaTypes()
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if accept == "" {
		accept = runtime.ContentTypeJSON
	}
	for clause := range strings.SplitSeq(accept, ",") {
		mediaType, params, err := mime.ParseMediaType(strings.TrimSpace(clause))
		if err != nil || params["as"] != "" {
			continue
		}
		if mediaType == "*/*" || mediaType == "application/*" {
			mediaType = runtime.ContentTypeJSON
		}
		if info, ok := runtime.SerializerInfoForMediaType(supported, mediaType); ok {
			return info, nil
		}
	}
	return runtime.SerializerInfo{}, &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusNotAcceptable, Reason: metav1.StatusReasonNotAcceptable,
		Message: "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",
	}}
}

// writeObject answers with an object in the media type that the client asked for.
func writeObject(w http.ResponseWriter, r *http.Request, code int, obj runtime.Object) {
	info, err := negotiate(r)
	if err != nil {
		writeError(w, r, err)
		return
	}
	w.Header().Set("Content-Type", info.MediaType)
	w.WriteHeader(code)
	// An error here means that the client has left; there is nobody to tell.
	_ = info.Serializer.Encode(obj, w)
}

// writeError answers with a Status. Errors that are not Statuses become internal errors.
func writeError(w http.ResponseWriter, r *http.Request, err error) {
	var status metav1.Status
	if known, ok := err.(apierrors.APIStatus); ok {
		status = known.Status()
	} else {
		status = apierrors.NewInternalError(err).Status()
	}
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	if status.Status == "" {
		status.Status = metav1.StatusFailure
	}
	if status.Details != nil && status.Details.RetryAfterSeconds > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(status.Details.RetryAfterSeconds))
	}
	info, notAcceptable := negotiate(r)
	if notAcceptable != nil {
		info, _ = runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), runtime.ContentTypeJSON)
	}
	w.Header().Set("Content-Type", info.MediaType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(int(status.Code))
	_ = info.Serializer.Encode(&status, w)
}

// newListOf returns a list of the resource's kind. As on the real server the items carry no kind of their own.
func newListOf(r resource, objects []Object, listMeta metav1.ListMeta) (runtime.Object, error) {
	kind := r.GroupVersion().WithKind(r.kind + "List")
	list, err := scheme.Scheme.New(kind)
	if err != nil {
		return nil, err
	}
	items := make([]runtime.Object, len(objects))
	for i, obj := range objects {
		items[i] = obj
	}
	if err := meta.SetList(list, items); err != nil {
		return nil, err
	}
	err = meta.EachListItem(list, func(item runtime.Object) error {
		item.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
		return nil
	})
	if err != nil {
		return nil, err
	}
	list.GetObjectKind().SetGroupVersionKind(kind)
	accessor, err := meta.ListAccessor(list)
	if err != nil {
		return nil, err
	}
	accessor.SetResourceVersion(listMeta.ResourceVersion)
	accessor.SetContinue(listMeta.Continue)
	accessor.SetRemainingItemCount(listMeta.RemainingItemCount)
	return list, nil
}
