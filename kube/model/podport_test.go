package model

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestResolveTargetPort(t *testing.T) {
	t.Parallel()
	always := new(corev1.ContainerRestartPolicyAlways)
	spec := corev1.PodSpec{
		Containers: []corev1.Container{{Name: "app", Ports: []corev1.ContainerPort{
			{Name: "http", ContainerPort: 8080}, {Name: "dns", ContainerPort: 53, Protocol: corev1.ProtocolUDP},
		}}},
		InitContainers: []corev1.Container{
			{Name: "init", Ports: []corev1.ContainerPort{{Name: "setup", ContainerPort: 1}}},
			{Name: "proxy", RestartPolicy: always, Ports: []corev1.ContainerPort{{Name: "mesh", ContainerPort: 15001}, {Name: "http", ContainerPort: 2}}},
		},
	}
	for _, test := range []struct {
		target   intstr.IntOrString
		protocol corev1.Protocol
		number   int32
		in       string
		ok       bool
	}{
		{intstr.FromString("http"), "TCP", 8080, "app", true},
		{intstr.FromString("http"), "", 8080, "app", true},
		{intstr.FromString("http"), "UDP", 0, "", false},
		{intstr.FromString("dns"), "UDP", 53, "app", true},
		{intstr.FromString("dns"), "TCP", 0, "", false},
		{intstr.FromString("mesh"), "TCP", 15001, "proxy", true},
		{intstr.FromString("setup"), "TCP", 0, "", false},
		{intstr.FromInt32(8080), "TCP", 8080, "app", true},
		{intstr.FromInt32(9999), "TCP", 9999, "", true},
		{intstr.FromInt32(0), "TCP", 80, "", true},
	} {
		got, ok := ResolveTargetPort(&spec, &corev1.ServicePort{Port: 80, Protocol: test.protocol, TargetPort: test.target})
		if ok != test.ok || got.Number != test.number || got.Container != test.in {
			t.Errorf("%s/%s: %+v %v", test.target.String(), test.protocol, got, ok)
		}
	}
}
