package cluster

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// ContextName is the name of the context in the kubeconfigs of this package.
const ContextName = "svctui-e2e"

// TokenUser is a user whom the API server knows by a bearer token, of the group TokenGroup.
const (
	TokenUser  = "token-user"
	TokenGroup = "token-users"
)

// UserKubeconfig writes a kubeconfig for a user with a client certificate, and returns its path.
// The user has the rights that RBAC gives to that name and to those groups.
func (c *Cluster) UserKubeconfig(name string, groups ...string) (string, error) {
	return c.certificateKubeconfig(subject{name: name, groups: groups})
}

// ExpiredUserKubeconfig is like UserKubeconfig, with a certificate that expired an hour ago.
func (c *Cluster) ExpiredUserKubeconfig(name string, groups ...string) (string, error) {
	return c.certificateKubeconfig(subject{
		name: name, groups: groups,
		notBefore: time.Now().Add(-48 * time.Hour), notAfter: time.Now().Add(-time.Hour),
	})
}

// TokenUserKubeconfig writes a kubeconfig with TokenUser's bearer token, and returns its path.
func (c *Cluster) TokenUserKubeconfig() (string, error) {
	token, err := os.ReadFile(c.path("pki", "token"))
	if err != nil {
		return "", fmt.Errorf("cluster: %w", err)
	}
	return c.TokenKubeconfig(string(token))
}

// TokenKubeconfig writes a kubeconfig with any bearer token, such as one of a service account or
// one that the API server does not know, and returns its path.
func (c *Cluster) TokenKubeconfig(token string) (string, error) {
	return c.writeUserKubeconfig("token", &clientcmdapi.AuthInfo{Token: token})
}

func (c *Cluster) certificateKubeconfig(s subject) (string, error) {
	ca, err := loadAuthority(c.path("pki"), "ca")
	if err != nil {
		return "", fmt.Errorf("cluster: certificate for %s: %w", s.name, err)
	}
	dir, err := os.MkdirTemp("", "svctui-e2e-user-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := ca.issue(dir, "user", s); err != nil {
		return "", fmt.Errorf("cluster: certificate for %s: %w", s.name, err)
	}
	certificate, err := os.ReadFile(filepath.Join(dir, "user.crt"))
	if err != nil {
		return "", err
	}
	key, err := os.ReadFile(filepath.Join(dir, "user.key"))
	if err != nil {
		return "", err
	}
	return c.writeUserKubeconfig(s.name, &clientcmdapi.AuthInfo{ClientCertificateData: certificate, ClientKeyData: key})
}

func (c *Cluster) writeUserKubeconfig(user string, auth *clientcmdapi.AuthInfo) (string, error) {
	dir := c.path("kubeconfigs")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	suffix := make([]byte, 4)
	if _, err := rand.Read(suffix); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "user-"+notInNames.ReplaceAllString(user, "-")+"-"+hex.EncodeToString(suffix))
	return path, c.writeKubeconfig(path, user, auth)
}

// componentKubeconfig writes the kubeconfig of a component from its certificate, and returns its path.
func (c *Cluster) componentKubeconfig(certificate string) (string, error) {
	path := c.path("kubeconfigs", certificate)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	return path, c.writeCertificateKubeconfig(path, certificate)
}

func (c *Cluster) writeCertificateKubeconfig(path, certificate string) error {
	cert, err := os.ReadFile(c.path("pki", certificate+".crt"))
	if err != nil {
		return err
	}
	key, err := os.ReadFile(c.path("pki", certificate+".key"))
	if err != nil {
		return err
	}
	return c.writeKubeconfig(path, certificate, &clientcmdapi.AuthInfo{ClientCertificateData: cert, ClientKeyData: key})
}

func (c *Cluster) writeKubeconfig(path, user string, auth *clientcmdapi.AuthInfo) error {
	ca, err := os.ReadFile(c.path("pki", "ca.crt"))
	if err != nil {
		return err
	}
	config := clientcmdapi.NewConfig()
	config.Clusters[ContextName] = &clientcmdapi.Cluster{Server: c.server(), CertificateAuthorityData: ca}
	config.AuthInfos[user] = auth
	config.Contexts[ContextName] = &clientcmdapi.Context{Cluster: ContextName, AuthInfo: user}
	config.CurrentContext = ContextName
	return clientcmd.WriteToFile(*config, path)
}
