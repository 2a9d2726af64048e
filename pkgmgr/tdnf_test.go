package pkgmgr

import (
	"os"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host/hosttest"
)

// recordedTdnf are the recorded releases of tdnf: those of Mariner 2 and Azure Linux 3, and
// a later one.
func recordedTdnf() []string { return []string{"tdnf-3.5.2", "tdnf-3.5.8", "tdnf-3.6.0"} }

// The other packages that would be removed are in the table of tdnf's simulation, whose
// rows do not begin with a blank.
func TestTdnfReplacesNothingMore(t *testing.T) {
	for _, version := range recordedTdnf() {
		b := newBench(t, distro.Tdnf)
		want, legacy := []Spec{{Name: "aadsshlogin"}}, []string{"aadlogin"}
		o := b.order(Order{Install: want, Remove: legacy}, false)
		b.packages("aadsshlogin", "aadlogin 1.0.016050002-1")
		b.query(b.Manager.Simulate(o)[0], recordedRun(t, version, "replace aadlogin that another package needs", "--assumeno").Result)
		_, err := b.Replace(wide(b), want, legacy)
		if f := b.code(err, fault.LegacyInstalled); !strings.Contains(f.What, "would also remove aadsshlogin-dep01") {
			t.Errorf("%s: What = %q", version, f.What)
		}
	}
}

// The table of a replacement names what goes and what comes, and nothing else.
func TestTdnfTable(t *testing.T) {
	for _, version := range recordedTdnf() {
		for _, simulation := range []struct{ scene, installs, removes string }{
			{"install", "aadsshlogin", ""},
			{"replace aadlogin to an exact version", "aadsshlogin", "aadlogin"},
			{"replace aadlogin that another package needs", "aadsshlogin", "aadsshlogin-dep01 aadlogin"},
		} {
			e := tdnf().ParseEffect(recordedRun(t, version, simulation.scene, "--assumeno").Result)
			if strings.Join(e.Installs, " ") != simulation.installs || strings.Join(e.Removes, " ") != simulation.removes {
				t.Errorf("%s, %s: %+v", version, simulation.scene, e)
			}
		}
	}
}

// tdnf accepts an unsigned package from a repository with gpgcheck=1, so the fetched file
// is verified before it is installed.
func TestTdnfTakesOnlySignedPackages(t *testing.T) {
	for _, version := range recordedTdnf() {
		for kind, code := range map[string]fault.Code{"signed": fault.OK, "unsigned": fault.RepositoryUntrusted, "signed with another key": fault.RepositoryUntrusted} {
			b := newBench(t, distro.Tdnf)
			recorded := "verification: rpm -K of a package that is " + kind
			o := b.order(Order{Install: []Spec{{Name: "aadsshlogin"}}}, false)
			file := tdnfFetchDir + "/aadsshlogin-1.0.033070001-1.x86_64.rpm"
			b.packages("aadsshlogin")
			fetched := recordedRun(t, version, recorded, "--downloadonly")
			b.query(b.Manager.Download(o)[0], fetched.Result)
			b.fetches(file)
			if fetched.Result.ExitCode == 0 {
				b.query(rpmVerify("", file), recordedRun(t, version, recorded, "-K", "--define").Result)
			}
			if code == fault.OK {
				o.Files = []string{file}
				b.transaction(b.Manager.Install(o)[0], recordedRun(t, version, recorded, "-y", "--disablerepo=*", "--enablerepo=aadsshlogin", "install").Result)
				b.packages("aadsshlogin 1.0.033070001-1")
			} else {
				b.packages("aadsshlogin")
			}
			_, err := b.Install(wide(b), o.Install)
			switch {
			case code == fault.OK && err != nil:
				t.Errorf("%s, %s: %v", version, kind, err)
			case code != fault.OK:
				b.code(err, code)
			}
		}
	}
}

// A damaged file does not prevent the next try: it is in a folder that is emptied first.
// (No command of tdnf removes it from tdnf's own cache.)
func TestTdnfFetchesADamagedFileAgain(t *testing.T) {
	for _, version := range recordedTdnf() {
		b := newBench(t, distro.Tdnf)
		o := b.order(Order{Install: []Spec{{Name: "aadsshlogin"}}}, false)
		file := tdnfFetchDir + "/aadsshlogin-1.0.033070001-1.x86_64.rpm"
		const recorded = "corrupt file in the cache: --downloadonly --downloaddir"
		for _, s := range scenes(t, version) {
			if s.Name != recorded {
				continue
			}
			b.packages("aadsshlogin")
			b.query(b.Manager.Download(o)[0], s.Runs[0].Result) // damaged
			b.fetches(file)
			b.packages("aadsshlogin")
			last := s.Runs[len(s.Runs)-2] // with the folder empty
			b.query(b.Manager.Download(o)[0], last.Result)
			b.runner.Then(func() {
				if b.Host.Exists(file) {
					t.Errorf("%s: the damaged file is still there", version)
				}
				b.put(file)
			})
			b.query(rpmVerify("", file), s.Runs[len(s.Runs)-1].Result)
			o.Files = []string{file}
			b.transaction(b.Manager.Install(o)[0], hosttest.Answer(0, ""))
			b.packages("aadsshlogin 1.0.033070001-1")
			if _, err := b.Install(wide(b), o.Install); err != nil {
				t.Errorf("%s: %v", version, err)
			}
		}
	}
}

// 27 names the key in full, from the package itself.
func TestDistrustNamesTheKey(t *testing.T) {
	signed, err := os.ReadFile("../internal/trust/testdata/signed.rpm")
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, distro.Tdnf)
	o := b.order(Order{Install: []Spec{{Name: "aadsshlogin"}}}, false)
	b.packages("aadsshlogin")
	b.query(b.Manager.Download(o)[0], recordedRun(t, "tdnf-3.5.8", "package: signed with another key", "--downloadonly").Result)
	b.runner.Then(func() { b.file(tdnfFetchDir+"/aadsshlogin-1.0.033070001-1.x86_64.rpm", string(signed)) })
	b.packages("aadsshlogin")
	_, err = b.Install(wide(b), o.Install)
	if f := b.code(err, fault.RepositoryUntrusted); !strings.Contains(f.What, "aadsshlogin-1.0.033070001-1.x86_64") || !strings.Contains(f.What, "key E68E26ACFD3800F419628771099A122506276CD3") {
		t.Errorf("What = %q", f.What)
	}
}
