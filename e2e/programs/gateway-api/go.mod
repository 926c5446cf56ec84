// The definitions of the Gateway API, as its module carries them. Nothing imports it: the cluster reads the folder of its
// YAML files, so there is nothing here for `go mod tidy` to do.
module github.com/svctui/svctui/e2e/programs/gateway-api

go 1.26.0

require sigs.k8s.io/gateway-api v1.6.3
