package pkgmgr

import (
	"cmp"
	"flag"
	"maps"
	"slices"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
)

func TestQueryRecorded(t *testing.T) {
	for _, c := range []struct {
		file, name string
		manager    distro.Manager
		want       map[string]string // name: "version state"
	}{
		{"apt-2.6", "query-absent", distro.Apt, map[string]string{"aadsshlogin": "", "aadsshlogin-selinux": ""}},
		{"apt-2.6", "query-installed", distro.Apt, map[string]string{"aadsshlogin": "1.0.1", "aadsshlogin-selinux": ""}},
		{"apt-2.6", "query-held", distro.Apt, map[string]string{"aadsshlogin": "1.0.1"}},
		{"apt-2.6", "query-legacy", distro.Apt, map[string]string{"aadsshlogin": "1.0.2", "aadlogin": ""}},
		{"apt-2.2", "query-halfconfigured", distro.Apt, map[string]string{"aadsshlogin": "1.0.2 broken: half-configured"}},
		{"apt-3.0", "query-unpacked", distro.Apt, map[string]string{"aadsshlogin": "1.0.2 broken: unpacked"}},
		{"dnf-4.14", "query-absent", distro.Dnf, map[string]string{"aadsshlogin": "", "aadsshlogin-selinux": ""}},
		{"dnf-4.14", "query-installed", distro.Dnf, map[string]string{"aadsshlogin": "1.0.1-1", "aadsshlogin-selinux": ""}},
		{"zypper-1.14.89", "query-unmet", distro.Zypper, map[string]string{"aadsshlogin": "1.0.1-1"}},
	} {
		t.Run(c.file+"/"+c.name, func(t *testing.T) {
			var names []string
			for n := range c.want {
				names = append(names, n)
			}
			got, err := manager(t, c.manager).ParseQuery(answer(t, c.file, c.name).result, names)
			if err != nil {
				t.Fatal(err)
			}
			for n, want := range c.want {
				if p := got[n]; p.Name != n || describe(p) != want {
					t.Errorf("%s is %q, want %q (%+v)", n, describe(p), want, p)
				}
			}
		})
	}
}

func describe(p Package) string {
	s := p.Version
	if p.State == Broken {
		s += " broken: " + p.Detail
	}
	if (p.State == Absent) != (s == "") {
		s += " (state and version disagree)"
	}
	return s
}

// A database that cannot be read must never look like a machine without the package: rpm
// prints "is not installed" in that case too.
func TestQueryOfABrokenDatabase(t *testing.T) {
	for file, names := range map[string]struct {
		manager distro.Manager
		name    string
	}{
		"apt-2.6":  {distro.Apt, "status-corrupt-query"},
		"dnf-4.5":  {distro.Dnf, "db-corrupt-query"}, // Berkeley DB
		"dnf-4.14": {distro.Dnf, "db-corrupt-query"}, // SQLite
	} {
		p, err := manager(t, names.manager).ParseQuery(answer(t, file, names.name).result, []string{"aadsshlogin"})
		if f := fault.Of(err); f == nil || f.Code != fault.PackageManagerFailed || p != nil {
			t.Errorf("%s: %v, %v", file, p, err)
		}
	}
}

