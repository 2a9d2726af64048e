package pkgmgr

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host/hosttest"
)

func TestInstallHealthyPath(t *testing.T) {
	for name, all := range map[distro.Manager]bool{distro.Apt: true, distro.Dnf: false, distro.Zypper: false, distro.Tdnf: false, distro.Yum: false} {
		t.Run(string(name), func(t *testing.T) {
			b := newBench(t, name)
			o := b.order(Order{Install: []Spec{{Name: "aadsshlogin"}}}, all)
			b.packages("aadsshlogin")
			o = b.alone(o, "1.0.2-1")
			b.fetched(&o, "aadsshlogin-1.0.2-1.x86_64.rpm")
			b.transaction(b.Manager.Install(o)[0], hosttest.Answer(0, "fine\n"))
			b.packages("aadsshlogin 1.0.2-1")
			out, err := b.Install(wide(b), o.Install)
			if err != nil || out.Packages["aadsshlogin"].Version != "1.0.2-1" || len(out.Newest) != 0 {
				t.Fatalf("%+v, %v", out, err)
			}
		})
	}
}

// A package manager that reports success and did nothing is detected. It may have been
// configured to skip what it cannot get (strict=0 in dnf.conf), so the other sources are
// tried too.
func TestInstallBelievesTheDatabase(t *testing.T) {
	b, all := besideOthersAfter(t, hosttest.Answer(0, "Complete!\n"), fetched)
	b.query(rpmKeyring(keyringDir, []string{ownKey}), hosttest.Answer(0, ""))
	b.query(b.Manager.Verify(keyringDir, fetched), hosttest.Answer(0, fetched+": digests signatures OK\n"))
	b.transaction(rpmImportKey(ownKey), hosttest.Answer(0, ""))
	all.Files = []string{fetched}
	b.transaction(b.Manager.Install(all)[0], hosttest.Answer(0, "Complete!\n"))
	b.packages("aadsshlogin")
	_, err := b.Install(wide(b), []Spec{{Name: "aadsshlogin"}})
	if f := b.code(err, fault.PackageManagerFailed); !strings.Contains(f.What, "not installed") {
		t.Errorf("What = %q", f.What)
	}
}

// A fault of another package does not fail ours when ours is there.
func TestInstallForgivesOthers(t *testing.T) {
	b := newBench(t, distro.Apt)
	o := b.order(Order{Install: []Spec{{Name: "aadsshlogin"}}}, true)
	b.packages("aadsshlogin")
	o = b.alone(o, "1.0.2")
	b.transaction(b.Manager.Install(o)[0], hosttest.Answer(100, "dpkg: error processing package somebodys (--configure):\n failed\nE: Sub-process /usr/bin/dpkg returned an error code (1)\n"))
	b.packages("aadsshlogin 1.0.2")
	if _, err := b.Install(wide(b), o.Install); err != nil {
		t.Fatal(err)
	}
}

// If a script of the package failed, dnf exits with 0, and the database says that the
// package is installed: that is not success.
func TestInstallSeesFailedScripts(t *testing.T) {
	for file, name := range map[string]distro.Manager{"dnf-4.14": distro.Dnf, "zypper-1.14.89": distro.Zypper} {
		b := newBench(t, name)
		o := b.order(Order{Install: []Spec{{Name: "aadsshlogin"}}}, false)
		b.packages("aadsshlogin")
		b.transaction(b.Manager.Install(o)[0], answer(t, file, "post-fails").result)
		b.packages("aadsshlogin 1.0.2-1")
		_, err := b.Install(wide(b), o.Install)
		if f := b.code(err, fault.PackageManagerFailed); !strings.Contains(f.What, "script of aadsshlogin") {
			t.Errorf("What = %q", f.What)
		}
	}
}

