// Package objects puts Kubernetes objects into a cluster from YAML and waits for what becomes of them.
// It knows nothing of tests and nothing of svctui.
package objects

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/yaml"
)

// FieldManager owns the fields that this package applies.
const FieldManager = "svctui-e2e"

// Client works on one cluster. It may be used from several goroutines.
type Client struct {
	Kube    kubernetes.Interface
	dynamic dynamic.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper
}

// NewClient makes a client from a configuration that may have a rate limit of its own.
func NewClient(config *rest.Config) (*Client, error) {
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("objects: %w", err)
	}
	dyn, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("objects: %w", err)
	}
	return &Client{
		Kube:    kube,
		dynamic: dyn,
		mapper:  restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(kube.Discovery())),
	}, nil
}

// Apply puts every document of the YAML into the namespace, in order, by server-side apply. Objects of
// cluster-wide kinds and objects that name a namespace go where they belong. A document with a status has
// that written too, as its controller would. It ends when the rights that a role binding gives are in force.
// In the text may stand:
//
//	${namespace}      the namespace
//	${uid:KIND/NAME}  the uid of an object in the namespace, for the involvedObject of an event
//	${now} ${now-5m}  a time, for the times of an event
//	${apiserver}      the address of the API server, from which it dials Pods of other nodes
func (c *Client) Apply(ctx context.Context, namespace, manifests string) ([]*unstructured.Unstructured, error) {
	var applied []*unstructured.Unstructured
	documents := utilyaml.NewDocumentDecoder(io.NopCloser(strings.NewReader(manifests)))
	defer documents.Close()
	for {
		buffer := make([]byte, len(manifests)+1)
		n, err := documents.Read(buffer)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return applied, fmt.Errorf("objects: split the manifests: %w", err)
		}
		object, err := c.applyDocument(ctx, namespace, string(buffer[:n]))
		if err != nil {
			return applied, err
		}
		if object != nil {
			applied = append(applied, object)
		}
	}
	for _, object := range applied {
		if err := c.awaitRights(ctx, object); err != nil {
			return applied, err
		}
	}
	return applied, nil
}

func (c *Client) applyDocument(ctx context.Context, namespace, document string) (*unstructured.Unstructured, error) {
	document, err := c.expand(ctx, namespace, document)
	if err != nil {
		return nil, err
	}
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
		return nil, fmt.Errorf("objects: %w in\n%s", err, document)
	}
	if len(object.Object) == 0 {
		return nil, nil // comments only
	}
	resource, err := c.resource(object.GroupVersionKind(), namespace, object.GetNamespace())
	if err != nil {
		return nil, err
	}
	what := object.GetKind() + "/" + object.GetName()
	status, hasStatus := object.Object["status"]
	delete(object.Object, "status")
	options := metav1.ApplyOptions{FieldManager: FieldManager, Force: true}
	applied, err := resource.Apply(ctx, object.GetName(), object, options)
	if err != nil {
		return nil, fmt.Errorf("objects: apply %s: %w", what, err)
	}
	if hasStatus {
		patch, err := json.Marshal(map[string]any{"status": status})
		if err != nil {
			return nil, err
		}
		applied, err = resource.Patch(ctx, object.GetName(), "application/merge-patch+json", patch, metav1.PatchOptions{FieldManager: FieldManager}, "status")
		if err != nil {
			return nil, fmt.Errorf("objects: write the status of %s: %w", what, err)
		}
	}
	return applied, nil
}

var (
	uidReference  = regexp.MustCompile(`\$\{uid:([A-Za-z]+)/([a-z0-9.-]+)\}`)
	timeReference = regexp.MustCompile(`\$\{now(-[0-9a-z]+)?\}`)
)

