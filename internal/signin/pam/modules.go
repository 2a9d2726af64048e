package pam

import (
	"slices"
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
	row    module
}

// module is a row of the table: the answers of a module.
type module struct {
	name  string // without ".so"
	of    func(*call) answer
	codes codeSet // of always
	what  word    // of directory: its name; of always: a file that it reads first
}

// word is a text in the table, which a number is shorter than.
type word uint8

const (
	sssd word = iota + 1
	winbind
	ldap
	kerberos
	agent
	homed
	himmelblau
	faillockConf
	loginDefsFile
)

func (w word) String() string {
	return []string{"", "SSSD", "winbind", "the LDAP server", "the Kerberos server", "the directory agent", "systemd-homed", "Himmelblau", "/etc/security/faillock.conf", loginDefs}[w]
}

// codeSet has a bit for each Code.
type codeSet uint32

// always answers the same on every machine.
func always(c *call) (a answer) {
	if c.row.what != 0 {
		c.m.File(c.row.what.String())
	}
	for code := Success; code < codes; code++ {
		if c.row.codes&(1<<code) != 0 {
			a.codes = append(a.codes, code)
		}
	}
	return a
}

// directory is a module that uses another directory, which does not have such a person; the
// answer of that directory, and whether it runs, are not known here.
func directory(c *call) answer {
	a := unknownModule()
	a.why = c.Module + " decides about people that " + c.row.what.String() + " does not know"
	a.fixLine = spare
	if c.stack == Session {
		a.codes = []Code{Success, ignore, userUnknown, sessionErr, authinfoUnavail, serviceErr}
	}
	return a
}