func TestInstallForgivesScriptsOfOthers(t *testing.T) {
	b := newBench(t, distro.Dnf)
	o := b.order(Order{Install: []Spec{{Name: "aadsshlogin"}}}, false)
	b.packages("aadsshlogin")
	b.transaction(b.Manager.Install(o)[0], hosttest.Answer(0, "Error in POSTIN scriptlet in rpm package somebodys\n"))
	b.packages("aadsshlogin 1.0.2-1")
	if _, err := b.Install(wide(b), o.Install); err != nil {
		t.Fatal(err)
	}
}

// The order of attempts on an rpm machine: our source alone, all sources, all with fresh
// metadata, and only then an older version, with both versions named. With other sources,
// our file is first fetched, verified, and then installed.
func TestInstallTakesTheNewestInstallable(t *testing.T) {
	b := newBench(t, distro.Dnf)
	want := []Spec{{Name: "aadsshlogin"}}
	unmet := answer(t, "dnf-4.14", "unmet").result
	narrow, all := b.order(Order{Install: want}, false), b.order(Order{Install: want}, true)
	b.packages("aadsshlogin")
	b.transaction(b.Manager.Install(narrow)[0], unmet)
	b.packages("aadsshlogin")
	versions := func() {
		b.query(b.Manager.Versions(b.Source, "aadsshlogin"), answer(t, "dnf-4.14", "versions-repoquery").result)
	}
	exact := func(version string) Order {
		all.Install = []Spec{{Name: "aadsshlogin", Version: version}}
		return all
	}
	versions()
	b.query(b.Manager.Download(exact("1.0.2-1"))[0], unmet)
	b.packages("aadsshlogin")
	b.query(b.Manager.Refresh(all.Source)[0], hosttest.Answer(0, ""))
	versions()
	b.query(b.Manager.Download(exact("1.0.2-1"))[0], unmet)
	b.packages("aadsshlogin")
	versions()
	older := exact("1.0.1-1")
	versions()
	b.query(b.Manager.Download(older)[0], hosttest.Answer(0, ""))
	const file = "/var/cache/dnf/aadsshlogin-ed4afd3853e3f975/packages/aadsshlogin-1.0.1-1.x86_64.rpm"
	b.fetches(file)
	b.query(b.Manager.Verify("", file), hosttest.Answer(0, file+": digests signatures OK\n"))
	older.Files = []string{file}
	b.transaction(b.Manager.Install(older)[0], hosttest.Answer(0, ""))
	b.packages("aadsshlogin 1.0.1-1")
	out, err := b.Install(wide(b), want)
	if err != nil {
		t.Fatal(err)
	}
	if out.Newest["aadsshlogin"] != "1.0.2-1" || out.Why == nil || !strings.Contains(out.Why.What, "libnosuch") {
		t.Errorf("Newest = %v, Why = %v", out.Newest, out.Why)
	}
	if want[0].Version != "" {
		t.Error("the caller's wish was changed")
	}
}

// A working version is never traded for an older one.
func TestInstallNeverGoesBelowTheInstalled(t *testing.T) {
	b := newBench(t, distro.Apt)
	want := []Spec{{Name: "aadsshlogin"}, {Name: "aadsshlogin-selinux"}}
	unmet := answer(t, "apt-2.6", "unmet").result
	all := b.order(Order{Install: want}, true)
	b.packages("aadsshlogin 1.0.1.5", "aadsshlogin-selinux")
	b.transaction(b.Manager.Install(b.alone(all, "1.0.2"))[0], unmet)
	b.packages("aadsshlogin 1.0.1.5", "aadsshlogin-selinux")
	b.query(b.Manager.Refresh(all.Source)[0], hosttest.Answer(0, ""))
	b.transaction(b.Manager.Install(b.alone(all, "1.0.2"))[0], unmet)
	b.packages("aadsshlogin 1.0.1.5", "aadsshlogin-selinux")
	b.query(b.Manager.Versions(b.Source, "aadsshlogin"), answer(t, "apt-2.6", "madison").result) // 1.0.2, 1.0.1
	_, err := b.Install(wide(b), want)
	b.code(err, fault.PackageManagerFailed)
}

