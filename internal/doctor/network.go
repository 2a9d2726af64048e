package doctor

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"aadssh/internal/agent"
	"aadssh/internal/check"
	"aadssh/internal/download"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/preflight"
	"aadssh/internal/proxy"
)

// purpose is what an endpoint is needed for.
type purpose string

// The purposes (Microsoft Learn, howto-vm-sign-in-azure-ad-linux, network
// requirements).
const (
	forPackages purpose = "package repository"
	forLogin    purpose = "sign-in service"
	forRoles    purpose = "role check"
)

// probe is one endpoint that was asked.
type probe struct {
	_ [0]func() // never compared: no code for == is linked

	purpose purpose
	host    string
	url     string // for a command that sends the same request
	proxy   string // without a password; "" directly
	status  int    // HTTP; 0 without an answer
	server  time.Time
	at      time.Time // ours, when the answer came
	took    time.Duration
	fault   *fault.Fault // nil: it answers
}

// target is one request to send.
type target struct {
	_ [0]func() // never compared: no code for == is linked

	purpose purpose
	url     string
	proxy   *url.URL
}

// probeNetwork sends a request to all endpoints in parallel, each within Bound.
func probeNetwork(ctx context.Context, h *host.Host, m *machine, o Options, w *waiting) ([]probe, proxy.Found) {
	used := m.Proxy.Address()
	if used == nil {
		used = m.configured.Address()
	}
	known := proxy.Found{}
	if used == nil {
		known = proxy.Elsewhere(h, o.Getenv)
	}
	var targets []target
	ask := func(row string, p purpose, address string, proxies ...*url.URL) {
		if !o.wantsEndpoint(row) || address == "" {
			return
		}
		for _, by := range proxies {
			targets = append(targets, target{purpose: p, url: address, proxy: by})
		}
	}
	// A second way, if the machine knows one, is tried at the same time, because the advice
	// depends on whether it works.
	ways := []*url.URL{used}
	if second := known.Address(); second != nil {
		ways = append(ways, second)
	}
	if m.Settings.Repository.Mode != agent.ModeExisting {
		ask("network-repository", forPackages, strings.TrimRight(m.PackageBase(), "/")+"/keys/microsoft.asc", ways...)
	}
	// sshd starts its programs without the variables of a proxy (OpenSSH misc.c,
	// subprocess: only PATH, USER, LOGNAME and HOME).
	ways[0] = nil
	if used != nil {
		ways = append(ways[:1], used)
	}
	cloud := m.Identity.Cloud
	ask("network-login", forLogin, address(cloud.Login), ways...)
	ask("network-role-check", forRoles, address(cloud.RoleCheck), ways...)

	probes := make([]probe, len(targets))
	var side sync.WaitGroup
	for i, t := range targets {
		side.Go(func() {
			u, err := url.Parse(t.url)
			if err != nil {
				probes[i] = probe{purpose: t.purpose, fault: fault.Of(err)}
				return
			}
			label := u.Hostname()
			if t.proxy != nil {
				label += " by the proxy " + t.proxy.Host
			}
			end := w.begin(label)
			defer end()
			probes[i] = request(ctx, t, u)
		})
	}
	side.Wait()
	return probes, known
}

func address(hostname string) string {
	if hostname == "" {
		return ""
	}
	return "https://" + hostname + "/"
}

