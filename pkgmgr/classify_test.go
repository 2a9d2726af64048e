package pkgmgr

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
	"aadssh/test/lib/golden"
)

// recorded is one answer of a real program.
type recorded struct {
	name    string
	command host.Command
	result  host.Result
}

// transcripts reads a file of recorded answers. Each has a line "-- NAME --", a line "$
// COMMAND", a line "exit CODE", and then the program's whole output.
func transcripts(t testing.TB, manager string) []recorded {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", manager+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	heads := regexp.MustCompile(`(?m)^-- (\S+) --\n\$ (.*)\nexit (\d+)\n`)
	at := heads.FindAllSubmatchIndex(b, -1)
	if all := regexp.MustCompile(`(?m)^-- .* --$`).FindAll(b, -1); len(all) != len(at) {
		t.Fatalf("%s: %d entries, of which %d can be read: a name is one word, and the command and the exit code follow it", manager, len(all), len(at))
	}
	var all []recorded
	for i, m := range at {
		end := len(b)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		words := strings.Fields(string(b[m[4]:m[5]]))
		code, err := strconv.Atoi(string(b[m[6]:m[7]]))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, recorded{string(b[m[2]:m[3]]),
			host.Command{Name: words[0], Args: words[1:], Secrets: []string{"s3cret"}},
			host.Result{ExitCode: code, Stdout: b[m[1]:end]}})
	}
	return all
}

// answer finds one recorded answer.
func answer(t testing.TB, manager, name string) recorded {
	t.Helper()
	for _, r := range transcripts(t, manager) {
		if r.name == name {
			return r
		}
	}
	t.Fatalf("testdata/%s.txt has no %s", manager, name)
	return recorded{}
}

// recordings are the managers whose answers were recorded, by file.
func recordings() map[string]distro.Manager {
	return map[string]distro.Manager{
		"apt-2.2": distro.Apt, "apt-2.6": distro.Apt, "apt-3.0": distro.Apt,
		"dnf-4.5": distro.Dnf, "dnf-4.14": distro.Dnf, "dnf-4.23": distro.Dnf,
		"zypper-1.14.42": distro.Zypper, "zypper-1.14.89": distro.Zypper,
		"tdnf-3.6.0": distro.Tdnf, "yum-3.4.3": distro.Yum,
		"apt-2.6-provoked": distro.Apt, "dnf-4.14-provoked": distro.Dnf, "dnf-5.4-provoked": distro.Dnf, "zypper-1.14.89-provoked": distro.Zypper,
		"apt-published": distro.Apt, "dnf-published": distro.Dnf, "yum-published": distro.Yum, "zypper-published": distro.Zypper, "tdnf-published": distro.Tdnf,
	}
}

// TestClassifyRecorded renders the meaning of each recorded answer: one golden file per
// manager, one entry per answer.
func TestClassifyRecorded(t *testing.T) {
	for file, name := range recordings() {
		t.Run(file, func(t *testing.T) {
			m := manager(t, name)
			var got strings.Builder
			for _, r := range transcripts(t, file) {
				if strings.HasPrefix(r.name, "query-") {
					continue // read by ParseQuery alone
				}
				f := m.Classify(r.command, r.result)
				if f == nil {
					fmt.Fprintf(&got, "%s: nothing wrong\n", r.name)
					continue
				}
				fmt.Fprintf(&got, "%s: %d\n    %s\n    %s\n", r.name, f.Code, f.What, f.Remedy())
				if text := f.What + f.Next + f.Error(); strings.Contains(text, "s3cret") {
					t.Errorf("%s: the password of the proxy is shown: %s", r.name, text)
				}
				if strings.ContainsAny(f.What+f.Remedy(), "\n\r\x1b") || f.What == "" || f.Remedy() == "" {
					t.Errorf("%s: not one line and one line: %q, %q", r.name, f.What, f.Remedy())
				}
			}
			golden.Compare(t, filepath.Join("testdata", file+".golden"), got.String())
		})
	}
}

// manager is a package manager, the same for all tests: compiling its rules takes longer
// than most tests.
func manager(t testing.TB, name distro.Manager) *Manager {
	t.Helper()
	m := managers()[name]
	if m == nil {
		t.Fatal(For(name))
	}
	return m
}

var managers = sync.OnceValue(func() map[distro.Manager]*Manager {
	all := map[distro.Manager]*Manager{}
	for _, name := range distro.Managers() {
		if m, err := For(name); err == nil {
			all[name] = m
		}
	}
	return all
})