// An exact version that cannot be had is never replaced by another one.
func TestInstallExactVersionStands(t *testing.T) {
	b := newBench(t, distro.Apt)
	want := []Spec{{Name: "aadsshlogin", Version: "9.9.9"}}
	b.packages("aadsshlogin")
	b.query(b.Manager.Locate(b.Source, want), answer(t, "apt-2.6", "version-missing").result)
	b.packages("aadsshlogin")
	_, err := b.Install(wide(b), want)
	if f := b.code(err, fault.PackageUnavailable); !strings.Contains(f.What, "9.9.9") {
		t.Errorf("What = %q", f.What)
	}
}

// What our own source does not have is not searched in all other sources.
func TestInstallMissingPackageRefreshesNothing(t *testing.T) {
	b := newBench(t, distro.Apt)
	b.file(b.Source.ListFile, "")
	want := []Spec{{Name: "aadsshlogin"}}
	b.packages("aadsshlogin")
	b.query(b.Manager.Locate(b.Source, want), hosttest.Answer(100, "E: Unable to locate package aadsshlogin\n"))
	b.packages("aadsshlogin")
	_, err := b.Install(wide(b), want)
	b.code(err, fault.PackageUnavailable)
}

// A source file of somebody else that apt cannot parse is avoided.
func TestInstallGoesAroundABrokenSource(t *testing.T) {
	for _, broken := range []string{"malformed-list", "conflicting-signed-by"} {
		b := newBench(t, distro.Apt)
		want := []Spec{{Name: "aadsshlogin"}}
		b.packages("aadsshlogin")
		b.transaction(b.Manager.Install(b.alone(b.order(Order{Install: want}, true), "1.0.2"))[0], answer(t, "apt-2.6", broken).result)
		b.packages("aadsshlogin")
		b.transaction(b.Manager.Install(b.alone(b.order(Order{Install: want}, false), "1.0.2"))[0], hosttest.Answer(0, ""))
		b.packages("aadsshlogin 1.0.2")
		if _, err := b.Install(wide(b), want); err != nil {
			t.Fatalf("%s: %v", broken, err)
		}
	}
}

// An interrupted dpkg is first completed, once.
func TestInstallRepairsOnce(t *testing.T) {
	b := newBench(t, distro.Apt)
	want := []Spec{{Name: "aadsshlogin"}}
	o := b.order(Order{Install: want}, true)
	interrupted := answer(t, "apt-2.6", "interrupted").result
	b.packages("aadsshlogin")
	b.transaction(b.Manager.Install(b.alone(o, "1.0.2"))[0], interrupted)
	b.packages("aadsshlogin")
	for _, c := range b.Manager.Repair() {
		b.transaction(c, hosttest.Answer(0, ""))
	}
	b.transaction(b.Manager.Install(b.alone(o, "1.0.2"))[0], interrupted)
	b.packages("aadsshlogin")
	_, err := b.Install(wide(b), want)
	if !errors.Is(err, ErrInterrupted) {
		t.Errorf("%v is not ErrInterrupted", err)
	}
	b.code(err, fault.PackageManagerFailed)
}

// yum has another subcommand for a downgrade.
func TestInstallOlderWithYum(t *testing.T) {
	b := newBench(t, distro.Yum)
	want := []Spec{{Name: "aadsshlogin", Version: "1.0.1"}}
	o := b.order(Order{Install: want}, false)
	b.packages("aadsshlogin 1.0.2-1")
	b.transaction(b.Manager.Install(o)[0], hosttest.Answer(0, "Package matching aadsshlogin-1.0.1-1.x86_64 already installed. Checking for update.\nNothing to do\n"))
	b.packages("aadsshlogin 1.0.2-1")
	o.Older = true
	b.transaction(b.Manager.Install(o)[0], hosttest.Answer(0, ""))
	b.packages("aadsshlogin 1.0.1-1")
	if _, err := b.Install(wide(b), want); err != nil {
		t.Fatal(err)
	}
}

