package check

import corev1 "k8s.io/api/core/v1"

// InternalLoadBalancer tells whether a Service asks its cloud for a load balancer that is not reached from the internet, by one of the
// annotations that the clouds know or by its class.
func InternalLoadBalancer(service *corev1.Service) bool { return internalBy(service) != "" }

// SourceRanges are the clients that a Service's load balancer lets in, as written there; none for everybody.
func SourceRanges(service *corev1.Service) []string {
	_, texts, _ := sourceRanges(service)
	return texts
}
