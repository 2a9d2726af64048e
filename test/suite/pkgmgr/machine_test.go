//go:build rig

// Package pkgmgr_test runs pkgmgr with real package managers: each test runs on a separate
// machine, a box with the vendor's package host.
package pkgmgr_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/repo"
	"aadssh/pkgmgr"
	"aadssh/test/lib/box"
	"aadssh/test/lib/executable"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/load"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/rig"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/stage"
)

const (
	older = "1.0.027980001"
	newer = "1.0.033070001"
	path  = "/rig/prod"
	id    = "aadsshlogin"
)

// driver is the program that the machines run; TestMain builds it.
var driver string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "drive.")
	if err == nil {
		driver = filepath.Join(dir, "drive")
		err = executable.Build(context.Background(), "drive", driver)
	}
	code := 1
	if err == nil {
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, err)
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// machine is a box with our repository configured.
type machine struct {
	*rig.Machine
	*stage.Shell
	manager distro.Manager
}

// job and answer are what drive reads and writes.
type job struct {
	Do      string
	Manager distro.Manager
	Source  pkgmgr.Source
	Specs   []pkgmgr.Spec
	Names   []string
	Files   []string
	Seconds int // more on a busy machine
}

type answer struct {
	Code       fault.Code
	What, Next string
	Packages   pkgmgr.Packages
	Newest     map[string]string
	Why        string
	Versions   []string
	Kept       []string
	Commands   []string
}

// families are one persona for each package manager.
func families() []roots.Persona {
	return []roots.Persona{roots.Debian(roots.Bookworm), roots.RHEL("9.4"), roots.SLES("15.6")}
}

// family is the persona of one package manager.
func family(manager distro.Manager) []roots.Persona {
	return slices.DeleteFunc(families(), func(p roots.Persona) bool { return distro.Manager(p.Family) != manager })
}

func everybody() []roots.Persona {
	return append(aptRoots(), rpmRoots()...)
}

// rpmRoots are the machines with a real dnf of either generation, a real zypper, and the
// stand-ins for yum and tdnf.
func rpmRoots() []roots.Persona {
	azure := roots.Like("azurelinux3.0", roots.Bookworm, roots.Tdnf, "NAME=\"Microsoft Azure Linux\"\nVERSION=\"3.0\"\nID=azurelinux\nVERSION_ID=\"3.0\"\n")
	newest := roots.Like("azurelinux4.0", roots.Forky, roots.Dnf, "NAME=\"Microsoft Azure Linux\"\nVERSION=\"4.0\"\nID=azurelinux\nVERSION_ID=\"4.0\"\n")
	return []roots.Persona{
		roots.RHEL("7.9"), roots.RHEL("8.10"), roots.RHEL("9.4"), roots.RHEL("10.0"), newest, azure,
		roots.SLES("15.5"), roots.SLES("15.6"),
	}
}

// each runs a test on a machine of each persona.
func each(t *testing.T, personas []roots.Persona, packages []fixtures.Spec, test func(machine)) {
	t.Helper()
	for _, p := range personas {
		t.Run(p.Name, func(t *testing.T) {
			test(newMachine(t, rig.Options{Persona: p, Packages: packages}))
		})
	}
}

func login(versions ...string) []fixtures.Spec {
	var all []fixtures.Spec
	for _, v := range versions {
		all = append(all, fixtures.Spec{Name: fixtures.Login, Version: v})
	}
	return all
}

func newMachine(t *testing.T, o rig.Options) machine {
	t.Helper()
	o.Path, o.Suite = path, "rig"
	o.Box.Binds = append(o.Box.Binds, box.Bind{From: driver, To: "/usr/local/bin/drive"})
	r := rig.New(t, o)
	m := machine{r, stage.On(t, r.Box), distro.Manager(o.Persona.Family)}
	m.Log = m.log
	m.configure(id, path, "https://"+pkghost.Name, keys.Rig())
	if a := m.do(job{Do: "ImportKey", Files: []string{repo.KeyPath(m.manager)}}); a.Code != 0 {
		t.Fatalf("%+v", a)
	}
	return m
}

// configure writes the definition that the handler writes.
func (m machine) configure(id, path, base string, key keys.Key) {
	m.T.Helper()
	files, err := repo.Desired(distro.Target{Manager: m.manager, Repository: distro.Repository{
		ID: id, Name: "ours", Path: path, Suite: "rig", Component: "main", MetadataSigned: true,
	}}, repo.Options{Base: base, GOARCH: runtime.GOARCH, OwnKey: true})
	m.Must(err)
	ring := key.Public
	if m.manager == distro.Apt {
		if ring, err = key.Binary(); err != nil {
			m.T.Fatal(err)
		}
	}
	m.write(repo.KeyPath(m.manager), string(ring))
	for _, f := range files {
		content := string(f.Content)
		if m.manager == distro.Zypper && !strings.Contains(content, "keeppackages") {
			content += "keeppackages=1\n"
		}
		m.write(f.Path, content)
	}
}

func (m machine) write(name, content string) {
	m.T.Helper()
	m.Must(m.WriteFile(name, []byte(content), 0o644))
}