func (c *Client) expand(ctx context.Context, namespace, document string) (string, error) {
	document = strings.ReplaceAll(document, "${namespace}", namespace)
	if strings.Contains(document, apiServerReference) {
		address, err := c.apiServerAddress(ctx)
		if err != nil {
			return "", err
		}
		document = strings.ReplaceAll(document, apiServerReference, address)
	}
	var problem error
	document = timeReference.ReplaceAllStringFunc(document, func(reference string) string {
		offset := timeReference.FindStringSubmatch(reference)[1]
		if offset == "" {
			offset = "0s"
		}
		d, err := time.ParseDuration(offset)
		if err != nil {
			problem = fmt.Errorf("objects: %s: %w", reference, err)
		}
		return `"` + time.Now().Add(d).UTC().Format(time.RFC3339) + `"`
	})
	document = uidReference.ReplaceAllStringFunc(document, func(reference string) string {
		match := uidReference.FindStringSubmatch(reference)
		object, err := c.Get(ctx, namespace, match[1], match[2])
		if err != nil {
			problem = fmt.Errorf("objects: %s: %w", reference, err)
			return ""
		}
		return string(object.GetUID())
	})
	return document, problem
}

const apiServerReference = "${apiserver}"

// apiServerAddress is what the API server says of itself, as the endpoint of default/kubernetes.
func (c *Client) apiServerAddress(ctx context.Context) (string, error) {
	slices, err := c.Slices(ctx, metav1.NamespaceDefault, "kubernetes")
	if err != nil {
		return "", fmt.Errorf("objects: %w", err)
	}
	for _, slice := range slices {
		for _, endpoint := range slice.Endpoints {
			if len(endpoint.Addresses) > 0 {
				return endpoint.Addresses[0], nil
			}
		}
	}
	return "", errors.New("objects: default/kubernetes has no endpoint")
}

// Get reads an object by its kind, such as "Service"; kinds of several groups mean the preferred one.
func (c *Client) Get(ctx context.Context, namespace, kind, name string) (*unstructured.Unstructured, error) {
	resource, err := c.byKind(kind, namespace)
	if err != nil {
		return nil, err
	}
	return resource.Get(ctx, name, metav1.GetOptions{})
}

// Serves tells whether the cluster has a kind, such as "HTTPRoute".
func (c *Client) Serves(kind string) bool {
	_, err := c.byKind(kind, "")
	return err == nil
}

// Delete deletes an object and what it owns. An object that does not exist is no error.
func (c *Client) Delete(ctx context.Context, namespace, kind, name string) error {
	resource, err := c.byKind(kind, namespace)
	if err != nil {
		return err
	}
	background := metav1.DeletePropagationBackground
	err = resource.Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &background})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("objects: delete %s/%s: %w", kind, name, err)
	}
	return nil
}

// Patch merges a JSON text into an object of a namespace. One that is not there is left so.
func (c *Client) Patch(ctx context.Context, namespace, kind, name, with string) error {
	resource, err := c.byKind(kind, namespace)
	if err != nil {
		return err
	}
	_, err = resource.Patch(ctx, name, "application/merge-patch+json", []byte(with), metav1.PatchOptions{FieldManager: FieldManager})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("objects: patch %s/%s: %w", kind, name, err)
	}
	return nil
}

// DeleteClusterWide deletes those objects of the manifests that no namespace holds, and which therefore outlive it.
func (c *Client) DeleteClusterWide(ctx context.Context, namespace, manifests string) error {
	var problems []error
	for document := range strings.SplitSeq("\n"+manifests, "\n---") {
		object := &unstructured.Unstructured{}
		text := strings.ReplaceAll(document, "${namespace}", namespace)
		if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil || len(object.Object) == 0 {
			continue // Apply has told of it
		}
		kind := object.GroupVersionKind()
		mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
		if err != nil || mapping.Scope.Name() != meta.RESTScopeNameRoot {
			continue
		}
		err = c.dynamic.Resource(mapping.Resource).Delete(ctx, object.GetName(), metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			problems = append(problems, fmt.Errorf("objects: delete %s/%s: %w", object.GetKind(), object.GetName(), err))
		}
	}
	return errors.Join(problems...)
}

