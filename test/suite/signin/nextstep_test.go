//go:build rig

package signin_test

import (
	"slices"
	"strings"

	"aadssh/test/lib/nextstep"
)

// carryOut carries out the next step, if enable names one, and checks its result on the
// machine: enable passes without a warning, and everybody who tried before can sign in.
func (o *machine) carryOut(r *result) {
	text := r.next
	if r.code == 0 {
		text = r.warned
	}
	script := o.s.remedy
	if script == "" && (r.code != 0 || slices.ContainsFunc(r.after, func(s string) bool { return s != "in" })) {
		script = nextstep.Command(text)
	}
	if script == "" {
		if r.code != 0 {
			r.helps = "no command is named"
		}
		return
	}
	script, done := o.steps(script)
	r.carried = script
	if !done {
		r.helps = "does not run"
		return
	}
	o.options()
	o.restartDaemon()
	code, said, next, warned, _ := o.enable()
	o.Do(addUsers()) // a removal deletes the accounts
	o.restartDaemon()
	after := o.attempts()
	out := slices.ContainsFunc(after, func(s string) bool { return s != "in" })
	if r.helps = "helps"; code != 0 || out || warned != "" && !o.s.stays {
		r.helps = "does not help"
		o.T.Errorf("the remedy does not help: %s\nenable: %d %s | %s\nwarned: %s\n%v", script, code, said, next, warned, after)
	}
	if o.s.choice != "" {
		r.helps += " (" + o.s.choice + ")"
	}
}

// steps carries out each next step before the last one, which enable then names. Such a
// step must not be mistaken for the last one: after it enable still fails.
func (o *machine) steps(script string) (last string, done bool) {
	for left := o.s.steps - 1; left > 0; left-- {
		first := o.Try(nextstep.Unattended(script))
		o.restartDaemon()
		code, said, next, _, _ := o.enable()
		o.T.Logf("after %q, which ends with %d, enable says %d %s | %s", script, first.ExitCode, code, said, next)
		if following := nextstep.Command(next); code == 0 || following == script || following == "" {
			o.T.Errorf("after the step %q enable says %d %s | %s", script, code, said, next)
		} else {
			script = following
		}
	}
	if r := o.Try(nextstep.Unattended(script)); r.ExitCode != 0 {
		o.T.Errorf("the remedy fails: %s: exit %d\n%s", script, r.ExitCode, r.Output())
		return script, false
	}
	return script, true
}

// options are the daemon's options after a change of a file that sets them.
func (o *machine) options() {
	if len(o.s.options) == 0 {
		return
	}
	got := o.Try(`for f in /etc/default/ssh /etc/crypto-policies/back-ends/opensshserver.config /etc/sysconfig/sshd; do [ -f $f ] && . $f 2>/dev/null; done; echo $SSHD_OPTS $OPTIONS $CRYPTO_POLICY`)
	o.s.options = strings.Fields(string(got.Stdout))
}
