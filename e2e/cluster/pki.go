package cluster

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority is a certificate authority whose files are NAME.crt and NAME.key in a folder.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	pem         []byte
}

// subject is who a certificate is for, and what for.
type subject struct {
	name      string
	groups    []string
	hosts     []string // names and addresses of a server; empty for a client
	notBefore time.Time
	notAfter  time.Time
}

const certificateLife = 365 * 24 * time.Hour

func createAuthority(dir, name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          newSerial(),
		Subject:               pkix.Name{CommonName: "svctui-e2e-" + name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(certificateLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	if err := writePair(dir, name, der, key); err != nil {
		return nil, err
	}
	return loadAuthority(dir, name)
}

func loadAuthority(dir, name string) (*authority, error) {
	certPEM, err := os.ReadFile(filepath.Join(dir, name+".crt"))
	if err != nil {
		return nil, err
	}
	keyPEM, err := os.ReadFile(filepath.Join(dir, name+".key"))
	if err != nil {
		return nil, err
	}
	certBlock, _ := pem.Decode(certPEM)
	keyBlock, _ := pem.Decode(keyPEM)
	if certBlock == nil || keyBlock == nil {
		return nil, fmt.Errorf("cluster: the certificate authority %s in %s is not PEM", name, dir)
	}
	certificate, err := x509.ParseCertificate(certBlock.Bytes)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParseECPrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, err
	}
	return &authority{certificate: certificate, key: key, pem: certPEM}, nil
}

// issue writes NAME.crt and NAME.key, signed by the authority.
func (a *authority) issue(dir, name string, s subject) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: newSerial(),
		Subject:      pkix.Name{CommonName: s.name, Organization: s.groups},
		NotBefore:    s.notBefore,
		NotAfter:     s.notAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if template.NotBefore.IsZero() {
		template.NotBefore = time.Now().Add(-time.Hour)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(certificateLife)
	}
	if len(s.hosts) > 0 {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	for _, host := range s.hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return err
	}
	return writePair(dir, name, der, key)
}

func writePair(dir, name string, certificate []byte, key *ecdsa.PrivateKey) error {
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	files := map[string]*pem.Block{
		name + ".crt": {Type: "CERTIFICATE", Bytes: certificate},
		name + ".key": {Type: "EC PRIVATE KEY", Bytes: keyDER},
	}
	for file, block := range files {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func newSerial() *big.Int {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		panic("cluster: no random numbers: " + err.Error())
	}
	return serial
}

// createCertificates makes the authorities and the certificates of everything on node 1.
func (c *Cluster) createCertificates() error {
	dir := c.path("pki")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	ca, err := createAuthority(dir, "ca")
	if err != nil {
		return err
	}
	frontProxy, err := createAuthority(dir, "front-proxy-ca")
	if err != nil {
		return err
	}
	// The key that signs service account tokens is a pair like the others; its certificate is not used.
	if _, err := createAuthority(dir, "service-accounts"); err != nil {
		return err
	}
	if err := frontProxy.issue(dir, "front-proxy-client", subject{name: "front-proxy-client"}); err != nil {
		return err
	}
	for name, s := range map[string]subject{
		"apiserver": {name: "kube-apiserver", hosts: []string{
			"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + clusterDomain,
			"localhost", "127.0.0.1", serviceRangeAPI, c.node(1).address(),
		}},
		"apiserver-kubelet-client": {name: "kube-apiserver-kubelet-client", groups: []string{"system:masters"}},
		"admin":                    {name: "kubernetes-admin", groups: []string{"system:masters"}},
		"controller-manager":       {name: "system:kube-controller-manager"},
		"scheduler":                {name: "system:kube-scheduler"},
		"kube-proxy":               {name: "system:kube-proxy"},
	} {
		if err := ca.issue(dir, name, s); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) createNodeCertificates(n node) error {
	dir := c.path("pki")
	ca, err := loadAuthority(dir, "ca")
	if err != nil {
		return err
	}
	if err := ca.issue(dir, n.name()+"-kubelet", subject{name: "system:node:" + n.name(), groups: []string{"system:nodes"}}); err != nil {
		return err
	}
	return ca.issue(dir, n.name()+"-kubelet-server", subject{name: n.name(), hosts: []string{n.name(), n.address()}})
}
