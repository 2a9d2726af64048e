package download

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"

	"aadssh/internal/fault"
	"aadssh/internal/text"
)

// Explain turns the error of a download into a fault of code 20 that says what
// failed between this machine and the host, and what to open or fix.
func Explain(address string, proxy *url.URL, err error) *fault.Fault {
	if own := ownTrouble(err); own != nil {
		return own
	}
	to := parse(address)
	what, next := to.words(proxy, err, to.allow()+", or set the proxy that leads there.")
	return fault.Wrap(err, fault.RepositoryUnreachable, what, next)
}

// ExplainDirect is Explain for a host that must be reached without a proxy, because the
// programs that connect to it use none.
func ExplainDirect(address string, err error) *fault.Fault {
	if own := ownTrouble(err); own != nil {
		return own
	}
	to := parse(address)
	what, next := to.words(nil, err, to.allow()+".")
	return fault.Wrap(err, fault.RepositoryUnreachable, what, next)
}

// ExplainStatus is the same for an HTTP status that is no success; nil if the answer shows
// that the host can be reached.
func ExplainStatus(address string, code int) *fault.Fault {
	if code < 500 && code != http.StatusForbidden && code != http.StatusProxyAuthRequired && code != http.StatusTooManyRequests {
		return nil
	}
	to := parse(address)
	what, next := statusWords(to.host, to.asked, &statusError{code: code})
	return fault.New(fault.RepositoryUnreachable, what, next)
}

// ownTrouble is the fault of this machine that prevents all connections; nil if there is
// none. A resolver reports all of these as a server that did not answer.
func ownTrouble(err error) *fault.Fault {
	if f := fault.Resource(err); f != nil {
		return f
	}
	var dns *net.DNSError
	if !errors.As(err, &dns) || dns.IsNotFound {
		return nil
	}
	if f := fault.Resource(fmt.Errorf("%s could not be looked up: %w", dns.Name, fault.Spoken(dns.Err))); f != nil {
		return f
	}
	_, unread := os.ReadFile(resolvers)
	return fault.Unread(unread, "The file that names this machine's DNS servers")
}

// resolvers is the file that names this machine's DNS servers (resolv.conf(5)).
const resolvers = "/etc/resolv.conf"

// namesServer reports whether a DNS server is named; none is if the file is missing or a
// broken link.
func namesServer() bool {
	text, err := os.ReadFile(resolvers)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "nameserver" {
			return true
		}
	}
	return false
}

// place is the source of a download.
type place struct {
	host  string // with its port, where the address has one
	asked string // the address for a command that sends the same request, without a password
	port  string // "HTTPS (TCP 443)"
}

func parse(address string) place {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return place{address, "https://" + address, "HTTPS (TCP 443)"}
	}
	p := place{u.Host, (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String(), "HTTPS"}
	port := "443"
	if u.Scheme == "http" {
		p.port, port = "HTTP", "80"
	}
	p.port += " (TCP " + cmp.Or(u.Port(), port) + ")"
	return p
}

func (p place) allow() string {
	return "Have whoever runs the network allow outbound " + p.port + " from this machine to " + p.host
}

// words explain an error of a host; allow is what to open in a firewall.
func (p place) words(proxy *url.URL, err error, allow string) (what, next string) {
	host, asked := p.host, p.asked
	var (
		status    *statusError
		dns       *net.DNSError
		unknownCA x509.UnknownAuthorityError
		wrongName x509.HostnameError
		invalid   x509.CertificateInvalidError
		badTLS    tls.RecordHeaderError
	)
	if proxy != nil {
		if what, next := proxyWords(host, asked, proxy, err); what != "" {
			return what, next
		}
	}
	switch {
	case errors.As(err, &status):
		return statusWords(host, asked, status)
	case errors.As(err, &dns) && dns.IsNotFound:
		return "The name " + dns.Name + " does not resolve on this machine (DNS says that it does not exist).",
			"Check the DNS servers of the virtual network: getent hosts " + dns.Name
	case errors.As(err, &dns) && !namesServer():
		return "The name " + dns.Name + " could not be resolved on this machine: " + resolvers + " names no DNS server.",
			"See what should write it, and whether that runs: ls -lL " + resolvers + "; systemctl status systemd-resolved; then try: getent hosts " + dns.Name
	case errors.As(err, &dns):
		return "The name " + dns.Name + " could not be resolved on this machine: the DNS server did not answer.",
			"Check the DNS servers of the virtual network: getent hosts " + dns.Name
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "The TLS certificate of " + host + " is not valid at this machine's time.",
			"Check the clock of this machine first (date -u); if it is right, the host or a proxy in between shows an expired certificate."
	case errors.As(err, &unknownCA):
		return "The TLS certificate of " + host + " is signed by " + issuer(unknownCA.Cert) + ", which this machine does not trust.",
			"If that is a firewall that opens TLS on the way, have whoever runs it exempt " + host + ", or add its authority to this machine's trust store (Debian: /usr/local/share/ca-certificates and update-ca-certificates; RHEL: /etc/pki/ca-trust/source/anchors and update-ca-trust; SUSE: /etc/pki/trust/anchors and update-ca-certificates); else update ca-certificates."
	case errors.As(err, &wrongName):
		return "Something else than " + host + " answers at its address: its TLS certificate is for another name.",
			"Check DNS, /etc/hosts and TLS inspection on the way: openssl s_client -connect " + withPort(host) + " -servername " + wrongName.Host
	case errors.As(err, &badTLS), errors.Is(err, http.ErrSchemeMismatch):
		return host + " does not speak TLS: the answer looks like plain HTTP.",
			"A captive portal or proxy answers in its place: " + allow
	case errors.Is(err, syscall.ECONNREFUSED):
		return host + " refuses the TCP connection.", allow
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "This machine has no route to " + host + ".",
			"Check the route table and NAT of the subnet (" + route(err, host) + "). " + allow
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "The connection to " + host + " was cut by the other side or a firewall on the way.", allow
	case isTimeout(err):
		return host + " does not answer: the connection timed out.",
			"A network security group or firewall drops the traffic. " + allow
	case errors.Is(err, errTooLong):
		return host + " sent something that is not a signing key: it is too long.",
			"A proxy or mirror on the way answers in its place; compare with: curl -sI " + asked
	}
	return "Downloading from " + host + " failed: " + lastWords(err) + ".", allow
}

