package apiserver

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// listOptions decodes the query of a list or watch.
func listOptions(query url.Values) (metav1.ListOptions, error) {
	var options metav1.ListOptions
	if err := metav1.Convert_url_Values_To_v1_ListOptions(&query, &options, nil); err != nil {
		return options, apierrors.NewBadRequest(err.Error())
	}
	return options, nil
}

// filter is a list's or watch's selection.
type filter struct {
	resource  resource
	namespace string
	name      string
	labels    labels.Selector
	fields    fields.Selector
}

func newFilter(res resource, t target, options metav1.ListOptions) (filter, error) {
	f := filter{resource: res, name: t.Name}
	if res.namespaced {
		f.namespace = t.Namespace
	}
	var err error
	if f.labels, err = labels.Parse(options.LabelSelector); err != nil {
		return f, apierrors.NewBadRequest(fmt.Sprintf("unable to parse requirement: %v", err))
	}
	if f.fields, err = fields.ParseSelector(options.FieldSelector); err != nil {
		return f, apierrors.NewBadRequest(err.Error())
	}
	for _, requirement := range f.fields.Requirements() {
		if !res.selectable(requirement.Field) {
			return f, apierrors.NewBadRequest(fmt.Sprintf("Unable to find %q that match label selector %q, field selector %q: field label not supported: %s",
				res.String(), options.LabelSelector, options.FieldSelector, requirement.Field))
		}
	}
	return f, nil
}

func (f filter) selects(obj Object) bool {
	if obj == nil || f.namespace != "" && obj.GetNamespace() != f.namespace || f.name != "" && obj.GetName() != f.name {
		return false
	}
	if !f.labels.Matches(labels.Set(obj.GetLabels())) {
		return false
	}
	return f.fields.Empty() || f.fields.Matches(f.resource.fieldSet(obj))
}

func (f filter) among(objects []Object) []Object {
	selected := objects[:0:0]
	for _, obj := range objects {
		if f.selects(obj) {
			selected = append(selected, obj)
		}
	}
	return selected
}

func (s *Server) serveList(w http.ResponseWriter, r *http.Request, res resource, t target) {
	options, err := listOptions(r.URL.Query())
	if err != nil {
		writeError(w, r, err)
		return
	}
	selection, err := newFilter(res, t, options)
	if err != nil {
		writeError(w, r, err)
		return
	}
	var rest page
	if options.Continue != "" {
		found, ok := s.pages.take(options.Continue)
		if !ok {
			writeError(w, r, apierrors.NewResourceExpired(
				"The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter."))
			return
		}
		rest = found
	} else {
		if err := s.checkVersion(options); err != nil {
			writeError(w, r, err)
			return
		}
		objects, version := s.store.list(res.GroupVersionResource, selection.namespace)
		rest = page{objects: selection.among(objects), version: version}
	}
	listMeta := metav1.ListMeta{ResourceVersion: strconv.FormatUint(rest.version, 10)}
	now := rest.objects
	if limit := int(options.Limit); limit > 0 && len(now) > limit {
		now = rest.objects[:limit]
		left := page{objects: rest.objects[limit:], version: rest.version}
		listMeta.Continue = s.pages.keep(left)
		if selection.labels.Empty() && selection.fields.Empty() {
			remaining := int64(len(left.objects))
			listMeta.RemainingItemCount = &remaining
		}
	}
	list, err := newListOf(res, now, listMeta)
	if err != nil {
		writeError(w, r, err)
		return
	}
	warnOfDeprecation(w, res.GroupVersionResource)
	writeObject(w, r, http.StatusOK, list)
}

// checkVersion refuses a list at a version that is over or not yet there.
func (s *Server) checkVersion(options metav1.ListOptions) error {
	version, err := parseVersion(options.ResourceVersion)
	if err != nil {
		return err
	}
	current := s.store.Version()
	if version > current {
		return tooLarge(version, current)
	}
	if options.ResourceVersionMatch == metav1.ResourceVersionMatchExact && version < current {
		return apierrors.NewResourceExpired(fmt.Sprintf("The resourceVersion for the provided list is too old: %d", version))
	}
	return nil
}

func parseVersion(version string) (uint64, error) {
	if version == "" {
		return 0, nil
	}
	parsed, err := strconv.ParseUint(version, 10, 64)
	if err != nil {
		return 0, apierrors.NewBadRequest(fmt.Sprintf("invalid resource version %q", version))
	}
	return parsed, nil
}

// tooLarge is the answer to a version from the future (storage.NewTooLargeResourceVersionError).
func tooLarge(version, current uint64) error {
	err := apierrors.NewTimeoutError(fmt.Sprintf("Too large resource version: %d, current: %d", version, current), 1)
	err.ErrStatus.Details.Causes = []metav1.StatusCause{{
		Type: metav1.CauseTypeResourceVersionTooLarge, Message: "Too large resource version",
	}}
	return err
}

// page is what remains of a list that is read in pages, as it stood at its version.
type page struct {
	objects []Object
	version uint64
}

// pages keeps the rest of lists that are being read. It keeps the newest few: who comes back late is told 410.
type pages struct {
	mu    sync.Mutex
	next  int
	rests map[string]page
	order []string
}

const keptPages = 64

func newPages() *pages { return &pages{rests: map[string]page{}} }

func (p *pages) keep(rest page) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	token := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"v":"meta.k8s.io/v1","rv":%d,"start":"%d"}`, rest.version, p.next))
	p.rests[token] = rest
	p.order = append(p.order, token)
	if len(p.order) > keptPages {
		delete(p.rests, p.order[0])
		p.order = p.order[1:]
	}
	return token
}

func (p *pages) take(token string) (page, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rest, ok := p.rests[strings.TrimSpace(token)]
	return rest, ok
}
