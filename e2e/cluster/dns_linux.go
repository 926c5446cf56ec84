package cluster

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/e2e/objects"
)

// dnsManifests lay CoreDNS out in kube-system as kubeadm does: names, labels, ports and probes are the same.
//
//go:embed dns.yaml
var dnsManifests string

// startDNS gives the cluster its name server. It may be called again.
func (c *Cluster) startDNS(ctx context.Context) error {
	config, err := c.RESTConfig()
	if err != nil {
		return err
	}
	client, err := objects.NewClient(config)
	if err != nil {
		return err
	}
	manifests := strings.NewReplacer("${domain}", clusterDomain, "${address}", dnsAddress, "${image}", DNSImage).Replace(dnsManifests)
	if _, err := client.Apply(ctx, metav1.NamespaceSystem, manifests); err != nil {
		return fmt.Errorf("cluster: name server: %w", err)
	}
	return nil
}

func (c *Cluster) dnsReady(ctx context.Context) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	deployment, err := client.AppsV1().Deployments(metav1.NamespaceSystem).Get(ctx, "coredns", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if ready := deployment.Status.ReadyReplicas; ready == 0 || ready < deployment.Status.Replicas {
		return fmt.Errorf("%d of %d name servers are ready", ready, deployment.Status.Replicas)
	}
	return nil
}