// If the budget ends while other sources are refreshed, that is not our bug: the earlier
// fault is reported.
func TestInstallBudgetEndsInRefresh(t *testing.T) {
	b := newBench(t, distro.Apt)
	o := b.order(Order{Install: []Spec{{Name: "aadsshlogin"}}}, true)
	ctx, cancel := context.WithCancel(wide(b))
	defer cancel()
	b.packages("aadsshlogin")
	b.transaction(b.Manager.Install(b.alone(o, "1.0.2"))[0], answer(t, "apt-2.6", "unmet").result)
	b.packages("aadsshlogin")
	b.runner.ExpectError(b.Manager.Refresh(o.Source)[0].String(), context.DeadlineExceeded)
	b.runner.Then(cancel)
	_, err := b.Install(ctx, o.Install)
	if f := b.code(err, fault.PackageManagerFailed); !strings.Contains(f.What, "dependency") {
		t.Errorf("What = %q", f.What)
	}
}

// A package that is installed in our source's version, or in a newer one, is not fetched
// again; nothing is run then, and no other source is asked.
func TestInstallFetchesNothingThatIsThere(t *testing.T) {
	for _, had := range []string{"1.0.2", "1.0.3"} {
		b := newBench(t, distro.Apt)
		want := []Spec{{Name: "aadsshlogin"}}
		b.packages("aadsshlogin " + had)
		b.query(b.Manager.Locate(b.Source, want), hosttest.Answer(0, "'https://packages.example/aadsshlogin_1.0.2_amd64.deb' aadsshlogin_1.0.2_amd64.deb 6174 SHA256:00\n"))
		b.packages("aadsshlogin " + had)
		if _, err := b.Install(wide(b), want); err != nil {
			t.Fatal(err)
		}
	}
}

// In the mode existing the machine's own sources decide.
func TestInstallFromTheMachinesSources(t *testing.T) {
	b := newBench(t, distro.Apt)
	b.Source = Source{All: true}
	o := b.order(Order{Install: []Spec{{Name: "aadsshlogin"}}}, true)
	b.packages("aadsshlogin")
	b.transaction(b.Manager.Install(o)[0], hosttest.Answer(0, ""))
	b.packages("aadsshlogin 1.0.2")
	if _, err := b.Install(wide(b), o.Install); err != nil {
		t.Fatal(err)
	}
}

// A file that was fetched before is not fetched again if it matches the signed lists; a
// damaged one is.
func TestInstallUsesWhatWasFetched(t *testing.T) {
	for _, content := range []string{"package", "damaged"} {
		b := newBench(t, distro.Apt)
		o := b.order(Order{Install: []Spec{{Name: "aadsshlogin"}}}, true)
		o.Files = []string{aptArchives + "/aadsshlogin_1.0.2_amd64.deb"}
		file := filepath.Join(b.Host.Root, o.Files[0])
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		b.packages("aadsshlogin")
		uri := fmt.Sprintf("'https://packages.example/aadsshlogin_1.0.2_amd64.deb' aadsshlogin_1.0.2_amd64.deb 7 SHA256:%x\n", sha256.Sum256([]byte("package")))
		b.query(b.Manager.Locate(b.Source, o.Install), hosttest.Answer(0, uri))
		if content == "damaged" {
			b.query(b.Manager.FetchFiles(b.Source, o.Install), hosttest.Answer(0, ""))
			b.runner.Then(func() {
				if _, err := os.Stat(file); err == nil {
					t.Error("apt would take the damaged file")
				}
			})
		}
		b.transaction(b.Manager.Install(o)[0], hosttest.Answer(0, ""))
		b.packages("aadsshlogin 1.0.2")
		if _, err := b.Install(wide(b), o.Install); err != nil {
			t.Fatal(err)
		}
	}
}