// An exclusion in the machine's configuration is reported as such with every package
// manager, and not as a package that the repository does not have.
func TestWhatTheOwnerForbids(t *testing.T) {
	for file, names := range map[string][]string{
		"apt-2.2": {"held-upgrade", "held-exact"}, "apt-2.6": {"held-upgrade", "held-exact"}, "apt-3.0": {"held-upgrade", "held-exact"},
		"dnf-4.5": {"excluded"}, "dnf-4.14": {"excluded", "excluded-exact"}, "dnf-4.23": {"excluded"},
		"zypper-1.14.42": {"locked-package", "locked-exact"}, "zypper-1.14.89": {"locked-package-fresh", "locked-exact"},
	} {
		for _, name := range names {
			r := answer(t, file, name)
			f := manager(t, recordings()[file]).Classify(r.command, r.result)
			if f == nil || f.Code != fault.PackageManagerFailed || !strings.Contains(f.What, "owner of this machine") || !strings.Contains(f.What, "aadsshlogin") {
				t.Errorf("%s, %s: %v", file, name, f)
			}
		}
	}
}

// TestSharedMessagesNameTheProgram: yum and tdnf say what dnf says, on machines
// that have no dnf.
func TestSharedMessagesNameTheProgram(t *testing.T) {
	const unmet = "Error: \n Problem: cannot install the best candidate for the job\n  - nothing provides libsemanage.so.1()(64bit) needed by aadsshlogin-1.0.2-1.x86_64 from aadsshlogin\n"
	for _, name := range []distro.Manager{distro.Dnf, distro.Yum, distro.Tdnf} {
		m := manager(t, name)
		f := m.Classify(host.Command{Name: string(name), Args: []string{"install", "aadsshlogin"}}, host.Result{ExitCode: 1, Stdout: []byte(unmet)})
		if f == nil || !strings.Contains(f.Remedy(), ": "+string(name)+" provides") {
			t.Errorf("%s: %+v", name, f)
		}
	}
	for _, r := range dnfRulesFor("yum", "/etc/yum.conf") {
		if strings.Contains(r.what+r.next, "dnf") {
			t.Errorf("%q, %q", r.what, r.next)
		}
	}
}

// TestEndedBySignal: a program that did not end by itself has no exit code.
func TestEndedBySignal(t *testing.T) {
	f := manager(t, distro.Apt).Classify(aptQuery([]string{"aadsshlogin"}), host.Result{ExitCode: -1, Signal: "killed"})
	if f == nil || f.What != "dpkg-query was ended by a signal (killed)" || strings.Contains(f.Remedy(), "output") {
		t.Errorf("%+v", f)
	}
}

// TestProtectedFile: a file with the attribute i, which nothing but lsattr shows.
func TestProtectedFile(t *testing.T) {
	output := "Setting up aadsshlogin (1.0.033070001) ...\nsed: cannot rename /etc/sedWK3scl: Operation not permitted\n" +
		"dpkg: error processing package aadsshlogin (--configure):\n installed aadsshlogin package post-installation script subprocess returned error exit status 4\n"
	f := manager(t, distro.Apt).Classify(host.Command{Name: "dpkg", Args: []string{"--configure", "aadsshlogin"}}, host.Result{ExitCode: 1, Stdout: []byte(output)})
	if f == nil || f.Code != fault.PackageManagerFailed || !strings.HasPrefix(f.Next, fault.Protected) || !strings.Contains(f.Next, "sudo dpkg --configure -a") {
		t.Errorf("%v", f)
	}
}

// TestReadOnlyUnderAScript: the file that a script could not write, not the script.
func TestReadOnlyUnderAScript(t *testing.T) {
	for line, m := range map[string]*Manager{
		"/var/lib/dpkg/info/aadsshlogin.postinst: 6: cannot create /etc/ssh/sshd_config: Read-only file system\n": apt(),
		"/var/tmp/rpm-tmp.b0jPzk: line 6: /etc/ssh/sshd_config: Read-only file system\n":                          manager(t, distro.Dnf),
	} {
		f := m.Classify(host.Command{Name: "manager", Args: []string{"install", "aadsshlogin"}}, host.Result{ExitCode: 1, Stdout: []byte(line)})
		if f == nil || f.Code != fault.Disk || f.What != "The file system of /etc/ssh/sshd_config is read-only." {
			t.Errorf("%s: %v", line, f)
		}
	}
}

// TestNoFolderForTemporaryFiles: to apt that is a signature that does not hold.
func TestNoFolderForTemporaryFiles(t *testing.T) {
	h := hosttest.New(t).Host()
	h.Root = t.TempDir()
	if f := aptDenied(h, Source{}); f == nil || f.Code != fault.PackageManagerFailed || !strings.Contains(f.What, "no folder /tmp") {
		t.Errorf("without /tmp: %v", f)
	}
	if err := os.Mkdir(h.Path("/tmp"), 0o777); err != nil {
		t.Fatal(err)
	}
	if f := aptDenied(h, Source{}); f != nil {
		t.Errorf("with /tmp: %v", f)
	}
}
