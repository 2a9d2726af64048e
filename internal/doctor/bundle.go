package doctor

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"aadssh/internal/agent"
	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/internal/permit"
	"aadssh/internal/proxy"
	"aadssh/internal/signin/sshd"
	"aadssh/internal/trail"
)

// Limits of a bundle: bytes from the end of each file, bytes in total, number of files.
const (
	bundleFile  = 1 << 20
	bundleAll   = 16 << 20
	bundleFiles = 300
)

// bundleAge is the age of the oldest lines about sign-ins that are included.
const bundleAge = 14 * trail.Day

// Bundle writes an archive for support: the output of doctor and plan, and those parts of
// the machine's files that package permit allows. Everything that looks like a secret is
// then removed from all of it. Names of people and machines stay. also are files that a
// person asked for by name: they are included whole, except what looks like a secret. It
// returns the names of the archive's files.
func Bundle(ctx context.Context, o Options, to io.Writer, also ...string) ([]string, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	report, err := Run(ctx, o)
	if err != nil {
		return nil, err
	}
	plan, planErr := Plan(ctx, o, "enable")
	if planErr != nil && o.Root {
		return nil, planErr
	}
	status, statusErr := LastStatus(ctx, o)

	m := machine{}
	m.readAgent(ctx, o.Host)
	zipped := gzip.NewWriter(to)
	a := &archive{tar: tarball{zipped, o.Now()}, host: o.Host, secrets: secretsOf(m.extension, &m.Facts)}
	for name, value := range m.agentEnv.values {
		if strings.Contains(strings.ToLower(name), "proxy") {
			a.secrets = append(a.secrets, proxy.SecretsOf(value)...)
		}
	}
	report = withoutQuotes(report)
	a.text("doctor.txt", permit.Addresses(report.Text(Style{All: true})))
	a.json("doctor.json", report)
	if planErr == nil {
		a.text("plan.txt", permit.Addresses(plan.Text()))
		a.json("plan.json", plan)
	}
	if statusErr == nil {
		a.text("status.txt", permit.Addresses(status.Text(o.Now(), Style{})))
		a.json("status.json", status)
	}
	a.files(permittedFiles(&m))
	for _, q := range bundleCommands() {
		a.command(ctx, &q)
	}
	a.signIns(trail.Read(ctx, o.Host, o.Now(), bundleAge))
	for _, file := range also {
		a.whole(file)
	}
	a.about(o.Root)
	if a.err != nil {
		return nil, a.err
	}
	if err := a.tar.end(); err != nil {
		return nil, err
	}
	return a.names, zipped.Close()
}

// withoutQuotes is a report without the quotations from files and programs in its texts,
// except those that are permitted.
func withoutQuotes(r Report) Report {
	r.Checks = slices.Clone(r.Checks)
	for i, c := range r.Checks {
		r.Checks[i].Text = permit.Quoted(c.Text)
	}
	r.Verdict.Text = permit.Quoted(r.Verdict.Text)
	return r
}

// permittedFile is a pattern of files, and what may be included of each.
type permittedFile struct {
	pattern string
	permits permit.Filter
}

