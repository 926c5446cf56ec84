package harness

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// UserKubeconfig is the path of a kubeconfig for a user of that name and those groups, whose rights RBAC
// gives. On our own cluster the user has a client certificate; on an existing one the administrator
// impersonates the user, which RBAC cannot tell from it.
func (c *Cluster) UserKubeconfig(t testing.TB, name string, groups ...string) string {
	t.Helper()
	if c.Own != nil {
		path, err := c.Own.UserKubeconfig(name, groups...)
		return orFail(t, path, err)
	}
	config, err := clientcmd.NewDefaultClientConfigLoadingRules().Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range config.AuthInfos {
		user.Impersonate, user.ImpersonateGroups = name, groups
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	return orFail(t, path, clientcmd.WriteToFile(*config, path))
}

// ExpiredUserKubeconfig has a client certificate that has expired; our own cluster only.
func (c *Cluster) ExpiredUserKubeconfig(t testing.TB, name string, groups ...string) string {
	t.Helper()
	path, err := c.RequireOwn(t).ExpiredUserKubeconfig(name, groups...)
	return orFail(t, path, err)
}

// TokenKubeconfig has that bearer token, which may be one that the API server does not know; our own cluster only.
func (c *Cluster) TokenKubeconfig(t testing.TB, token string) string {
	t.Helper()
	path, err := c.RequireOwn(t).TokenKubeconfig(token)
	return orFail(t, path, err)
}

// ServiceAccountKubeconfig has a bearer token of a service account that exists; our own cluster only.
func (c *Cluster) ServiceAccountKubeconfig(t testing.TB, namespace, account string) string {
	t.Helper()
	return c.TokenKubeconfig(t, c.ServiceAccountToken(t, namespace, account))
}

// ServiceAccountToken asks the API server for a token of a service account, valid for an hour.
func (c *Cluster) ServiceAccountToken(t testing.TB, namespace, account string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	request := &authenticationv1.TokenRequest{}
	answer, err := c.Kube.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, account, request, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("token of service account %s/%s: %v", namespace, account, err)
	}
	return answer.Status.Token
}

// orFail gives the path of a kubeconfig that the test's end removes.
func orFail(t testing.TB, path string, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(path) })
	return path
}

// Context is one context of a kubeconfig that is put together from others.
type Context struct {
	// Kubeconfig is where its cluster and its user come from: those of its current context.
	Kubeconfig string
	// Namespace is the context's own.
	Namespace string
}

// Contexts is the path of a kubeconfig with these contexts, by name. None is current where that is empty.
func (c *Cluster) Contexts(t testing.TB, contexts map[string]Context, current string) string {
	t.Helper()
	merged := clientcmdapi.NewConfig()
	merged.CurrentContext = current
	for name, from := range contexts {
		config, err := clientcmd.LoadFromFile(from.Kubeconfig)
		if err != nil {
			t.Fatal(err)
		}
		own := config.Contexts[config.CurrentContext]
		merged.Clusters[name], merged.AuthInfos[name] = config.Clusters[own.Cluster], config.AuthInfos[own.AuthInfo]
		merged.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name, Namespace: from.Namespace}
	}
	return WriteKubeconfig(t, merged)
}

// WriteKubeconfig writes a kubeconfig for the time of the test, and returns its path.
func WriteKubeconfig(t testing.TB, config *clientcmdapi.Config) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return path
}
