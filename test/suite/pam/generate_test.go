//go:build rig

package pam_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"aadssh/internal/signin/pam"
)

// made is a generated service with the files that it needs.
type made struct {
	name  string
	stack pam.Stack
	files map[string]string // path -> content
}

// maker generates services from a seed. Each has its own files, so that one machine can
// have all of them.
type maker struct {
	*rand.Rand
	m     made
	count int // of included files
}

func make1(seed uint64, i int) made {
	g := &maker{Rand: rand.New(rand.NewPCG(seed, uint64(i))), m: made{name: fmt.Sprintf("s%d", i), stack: pam.Account, files: map[string]string{}}}
	if g.IntN(3) == 0 {
		g.m.stack = pam.Session
	}
	g.m.files["/etc/pam.d/"+g.m.name] = g.file(0, 1+g.IntN(7))
	return g.m
}

func pick[T any](g *maker, all ...T) T { return all[g.IntN(len(all))] }

// file is a file with a number of lines. depth is how many files include it.
func (g *maker) file(depth, lines int) string {
	var b strings.Builder
	b.WriteString("#%PAM-1.0\n")
	end := "\n"
	if g.IntN(60) == 0 {
		end = "\r\n"
	}
	for range lines {
		b.WriteString(g.line(depth) + end)
		if g.IntN(8) == 0 {
			b.WriteString(pick(g, "", "   ", "# a comment", "\t# another") + end)
		}
	}
	return b.String()
}

func (g *maker) line(depth int) string {
	kind := string(g.m.stack)
	switch g.IntN(60) {
	case 0:
		return pick(g, "acount required pam_deny.so", "session2 required pam_deny.so", kind, kind+" required", "auth required pam_deny.so", "password required pam_deny.so")
	case 1:
		kind = strings.ToUpper(kind)
	case 2, 3, 4:
		kind = "-" + kind
	}
	if depth < 3 && g.IntN(6) == 0 {
		return g.include(kind, depth)
	}
	blank := pick(g, " ", "\t", "   ")
	line := kind + blank + g.control() + blank + g.module()
	switch g.IntN(25) {
	case 0:
		return strings.Replace(line, blank, blank+"\\\n    ", 1)
	case 1:
		return line + " # behind it"
	}
	return line
}

func (g *maker) include(kind string, depth int) string {
	g.count++
	name := fmt.Sprintf("%s-%d", g.m.name, g.count)
	if g.IntN(15) != 0 {
		g.m.files["/etc/pam.d/"+name] = g.file(depth+1, 1+g.IntN(4))
	}
	switch g.IntN(5) {
	case 0:
		return "@include " + name
	case 1, 2:
		return kind + " substack " + name
	}
	return kind + " include " + name
}

func (g *maker) control() string {
	switch g.IntN(20) {
	case 0:
		return pick(g, "requird", "[success=okay default=bad]", "[success=1", "[default]", "[success=0 default=ok]", "success=ok", "[foo=ok]", "REQUIRED", "[sufficient]")
	case 1, 2, 3, 4, 5:
		return "required"
	case 6, 7, 8:
		return "requisite"
	case 9, 10, 11:
		return "sufficient"
	case 12, 13:
		return "optional"
	}
	var parts []string
	for _, code := range []string{"success", "auth_err", "perm_denied", "user_unknown", "module_unknown", "ignore", "session_err", "new_authtok_reqd", "authinfo_unavail", "default"} {
		if g.IntN(3) == 0 || code == "default" && g.IntN(3) != 0 {
			parts = append(parts, code+"="+g.action())
		}
	}
	if len(parts) == 0 {
		parts = []string{"default=" + g.action()}
	}
	if g.IntN(4) == 0 {
		g.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	}
	return "[" + strings.Join(parts, pick(g, " ", "  ", "\t")) + "]"
}

func (g *maker) action() string {
	return pick(g, "ok", "ok", "done", "done", "bad", "die", "ignore", "ignore", "reset", "1", "1", "2", "3")
}

// put adds a data file next to the stack.
func (g *maker) put(what, content string) string {
	g.count++
	path := fmt.Sprintf("/etc/rig/%s-%d.%s", g.m.name, g.count, what)
	g.m.files[path] = content
	return path
}

