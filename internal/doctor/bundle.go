package doctor

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"
	"time"

	"aadsshlogin-handler/internal/agent"
	"aadsshlogin-handler/internal/host"
	"aadsshlogin-handler/internal/proxy"
	"aadsshlogin-handler/internal/signin/sshd"
)

// Bounds of what goes into a bundle, in bytes.
const (
	bundleFile = 2 << 20  // the end of each file
	bundleAll  = 64 << 20 // together
)

// Bundle writes one archive for whoever is asked to help: what doctor and plan
// say, logs, status, and the configuration that decides about sign-in. Tokens,
// passwords and keys are taken out; names of people and machines are not. It
// returns the names of what is in it.
func Bundle(ctx context.Context, o Options, to io.Writer) ([]string, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	report, err := Run(ctx, o)
	if err != nil {
		return nil, err
	}
	plan, err := Plan(ctx, o, "enable")
	if err != nil {
		return nil, err
	}
	status, statusErr := LastStatus(ctx, o)

	m := machine{}
	m.agentDir, m.extension = findExtension(ctx, o.Host)
	m.agentProc, m.agentUnits = findAgent(o.Host)
	m.agentEnv = agentEnvironment(o.Host, m.agentProc, m.agentUnits)
	zipped := gzip.NewWriter(to)
	a := &archive{tar: tar.NewWriter(zipped), host: o.Host, at: o.Now(), secrets: secretsOf(m.extension, m.Facts)}
	for name, value := range m.agentEnv.values {
		if strings.Contains(strings.ToLower(name), "proxy") {
			a.secrets = append(a.secrets, proxy.SecretsOf(value)...)
		}
	}
	a.text("doctor.txt", report.Text(Style{}))
	a.json("doctor.json", report)
	a.text("plan.txt", plan.Text())
	a.json("plan.json", plan)
	if statusErr == nil {
		a.text("status.txt", status.Text(o.Now()))
		a.json("status.json", status)
	}
	added := map[string]bool{} // patterns overlap
	for _, f := range bundleFiles(m) {
		for _, file := range o.Host.Glob(f) {
			if !added[file] {
				a.file(file)
			}
			added[file] = true
		}
	}
	for name, c := range bundleCommands() {
		a.command(ctx, name, c)
	}
	about := "What aadsshlogin-handler saw of this machine. Passwords, tokens and keys were taken out and replaced by ***;\nnames of people and machines were not. Look through it before you pass it on.\n"
	if !o.Root {
		about += "It was made without root, so what only root can read is missing: settings, status and logs of the extension,\nthe logs of sign-ins, and what sshd says of its configuration. Make it again with sudo where that matters.\n"
	}
	a.text("README.txt", about)
	if a.err != nil {
		return nil, a.err
	}
	if err := a.tar.Close(); err != nil {
		return nil, err
	}
	return a.names, zipped.Close()
}

// bundleFiles are patterns of what may explain something. Private keys and the
// protected settings are not among them.
func bundleFiles(m machine) []string {
	files := []string{
		host.StateDir + "/receipt.json", host.StateDir + "/handover", host.StateDir + "/pending", host.TransactionLog,
		"/var/log/waagent.log", "/var/log/auth.log", "/var/log/secure", "/var/log/cloud-init-output.log",
		"/var/log/apt/history.log", "/var/log/apt/term.log", "/var/log/dnf.log", "/var/log/yum.log", "/var/log/zypper.log",
		"/etc/os-release", "/etc/nsswitch.conf", "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*.conf",
		"/etc/pam.d/sshd", "/etc/pam.d/common-*", "/etc/pam.d/*-auth", "/etc/pam.d/*-account",
		"/etc/apt/sources.list", "/etc/apt/sources.list.d/*", "/etc/yum.repos.d/*.repo", "/etc/zypp/repos.d/*.repo",
	}
	if e := m.extension; e != nil {
		files = append(files, e.env.LogFolder+"/*.log", e.env.LogFolder+"/*.log.1", e.env.StatusFolder+"/*.status",
			e.env.BaseDir+"/HandlerEnvironment.json", agent.StateFile(e.env.BaseDir), e.env.ConfigFolder+"/*.settings")
	}
	for _, unit := range m.agentUnits {
		for _, dir := range unitDirs() {
			files = append(files, dir+"/"+unit, dir+"/"+unit+".d/*.conf")
		}
	}
	return files
}

// bundleCommands are questions that change nothing.
func bundleCommands() map[string]host.Command {
	c := func(name string, args ...string) host.Command { return host.Command{Name: name, Args: args} }
	return map[string]host.Command{
		"sshd-effective.txt": c("sshd", "-T", "-C", sshd.Connection(sshd.PersonProbe)),
		"sshd-version.txt":   c("sshd", "-V"),
		"disks.txt":          c("df", "-h"),
		"mounts.txt":         c("findmnt", "-o", "TARGET,FSTYPE,OPTIONS"),
		"routes.txt":         c("ip", "route"),
		"listening.txt":      c("ss", "-ltn"),
		"firewall.txt":       c("iptables", "-S"),
		"journal.txt": c("journalctl", "-q", "--no-pager", "-o", "short-iso", "-n", "3000", "-t", "sshd", "-t", "sshd-session", "-t", "aad_certhandler",
			"-t", "aadsshlogin-handler"),
	}
}

// archive is a bundle being written. It keeps its first error.
type archive struct {
	tar     *tar.Writer
	host    *host.Host
	at      time.Time
	secrets []string
	names   []string
	written int
	err     error
}

func (a *archive) text(name, text string) {
	text = Redact(text, a.secrets...)
	if a.err != nil || a.written+len(text) > bundleAll {
		return
	}
	a.written += len(text)
	name = path.Join("aadsshlogin-support", name)
	a.err = a.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text)), ModTime: a.at, Format: tar.FormatPAX})
	if a.err == nil {
		_, a.err = io.WriteString(a.tar, text)
	}
	a.names = append(a.names, name)
}

func (a *archive) json(name string, v any) {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		a.err = err
		return
	}
	a.text(name, string(b)+"\n")
}

// file adds the end of a file; one that cannot be read is left out.
func (a *archive) file(file string) {
	text, err := a.host.ReadTail(file, bundleFile)
	if err != nil {
		return
	}
	a.text(filepath.Join("files", file), string(text))
}

func (a *archive) command(ctx context.Context, name string, c host.Command) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := a.host.Runner.Run(ctx, c)
	if err != nil {
		a.text(path.Join("commands", name), fmt.Sprintf("$ %s\n%v\n", c, err))
		return
	}
	text := r.Output()
	if len(text) > bundleFile {
		text = text[len(text)-bundleFile:]
	}
	a.text(path.Join("commands", name), fmt.Sprintf("$ %s\n%s(exit %d)\n", c, text, r.ExitCode))
}
