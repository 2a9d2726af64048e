package pam

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"aadssh/internal/signin/gate"
)

// disk is a machine with made-up files. Every module that this package knows is installed,
// and some that it does not know.
type disk map[string]string

const moduleDir = "/usr/lib64/security"

func (d disk) machine(debian bool) Machine {
	m := Machine{Service: "sshd", Library: Library{Debian: debian, Modules: []string{moduleDir}},
		File: func(p string) gate.File {
			if text, ok := d[p]; ok {
				if text == "gone" {
					return gate.File{Err: fs.ErrNotExist}
				}
				if path.Dir(p) == moduleDir && strings.HasPrefix(text, "+") { // what a module has besides its functions
					text = elf(strings.TrimSuffix(path.Base(p), ".so")) + text
				}
				return gate.File{Text: []byte(text), Mode: 0o644}
			}
			for name := range d {
				if strings.HasPrefix(name, p+"/") && !strings.Contains(d[name], "gone") {
					return gate.File{Mode: fs.ModeDir | 0o755}
				}
			}
			if name := strings.TrimSuffix(path.Base(p), ".so"); path.Dir(p) == moduleDir && installed(name) {
				return gate.File{Text: []byte(elf(name)), Mode: 0o644}
			}
			return gate.File{Err: fs.ErrNotExist}
		},
		List: func(pattern string) (found []string) {
			for p := range d {
				if ok, _ := path.Match(pattern, p); ok {
					found = append(found, p)
				}
			}
			slices.Sort(found)
			return found
		},
	}
	read := m.File
	m.Module = func(p string) gate.File { // without what it has besides its functions
		f := read(p)
		f.Text, _, _ = bytes.Cut(f.Text, []byte("+"))
		return f
	}
	return m
}

func installed(name string) bool {
	if name == "pam_pbis" || name == "pam_cracklib" || name == "pam_pwquality" {
		return true
	}
	return !strings.HasPrefix(name, "pam_tally") && slices.ContainsFunc(modules(), func(m module) bool { return m.name == name })
}

// elf is a module with the functions that the real one has.
func elf(name string) string {
	text := "\x7fELF\x02" + strings.Repeat("\x00", 20)
	for stack, without := range map[Stack][]string{
		Account: {"pam_limits", "pam_keyinit", "pam_selinux", "pam_namespace", "pam_mkhomedir", "pam_motd", "pam_umask"},
		Session: {"pam_nologin", "pam_time", "pam_faillock", "pam_wheel", "pam_sepermit", "pam_shells"},
		Auth:    nil,
	} {
		if !slices.Contains(without, name) {
			text += "\x00" + function(stack) + "\x00"
		}
	}
	return text
}

// stock reads a machine of testdata: a title, what libpam it has, and files.
func stock(t *testing.T, name string) (d disk, debian bool) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), "\n-- ")
	for _, p := range parts[1:] {
		file, content, ok := strings.Cut(p, " --")
		if !ok {
			t.Fatalf("%s: %q", name, p)
		}
		if d == nil {
			d = disk{}
		}
		d[file] = strings.TrimPrefix(content, "\n") + "\n"
	}
	return d, strings.Contains(parts[0], "\ndebian")
}

// TestStock: on a machine as its distribution and the package set it up, nobody is kept
// out, and nothing is "not known".
func TestStock(t *testing.T) {
	all, err := filepath.Glob("testdata/stock/*.txt")
	if err != nil || len(all) < 11 {
		t.Fatal(all, err)
	}
	for _, name := range all {
		d, debian := stock(t, name)
		s := Load(d.machine(debian))
		for _, stack := range []Stack{Account, Session} {
			for _, p := range gate.People() {
				if o := s.Evaluate(stack, p); o.Access != In || o.Always {
					t.Errorf("%s, %s, %s: %+v", name, stack, p, o)
				}
			}
		}
		if _, ok := s.Holds(Account); !ok {
			t.Errorf("%s: the package's module is not found in %v", name, s.Files())
		}
	}
}