// permittedFiles are all files that a bundle reads. Other files are only included if a
// person names them.
func permittedFiles(m *machine) []permittedFile {
	files := []permittedFile{
		{host.StateDir + "/receipt.json", permit.JSON("*")},
		{host.StateDir + "/handover", permit.JSON("to", "boot", "upFor", "time")},
		{host.StateDir + "/pending", permit.Table},
		{host.TransactionLog, permit.Transaction},
		{"/var/log/waagent.log", permit.Agent},
		{"/var/log/apt/history.log", permit.Packages}, {"/var/log/dpkg.log", permit.Packages},
		{"/var/log/dnf.rpm.log", permit.Packages}, {"/var/log/yum.log", permit.Packages}, {"/var/log/tdnf.log", permit.Packages},
		{"/etc/os-release", permit.OSRelease}, {"/usr/lib/os-release", permit.OSRelease},
		{"/etc/nsswitch.conf", permit.NSS}, {"/usr/etc/nsswitch.conf", permit.NSS},
		{"/etc/ssh/sshd_config", permit.SSHD}, {"/etc/ssh/sshd_config.d/*.conf", permit.SSHD}, {"/usr/etc/ssh/sshd_config", permit.SSHD},
		{"/etc/pam.d/sshd", permit.PAM}, {"/etc/pam.d/common-*", permit.PAM}, {"/etc/pam.d/*-auth", permit.PAM}, {"/etc/pam.d/*-account", permit.PAM},
		{"/usr/lib/pam.d/sshd", permit.PAM}, {"/usr/lib/pam.d/common-*", permit.PAM},
		{"/etc/apt/sources.list", permit.AptList}, {"/etc/apt/sources.list.d/*.list", permit.AptList}, {"/etc/apt/sources.list.d/*.sources", permit.Repository},
		{"/etc/yum.repos.d/*.repo", permit.Repository}, {"/etc/zypp/repos.d/*.repo", permit.Repository},
	}
	if e := m.extension; e != nil {
		files = append(files,
			permittedFile{e.env.LogFolder + "/" + logging.FileName, permit.Handler}, permittedFile{e.env.LogFolder + "/" + logging.FileName + ".1", permit.Handler},
			permittedFile{e.env.LogFolder + "/CommandExecution.log", permit.Agent},
			permittedFile{e.env.StatusFolder + "/*.status", permit.JSON("version", "timestampUTC", "status", "name", "operation", "configurationAppliedTime", "code", "formattedMessage", "lang", "message", "substatus")},
			permittedFile{e.env.BaseDir + "/HandlerEnvironment.json", permit.JSON("name", "version", "handlerEnvironment", "logFolder", "configFolder", "statusFolder", "heartbeatFile", "eventsFolder")},
			permittedFile{agent.StateFile(e.env.BaseDir), permit.Table},
			permittedFile{e.env.ConfigFolder + "/*.settings", permit.JSON("runtimeSettings", "handlerSettings", "publicSettings", "packageVersion", "repository", "mode", "baseUrl", "proxy", "monitor")})
	}
	for _, unit := range m.agentUnits {
		for _, dir := range unitDirs() {
			files = append(files, permittedFile{dir + "/" + unit, permit.Unit}, permittedFile{dir + "/" + unit + ".d/*.conf", permit.Unit})
		}
	}
	return files
}

// question is a command that changes nothing, and what may be included of its output.
type question struct {
	_ [0]func() // never compared: no code for == is linked

	file    string
	command string // its words have no blanks in them
	permits permit.Filter
}

func bundleCommands() []question {
	return []question{
		{file: "sshd-effective.txt", command: "sshd -T -C " + sshd.ExampleSpec(), permits: permit.SSHD},
		{file: "sshd-version.txt", command: "sshd -V", permits: permit.Table},
		{file: "disks.txt", command: "df -h", permits: permit.Table},
		{file: "mounts.txt", command: "findmnt -l -o TARGET,FSTYPE,OPTIONS", permits: permit.Mounts},
		{file: "routes.txt", command: "ip route", permits: permit.Table},
		{file: "listening.txt", command: "ss -ltn", permits: permit.Table},
		{file: "firewall.txt", command: "iptables -S", permits: permit.Firewall},
		{file: "journal-own.txt", command: "journalctl -q --no-pager -o short-iso -n 1000 -t aadsshlogin-handler _UID=0", permits: permit.Table},
	}
}

// archive is a bundle that is being written. It remembers its first error.
type archive struct {
	tar     tarball
	host    *host.Host
	secrets []string
	names   []string
	notes   []string // what is not included, and why
	written int
	err     error
}

func (a *archive) text(name, text string) {
	text = Redact(text, a.secrets...)
	if a.err != nil {
		return
	}
	if a.written+len(text) > bundleAll || len(a.names) >= bundleFiles {
		a.notes = append(a.notes, name+": the bundle is full")
		return
	}
	a.written += len(text)
	name = path.Join("aadsshlogin-support", name)
	a.err = a.tar.file(name, text)
	a.names = append(a.names, name)
}

