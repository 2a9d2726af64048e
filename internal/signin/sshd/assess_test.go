package sshd

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"aadsshlogin-handler/internal/host/hosttest"
)

func findingOf(t *testing.T, findings []Finding, name string) Finding {
	t.Helper()
	for _, f := range findings {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no finding %s in %+v", name, findings)
	return Finding{}
}

// healthy is what is seen of a healthy machine with this configuration.
func healthy(t *testing.T, config string) Facts {
	t.Helper()
	h := hosttest.New(t).Host()
	put(t, h, mainConfig, config, 0o644)
	f := Facts{Binary: "/usr/sbin/sshd", Version: "OpenSSH_9.2p1", Unit: "ssh", Config: Read(h, mainConfig)}
	f.Daemon.Listening = []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:22")}
	for _, u := range []string{PersonProbe, ServiceProbe} {
		e := ParseEffective(u, golden(t, "9.2"))
		delete(e.values, "allowusers")
		delete(e.values, "allowgroups")
		f.Users = append(f.Users, e)
	}
	return f
}

func TestAssessHealthy(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Assess(healthy(t, "UsePAM yes\n"+packageBlock)) {
		if f.Answer != Pass || f.Text == "" || seen[f.Name] {
			t.Errorf("%+v", f)
		}
		seen[f.Name] = true
	}
}

func TestAssessOldAlgorithms(t *testing.T) {
	f := healthy(t, packageBlock)
	for _, u := range f.Users {
		delete(u.values, "pubkeyacceptedalgorithms")
		u.values["pubkeyacceptedkeytypes"] = []string{"ssh-rsa-cert-v01@openssh.com,ssh-rsa"}
	}
	if got := findingOf(t, Assess(f), "sshd-algorithms"); got.Answer != Warn || !strings.Contains(got.Next, "PubkeyAcceptedKeyTypes=+ssh-rsa-cert-v01@openssh.com") {
		t.Errorf("%+v", got)
	}
}

func TestAssessSwallowed(t *testing.T) {
	f := healthy(t, "UsePAM yes\n"+packageBlock+"PermitRootLogin no\nBanner /etc/issue\nMatch User bob\nX11Forwarding no\n")
	got := findingOf(t, Assess(f), "sshd-order")
	if got.Answer != Warn || got.Line != 7 || !strings.Contains(got.Text, "1 more") || !strings.Contains(got.Next, "line 2") {
		t.Errorf("%+v", got)
	}
}

func TestAssessAddress(t *testing.T) {
	f := healthy(t, "Match Address 10.0.0.0/8\nAuthenticationMethods password\n"+packageBlock+"Match LocalPort 2222\nAuthenticationMethods password\n")
	if got := findingOf(t, Assess(f), "sshd-address"); got.Answer != Warn || got.Line != 2 {
		t.Errorf("%+v", got)
	}
	f = healthy(t, packageBlock+"Match LocalPort 2222\nAuthenticationMethods password\n")
	if got := findingOf(t, Assess(f), "sshd-address"); got.Answer != Pass {
		t.Errorf("the package's block comes first and wins: %+v", got)
	}
}

func TestAssessListening(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Daemon)
		want   Level
	}{
		{"another port", func(d *Daemon) { d.Listening = []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:80")} }, Warn},
		{"nothing, booted with systemd", func(d *Daemon) { d.Listening, d.Expected = nil, true }, Fail},
		{"unknown", func(d *Daemon) { d.Err = errors.New("no /proc") }, Unknown},
	} {
		f := healthy(t, packageBlock)
		c.change(&f.Daemon)
		if got := findingOf(t, Assess(f), "sshd-listening"); got.Answer != c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	f := healthy(t, packageBlock)
	for _, u := range f.Users {
		u.values["port"], u.values["listenaddress"] = []string{"2222"}, []string{"[::]:2222"}
	}
	if got := findingOf(t, Assess(f), "sshd-listening"); got.Answer != Warn || !strings.Contains(got.Text, "2222") {
		t.Errorf("a socket unit that listens elsewhere: %+v", got)
	}
}

func TestAssessReload(t *testing.T) {
	f := healthy(t, packageBlock)
	f.Daemon.PID = 7
	for since, want := range map[time.Time]Level{
		f.Config.Changed.Add(time.Second):  Pass,
		f.Config.Changed.Add(-time.Second): Warn,
		{}:                                 Unknown,
	} {
		if got := AssessReload(f, since); got.Answer != want {
			t.Errorf("%+v", got)
		}
	}
}
