package apiserver

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/scheme"
)

const (
	// bookmarkInterval is how often an idle watch tells its version (the real server: about once a minute).
	bookmarkInterval = time.Minute
	// watchLimit ends a watch that names no time limit of its own.
	watchLimit = 45 * time.Minute
)

func (s *Server) serveWatch(w http.ResponseWriter, r *http.Request, res resource, t target) {
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
	version, err := parseVersion(options.ResourceVersion)
	if err != nil {
		writeError(w, r, err)
		return
	}
	if current := s.store.Version(); version > current {
		writeError(w, r, tooLarge(version, current))
		return
	}
	sendInitial := options.SendInitialEvents != nil && *options.SendInitialEvents
	if sendInitial && (options.ResourceVersionMatch != metav1.ResourceVersionMatchNotOlderThan || !options.AllowWatchBookmarks) {
		writeError(w, r, apierrors.NewBadRequest("sendInitialEvents requires resourceVersionMatch=NotOlderThan and allowWatchBookmarks=true"))
		return
	}
	stream, err := newEventStream(w, r, res)
	if err != nil {
		writeError(w, r, err)
		return
	}
	warnOfDeprecation(w, res.GroupVersionResource)
	// Cuts are looked up first: one that comes once the client has the answer must end this watch.
	cut, gone := s.cuts.current()
	stream.begin()
	limit := watchLimit
	if options.TimeoutSeconds != nil && *options.TimeoutSeconds > 0 {
		limit = time.Duration(*options.TimeoutSeconds) * time.Second
	}
	end := s.clock.NewTimer(limit)
	defer end.Stop()
	bookmark := s.clock.NewTimer(bookmarkInterval)
	defer bookmark.Stop()

	wantsState := options.SendInitialEvents == nil && version == 0
	if sendInitial || wantsState {
		objects, at := s.store.list(res.GroupVersionResource, selection.namespace)
		for _, obj := range selection.among(objects) {
			stream.send(watch.Added, obj)
		}
		version = at
		if sendInitial {
			stream.sendBookmark(version, true)
		}
	} else if version == 0 {
		version = s.store.Version()
	}
	for stream.err == nil {
		changes, upTo, more, expired := s.store.since(res.GroupVersionResource, version)
		if expired {
			stream.sendExpired(version)
			return
		}
		for _, c := range changes {
			stream.sendChange(selection, c)
		}
		version = upTo
		stream.flush()
		select {
		case <-more:
		case <-r.Context().Done():
			return
		case <-end.C():
			return
		case <-cut:
			if *gone {
				stream.sendExpired(version)
			}
			return
		case <-bookmark.C():
			if options.AllowWatchBookmarks {
				stream.sendBookmark(version, false)
			}
			bookmark.Reset(bookmarkInterval)
		}
	}
}

// eventStream writes watch events. After an error it writes nothing more.
type eventStream struct {
	w         http.ResponseWriter
	resource  resource
	mediaType string
	objects   runtime.Encoder
	events    runtime.Encoder
	frames    io.Writer
	err       error
}

func newEventStream(w http.ResponseWriter, r *http.Request, res resource) (*eventStream, error) {
	info, err := negotiate(r)
	if err != nil {
		return nil, err
	}
	if info.StreamSerializer == nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("the server cannot stream %s", info.MediaType))
	}
	mediaType := info.MediaType
	if mediaType != runtime.ContentTypeJSON {
		mediaType += ";stream=watch"
	}
	return &eventStream{
		w: w, resource: res, mediaType: mediaType,
		objects: info.Serializer,
		events:  info.StreamSerializer.Serializer,
		frames:  info.StreamSerializer.NewFrameWriter(w),
	}, nil
}

func (s *eventStream) begin() {
	s.w.Header().Set("Content-Type", s.mediaType)
	s.w.WriteHeader(http.StatusOK)
	s.flush()
}

func (s *eventStream) flush() {
	if s.err == nil {
		s.err = http.NewResponseController(s.w).Flush()
	}
}

func (s *eventStream) send(kind watch.EventType, obj runtime.Object) {
	if s.err != nil {
		return
	}
	var body bytes.Buffer
	if s.err = s.objects.Encode(obj, &body); s.err != nil {
		return
	}
	s.err = s.events.Encode(&metav1.WatchEvent{Type: string(kind), Object: runtime.RawExtension{Raw: body.Bytes()}}, s.frames)
}

// sendChange tells the client how its selection changed: what begins to match is added, what ceases to is deleted.
func (s *eventStream) sendChange(selection filter, c change) {
	before := c.previous != nil && selection.selects(c.previous)
	after := c.kind != watch.Deleted && selection.selects(c.object)
	switch {
	case before && after:
		s.send(watch.Modified, c.object)
	case after:
		s.send(watch.Added, c.object)
	case before:
		last := c.previous.DeepCopyObject().(Object)
		last.SetResourceVersion(strconv.FormatUint(c.version, 10))
		s.send(watch.Deleted, last)
	}
}

func (s *eventStream) sendBookmark(version uint64, initialEnd bool) {
	obj, err := scheme.Scheme.New(s.resource.gvk())
	if err != nil {
		s.err = err
		return
	}
	mark := obj.(Object)
	mark.GetObjectKind().SetGroupVersionKind(s.resource.gvk())
	mark.SetResourceVersion(strconv.FormatUint(version, 10))
	if initialEnd {
		mark.SetAnnotations(map[string]string{metav1.InitialEventsAnnotationKey: "true"})
	}
	s.send(watch.Bookmark, mark)
	s.flush()
}

// sendExpired ends a watch as the real server does: status 200, then an ERROR event with a 410 inside.
func (s *eventStream) sendExpired(version uint64) {
	status := apierrors.NewResourceExpired(fmt.Sprintf("too old resource version: %d", version)).Status()
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	s.send(watch.Error, &status)
	s.flush()
}