func (a *archive) json(name string, v any) {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		a.err = err
		return
	}
	a.text(name, permit.Addresses(string(b))+"\n")
}

// files adds what is permitted of each file, once, although the patterns overlap.
func (a *archive) files(permitted []permittedFile) {
	added := map[string]bool{}
	for _, p := range permitted {
		for _, file := range a.host.Glob(p.pattern) {
			if added[file] {
				continue
			}
			added[file] = true
			text, err := a.host.ReadTailNoLinks(file, bundleFile)
			if err != nil {
				a.notes = append(a.notes, fmt.Sprintf("%s: %v", permit.Words(file), withoutPath(err)))
				continue
			}
			a.permitted(filepath.Join("files", filepath.Dir(file), permit.Name(filepath.Base(file))), p.permits(whole(text)))
		}
	}
}

// whole removes the first line, which is incomplete if only the end of a longer file was
// read.
func whole(text []byte) string {
	if len(text) == bundleFile {
		_, rest, _ := strings.Cut(string(text), "\n")
		return rest
	}
	return string(text)
}

// permitted adds a text and notes how much of it is missing.
func (a *archive) permitted(name string, t permit.Text) {
	text := t.Kept
	if t.Left > 0 {
		a.notes = append(a.notes, fmt.Sprintf("%s: lines or keys that were not permitted: %d", name, t.Left))
	}
	if text == "" {
		text = fmt.Sprintf("# what may go into a bundle is none of its lines or keys (%d)\n", t.Left)
	}
	a.text(name, text)
}

// signIns adds the messages of the sign-in programs, under the name of their source.
func (a *archive) signIns(log trail.Log) {
	if log.Source == "" {
		return
	}
	name := "commands/journal.txt"
	if strings.HasPrefix(log.Source, "/") {
		name = filepath.Join("files", log.Source)
	}
	text, left := log.Permitted()
	a.permitted(name, permit.Text{Kept: text, Left: left})
}

// whole adds a file that a person named.
func (a *archive) whole(file string) {
	text, err := a.host.ReadTailNoLinks(file, bundleFile)
	if err != nil {
		a.notes = append(a.notes, fmt.Sprintf("%s: %v", file, withoutPath(err)))
		return
	}
	a.text(filepath.Join("asked-for", file), string(text))
}

// withoutPath is why a file could not be read.
func withoutPath(err error) error {
	var e *fs.PathError
	switch {
	case errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.ENOTDIR):
		return errors.New("not read, for it is a link, or a link leads to it, or it is no plain file")
	case errors.As(err, &e):
		return e.Err
	}
	return err
}

func (a *archive) command(ctx context.Context, q *question) {
	words := strings.Fields(q.command)
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := a.host.Runner.Run(ctx, host.Command{Name: words[0], Args: words[1:]})
	if err != nil {
		a.text(path.Join("commands", q.file), "$ "+q.command+"\n"+err.Error()+"\n")
		return
	}
	text := r.Output()
	t := q.permits(text[max(len(text)-bundleFile, 0):])
	if t.Left > 0 {
		a.notes = append(a.notes, "commands/"+q.file+": lines that were not permitted: "+strconv.Itoa(t.Left))
	}
	a.text(path.Join("commands", q.file), "$ "+q.command+"\n"+t.Kept+"(exit "+strconv.Itoa(r.ExitCode)+")\n")
}

// about is the archive's introduction.
func (a *archive) about(root bool) {
	about := `What aadsshlogin-handler saw of this machine. Of each file only lines, keys and words went in that cannot hold a
secret; *** stands for the others. Names of people and machines are in it: look through it before you pass it on.
`
	if !root {
		about += `It was made without root, so what only root can read is missing: plan, settings, status and logs of the extension,
the logs of sign-ins, and what sshd says of its configuration. Make it again with sudo where that matters.
`
	}
	if len(a.notes) > 0 {
		about += "\nWhat is not in it:\n" + strings.Join(a.notes, "\n") + "\n"
	}
	a.text("README.txt", about)
}