// TestKinds changes a stock machine, one kind of thing at a time.
func TestKinds(t *testing.T) {
	debian, _ := stock(t, "testdata/stock/debian.txt")
	redhat, _ := stock(t, "testdata/stock/rhel-minimal.txt")
	type change struct {
		title   string
		on      disk
		with    map[string]string // a "^" at the beginning puts it before what is there, "$" behind it
		stack   Stack
		verdict Access
		names   string // what the first reason has in it
	}
	const (
		sshd, account, session, passwordAuth = "/etc/pam.d/sshd", "/etc/pam.d/common-account", "/etc/pam.d/common-session", "/etc/pam.d/password-auth"
		accessConf                           = "/etc/security/access.conf"
	)
	first := func(line string) map[string]string { return map[string]string{sshd: "^" + line + "\n"} }
	with := func(m map[string]string, file, text string) map[string]string { m[file] = text; return m }
	for _, c := range []change{
		{"pam_deny behind", debian, map[string]string{account: "$account requisite pam_deny.so\n"}, Account, Out, "common-account:5 pam_deny.so denies everybody"},
		{"pam_deny behind the end of a stack", redhat, map[string]string{sshd: "$account requisite pam_deny.so\n"}, Account, In, ""},
		{"a required module that is not there", debian, first("account required pam_tally2.so"), Account, Out, "sshd:1 pam_tally2.so is not installed"},
		{"the same, silenced", debian, first("-account required pam_tally2.so"), Account, Out, "pam_tally2.so is not installed"},
		{"an optional module that is not there", redhat, first("account optional pam_tally2.so"), Account, In, ""},
		{"a module without the function", redhat, first("session required pam_nologin.so"), Session, Out, "pam_nologin.so has nothing for the session stack"},
		{"a module that is a web page", debian, with(first("account required pam_time.so"), moduleDir+"/pam_time.so", "<html></html> with more than twenty bytes"), Account, Out, "pam_time.so is no module"},
		{"an unknown module", redhat, first("account requisite pam_pbis.so"), Account, NotKnown, "pam_pbis.so"},
		{"a typing error in a control", debian, first("account requird pam_permit.so"), Account, Out, `the control "requird"`},
		{"a typing error in a type", debian, first("acount required pam_deny.so"), Account, In, ""},
		{"the same in an included file", redhat, map[string]string{passwordAuth: "^acount required pam_deny.so\n"}, Account, Out, `"acount" is no type`},
		{"line ends of Windows", debian, map[string]string{account: "\r"}, Account, Out, `pam_`},
		{"an included file that is not there", debian, first("@include common-company"), Account, Out, "common-company, which the line includes, is not there"},
		{"the same ends the session too", debian, first("@include common-company"), Session, Out, "common-company"},
		{"elsewhere it is one line that fails", redhat, first("account include common-company"), Session, In, ""},
		{"and keeps people out of that stack", redhat, first("account include common-company"), Account, Out, "common-company"},
		{"@include, where libpam does not know it", redhat, first("@include common-account"), Account, In, ""},
		{"a file that includes itself", redhat, first("account include sshd"), Account, Out, "too deeply"},
		{"a file that ends in a backslash", debian, map[string]string{sshd: `$account required pam_permit.so \`}, Session, Out, "ends in the middle of a line"},
		{"a jump beyond the end", debian, map[string]string{account: "account [success=7 default=ignore] pam_aad.so\n"}, Account, Out, "common-account:1"},
		{"nobody says yes", debian, map[string]string{account: "account optional pam_warn.so\n", sshd: "account include common-account\n"}, Account, NotKnown, "pam_warn"},
		{"every line ignores", redhat, map[string]string{sshd: "account optional pam_succeed_if.so user ingroup sshusers\n"}, Account, Out, "no line of the stack lets anybody in"},
		{"no line at all: the service other", redhat, map[string]string{sshd: "session required pam_permit.so\n"}, Account, Out, "other:3 pam_deny.so"},
		{"no PAM file", redhat, map[string]string{sshd: "gone"}, Account, Out, "other:3 pam_deny.so"},

		{"pam_access without a rule", debian, first("account required pam_access.so"), Account, In, ""},
		{"pam_access denies the rest", debian, with(first("account required pam_access.so"), accessConf, "+:root azureuser:ALL\n-:ALL:ALL\n"), Account, Out, "access.conf:2"},
		{"pam_access lets a group in", debian, with(first("account required pam_access.so"), accessConf, "+:(wheel):ALL\n- : ALL EXCEPT root : ALL\n"), Account, Out, "access.conf:2"},
		{"pam_access for the administrators only", debian, with(first("account required pam_access.so"), accessConf, "+:(aad_admins):ALL\n-:ALL:ALL\n"), Account, Partly, "access.conf:2"},
		{"pam_access from a network only", debian, with(first("account required pam_access.so"), accessConf, "+:ALL:10.8.0.0/24\n-:ALL:ALL\n"), Account, Partly, "access.conf:2"},
		{"pam_access keeps root to the console", debian, with(first("account required pam_access.so"), accessConf, "+:root:LOCAL\n-:root:ALL\n+:ALL:ALL\n"), Account, In, ""},
		{"pam_access denies all but a group's terminal", debian, with(first("account required pam_access.so"), accessConf, "-:ALL EXCEPT wheel:LOCAL tty1\n"), Account, In, ""},
		{"pam_access: rules in access.d", debian, with(with(first("account required pam_access.so"), accessConf, ""), "/etc/security/access.d/50-x.conf", "-:ALL:ALL\n"), Account, Out, "access.d/50-x.conf:1"},
		{"pam_access with a file that is not there", debian, first("account required pam_access.so accessfile=/etc/x"), Account, Out, "/etc/x"},
		{"pam_access before a sufficient pam_aad", redhat, map[string]string{passwordAuth: "^account required pam_access.so\n", accessConf: "-:ALL EXCEPT root:ALL\n"}, Account, Out, "access.conf:1"},

		{"pam_listfile of local users", debian, with(first("account required pam_listfile.so onerr=fail item=user sense=allow file=/l"), "/l", "root\nazureuser\n"), Account, Out, "/l"},
		{"pam_listfile of local users to be denied", debian, with(first("account required pam_listfile.so onerr=fail item=user sense=deny file=/l"), "/l", "bob\n"), Account, In, ""},
		{"pam_listfile with people of the directory", debian, with(first("account required pam_listfile.so onerr=fail item=user sense=allow file=/l"), "/l", "root\nann@contoso.com\n"), Account, Partly, "/l"},
		{"pam_listfile without its list", debian, first("account required pam_listfile.so item=user sense=deny file=/l"), Account, Out, "/l is not there"},
		{"the same, which is no failure", debian, first("account required pam_listfile.so onerr=succeed item=user sense=deny file=/l"), Account, In, ""},

		{"pam_succeed_if wants a group", debian, first("account requisite pam_succeed_if.so user ingroup sshusers"), Account, Out, "user ingroup sshusers"},
		{"pam_succeed_if wants the administrators", debian, first("account requisite pam_succeed_if.so user ingroup aad_admins"), Account, Partly, "aad_admins"},
		{"pam_succeed_if of one domain", debian, first("account requisite pam_succeed_if.so user =~ *@contoso.com"), Account, Partly, "contoso"},
		{"pam_succeed_if of any domain", debian, first("account requisite pam_succeed_if.so user =~ *@*"), Account, In, ""},
		{"pam_succeed_if leaves the stack for system users", redhat, first("account sufficient pam_succeed_if.so uid < 1000 quiet"), Account, In, ""},
		{"pam_succeed_if with high numbers", debian, first("account requisite pam_succeed_if.so uid >= 100000"), Account, Partly, "100000"},

		{"pam_time never", debian, with(first("account required pam_time.so"), "/etc/security/time.conf", "sshd;*;*;!Al0000-2400\n"), Account, Out, "time.conf:1"},
		{"pam_time for all but root", debian, with(first("account required pam_time.so"), "/etc/security/time.conf", "*;*;!root;!Al0000-2400\n"), Account, Out, "time.conf:1"},
		{"pam_time on working days", debian, with(first("account required pam_time.so"), "/etc/security/time.conf", "*;*;*;Wk0800-1800\n"), Account, Partly, "some times only"},
		{"pam_time for another service", debian, with(first("account required pam_time.so"), "/etc/security/time.conf", "login;tty*;*;!Al0000-2400\n"), Account, In, ""},

		{"pam_localuser dies before pam_aad", debian, with(map[string]string{account: "account [success=2 default=ignore] pam_unix.so\naccount [success=1 default=die] pam_localuser.so\naccount [success=1 default=ignore] pam_aad.so\naccount required pam_permit.so\n"}, "/etc/passwd", "root:x:0:0::/:/bin/sh\n"), Account, NotKnown, "pam_unix"},
		{"pam_unix before pam_aad", redhat, map[string]string{passwordAuth: "account required pam_unix.so\naccount sufficient pam_aad.so\naccount required pam_permit.so\n"}, Account, NotKnown, "pam_unix.so"},
		{"the same without shadow", redhat, map[string]string{passwordAuth: "account required pam_unix.so broken_shadow\naccount sufficient pam_aad.so\naccount required pam_permit.so\n"}, Account, In, ""},
		{"winbind before pam_aad", redhat, first("account requisite pam_winbind.so"), Account, NotKnown, "pam_winbind.so"},
		{"LDAP before pam_aad, which may not know people", redhat, first("account [success=ok user_unknown=ignore default=ignore] pam_ldap.so"), Account, In, ""},
		{"nologin", debian, map[string]string{"/etc/nologin": "maintenance\n"}, Account, Out, "/etc/nologin"},
		{"nologin in another place", debian, map[string]string{"/etc/nologin.txt": "x\n"}, Account, In, ""},
		{"pam_shells without bash", debian, with(first("account required pam_shells.so"), "/etc/shells", "/bin/sh\n"), Account, NotKnown, "/etc/shells"},
		{"pam_exec", debian, with(first("account required pam_exec.so quiet /bin/ask"), "/bin/ask", "#!/bin/sh\n"), Account, Out, "/bin/ask cannot be run"},
		{"pam_exec with a log in no folder", debian, first("account required pam_exec.so log=/var/log/none/x /bin/ask"), Account, Out, "/var/log/none, is not there"},
		{"pam_exec without its program", debian, first("account required pam_exec.so quiet /bin/ask"), Account, Out, "/bin/ask is not there"},

		{"pam_deny in the session", redhat, first("session required pam_deny.so"), Session, Out, "pam_deny"},
		{"maxlogins 0", debian, map[string]string{"/etc/security/limits.conf": "$* hard maxlogins 0\n"}, Session, Out, "limits.conf:3"},
		{"maxlogins 0 for others", debian, map[string]string{"/etc/security/limits.conf": "root hard maxlogins 0\n@students hard maxlogins 0\n* hard maxlogins 10\n"}, Session, In, ""},
		{"nproc 0", debian, map[string]string{"/etc/security/limits.d/20-nproc.conf": "* hard nproc 0\n"}, Session, Out, "20-nproc.conf:1"},
		{"a later drop-in gives it back", debian, map[string]string{"/etc/security/limits.d/20-nproc.conf": "* - nproc 0\n", "/etc/security/limits.d/30-more.conf": "* - nproc 4096\n"}, Session, In, ""},
		{"more files than the kernel takes", redhat, map[string]string{"/etc/security/limits.conf": "* hard nofile 99999999\n", "/proc/sys/fs/nr_open": "1048576\n"}, Session, Out, "nr_open"},
		{"the same on Debian", debian, map[string]string{"/etc/security/limits.conf": "* hard nofile 99999999\n", "/proc/sys/fs/nr_open": "1048576\n"}, Session, In, ""},
		{"limits.conf is gone", redhat, map[string]string{"/etc/security/limits.conf": "gone"}, Session, Out, "limits.conf is not there"},
		{"folders of their own", redhat, map[string]string{"/etc/security/namespace.conf": "/tmp /tmp-inst/ user root\n"}, Session, NotKnown, "pam_namespace"},
		{"namespace.conf is gone", redhat, with(first("session required pam_namespace.so"), "/etc/security/namespace.conf", "gone"), Session, Out, "namespace.conf is not there"},
		{"an open brace in pam_env.conf", redhat, with(first("session required pam_env.so"), "/etc/security/pam_env.conf", "A DEFAULT=${B\nC DEFAULT=\\${D\n"), Session, Out, "pam_env.conf:1, which leaves a brace open"},
		{"no brace is open", redhat, with(first("session required pam_env.so"), "/etc/security/pam_env.conf", "export X=1\nA=1\nC DEFAULT=\"a ${B}\" OVERRIDE=\\${D\n"), Session, In, ""},
		{"pam_env.conf ends with a line for a shell", redhat, with(first("session required pam_env.so"), "/etc/security/pam_env.conf", "export X=1\n"), Session, Out, "pam_env.conf:1, its last line"},
		{"pam_env.conf ends with a backslash", redhat, with(with(first("session required pam_env.so"), "/etc/security/pam_env.conf", "A DEFAULT=1 \\\n"), moduleDir+"/pam_env.so", "+Variable buffer overflow: <%s> + <%s>"), Session, Out, "after whose backslash"},
		{"the package's module in the session", redhat, first("session required pam_aad.so"), Session, NotKnown, "pam_aad.so answers in the session stack is not published"},
	} {
		t.Run(c.title, func(t *testing.T) {
			d := disk{}
			maps.Copy(d, c.on)
			for p, text := range c.with {
				switch {
				case text == "\r":
					text = strings.ReplaceAll(d[p], "\n", "\r\n")
				case strings.HasPrefix(text, "^"):
					text = text[1:] + d[p]
				case strings.HasPrefix(text, "$"):
					text = d[p] + text[1:]
				}
				d[p] = text
			}
			s := Load(d.machine(strings.Contains(d[sshd], "@include common-auth") || d[account] != ""))
			o := s.Evaluate(c.stack, gate.Human)
			why := ""
			if len(o.Reasons) > 0 {
				why = fmt.Sprintf("%s %s", o.Reasons[0].Place(), o.Reasons[0].Text)
			}
			if o.Access != c.verdict || !strings.Contains(why, c.names) {
				t.Errorf("%s: %q; want %s, %q", o.Access, why, c.verdict, c.names)
			}
			if o.Access != In && o.Reasons[0].Next == "" {
				t.Error("no next step")
			}
		})
	}
}

// The next step for a program of pam_exec is to run it. Its arguments are not repeated:
// they may contain a secret, and the text is shown in the portal.
func TestExecIsTried(t *testing.T) {
	for line, step := range map[string]string{
		"quiet /opt/ask":                    "Run it as pam_exec does, and see whether it exits with 0: sudo env PAM_USER=someone@example.com PAM_SERVICE=sshd PAM_TYPE=account /opt/ask",
		"quiet /opt/ask --token=hunter2 -v": "Run it as pam_exec does, with the line's own arguments in the place of ARGUMENTS, and see whether it exits with 0: sudo env PAM_USER=someone@example.com PAM_SERVICE=sshd PAM_TYPE=account /opt/ask ARGUMENTS",
	} {
		m := disk{"/etc/pam.d/sshd": "account required pam_exec.so " + line + "\naccount required pam_permit.so\n"}.machine(false)
		read := m.File
		m.File = func(name string) gate.File {
			if name == "/opt/ask" {
				return gate.File{Mode: 0o755, Text: []byte("\x7fELF")}
			}
			return read(name)
		}
		o := Load(m).Evaluate(Account, gate.Human)
		if o.Access != NotKnown || len(o.Reasons) == 0 || !strings.HasPrefix(o.Reasons[0].Next, step) || strings.Contains(o.Reasons[0].Text+o.Reasons[0].Next, "hunter2") {
			t.Errorf("%s: %s, %+v", line, o.Access, o.Reasons)
		}
	}
}

// TestLetInBeforeTheRoleCheck: if a stack lets people in before the package's module has
// checked their role, the text says so.
func TestLetInBeforeTheRoleCheck(t *testing.T) {
	d, _ := stock(t, "testdata/stock/rhel-minimal.txt")
	stock := d["/etc/pam.d/password-auth"]
	for line, always := range map[string]bool{
		"account sufficient pam_permit.so":                       true,
		"account sufficient pam_succeed_if.so uid >= 1000 quiet": true,
		"account sufficient pam_succeed_if.so uid < 1000 quiet":  false,
		"account required pam_permit.so":                         false,
	} {
		d["/etc/pam.d/password-auth"] = line + "\n" + stock
		o := Load(d.machine(false)).Evaluate(Account, gate.Human)
		if o.Access != In || o.Always != always || always && (o.Ender.Line != 1 || o.Ender.Text == "") {
			t.Errorf("%s: %+v", line, o)
		}
	}
}

// TestVerdictNamesWhatKeepsOthersOut: if those who get in were never asked about, the
// verdict names what keeps the others out, whatever else is not known.
func TestVerdictNamesWhatKeepsOthersOut(t *testing.T) {
	d, _ := stock(t, "testdata/stock/debian.txt")
	d["/etc/passwd"] = "root:x:0:0::/root:/bin/sh\n"
	d["/etc/pam.d/common-account"] = "account [success=2 default=ignore] pam_unix.so\naccount [success=1 default=die] pam_localuser.so\naccount [success=end default=ignore] pam_aad.so\naccount required pam_permit.so\n"
	o := Load(d.machine(true)).Evaluate(Account, gate.Human)
	if o.Access != NotKnown || !o.Always || !o.Keeper.Is("pam_localuser.so") {
		t.Errorf("%+v", o)
	}
}

// TestPeople: what fits a person need not fit a service principal.
func TestPeople(t *testing.T) {
	d, _ := stock(t, "testdata/stock/rhel-minimal.txt")
	d["/etc/pam.d/sshd"] = "account requisite pam_succeed_if.so user =~ *@*\n" + d["/etc/pam.d/sshd"]
	s := Load(d.machine(false))
	if h, p := s.Evaluate(Account, gate.Human), s.Evaluate(Account, gate.Service); h.Access != In || p.Access != Out {
		t.Errorf("people %s, service principals %s", h.Access, p.Access)
	}
}

// TestOneFile: without a folder, libpam reads /etc/pam.conf.
func TestOneFile(t *testing.T) {
	d := disk{"/etc/pam.conf": "other account required pam_permit.so\nSSHD account required pam_deny.so\nlogin session required pam_deny.so\nother session required pam_permit.so\n"}
	s := Load(d.machine(false))
	if a, o := s.Evaluate(Account, gate.Human), s.Evaluate(Session, gate.Human); a.Access != Out || a.Reasons[0].Line != 2 || o.Access != In {
		t.Errorf("%+v %+v", a, o)
	}
}

func TestControl(t *testing.T) {
	for text, want := range map[string]string{
		"success=ok default=bad":   "ok/bad/bad",
		"success = 2 default=die":  "2/die/die",
		"default=ignore success=1": "1/ignore/ignore",
		"success=done ignore=ok":   "done/undefined/ok",
		"success=okay":             "bad/bad/bad",
		"success":                  "bad/bad/bad",
		"success=0":                "bad/bad/bad",
		"success=99999999999":      "bad/bad/bad",
		"":                         "undefined/undefined/undefined",
	} {
		c, _ := parseControl(text)
		show := func(a action) string {
			switch {
			case a > 0:
				return fmt.Sprint(int(a))
			case a == actUndefined:
				return "undefined"
			}
			return actionNames()[-a]
		}
		if got := show(c[Success]) + "/" + show(c[authErr]) + "/" + show(c[ignore]); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("account required pam_permit.so\n", "account [success=1 default=die] pam_access.so\n", "+:ALL:ALL EXCEPT LOCAL\n")
	f.Add("@include a\n", "account substack sshd \\\n", "-:(x) a@b:1.2.3.4/8\n")
	f.Add("account required pam_succeed_if.so uid >= 5 user =~ *@*\n", "account required pam_time.so conffile=/data\n", "*;*;!root&!x;Wk0800-1800|!Al\n")
	f.Add("session required pam_limits.so conf=/data\n", "account required pam_listfile.so item=user sense=allow file=/data\n", "* - nproc 1\n1000: hard as 0\n")
	f.Fuzz(func(t *testing.T, sshd, other, data string) {
		d := disk{"/etc/pam.d/sshd": sshd, "/etc/pam.d/a": other, "/etc/security/access.conf": data, "/data": data}
		for _, debian := range []bool{false, true} {
			s := Load(d.machine(debian))
			for _, stack := range []Stack{Auth, Account, Password, Session} {
				for _, p := range gate.People() {
					if o := s.Evaluate(stack, p); o.Access != In && len(o.Reasons) == 0 {
						t.Errorf("%s for no reason", o.Access)
					}
				}
			}
		}
	})
}

// String names the verdict.
func (v Access) String() string { return [...]string{"in", "out", "partly", "not known"}[v] }

// TestUnreadable: if a module, a file that it decides by, or a stack could not be read, it
// counts neither as missing nor as empty: PAM's result is not known, and the text names the
// file.
func TestUnreadable(t *testing.T) {
	const denied = "permission denied"
	for _, c := range []struct{ lines, file string }{
		{"account required pam_permit.so", moduleDir + "/pam_permit.so"},
		{"account required pam_nologin.so", "/etc/nologin"},
		{"account required pam_shells.so", "/etc/shells"},
		{"account required pam_access.so accessfile=/etc/mine", "/etc/mine"},
		{"account required pam_access.so", "/etc/security/access.conf"},
		{"account required pam_listfile.so item=user sense=deny file=/etc/list onerr=fail", "/etc/list"},
		{"account required pam_time.so", "/etc/security/time.conf"},
		{"account required pam_exec.so /opt/program", "/opt/program"},
		{"account required pam_localuser.so", "/etc/passwd"},
		{"session required pam_limits.so", "/etc/security/limits.conf"},
		{"session required pam_namespace.so", "/etc/security/namespace.conf"},
		{"account include common", "/etc/pam.d/common"},
		{"account include /etc/elsewhere", "/etc/elsewhere"},
		{"account required pam_permit.so", "/etc/pam.d/sshd"},
	} {
		t.Run(c.file, func(t *testing.T) {
			m := disk{"/etc/pam.d/sshd": c.lines + "\n", "/etc/pam.d/other": "account required pam_permit.so\nsession required pam_permit.so\n"}.machine(false)
			read := m.File
			m.File = func(name string) gate.File {
				if name == c.file {
					return gate.File{Err: &fs.PathError{Op: "open", Path: name, Err: syscall.EACCES}}
				}
				return read(name)
			}
			m.Module = m.File
			stack := Account
			if strings.HasPrefix(c.lines, "session") {
				stack = Session
			}
			o := Load(m).Evaluate(stack, gate.Human)
			if o.Access != NotKnown || len(o.Reasons) != 1 {
				t.Fatalf("%+v", o)
			}
			r := o.Reasons[0]
			if !strings.Contains(r.Text, denied) || !strings.Contains(r.Text, c.file) || !strings.Contains(r.Next, "ls -lLZ "+c.file) || strings.Contains(r.Next, "sed") {
				t.Errorf("%s. %s", r.Text, r.Next)
			}
		})
	}
}