// third adds another source, with our key.
func (m machine) third(name, url string) {
	m.T.Helper()
	key := repo.KeyPath(m.manager)
	switch m.manager {
	case distro.Apt:
		m.write("/etc/apt/sources.list.d/"+name+".list", fmt.Sprintf("deb [signed-by=%s] %s rig main\n", key, url))
	case distro.Zypper:
		m.write("/etc/zypp/repos.d/"+name+".repo", fmt.Sprintf("[%[1]s]\nname=%[1]s\nbaseurl=%[2]s\nenabled=1\nautorefresh=1\ngpgcheck=1\ngpgkey=file://%[3]s\n", name, url, key))
	default:
		m.write("/etc/yum.repos.d/"+name+".repo", fmt.Sprintf("[%[1]s]\nname=%[1]s\nbaseurl=%[2]s\nenabled=1\ngpgcheck=1\nrepo_gpgcheck=1\ngpgkey=file://%[3]s\n", name, url, key))
	}
}

func (m machine) source() pkgmgr.Source {
	return pkgmgr.Source{ID: id, ListFile: repo.DefinitionPath(distro.Apt), Keys: repo.KeyPath(m.manager)}
}

// argv is a job's command line.
func (m machine) argv(j job) []string {
	m.T.Helper()
	j.Manager = m.manager
	if j.Source == (pkgmgr.Source{}) {
		j.Source = m.source()
	}
	b, err := json.Marshal(j)
	m.Must(err)
	return []string{"/usr/local/bin/drive", string(b)}
}

// do runs a job in the environment in which the agent starts handlers: without HOME, and
// without answers to questions.
func (m machine) do(j job) answer {
	m.T.Helper()
	if j.Seconds > 0 {
		j.Seconds = int(load.Budget(time.Duration(j.Seconds) * time.Second).Seconds())
	}
	r, err := m.Run(m.T.Context(), []string{"LANG=C.UTF-8"}, m.argv(j)...)
	m.Must(err)
	var a answer
	if err := json.Unmarshal(r.Stdout, &a); err != nil || r.ExitCode != 0 {
		m.T.Fatalf("%s: exit %d, %v\n%s", j.Do, r.ExitCode, err, r.Output())
	}
	m.T.Logf("%s: code %d %s\n%s", j.Do, a.Code, a.What, indent(r.Stderr))
	for _, text := range append([]string{a.What, a.Next, a.Why, string(r.Stderr)}, a.Commands...) {
		if strings.Contains(text, "s3cret") {
			m.T.Errorf("the password of the proxy is shown: %s", text)
		}
	}
	return a
}

func indent(b []byte) string {
	return "\t" + strings.ReplaceAll(strings.TrimSpace(string(b)), "\n", "\n\t")
}

// must is do for a job that has to succeed.
func (m machine) must(j job) answer {
	m.T.Helper()
	a := m.do(j)
	if a.Code != 0 {
		m.Fatal("%s: %d %s\n%s", j.Do, a.Code, a.What, a.Next)
	}
	return a
}

// fails is do for a job that has to fail, with a code and with words in the operator's
// text.
func (m machine) fails(j job, code fault.Code, words ...string) answer {
	m.T.Helper()
	a := m.do(j)
	if a.Code != code {
		m.Fatal("%s: %d %s, want %d", j.Do, a.Code, a.What, code)
	}
	for _, w := range words {
		if !strings.Contains(a.What+"\n"+a.Next, w) {
			m.T.Errorf("%s: %q, %q do not say %q", j.Do, a.What, a.Next, w)
		}
	}
	return a
}

func (m machine) log() string {
	b, err := m.ReadFile("/var/lib/aadsshlogin-handler/transaction.log")
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// has checks a version in the package database: "" is absent.
func (m machine) has(name, version string) {
	m.T.Helper()
	p := m.must(job{Do: "Query", Names: []string{name}}).Packages[name]
	switch {
	case version == "" && p.State != pkgmgr.Absent, version != "" && !p.Satisfies(pkgmgr.Spec{Name: name, Version: version}):
		m.T.Fatalf("%s is %+v, want %q", name, p, version)
	}
}

// registered reports whether sshd asks the package for a person's keys.
func (m machine) registered() bool {
	m.T.Helper()
	return strings.Contains(m.Do("/usr/sbin/sshd -T -C user=someone@example.com,host=box,addr=127.0.0.1"), "aad_certhandler")
}

func spec(name, version string) []pkgmgr.Spec { return []pkgmgr.Spec{{Name: name, Version: version}} }

// ran counts the commands of a job that are not queries of the database.
func ran(a answer) []string {
	return slices.DeleteFunc(a.Commands, func(c string) bool {
		return strings.HasPrefix(c, "dpkg-query ") || strings.HasPrefix(c, "rpm -q ")
	})
}

// fetches reports whether a command only finds, fetches or verifies package files.
func fetches(command string) bool {
	return slices.ContainsFunc([]string{" download ", " --downloadonly ", "rpm -K ", "rpm --dbpath "}, func(word string) bool { return strings.Contains(command, word) })
}