func (c *Client) byKind(kind, namespace string) (dynamic.ResourceInterface, error) {
	lists, err := c.Kube.Discovery().ServerPreferredResources()
	if err != nil && len(lists) == 0 {
		return nil, fmt.Errorf("objects: kinds of the cluster: %w", err)
	}
	for _, list := range lists {
		for _, resource := range list.APIResources {
			if resource.Kind == kind && !strings.Contains(resource.Name, "/") {
				gv, err := schema.ParseGroupVersion(list.GroupVersion)
				if err != nil {
					return nil, err
				}
				return c.resource(gv.WithKind(kind), namespace, "")
			}
		}
	}
	return nil, fmt.Errorf("objects: the cluster has no kind %q", kind)
}

func (c *Client) resource(kind schema.GroupVersionKind, namespace, own string) (dynamic.ResourceInterface, error) {
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		c.mapper.Reset() // a custom resource definition that came after the last look
		mapping, err = c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	}
	if err != nil {
		return nil, fmt.Errorf("objects: kind %s: %w", kind, err)
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return c.dynamic.Resource(mapping.Resource), nil
	}
	if own != "" {
		namespace = own
	}
	return c.dynamic.Resource(mapping.Resource).Namespace(namespace), nil
}

// Label marks everything that the tests make outside of a namespace, and their namespaces.
const Label = "svctui.test/e2e"

// CreateNamespace creates a namespace (a name ending in "-" gets a random end) and returns its name once
// Pods can be created in it, for which the controllers first make its default service account.
func (c *Client) CreateNamespace(ctx context.Context, name string) (string, error) {
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{Label: "true"}}}
	if strings.HasSuffix(name, "-") {
		object.Name, object.GenerateName = "", name
	}
	created, err := c.Kube.CoreV1().Namespaces().Create(ctx, object, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("objects: create namespace %s: %w", name, err)
	}
	return created.Name, Eventually(ctx, func(ctx context.Context) error {
		_, err := c.Kube.CoreV1().ServiceAccounts(created.Name).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

// DeleteNamespace deletes a namespace without waiting for its end.
func (c *Client) DeleteNamespace(ctx context.Context, name string) error {
	err := c.Kube.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("objects: delete namespace %s: %w", name, err)
	}
	return nil
}

// Eventually asks until the answer is nil, five times a second. When the context ends first, the error
// is the last answer.
func Eventually(ctx context.Context, ask func(context.Context) error) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	started := time.Now()
	var last error
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err // not the answer that only says that the context has ended
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("after %v: %w", time.Since(started).Round(100*time.Millisecond), last)
		case <-tick.C:
		}
	}
}

// Pods lists the Pods with a label selector, "" for all.
func (c *Client) Pods(ctx context.Context, namespace, selector string) ([]corev1.Pod, error) {
	list, err := c.Kube.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// Slices lists the EndpointSlices of a Service.
func (c *Client) Slices(ctx context.Context, namespace, service string) ([]discoveryv1.EndpointSlice, error) {
	options := metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + service}
	list, err := c.Kube.DiscoveryV1().EndpointSlices(namespace).List(ctx, options)
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// PostToPod sends an HTTP POST to the Pod's port through the API server, to switch the workload:
// PostToPod(ctx, ns, pod, 8080, "/ready?on=0"). It reaches Pods that are not ready.
func (c *Client) PostToPod(ctx context.Context, namespace, pod string, port int, path string) error {
	path, query, _ := strings.Cut(path, "?")
	request := c.Kube.CoreV1().RESTClient().Post().Namespace(namespace).Resource("pods").
		Name(fmt.Sprintf("%s:%d", pod, port)).SubResource("proxy").Suffix(path)
	for parameter := range strings.SplitSeq(query, "&") {
		if key, value, found := strings.Cut(parameter, "="); found {
			request = request.Param(key, value)
		}
	}
	if err := request.Do(ctx).Error(); err != nil {
		return fmt.Errorf("objects: POST %s to Pod %s: %w", path, pod, err)
	}
	return nil
}
