//go:build rig

package doctor_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"aadssh/internal/doctor"
	"aadssh/test/lib/box"
	"aadssh/test/lib/nextstep"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// texts are what a person reads about a broken machine, and the result of the next step.
type texts struct {
	doctor doctor.Check
	status string
	portal string
	after  string
}

// systemctl does what the next steps need of it, on a machine without systemd. A reload
// removes the pid file, and ends when it exists again; doctor only waits for that under
// systemd.
const systemctl = `#!/bin/sh
while [ $# -gt 0 ]; do case "$1" in -*) shift ;; *) break ;; esac; done
verb=$1
shift
[ "$1" = --now ] && shift && verb=start
runs() { [ -s /run/sshd.pid ] && kill -0 "$(cat /run/sshd.pid)" 2>/dev/null; }
[ "$verb" = reload-or-restart ] && { runs && verb=reload || verb=start; }
case "$verb $1" in
"reload ssh"*)
    runs || { echo "$1.service is not active, cannot reload." >&2; exit 1; }
    file=$(stat -c %i%z /run/sshd.pid)
    kill -HUP "$(cat /run/sshd.pid)"
    while [ "$(stat -c %i%z /run/sshd.pid 2>/dev/null)" = "$file" ]; do sleep 0.05; done
    ` + scene.AwaitSSHD + ` ;;
"restart ssh"*)
    [ -e /run/sshd.pid ] && { ` + scene.StopSSHD + `; }
    /usr/sbin/sshd || exit
    ` + scene.AwaitSSHD + ` ;;
"start ssh"*)
    /usr/sbin/sshd || exit
    ` + scene.AwaitSSHD + ` ;;
"start walinuxagent" | "start waagent" | "restart walinuxagent" | "restart waagent")
    setsid python3 -u /usr/sbin/waagent -daemon </dev/null >/dev/null 2>&1 &
    until grep -q ^python3 /proc/$!/cmdline; do sleep 0.02; done ;;
esac
exit 0
`

// health is the last line of status: the state of the machine.
func (s *machine) health() string {
	s.T.Helper()
	r := s.runs("status", "--json")
	validate(s.T, "status.schema.json", r.Stdout)
	var of doctor.Status
	s.Must(json.Unmarshal(r.Stdout, &of))
	if r.ExitCode != of.Exit() {
		s.T.Errorf("status exits with %d, and says %d", r.ExitCode, of.Exit())
	}
	if of.Health == nil {
		return "not set up"
	}
	if of.Health.Code != 0 || of.Health.Check != "" {
		return fmt.Sprintf("%d %s", of.Health.Code, of.Health.Check)
	}
	return "0"
}

// carryOut carries out the next step, as a person would, and runs doctor again.
func (b broken) carryOut(s *machine, c doctor.Check) string {
	s.T.Helper()
	switch {
	case b.acts != "":
		return "for " + b.acts
	case strings.Contains(c.Next, "az "):
		return "for whoever manages the machine in Azure"
	}
	script := b.remedy
	if script == "" {
		script = nextstep.Command(c.Next)
	}
	if script == "" {
		s.T.Errorf("no command in %q, and the table does not say who must act", c.Next)
		return ""
	}
	r, err := s.Run(s.T.Context(), box.Environment(), "sh", "-c", nextstep.Unattended(script))
	s.Must(err)
	if r.ExitCode != 0 {
		s.T.Errorf("the next step fails: %s: exit %d\n%s", script, r.ExitCode, r.Output())
	}
	if b.fresh || b.again { // the extension is set again
		_, err := s.Agent.Apply(s.T.Context(), s.Goal())
		s.Must(err)
	}
	report, code := s.examine(b.mine)
	after := first(report)
	switch {
	case b.stays != "" && code == 0 && after.Name == b.stays:
		return "helps; `" + b.stays + "` stays, for somebody has to decide"
	case code != 0 || after.Name == c.Name:
		s.T.Errorf("the next step does not help: %s\n%d %s: %s > %s", script, code, after.Name, after.Text, after.Next)
	}
	return "helps"
}

// whole: all machines are examined, enable is run on each, and the table is compared; with
// a word, those whose name contains it; otherwise those of the public pages and some of the
// others.
func whole() bool { return os.Getenv("MACHINES") == "all" }

// named reports whether a text contains each of the names, by one of its words.
func named(names [][]string, text string) bool {
	for _, words := range names {
		if !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(w)) }) {
			return false
		}
	}
	return true
}

