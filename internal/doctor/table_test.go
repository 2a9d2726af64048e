package doctor

import (
	"errors"
	"slices"
	"testing"
	"time"

	"aadssh/internal/agent"
	"aadssh/internal/check"
	"aadssh/internal/decide"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/names"
	"aadssh/internal/preflight"
	"aadssh/internal/proxy"
	"aadssh/internal/signin/gate"
	"aadssh/internal/signin/sshd"
	"aadssh/internal/systemd"
	"aadssh/internal/trail"
	"aadssh/pkgmgr"
	"aadssh/status"
	"aadssh/test/lib/checktest"
)

// wellSeen is a machine of which all was seen, and nothing is wrong with it.
func wellSeen() machine {
	m := machine{root: true, agentProc: 1, now: time.Unix(1000, 0)}
	m.Target.Packages.Login = "aadsshlogin"
	m.Target.Legacy = []string{"aadlogin"}
	m.Packages = pkgmgr.Packages{"aadsshlogin": {Name: "aadsshlogin", Version: "1.0", State: pkgmgr.Installed}}
	m.SSHD = sshd.Facts{Binary: "/usr/sbin/sshd", Unit: "ssh", Loaded: time.Unix(200, 0), Daemon: sshd.Daemon{PID: 7}, Config: sshd.Config{Changed: time.Unix(100, 0)}}
	m.service = service{known: true, daemon: systemd.UnitState{Name: "ssh.service", Load: "loaded", Active: "active", File: "enabled"}}
	m.history.source = "the journal"
	m.volumes = []volume{{path: "/usr", Room: host.Room{Sized: true, Others: 1 << 40, Counted: true, Files: 1e6}}}
	for _, p := range []purpose{forPackages, forRoles, forLogin} {
		m.probes = append(m.probes, probe{purpose: p, host: "host.example", status: 200})
	}
	return m
}

// Every check that only doctor asks has a machine that is broken for it. Those
// that enable asks too are tried in their own packages.
func TestRows(t *testing.T) {
	broken := map[string]checktest.Machine[*machine]{}
	change := func(check string, breakIt func(m *machine)) {
		m := wellSeen()
		breakIt(&m)
		broken[check] = checktest.Machine[*machine]{Seen: &m}
	}
	unreached := func(check string, at int) {
		change(check, func(m *machine) {
			m.probes[at].fault = fault.New(fault.RepositoryUnreachable, "host.example refuses the TCP connection.", "Allow it.")
		})
	}
	change("disk", func(m *machine) { m.volumes = []volume{{path: "/usr", Room: host.Room{ReadOnly: true}}} })
	change("legacy-package", func(m *machine) {
		m.Packages["aadlogin"] = pkgmgr.Package{Name: "aadlogin", State: pkgmgr.Broken, Detail: "half-configured"}
	})
	change("scale-set", func(m *machine) { m.Identity.Machine.ScaleSet, m.Packages = "pool", nil })
	change("agent", func(m *machine) { m.agentProc = 0 })
	change("proxy", func(m *machine) {
		m.configured = proxy.Found{Origin: "/etc/dnf/dnf.conf", Unread: errors.New("no port")}
	})
	unreached("network-repository", 0)
	change("package-manager", func(m *machine) { m.holder = &host.Holder{PID: 7, File: "/var/lib/dpkg/lock"} })
	change("handler", func(m *machine) {
		m.registered = []agent.Registered{{Name: names.Microsoft(), Version: "1.0.3162.1", State: "Enabled"}}
	})
	others := broken["handler"]
	others.Told = true // which handler is there decides what is advised, and is no fault
	broken["handler"] = others
	change("last-run", func(m *machine) {
		m.extension = &extension{own: true, report: &status.Report{Operation: "Enable", Code: int(fault.PackageManagerFailed), Message: "It is."}}
	})
	change("monitor", func(m *machine) {
		m.watched = []check.Result{{Answer: check.Warn, Text: "Nothing checks this machine.", Next: "Run: sudo systemctl status aadsshlogin-handler.timer"}}
	})
	change("nologin", func(m *machine) { m.nologin = "/etc/nologin" })
	change("ssh-service", func(m *machine) { m.service.daemon.Active = "failed" })
	change("plan", func(m *machine) {
		m.decision.Plan = decide.Plan{Steps: []decide.Step{{Kind: decide.Install, Text: "install"}}}
	})
	change("firewall", func(m *machine) { m.firewall.err = errors.New("nft: permission denied") })
	unreached("network-role-check", 1)
	unreached("network-login", 2)
	change("sign-in-errors", func(m *machine) { m.history.events = []trail.Event{{Cause: trail.Causes()[0]}} })
	change("other-programs", func(m *machine) {
		m.Packages = nil
		m.SSHD.Config.Directives = []sshd.Directive{{File: "/etc/ssh/sshd_config", Line: 7, Keyword: "authorizedkeyscommand", Args: []string{"/usr/local/bin/keys"}}}
	})
	change("person-account", func(m *machine) {
		m.one = &gate.Somebody{Name: "ada@contoso.com", Account: gate.Account{Err: errors.New("no answer")}}
	})
	change("person-role", func(m *machine) { m.one = &gate.Somebody{Name: "ada@contoso.com"} })

	shared := check.List(append(preflight.Preconditions(), preflight.Verification()...))
	own := slices.DeleteFunc(rows(), func(r *check.Row[*machine]) bool {
		return slices.ContainsFunc(shared, func(a check.About) bool { return a.Name == r.Name })
	})
	well := wellSeen()
	checktest.Rows(t, own, &well, broken)
}
