package pam

import (
	"fmt"
	"strconv"
	"strings"

	"aadssh/internal/text"
)

// call is one line that runs a module, for one person.
type call struct {
	Rule
	m      Machine
	stack  Stack
	person person
}

// module is a row of the table: the answers of a module.
type module struct {
	name string // without ".so"
	of   func(*call) answer
}

// always answers the same on every machine.
func always(codes ...Code) func(*call) answer {
	return func(*call) answer { return answer{codes: codes} }
}

// directory is a module that uses another directory, which does not have such a person; the
// answer of that directory, and whether it runs, are not known here.
func directory(what string) func(*call) answer {
	return func(c *call) answer {
		a := unknownModule()
		a.why = c.Module + " decides about people that " + what + " does not know"
		a.fixLine = spare
		if c.stack == Session {
			a.codes = []Code{Success, ignore, userUnknown, sessionErr, authinfoUnavail, serviceErr}
		}
		return a
	}
}

// modules are the known modules. If a row has more than one answer, all of them are
// possible for a person who signs in for the first time. Answers that are only given on a
// machine without memory or with a broken kernel are left out: they do not depend on the
// configuration.
func modules() []module {
	return []module{
		// modules/pam_permit, pam_deny, pam_warn, pam_debug
		{"pam_permit", always(Success)},
		{"pam_deny", deny},
		{"pam_warn", always(ignore, Success)}, // success before 1.1.9; without a service an error, but sshd sets one
		{"pam_debug", debug},

		// The package's own module: in account it accepts people according to their role.
		// Its answers in session are not published.
		{"pam_aad", own},

		// modules/pam_unix: pam_unix_acct.c, passverify.c, pam_unix_sess.c
		{"pam_unix", unix},
		{"pam_unix_acct", unix}, // links of the same module
		{"pam_unix_session", always(Success)},

		// Modules that are evaluated with their own files.
		{"pam_access", access},
		{"pam_listfile", listfile},
		{"pam_succeed_if", succeedIf},
		{"pam_time", timeConf},
		{"pam_localuser", localUser},
		{"pam_usertype", userType},
		{"pam_limits", limits},
		{"pam_nologin", nologin},
		{"pam_shells", shells},
		{"pam_exec", execute},
		{"pam_sepermit", sepermit},
		{"pam_namespace", namespace},
		{"pam_mkhomedir", makeHome},
		{"pam_env", environment},
		{"pam_wheel", wheel},
		{"pam_loginuid", loginUID},

		// modules/pam_faillock: pam_sm_acct_mgmt only resets what authentication counted.
		// RHEL 7's version is older and does the same.
		{"pam_faillock", always(Success)},
		// modules/pam_tally2 (until 1.4.0): without data of an authentication
		// tally_get_data fails, and the answer is success; the same goes for pam_tally.
		{"pam_tally2", always(Success)},
		{"pam_tally", always(Success)},

		// Other directories.
		{"pam_sss", directory("SSSD")},
		{"pam_sss_gss", directory("SSSD")},
		{"pam_winbind", directory("winbind")},
		{"pam_ldap", directory("the LDAP server")},
		{"pam_ldapd", directory("the LDAP server")},
		{"pam_krb5", directory("the Kerberos server")},
		{"pam_vas3", directory("the directory agent")},
		{"pam_lsass", directory("the directory agent")},
		{"pam_centrifydc", directory("the directory agent")},
		{"pam_systemd_home", directory("systemd-homed")},
		{"pam_himmelblau", directory("Himmelblau")},

		// Modules that set up a session and do not decide about it. Each: the file of its
		// name in modules/, pam_sm_open_session, for a user that NSS finds.
		{"pam_umask", always(Success)},
		{"pam_mail", always(Success)},         // also if there is no mail
		{"pam_motd", always(Success, ignore)}, // ignore until 1.5
		{"pam_lastlog", always(Success)},      // a failed write is no failure; account: see below
		{"pam_lastlog2", always(Success, ignore)},
		{"pam_keyinit", always(Success, ignore)}, // ignore if the kernel has no keys
		{"pam_selinux", always(Success)},         // without SELinux too; the SELinux gate evaluates contexts
		{"pam_echo", always(Success, ignore)},
		{"pam_issue", always(ignore)},
		{"pam_faildelay", always(ignore)},
		{"pam_group", always(ignore)},
		{"pam_rootok", rootOK},
		{"pam_securetty", always(Success)}, // account: the terminal name of sshd is never listed (since 1.1.2, only for root)
		{"pam_xauth", always(Success)},     // no display is forwarded to a new session
		{"pam_timestamp", always(Success, sessionErr)},
		{"pam_cap", always(Success, ignore)}, // libcap, pam_cap.c
		{"pam_apparmor", always(Success)},    // AppArmor, pam_apparmor.c: a missing hat is no failure
		{"pam_umask_group", always(Success)},
		{"pam_tmpdir", always(Success)},        // libpam-tmpdir: creates a private folder below /tmp
		{"pam_cgfs", always(Success)},          // lxcfs: pam_cgfs.c answers success if it can do nothing
		{"pam_gnome_keyring", always(Success)}, // without a password it does nothing
		{"pam_kwallet5", always(Success, ignore)},
		{"pam_kwallet", always(Success, ignore)},
		{"pam_ecryptfs", always(Success)}, // nothing is set up for a new person
		{"pam_fscrypt", always(Success)},
		{"pam_mount", always(Success, sessionErr)},
		{"pam_ck_connector", always(Success, ignore, sessionErr)},
		// systemd, src/login/pam_systemd.c: success without logind; an error if logind
		// refuses.
		{"pam_systemd", always(Success, sessionErr)},
		{"pam_elogind", always(Success, sessionErr)},
		{"pam_systemd_loadkey", always(Success, ignore)},
		// oddjob, pam_oddjob_mkhomedir.c: the answer of the service, or an error if it does
		// not run.
		{"pam_oddjob_mkhomedir", always(Success, ignore, userUnknown, sessionErr, systemErr, serviceErr)},
		{"pam_tty_audit", always(Success, ignore, sessionErr)},
		{"pam_setquota", always(Success, ignore, permDenied)},
	}
}