// request sends one request. A redirect counts as an answer: the endpoint can be reached.
func request(ctx context.Context, t target, to *url.URL) (p probe) {
	ctx, cancel := context.WithTimeout(ctx, Bound)
	defer cancel()
	p = probe{purpose: t.purpose, host: to.Hostname(), url: (&url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}).String()}
	if t.proxy != nil {
		p.proxy = t.proxy.Host
	}
	began := time.Now()
	defer func() { p.took = time.Since(began) }()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url, nil)
	if err != nil {
		p.fault = download.Explain(t.url, t.proxy, err)
		return p
	}
	transport := &http.Transport{Proxy: http.ProxyURL(t.proxy), DisableKeepAlives: true, OnProxyConnectResponse: download.ProxyAnswered}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(q)
	if err != nil && t.purpose != forPackages && t.proxy == nil {
		p.fault = download.ExplainDirect(t.url, err) // the programs that sshd starts use no proxy
		return p
	}
	if err != nil {
		p.fault = download.Explain(t.url, t.proxy, err)
		return p
	}
	defer response.Body.Close()
	p.status, p.at = response.StatusCode, time.Now()
	p.server, _ = http.ParseTime(response.Header.Get("Date")) // zero if the answer has no date
	p.fault = download.ExplainStatus(p.url, p.status)
	if t.purpose != forPackages && p.status == http.StatusForbidden {
		p.fault = nil // a service can be reached if it refuses a request without a token
	}
	return p
}

// of are the probes for a purpose, the way that is used first.
func (m *machine) of(p purpose) []probe {
	var all []probe
	for _, x := range m.probes {
		if x.purpose == p {
			all = append(all, x)
		}
	}
	return all
}

func (p probe) reached() string {
	by := ""
	if p.proxy != "" {
		by = " by the proxy " + p.proxy
	}
	return fmt.Sprintf("%s (%s) answers%s in %d ms.", p.host, p.purpose, by, p.took.Milliseconds())
}

// repositoryAnswers: a machine with its packages installed does not need the host now.
func repositoryAnswers(m *machine) []check.Result {
	ways := m.of(forPackages)
	if len(ways) == 0 {
		return nil
	}
	first := ways[0]
	if first.fault == nil {
		return []check.Result{{Text: first.reached()}}
	}
	r := check.Result{Answer: check.Fail, Code: fault.RepositoryUnreachable, Text: first.fault.What, Next: first.fault.Remedy()}
	if len(ways) > 1 && ways[1].fault == nil {
		r.Text = fmt.Sprintf("%s can be reached only by the proxy %s, which %s names and the extension does not know. Directly: %s",
			first.host, ways[1].proxy, m.hint.Origin, first.fault.What)
		r.Next = "Set the extension with the setting {\"proxy\": \"" + m.hint.String() + "\"}, or give it to the agent: " + agentProxyAdvice(m, m.hint.String())
	}
	if preflight.InPlace(&m.Facts) {
		r.Answer, r.Code = check.Warn, fault.OK
		r.Text += " The packages are installed; only updates of them need it."
	}
	return []check.Result{r}
}

// roleCheckAnswers: without this endpoint no role can be checked, so nobody can sign in.
func roleCheckAnswers(m *machine) []check.Result {
	if m.Identity.Cloud.RoleCheck == "" && m.asked && m.Identity.Cloud.Name != "" {
		return []check.Result{{Answer: check.Unknown,
			Text: "The host of the role check in the cloud " + m.Identity.Cloud.Name + " is not publicly known, so it was not asked."}}
	}
	return m.endpoint(forRoles, check.Fail, "nobody's role can be checked, so sign-in is refused")
}

// loginAnswers: certificates work without it; passwords and device codes do not.
func loginAnswers(m *machine) []check.Result {
	return m.endpoint(forLogin, check.Warn, "sign-in that asks for a code in the browser fails")
}

func (m *machine) endpoint(p purpose, answer check.Answer, consequence string) []check.Result {
	ways := m.of(p)
	if len(ways) == 0 {
		return nil
	}
	first := ways[0]
	if first.fault == nil {
		return []check.Result{{Text: first.reached()}}
	}
	r := check.Result{Answer: answer, Text: first.fault.What + " From here " + consequence + ".",
		Next: first.fault.Remedy()}
	if len(ways) > 1 && ways[1].fault == nil {
		r.Answer = check.Warn
		r.Text = first.host + " can be reached only by the proxy " + ways[1].proxy + ", and the programs that sshd starts are given none: they may fail."
		r.Next = "Have whoever runs the network allow outbound HTTPS (TCP 443) from this machine to " + first.host + " without the proxy."
	}
	if r.Answer == check.Fail {
		r.Code = fault.VerificationFailed
	}
	return []check.Result{r}
}
