package isolation

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestWhereNothingListensTheDeclaredPortIsNamed(t *testing.T) {
	t.Parallel()
	tcp := func(number int32) corev1.ContainerPort { return corev1.ContainerPort{ContainerPort: number} }
	for name, test := range map[string]struct {
		declared []corev1.ContainerPort
		want     int32
	}{
		"one other":                    {[]corev1.ContainerPort{tcp(8080)}, 8080},
		"one other, and one of UDP":    {[]corev1.ContainerPort{tcp(8080), {ContainerPort: 53, Protocol: corev1.ProtocolUDP}}, 8080},
		"two others":                   {[]corev1.ContainerPort{tcp(8080), tcp(9090)}, 0},
		"the asked one is declared":    {[]corev1.ContainerPort{tcp(8081)}, 0},
		"the asked one beside another": {[]corev1.ContainerPort{tcp(8080), tcp(8081)}, 0},
		"none":                         {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			meant := onlyDeclared(&corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Ports: test.declared}}}, 8081)
			if meant != test.want {
				t.Fatalf("got %d, want %d", meant, test.want)
			}
			next := notListening.conclusion(Facts{Pod: "web-1", PodPort: 8081, PortMeant: meant}).Next
			if named := strings.HasPrefix(next, "set targetPort to 8080: "); named != (test.want != 0) || named == strings.Contains(next, "let one of them be 8081") {
				t.Errorf("next: %s", next)
			}
		})
	}
}
