package check

import (
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

func selectsKnown(s *subject) bool { return s.selects() && s.slicesKnown() }

func portRules() []Rule {
	return []Rule{
		{
			IDs: []string{"PORT-06", "PORT-05"}, Step: StepEndpoints, Reads: []model.Kind{model.Pods},
			applies: func(s *subject) bool { return selectsKnown(s) && !s.headless() && hasTarget(s.service, intstr.Int) },
			check:   checkNumericPorts,
		},
	}
}

func hasTarget(service *corev1.Service, kind intstr.Type) bool {
	return slices.ContainsFunc(service.Spec.Ports, func(port corev1.ServicePort) bool { return port.TargetPort.Type == kind })
}

func declaresPort(pod *corev1.PodSpec, number int32, protocol corev1.Protocol) bool {
	for container := range model.ServingContainers(pod) {
		for i := range container.Ports {
			if container.Ports[i].ContainerPort == number && protocolOf(container.Ports[i].Protocol) == protocol {
				return true
			}
		}
	}
	return false
}

func targetPortText(port *corev1.ServicePort) string {
	if port.TargetPort.Type == intstr.Int && port.TargetPort.IntVal == 0 {
		return strconv.Itoa(int(port.Port))
	}
	return port.TargetPort.String()
}
