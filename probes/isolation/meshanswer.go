package isolation

import "net/http"

// provenance is what an HTTP answer's head says of who wrote it.
type provenance struct {
	// server is the header Server; linkerd tells that there is one named l5d-proxy-error, and upstream that there is one named
	// x-envoy-upstream-service-time.
	server            string
	linkerd, upstream bool
}

func provenanceOf(header http.Header) provenance {
	return provenance{
		server:  header.Get("Server"),
		linkerd: header.Get("L5d-Proxy-Error") != "", upstream: header.Get("X-Envoy-Upstream-Service-Time") != "",
	}
}

// byMesh tells whether a mesh's proxy may have given an answer by itself. Linkerd's says so in a header, though not to callers from outside of
// the mesh; Envoy names itself (envoy where it sends, istio-envoy where Istio's receives), and notes how long the application took where that
// answered. Where nothing is named, it goes by the status.
func (p provenance) byMesh(code int) bool {
	if p.linkerd {
		return true
	}
	switch p.server {
	case "envoy", "istio-envoy":
		return !p.upstream && (mayBeProxys(code) || code == http.StatusNotFound || code == http.StatusTooManyRequests)
	case "":
		return !p.upstream && mayBeProxys(code)
	}
	return false
}

// byMeshBehind tells whether, where a client's own Envoy passed an answer on, the one in front of the application may have given it: the client's
// then notes a time all the same.
func (p provenance) byMeshBehind(code int) bool { return p.upstream && mayBeProxys(code) }

// mayBeProxys tells whether a status is one that proxies give where they do not reach the application, or let nobody through to it.
func mayBeProxys(code int) bool {
	switch code {
	case http.StatusForbidden, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// mayBeMesh notes that an answer may be that of a mesh's proxy, as far as one stands on its way, unless the application says the very same.
// It holds the lock.
func (r *run) mayBeMesh(way string, got answer) {
	if got.opaque {
		r.opaque[way] = got
	} else {
		delete(r.opaque, way)
	}
}

// ownWords tells whether the application says the very same on its Pod's localhost, where no mesh's proxy stands. It holds the lock.
func (r *run) ownWords(got answer) bool {
	own := r.podForward
	if own != nil && own.closed && got.closed {
		return true
	}
	if own == nil || own.outcome != OK || !own.status || !got.status || own.code != got.code {
		return false
	}
	// What a client was told is not known but for its status, and the others of those are what proxies say of any application.
	return own.saying == got.saying || got.statusOnly && got.code != http.StatusBadGateway && got.code != http.StatusServiceUnavailable && got.code != http.StatusGatewayTimeout
}

// meshSaid are the ways, rungs and targets of a client, on which a mesh's proxy may have answered in the application's place. It holds the lock.
func (r *run) meshSaid() map[string]bool {
	said := map[string]bool{}
	for way, got := range r.opaque {
		if !r.ownWords(got) {
			said[way] = true
		}
	}
	return said
}

// settleClient reads once more what a client was told that may be a mesh's word: by now it is known what the application says.
func (r *run) settleClient() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.result.Rungs {
		seen := &r.result.Rungs[i]
		if got, told := r.told[seen.Target]; told && seen.Rung == RungInCluster && got.opaque {
			r.noteDial(seen, got, seen.Took)
		}
	}
}