// modules are the known modules. If a row has more than one answer, all of them are
// possible for a person who signs in for the first time. Answers that are only given on a
// machine without memory or with a broken kernel are left out: they do not depend on the
// configuration.
func modules() []module {
	return []module{
		// modules/pam_permit, pam_deny, pam_warn, pam_debug
		{"pam_permit", always, 1 << Success, 0},
		{"pam_deny", deny, 0, 0},
		{"pam_warn", always, 1<<ignore | 1<<Success, 0}, // success before 1.1.9; without a service an error, but sshd sets one
		{"pam_debug", debug, 0, 0},

		// The package's own module: in account it accepts people according to their role.
		// Its answers in session are not published.
		{"pam_aad", own, 0, 0},

		// modules/pam_unix: pam_unix_acct.c, passverify.c, pam_unix_sess.c
		{"pam_unix", unix, 0, 0},
		{"pam_unix_acct", unix, 0, 0}, // links of the same module
		{"pam_unix_session", always, 1 << Success, loginDefsFile},

		// Modules that are evaluated with their own files.
		{"pam_access", access, 0, 0},
		{"pam_listfile", listfile, 0, 0},
		{"pam_succeed_if", succeedIf, 0, 0},
		{"pam_time", timeConf, 0, 0},
		{"pam_localuser", localUser, 0, 0},
		{"pam_usertype", userType, 0, 0},
		{"pam_limits", limits, 0, 0},
		{"pam_nologin", nologin, 0, 0},
		{"pam_shells", shells, 0, 0},
		{"pam_exec", execute, 0, 0},
		{"pam_sepermit", sepermit, 0, 0},
		{"pam_namespace", namespace, 0, 0},
		{"pam_mkhomedir", makeHome, 0, 0},
		{"pam_env", environment, 0, 0},
		{"pam_wheel", wheel, 0, 0},
		{"pam_loginuid", loginUID, 0, 0},

		// modules/pam_faillock: pam_sm_acct_mgmt only resets what authentication counted.
		// RHEL 7's version is older and does the same.
		{"pam_faillock", always, 1 << Success, faillockConf},
		// modules/pam_tally2 (until 1.4.0): without data of an authentication
		// tally_get_data fails, and the answer is success; the same goes for pam_tally.
		{"pam_tally2", always, 1 << Success, 0},
		{"pam_tally", always, 1 << Success, 0},

		// Other directories.
		{"pam_sss", directory, 0, sssd},
		{"pam_sss_gss", directory, 0, sssd},
		{"pam_winbind", directory, 0, winbind},
		{"pam_ldap", directory, 0, ldap},
		{"pam_ldapd", directory, 0, ldap},
		{"pam_krb5", directory, 0, kerberos},
		{"pam_vas3", directory, 0, agent},
		{"pam_lsass", directory, 0, agent},
		{"pam_centrifydc", directory, 0, agent},
		{"pam_systemd_home", directory, 0, homed},
		{"pam_himmelblau", directory, 0, himmelblau},

		// Modules that set up a session and do not decide about it. Each: the file of its
		// name in modules/, pam_sm_open_session, for a user that NSS finds.
		{"pam_umask", always, 1 << Success, loginDefsFile},
		{"pam_mail", always, 1 << Success, 0},                // also if there is no mail
		{"pam_motd", motd, 0, 0},                             // ignore until 1.5
		{"pam_lastlog", always, 1 << Success, loginDefsFile}, // a failed write is no failure; account: see below
		{"pam_lastlog2", always, 1<<Success | 1<<ignore, 0},
		{"pam_keyinit", always, 1<<Success | 1<<ignore, 0}, // ignore if the kernel has no keys
		{"pam_selinux", always, 1 << Success, 0},           // without SELinux too; the SELinux gate evaluates contexts
		{"pam_echo", always, 1<<Success | 1<<ignore, 0},
		{"pam_issue", always, 1 << ignore, 0},
		{"pam_faildelay", always, 1 << ignore, 0},
		{"pam_group", always, 1 << ignore, 0},
		{"pam_rootok", rootOK, 0, 0},
		{"pam_securetty", always, 1 << Success, 0}, // account: the terminal name of sshd is never listed (since 1.1.2, only for root)
		{"pam_xauth", always, 1 << Success, 0},     // no display is forwarded to a new session
		{"pam_timestamp", always, 1<<Success | 1<<sessionErr, 0},
		{"pam_cap", always, 1<<Success | 1<<ignore, 0}, // libcap, pam_cap.c
		{"pam_apparmor", always, 1 << Success, 0},      // AppArmor, pam_apparmor.c: a missing hat is no failure
		{"pam_umask_group", always, 1 << Success, 0},
		{"pam_tmpdir", always, 1 << Success, 0},        // libpam-tmpdir: creates a private folder below /tmp
		{"pam_cgfs", always, 1 << Success, 0},          // lxcfs: pam_cgfs.c answers success if it can do nothing
		{"pam_gnome_keyring", always, 1 << Success, 0}, // without a password it does nothing
		{"pam_kwallet5", always, 1<<Success | 1<<ignore, 0},
		{"pam_kwallet", always, 1<<Success | 1<<ignore, 0},
		{"pam_ecryptfs", always, 1 << Success, 0}, // nothing is set up for a new person
		{"pam_fscrypt", always, 1 << Success, 0},
		{"pam_mount", always, 1<<Success | 1<<sessionErr, 0},
		{"pam_ck_connector", always, 1<<Success | 1<<ignore | 1<<sessionErr, 0},
		// systemd, src/login/pam_systemd.c: success without logind; an error if logind
		// refuses.
		{"pam_systemd", always, 1<<Success | 1<<sessionErr, 0},
		{"pam_elogind", always, 1<<Success | 1<<sessionErr, 0},
		{"pam_systemd_loadkey", always, 1<<Success | 1<<ignore, 0},
		// oddjob, pam_oddjob_mkhomedir.c: the answer of the service, or an error if it does
		// not run.
		{"pam_oddjob_mkhomedir", always, 1<<Success | 1<<ignore | 1<<userUnknown | 1<<sessionErr | 1<<systemErr | 1<<serviceErr, 0},
		{"pam_tty_audit", always, 1<<Success | 1<<ignore | 1<<sessionErr, 0},
		{"pam_setquota", always, 1<<Success | 1<<ignore | 1<<permDenied, 0},
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
	_, event, _ := c.stack.names()
	event += "="
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
	a.why = "what " + Own + " answers in the " + string(c.stack) + " stack is not published"
	return a
}

// unix: a person without a shadow entry gets authinfo_unavail, and whether the package
// gives people one is not published. With broken_shadow it does not matter.
func unix(c *call) answer {
	c.m.File(loginDefs) // for ENCRYPT_METHOD (_set_ctrl in support.c)
	if c.stack == Session {
		return answer{codes: []Code{Success}}
	}
	if slices.Contains(c.Args, "broken_shadow") {
		return answer{codes: []Code{Success}}
	}
	if fields, ok := c.shadow(); ok {
		return unixAccount(c, fields)
	}
	return answer{codes: []Code{Success, authinfoUnavail},
		why:  "pam_unix.so lets in only people who have a shadow entry or none is asked for; whether " + Own + " gives them one is not published",
		next: "Put the line of " + Own + " above line " + strconv.Itoa(c.Line) + " of " + c.File + ", or run: sudo " + edit(c.File, strconv.Itoa(c.Line)+`s/pam_unix\.so/& broken_shadow/`)}
}

// shadow are the fields of the person's own line of /etc/shadow (shadow(5)).
func (c *call) shadow() (fields []string, ok bool) {
	if _, known := c.person.account(); !known {
		return nil, false
	}
	for _, line := range text.SplitLines(string(c.m.File("/etc/shadow").Text)) {
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