func TestQueryTwoVersionsAtOnce(t *testing.T) {
	r := hosttest.Answer(0, "aadsshlogin\t1.0.1-1\tx86_64\naadsshlogin\t1.0.2-1\tx86_64\n")
	p, err := parseRPMQuery(r, []string{"aadsshlogin"})
	if err != nil || p["aadsshlogin"].State != Broken || p["aadsshlogin"].Version != "1.0.2-1" || p.Present("aadsshlogin") {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestQueryMustAnswerForEachName(t *testing.T) {
	for _, r := range []host.Result{
		hosttest.Answer(1, ""), // died without a word
		hosttest.Answer(2, "package a is not installed\n"),
		hosttest.Answer(-1, ""),
	} {
		if p, err := parseRPMQuery(r, []string{"a", "b"}); err == nil {
			t.Errorf("exit %d, %q: %v", r.ExitCode, r.Stdout, p)
		}
	}
}

func TestVersionsRecorded(t *testing.T) {
	for _, c := range []struct {
		file, name string
		manager    distro.Manager
		want       []string
	}{
		{"apt-2.6", "madison", distro.Apt, []string{"1.0.2", "1.0.1"}},
		{"apt-2.6", "madison-none", distro.Apt, nil},
		{"dnf-4.14", "versions-repoquery", distro.Dnf, []string{"1.0.2-1", "1.0.1-1"}},
		{"dnf-4.14", "versions-none", distro.Dnf, nil},
		{"dnf-4.14", "versions", distro.Yum, []string{"1.0.2-1", "1.0.1-1"}},
		{"zypper-1.14.89", "versions", distro.Zypper, []string{"1.0.2-1", "1.0.1-1"}},
		{"zypper-1.14.89", "versions-installed", distro.Zypper, []string{"1.0.2-1", "1.0.1-1"}},
		{"zypper-1.14.89", "versions-none", distro.Zypper, nil},
	} {
		got := manager(t, c.manager).ParseVersions(answer(t, c.file, c.name).result, "aadsshlogin")
		if !slices.Equal(got, c.want) {
			t.Errorf("%s/%s: %q, want %q", c.file, c.name, got, c.want)
		}
	}
	broken := "Available Packages\na-name-that-is-longer-than-its-column.x86_64\n             1.0.027980001-1\n                            packages-microsoft-com-prod\n"
	if got := parseYumList(hosttest.Answer(0, broken), "a-name-that-is-longer-than-its-column"); !slices.Equal(got, []string{"1.0.027980001-1"}) {
		t.Errorf("broken line: %q", got)
	}
}

func TestEffectRecorded(t *testing.T) {
	for _, c := range []struct {
		file, name string
		manager    distro.Manager
		want       string
	}{
		{"apt-2.6", "simulate", distro.Apt, "+aadsshlogin"},
		{"apt-2.6", "replace-simulate", distro.Apt, "+aadsshlogin -aadlogin"},
		{"apt-2.6", "needs-it-simulate", distro.Apt, "-needs-aadsshlogin -aadsshlogin"},
		{"dnf-4.14", "simulate", distro.Dnf, "+aadsshlogin"},
		{"dnf-4.14", "allowerasing", distro.Dnf, "+aadsshlogin +aadsshlogin-selinux -aadlogin -aadlogin-selinux"},
		{"dnf-4.14", "downgrade", distro.Dnf, "+aadsshlogin"},
		{"dnf-4.14", "wide-ok", distro.Dnf, "+aadsshlogin +helper-lib"},
		{"zypper-1.14.89", "simulate", distro.Zypper, "+aadsshlogin"},
		{"zypper-1.14.89", "remove", distro.Zypper, "-aadsshlogin"},
		{"zypper-1.14.89", "wide-norefresh", distro.Zypper, "+aadsshlogin +helper-lib"},
	} {
		e := manager(t, c.manager).ParseEffect(answer(t, c.file, c.name).result)
		var got []string
		for _, n := range e.Installs {
			got = append(got, "+"+n)
		}
		for _, n := range e.Removes {
			got = append(got, "-"+n)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s/%s: %q, want %q", c.file, c.name, got, c.want)
		}
	}
}

func TestSameVersion(t *testing.T) {
	for _, c := range []struct {
		installed, asked string
		want             bool
	}{
		{"1.0.027980001-1", "1.0.027980001", true},
		{"1.0.027980001-1", "1.0.027980001-1", true},
		{"1:1.0-1", "1.0", true},
		{"1:1.0-1", "1:1.0-1", true},
		{"1:1.0-1", "2:1.0-1", false},
		{"1.0.027980001-1", "1.0.02798000", false},
		{"1.0.027980001-1", "1.0.027980001-2", false},
		{"1.0-1-2", "1.0-1", false},
	} {
		if got := SameVersion(c.installed, c.asked); got != c.want {
			t.Errorf("SameVersion(%q, %q) = %v", c.installed, c.asked, got)
		}
	}
}

func TestCompareVersions(t *testing.T) {
	// oldest first; the last pairs are from rpm's own tests (rpmvercmp.at)
	for _, order := range [][]string{
		{"1.0.022600002", "1.0.027980001", "1.0.031620001", "1.0.033070001"},
		{"1.0~rc1", "1.0", "1.0.1", "1.1", "1:0.1"},
		{"1.0-1", "1.0-2", "1.0-10"},
		{"5.5p1", "5.5p2", "5.5p10"},
		{"10xyz", "10.1xyz"},
		{"xyz.4", "8"},
		{"1.0a", "1.0b", "1.0.1"},
	} {
		for i := range order {
			for j := range order {
				got := CompareVersions(order[i], order[j])
				if got < 0 != (i < j) || got > 0 != (i > j) {
					t.Errorf("CompareVersions(%q, %q) = %d", order[i], order[j], got)
				}
			}
		}
	}
	if CompareVersions("1.0", "1.0-5") != 0 || CompareVersions("1.010", "1.10") != 0 || CompareVersions("1_0", "1.0") != 0 {
		t.Error("versions that are the same differ")
	}
}

func FuzzAnswers(f *testing.F) {
	type answer struct {
		output string
		exit   int
	}
	seeds := map[answer]bool{} // a third of what is recorded is recorded more than once
	for file := range recordings() {
		for _, r := range transcripts(f, file) {
			seeds[answer{string(r.result.Stdout[:min(len(r.result.Stdout), 1500)]), r.result.ExitCode}] = true
		}
	}
	// TestClassifyRecorded reads each recording with its own manager. Reading all of them
	// with all managers takes seconds, so without -fuzz (make fuzz) it is every twelfth.
	share := 12
	if flag.Lookup("test.fuzz").Value.String() != "" {
		share = 1
	}
	all := slices.SortedFunc(maps.Keys(seeds), func(a, b answer) int {
		return cmp.Or(cmp.Compare(a.output, b.output), cmp.Compare(a.exit, b.exit))
	})
	for i := 0; i < len(all); i += share {
		f.Add(all[i].output, all[i].exit)
	}
	names := []string{"aadsshlogin", "aadsshlogin-selinux"}
	f.Fuzz(func(t *testing.T, output string, exit int) {
		if len(output) > 4000 {
			return // more of it takes time and shows nothing new
		}
		for _, m := range managers() {
			r := hosttest.Answer(exit, output)
			packages, err := m.ParseQuery(r, names)
			if err == nil && len(packages) != len(names) || err != nil && packages != nil {
				t.Fatalf("%s: %v, %v", m.Name, packages, err)
			}
			for n, p := range packages {
				if p.Name != n || p.State == Absent && p.Version != "" {
					t.Fatalf("%s: %+v", m.Name, p)
				}
			}
			for _, v := range m.ParseVersions(r, names[0]) {
				if v == "" || strings.ContainsAny(v, " \n") {
					t.Fatalf("%s: version %q", m.Name, v)
				}
			}
			m.ParseEffect(r)
			c := m.Install(Order{Install: []Spec{{Name: names[0]}}})[0]
			c.Secrets = []string{"s3cret"}
			f := m.Classify(c, r)
			if f == nil {
				continue
			}
			if f.What == "" || f.Remedy() == "" || strings.ContainsAny(f.What+f.Next, "\n\r\x1b\x00") || len(f.What) > 4000 {
				t.Fatalf("%s: %q, %q", m.Name, f.What, f.Next)
			}
			if strings.Contains(f.What+f.Next, "s3cret") {
				t.Fatalf("%s: shows the secret: %q, %q", m.Name, f.What, f.Next)
			}
		}
	})
}

func FuzzCompareVersions(f *testing.F) {
	f.Add("1.0~rc1-1", "1:1.0-1")
	f.Fuzz(func(t *testing.T, a, b string) {
		ab, ba := CompareVersions(a, b), CompareVersions(b, a)
		if ab < 0 != (ba > 0) || ab == 0 != (ba == 0) {
			t.Fatalf("%q, %q: %d and %d", a, b, ab, ba)
		}
	})
}