// issuer is who signed a certificate, in the words of the certificate, which are not
// trusted.
func issuer(c *x509.Certificate) string {
	if c == nil {
		return "an authority"
	}
	return strconv.Quote(text.Brief(cmp.Or(c.Issuer.CommonName, c.Issuer.String()), 100))
}

// route is the command that shows this machine's route to the address that it tried.
func route(err error, host string) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil {
		if a, parseErr := netip.ParseAddrPort(op.Addr.String()); parseErr == nil {
			return "ip route get " + a.Addr().String()
		}
	}
	return "getent ahosts " + hostname(host) + ", then ip route get ADDRESS"
}

func hostname(host string) string { return (&url.URL{Host: host}).Hostname() }

// withPort is the host of an https address with its port.
func withPort(host string) string {
	if (&url.URL{Host: host}).Port() != "" {
		return host
	}
	return host + ":443"
}

func proxyWords(host, asked string, proxy *url.URL, err error) (what, next string) {
	name := proxy.Scheme + "://" + proxy.Host // never with user and password
	var status *statusError
	var op *net.OpError
	switch {
	case errors.As(err, &status) && status.code == http.StatusProxyAuthRequired:
		return "The proxy " + name + " wants a user name and password (HTTP 407), or does not accept the ones it was given.",
			credentials(name) + ", or exempt this machine from proxy authentication."
	case status != nil && status.proxy && status.code == http.StatusForbidden:
		return "The proxy " + name + " does not let this machine reach " + host + " (HTTP 403).",
			"Have " + host + " allowed on the proxy."
	case status != nil && status.proxy:
		return fmt.Sprintf("The proxy %s could not open the way to %s: %v.", name, host, status),
			"See what it says of it: curl -sI -x " + name + " " + asked
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return "The proxy " + name + " cannot be reached from this machine: " + lastWords(err) + ".",
			"Check the address of the proxy and that this machine may connect to it: curl -sI -x " + name + " " + asked
	}
	return "", ""
}

func statusWords(host, asked string, s *statusError) (what, next string) {
	what = host + " answered HTTP " + strconv.Itoa(s.code) + " " + http.StatusText(s.code) + "."
	switch {
	case s.code == http.StatusTooManyRequests:
		return what + " Too many requests come from this machine's public address.",
			"Wait five minutes and " + fault.Again + "; for large scale sets, ask whoever runs the network for several outbound addresses, or use a mirror (repository.mode)."
	case s.code == http.StatusProxyAuthRequired:
		return "A proxy on the way wants a user name and password (HTTP 407).",
			credentials("http://PROXY:PORT") + "."
	case s.code == http.StatusUnauthorized:
		return what + " It wants a user name and password, which no setting of this extension can hold.",
			"Configure this repository with them in the machine's package manager, and set repository.mode to \"existing\"; or let this machine read it without: curl -sI " + asked
	case s.code == http.StatusForbidden:
		return what + " The host itself, or a firewall or proxy on the way, forbids it.",
			"See who answers, and have it allowed there: curl -sI " + asked
	case s.code >= 500:
		return what + " The package host has a problem of its own, or a gateway on the way has.", "Try again in a few minutes: curl -sI " + asked
	}
	return what, "Compare with: curl -sI " + asked
}

// credentials says how to configure a proxy that requires a password.
func credentials(proxy string) string {
	scheme, rest, _ := strings.Cut(proxy, "://")
	return `Give the extension the protected setting {"proxy": "` + scheme + `://USER:PASSWORD@` + rest + `"}`
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// lastWords is the innermost error: the outer ones repeat the URL, which may contain a
// proxy's password.
func lastWords(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return strings.TrimSuffix(err.Error(), ".")
		}
		err = inner
	}
}