func deny(c *call) answer {
	a := answer{codes: []Code{authErr}, why: "pam_deny.so denies everybody who gets that far",
		fixLine: drop}
	switch c.stack {
	case Session:
		a.codes = []Code{sessionErr}
	case Account:
		a.codes = []Code{authErr, acctExpired} // acct_expired before 1.1.4
	}
	return a
}

// debug answers what its arguments say (parse_args in pam_debug.c).
func debug(c *call) answer {
	event := map[Stack]string{Auth: "auth", Account: "acct", Session: "open_session", Password: "chauthtok"}[c.stack] + "="
	for _, arg := range c.Args {
		if len(arg) < len(event) || arg[:len(event)] != event {
			continue
		}
		for i, n := range codeNames()[:codes] {
			if arg[len(event):] == n {
				return answer{codes: []Code{Code(i)}, why: "pam_debug.so answers " + n, fixLine: drop}
			}
		}
		break
	}
	return answer{codes: []Code{Success}}
}

func own(c *call) answer {
	if c.stack == Account {
		return answer{codes: []Code{Success}}
	}
	a := unknownModule()
	a.why = fmt.Sprintf("what %s answers in the %s stack is not published", Own, c.stack)
	return a
}

// unix: a person without a shadow entry gets authinfo_unavail, and whether the package
// gives people one is not published. With broken_shadow it does not matter.
func unix(c *call) answer {
	if c.stack == Session {
		return answer{codes: []Code{Success}}
	}
	for _, arg := range c.Args {
		if arg == "broken_shadow" {
			return answer{codes: []Code{Success}}
		}
	}
	if fields, ok := c.shadow(); ok {
		return unixAccount(c, fields)
	}
	return answer{codes: []Code{Success, authinfoUnavail},
		why:  "pam_unix.so lets in only people who have a shadow entry or none is asked for; whether " + Own + " gives them one is not published",
		next: fmt.Sprintf("Put the line of %s above line %d of %s, or run: sudo %s", Own, c.Line, c.File, edit(c.File, strconv.Itoa(c.Line)+`s/pam_unix\.so/& broken_shadow/`))}
}

// shadow are the fields of the person's own line of /etc/shadow (shadow(5)).
func (c *call) shadow() (fields []string, ok bool) {
	if _, known := c.person.account(); !known {
		return nil, false
	}
	for line := range strings.Lines(string(c.m.File("/etc/shadow").Text)) {
		if f := strings.Split(strings.TrimRight(line, "\n"), ":"); len(f) >= 8 && c.person.called(f[0]) == yes {
			return f, true
		}
	}
	return nil, false
}

// unixAccount is check_shadow_expiry in pam_unix's passverify.c: days since 1970 of the
// last change of the password, how long it is valid, and how long after that the account
// is; then the account's own end. A password that has to be changed does not reject people
// who have a key.
func unixAccount(c *call, fields []string) answer {
	days := func(i int) (n int64, set bool) {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		return n, err == nil && n >= 0
	}
	today := c.m.Now.Unix() / secondsOfDay
	name := text.Quote(c.person.names[0])
	a := answer{codes: []Code{Success}, data: Problem{File: "/etc/shadow"}}
	changed, hasChanged := days(2)
	most, hasMost := days(4)
	inactive, hasInactive := days(6)
	switch ends, ending := days(7); {
	case ending && today >= ends:
		a.codes, a.next = []Code{acctExpired}, "Run: sudo chage -E -1 "+name
		a.why = "pam_unix refuses " + c.person.names[0] + ", whose local account has expired"
	case hasChanged && changed > 0 && hasMost && hasInactive && today > changed+most+inactive:
		a.codes, a.next = []Code{authtokExpired}, "Run: sudo chage -d $(date +%F) "+name
		a.why = "pam_unix refuses " + c.person.names[0] + ", whose password was not changed for too long"
	case hasChanged && (changed == 0 || hasMost && today > changed+most):
		a.codes, a.next = []Code{newAuthtok}, "Run: sudo chage -d $(date +%F) "+name
		a.why = "pam_unix asks " + c.person.names[0] + " for a new password"
	}
	return a
}

const secondsOfDay = 24 * 60 * 60

func rootOK(*call) answer {
	return answer{codes: []Code{Success}, why: "pam_rootok.so lets in everybody, because sshd itself is root"}
}
