package kube

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Reason says why no session could be had. It is itself an error, so that errors.Is(err, kube.NoContext) works
// on whatever Connect returns.
type Reason string

// The reasons.
const (
	// NoKubeconfig means that there is no kubeconfig, and this is no Pod either.
	NoKubeconfig Reason = "no kubeconfig"
	// BadKubeconfig means that a kubeconfig cannot be read, or contradicts itself.
	BadKubeconfig Reason = "bad kubeconfig"
	// UnknownContext means that the kubeconfig has no context of that name.
	UnknownContext Reason = "unknown context"
	// NoContext means that the kubeconfig names no current context; one of Contexts has to be picked.
	NoContext Reason = "no current context"
	// Unreachable means that no API server answered.
	Unreachable Reason = "unreachable"
	// Untrusted means that the connection's certificates were not accepted, by one side or the other.
	Untrusted Reason = "untrusted"
	// Unauthorized means that the API server answered, and does not know who asks.
	Unauthorized Reason = "unauthorized"
	// CertificateExpired means that the client certificate is out of date.
	CertificateExpired Reason = "client certificate expired"
	// NeedsLogin means that the context's login plugin failed, is missing or waits for somebody to log in.
	NeedsLogin Reason = "needs login"
	// NotKubernetes means that something answered that is no Kubernetes API server.
	NotKubernetes Reason = "not a Kubernetes API server"
)

// Error is the reason in two words.
func (r Reason) Error() string { return string(r) }

// ConnectError says why no session could be had: what was tried, on what, and what the user can do.
// errors.Is with a Reason, or with what lies under it, works.
type ConnectError struct {
	Reason Reason
	// Context and Server are what was tried, where that far was got.
	Context string
	Server  string
	// Contexts are those that could be picked instead, sorted.
	Contexts []string
	// Text is the whole message. Parts of it come from a server or a plugin; clean it at the print.
	Text string
	// Cause is the error underneath, if any.
	Cause error
}

// Error is the whole message.
func (e *ConnectError) Error() string { return e.Text }

// Unwrap gives the reason and the cause.
func (e *ConnectError) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.Cause}
}

// isLogin tells whether logging in again may mend the error.
func isLogin(err error) bool {
	return errors.Is(err, NeedsLogin) || errors.Is(err, Unauthorized) || errors.Is(err, CertificateExpired)
}

// Brief cuts an error of a request down to what matters to somebody who knows which request it was: no URL,
// no addresses of this machine, no layers of wrapping. The words may be the API server's own; clean them at
// the print.
func Brief(err error) string {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		if message := status.Status().Message; message != "" {
			return message
		}
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		if dns.IsNotFound {
			return "no such host: " + dns.Name
		}
		return "looking up " + dns.Name + ": " + dns.Err
	}
	var unknown x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return "the certificate is signed by an unknown authority"
	case errors.As(err, &hostname):
		return "the certificate is not for this name: " + hostname.Error()
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil && time.Now().After(invalid.Cert.NotAfter):
		return "the server's certificate expired " + invalid.Cert.NotAfter.UTC().Format(timeFormat)
	case errors.As(err, &invalid):
		return "the certificate is not valid: " + invalid.Error()
	}
	if timedOut(err) {
		return "no answer in time"
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	var request *url.Error
	for errors.As(err, &request) {
		err = request.Err
		request = nil
	}
	message, _, _ := strings.Cut(err.Error(), "\n")
	return message
}

const timeFormat = "2006-01-02 15:04 MST"

func timedOut(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &network) && network.Timeout()
}

// aboutTLS tells whether the error says that one side's certificate was not accepted by the other.
func aboutTLS(err error) bool {
	var unknown x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verification *tls.CertificateVerificationError
	var alert tls.AlertError
	return errors.As(err, &unknown) || errors.As(err, &hostname) || errors.As(err, &invalid) ||
		errors.As(err, &verification) || errors.As(err, &alert) ||
		strings.Contains(err.Error(), "remote error: tls:")
}

// aboutConnection tells whether the error is about reaching the API server or being let in, rather than about what
// was asked of it.
func aboutConnection(err error) bool {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return apierrors.IsUnauthorized(err)
	}
	var request *url.Error
	var network net.Error
	return errors.As(err, &request) || errors.As(err, &network) || errors.Is(err, errPluginBusy) || aboutTLS(err)
}