// portal is what enable says about the same machine, in the line that the portal shows
// first.
func (b broken) portal(t *testing.T, l *layers) string {
	t.Helper()
	if b.slow {
		return "not run: enable waits as long as it may"
	}
	s := b.set(t, l)
	r, err := s.Agent.Apply(t.Context(), s.Goal())
	s.Must(err)
	last := r.Runs[len(r.Runs)-1]
	line, _, _ := strings.Cut(strings.TrimSpace(last.Stdout+last.Stderr), "\n")
	return fmt.Sprintf("%d: %s", last.ExitCode, line)
}

// handed are machines of the sign-in matrix on which nobody can sign in, with who must act
// if the next step is not a command.
func handed() map[string]string {
	return map[string]string{
		"account-access-deny": "", "account-include-missing": "", "account-listfile-allow": "", "account-localuser-die": "whoever keeps the machine's PAM files",
		"account-succeed-if-group": "", "account-time-never": "", "account-typo-control": "",
		"chroot-home": "", "chroot-not-root": "", "command-empty": "", "command-folder-world": "", "command-mode": "", "command-owner": "",
		"command-user-nobody": "", "door-hosts-allow-deny-option": "", "door-hosts-deny-all": "", "door-hosts-twist": "", "files-block-lost": "",
		"files-bom": "", "files-config-missing": "", "files-dropin-html": "", "files-hostkey-missing": "", "files-include-in-block-usepam": "",
		"files-methods-disabled": "", "files-subsystem-twice": "", "files-typo": "", "force-exit": "", "force-missing": "", "force-mode": "",
		"hardening-devsec-sftp-all": "", "key-algorithms-ed25519": "", "key-algorithms-minus": "", "key-revoked-cut-line": "",
		"key-revoked-dir": "", "key-revoked-html": "", "key-revoked-missing-in-match": "", "key-rsasize-4096": "", "limit-maxauthtries-zero": "",
		"limit-maxsessions": "", "listen-foreign-address": "", "listen-loopback": "", "match-user-all-but-root": "", "nss-missing-file": "", "nss-two-lines": "",
		"nss-typo": "", "nss-unavail-return": "",
	}
}

const matrixDir = "../signin/testdata/machines/"

// ofTheMatrix are some of the machines of the sign-in matrix.
func ofTheMatrix(t *testing.T) []broken {
	t.Helper()
	words, err := os.ReadFile(matrixDir + "words.sh")
	stage.Must(t, err)
	var all []broken
	names := make([]string, 0, len(handed()))
	for name := range handed() {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		b := fromMatrix(t, name, string(words))
		b.acts, b.again = handed()[name], name == "files-config-missing"
		all = append(all, b)
	}
	return all
}

// fromMatrix reads one of the files, whose format README.md there explains.
func fromMatrix(t *testing.T, name, words string) broken {
	t.Helper()
	text, err := os.ReadFile(matrixDir + name + ".txt")
	stage.Must(t, err)
	head, rest, _ := strings.Cut(string(text), "\n\n")
	body, tail, ok := strings.Cut(rest, "\ntruth: ")
	if !ok {
		t.Fatalf("%s has no truth", name)
	}
	b := broken{section: "Sign-in", answer: "fail", code: 21}
	for line := range strings.Lines(head + "\n" + tail) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch value = strings.TrimSpace(value); {
		case strings.HasPrefix(line, "# "):
			b.machine = strings.TrimSpace(line[2:])
		case key == "personas":
			b.options.Persona = personaNamed(t, strings.Fields(value)[0])
		case key == "remedy":
			b.remedy = value
		case key == "enable may say":
			may, _, _ := strings.Cut(value, " | ")
			_, list, _ := strings.Cut(may, " naming ")
			for _, n := range strings.Split(list, ",") {
				b.names = append(b.names, strings.Split(strings.TrimSpace(n), "~"))
			}
		}
	}
	b.breakIt = wired(words + body + "\n" + scene.StopSSHD + "; /usr/sbin/sshd && " + scene.AwaitSSHD + "; true")
	return b
}

func personaNamed(t *testing.T, name string) roots.Persona {
	t.Helper()
	for prefix, of := range map[string]func(string) roots.Persona{"ubuntu": roots.Ubuntu, "rhel": roots.RHEL, "sles": roots.SLES} {
		if version, ok := strings.CutPrefix(name, prefix); ok {
			return of(version)
		}
	}
	suites := map[string]roots.Suite{"debian11": roots.Bullseye, "debian12": roots.Bookworm, "debian13": roots.Trixie}
	return roots.Debian(suites[name])
}