func (g *maker) module() string {
	switch g.IntN(28) {
	case 0, 1, 2, 3, 24, 25, 26, 27:
		return "pam_permit.so"
	case 4:
		return "pam_deny.so"
	case 5, 6, 7, 8, 9, 10:
		event := map[pam.Stack]string{pam.Account: "acct", pam.Session: "open_session"}[g.m.stack]
		return "pam_debug.so " + event + "=" + pick(g, "success", "success", "success", "success", "success", "auth_err", "perm_denied", "user_unknown", "ignore", "ignore", "new_authtok_reqd", "acct_expired", "session_err", "authinfo_unavail", "module_unknown", "nonsense")
	case 11:
		return pick(g, "pam_tally2.so deny=5", "pam_absent.so", "/lib/nowhere/pam_permit.so", "/etc/hostname", "pam_warn.so", "pam_mkhomedir.so", "pam_nologin.so", "pam_limits.so", "pam_time.so")
	case 12, 13, 14:
		return "pam_succeed_if.so " + g.condition()
	case 15, 16:
		return g.access()
	case 17, 18:
		return g.list()
	case 19:
		return pick(g, "pam_localuser.so", "pam_localuser.so file="+g.put("passwd", "root:x:0:0::/:/bin/sh\n"), "pam_localuser.so file=/nowhere")
	case 20:
		return pick(g, "pam_usertype.so issystem", "pam_usertype.so isregular", "pam_usertype.so")
	case 21:
		if g.m.stack == pam.Account {
			return "pam_time.so conffile=" + g.put("time", g.times())
		}
		return "pam_limits.so conf=" + g.put("limits", g.limits())
	case 22:
		return pick(g, "pam_nologin.so file=/nowhere", "pam_nologin.so file=/nowhere successok", "pam_nologin.so file=/etc/hostname", "pam_shells.so", "pam_faillock.so", "pam_exec.so quiet /nowhere/ask", "pam_exec.so type=password /bin/false", "pam_exec.so", "pam_motd.so", "pam_umask.so", "pam_mail.so", "pam_env.so", "pam_rootok.so")
	}
	return pick(g, "pam_aad.so", "pam_permit.so", "pam_unix.so broken_shadow", "pam_echo.so hello", "pam_keyinit.so")
}

func (g *maker) condition() string {
	one := func() string {
		return pick(g,
			"user ingroup sshusers", "user notingroup sshusers", "user ingroup root:wheel", "uid >= 1000", "uid < 1000", "uid gt 500", "uid eq 0", "uid ne 0",
			"gid >= 100", "user = root", "user != root", "user =~ *@*", "user !~ *@*", "user =~ adm", "user in root:bob", "user notin root:bob", "login = bob",
			"service = sshd", "service in crond", "service notin crond:su", "service =~ s*", "service !~ gdm*", "tty = ssh", "tty in tty1:tty2", "ruser = ", "ruser = bob",
			"uid foo 3", "colour = red", "uid >= many", "user", "user =")
	}
	words := one()
	if g.IntN(3) == 0 {
		words += " " + one()
	}
	return strings.TrimSpace(pick(g, "", "quiet ", "use_uid ", "quiet_success audit ") + words)
}

func (g *maker) access() string {
	user := func() string {
		return pick(g, "ALL", "ALL", "root", "root azureuser", "ALL EXCEPT root", "ALL EXCEPT root ALL", "(wheel)", "@admins", "wheel", "bob@ALL", "all", "root, bob")
	}
	from := func() string {
		return pick(g, "ALL", "ALL", "ALL", "LOCAL", "ALL EXCEPT LOCAL", "tty1", "NONE", "ALL EXCEPT ALL", ":0")
	}
	var b strings.Builder
	for range g.IntN(4) {
		sep := pick(g, ":", ":", " : ")
		b.WriteString(pick(g, "+", "-", "-", "#-", "x", "") + sep + user() + sep + from() + "\n")
	}
	text := b.String()
	if g.IntN(10) == 0 {
		text = strings.TrimSuffix(text, "\n")
	}
	if g.IntN(15) == 0 {
		return "pam_access.so accessfile=/nowhere"
	}
	return "pam_access.so accessfile=" + g.put("access", text) + pick(g, "", "", " nodefgroup", " noaudit")
}

func (g *maker) list() string {
	file := pick(g, "/nowhere", "/etc/rig", "")
	if g.IntN(5) != 0 {
		file = g.put("list", pick(g, "", "root\nazureuser\n", "root\r\n\n", "# root\n", "wheel\n", "ssh\n", "/dev/ssh\n"))
	}
	parts := []string{"item=" + pick(g, "user", "user", "user", "group", "tty", "ruser", "colour"), "sense=" + pick(g, "allow", "deny", "deny", "maybe"), "file=" + file}
	if g.IntN(2) == 0 {
		parts = append([]string{"onerr=" + pick(g, "succeed", "fail", "oops")}, parts...)
	}
	if g.IntN(6) == 0 {
		parts = append(parts, pick(g, "apply=root", "apply=@wheel", "apply=", "quiet", "bogus=1"))
	}
	return "pam_listfile.so " + strings.Join(parts, " ")
}

func (g *maker) times() string {
	var b strings.Builder
	for range 1 + g.IntN(3) {
		fmt.Fprintf(&b, "%s;%s;%s;%s\n", pick(g, "*", "login", g.m.name, "!login", "s*&!sx", "sshd|login"), pick(g, "*", "ssh", "tty*", "!tty*"),
			pick(g, "*", "root", "!root", "!root&!bob"), pick(g, "Al0000-2400", "!Al0000-2400", "Wk", "!Al0000-2400|Al0000-2400", "Xx0000-2400"))
	}
	return b.String()
}

func (g *maker) limits() string {
	var b strings.Builder
	for range g.IntN(4) {
		fmt.Fprintf(&b, "%s %s %s %s\n", pick(g, "*", "root", "@students", "%", "1000:", "0:99", "bob"), pick(g, "hard", "soft", "-"),
			pick(g, "maxlogins", "maxlogins", "maxsyslogins", "core", "nofile", "colour"), pick(g, "0", "3", "10", "unlimited", "many"))
	}
	if g.IntN(5) == 0 {
		b.WriteString("nonsense here\nroot -\n")
	}
	return b.String()
}