// destination is what a connection was tried with, for the words of an error.
type destination struct {
	context string
	server  string
	// user is the kubeconfig's user.
	user string
	// certificateExpired is when the client certificate ended, if it did.
	certificateExpired time.Time
	// plugin is the login plugin's command, if there is one, and pluginSaid the last line that it wrote.
	plugin     string
	pluginSaid string
	// waited is how long was waited for an answer.
	waited time.Duration
}

func (d destination) error(reason Reason, cause error, format string, values ...any) *ConnectError {
	return &ConnectError{Reason: reason, Context: d.context, Server: d.server, Text: fmt.Sprintf(format, values...), Cause: cause}
}

// where names the API server and the context.
func (d destination) where() string {
	if d.context == "" {
		return d.server
	}
	return fmt.Sprintf("%s (context %s)", d.server, d.context)
}

// explain makes of the error of the first request what the user needs to know.
func (d destination) explain(err error) error {
	var already *ConnectError
	if errors.As(err, &already) {
		return err
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	if d.plugin != "" {
		if login := d.explainPlugin(err); login != nil {
			return login
		}
	}
	if errors.Is(err, errNoVersion) {
		return d.error(NotKubernetes, err,
			"%s answered, but not as a Kubernetes API server does; check the cluster's server in the kubeconfig, and whether a proxy or a login page answers instead",
			d.where())
	}
	expired := ""
	if !d.certificateExpired.IsZero() {
		expired = fmt.Sprintf("the client certificate of user %s expired %s; renew it and update the kubeconfig",
			d.user, d.certificateExpired.UTC().Format(timeFormat))
	}
	switch {
	case apierrors.IsUnauthorized(err):
		if expired != "" {
			return d.error(CertificateExpired, err, "%s does not let you in: %s", d.where(), expired)
		}
		if d.plugin != "" {
			return d.error(NeedsLogin, err, "%s refuses the credentials that %s gave (401 Unauthorized): log in again%s",
				d.where(), d.plugin, d.said())
		}
		return d.error(Unauthorized, err,
			"%s refuses the credentials of user %s (401 Unauthorized): the token or certificate is expired, revoked or of another cluster; log in again or renew it in the kubeconfig",
			d.where(), orNone(d.user))
	case aboutTLS(err):
		if expired != "" {
			return d.error(CertificateExpired, err, "%s does not let you in: %s", d.where(), expired)
		}
		return d.error(Untrusted, err,
			"no trusted connection to %s: %s; check certificate-authority and tls-server-name of the cluster in the kubeconfig",
			d.where(), Brief(err))
	case timedOut(err):
		within := "in time"
		if d.waited > 0 {
			within = "within " + d.waited.String()
		}
		return d.error(Unreachable, err, "%s did not answer %s: is a VPN, a proxy or a tunnel missing, or the cluster stopped?",
			d.where(), within)
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return d.error(NotKubernetes, err, "%s answered, but not as expected: %s (HTTP %d); is this a Kubernetes API server?",
			d.where(), Brief(err), status.Status().Code)
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return d.error(Unreachable, err, "cannot reach %s: %s; is the name right, and is a VPN missing?", d.where(), Brief(err))
	}
	return d.error(Unreachable, err, "cannot reach %s: %s; is the cluster up, and is the address right?", d.where(), Brief(err))
}

// explainPlugin tells of a login plugin that gave no credentials; nil when the error is about something else.
func (d destination) explainPlugin(err error) error {
	message := err.Error()
	switch {
	case strings.Contains(message, "executable") && strings.Contains(message, "not found"):
		return d.error(NeedsLogin, err, "the login plugin %s of user %s is not installed or not in PATH: install it, then try again", d.plugin, d.user)
	case errors.Is(err, errPluginBusy), timedOut(err) && d.pluginSaid != "":
		return d.error(NeedsLogin, err, "the login plugin %s of user %s waits for you to log in%s", d.plugin, d.user, d.said())
	case strings.Contains(message, "getting credentials:"):
		_, detail, _ := strings.Cut(message, "getting credentials: ")
		detail, _, _ = strings.Cut(detail, "\n")
		return d.error(NeedsLogin, err, "the login plugin %s of user %s gave no credentials: %s%s", d.plugin, d.user, detail, d.said())
	}
	return nil
}

func (d destination) said() string {
	if d.pluginSaid == "" {
		return ""
	}
	return "; it says: " + d.pluginSaid
}

func orNone(name string) string {
	if name == "" {
		return "(none)"
	}
	return name
}
