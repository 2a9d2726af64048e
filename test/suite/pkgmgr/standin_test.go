//go:build rig

package pkgmgr_test

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/pkgmgr"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/recording"
	"aadssh/test/lib/rig"
	"aadssh/test/lib/roots"
)

// likeness is a recorded scene in which a stand-in must behave like the real program.
type likeness struct {
	packages []fixtures.Spec // of our repository; the older and the newer version
	before   string
	trouble  func(*pkghost.Host)
	commands int // of the recording, from the first
}

// withStatus is a server that answers everything below a path with a status.
func withStatus(status int, below string) func(*pkghost.Host) {
	return func(h *pkghost.Host) { h.Trouble(path+below, pkghost.Status(status, 0)) }
}

// ofBoth are the scenes that yum and tdnf have in common: a server with faulty answers, and
// definitions that cannot be parsed.
func ofBoth(own map[string]likeness) map[string]likeness {
	const into = " > /etc/yum.repos.d/third.repo"
	maps.Copy(own, map[string]likeness{
		"metadata: 403":                        {trouble: withStatus(403, "/..."), commands: 1},
		"metadata: 404":                        {trouble: withStatus(404, "/..."), commands: 2},
		"metadata: 429":                        {trouble: withStatus(429, "/..."), commands: 1},
		"metadata: 503":                        {trouble: withStatus(503, "/..."), commands: 1},
		"metadata: connection refused":         {trouble: (*pkghost.Host).Down, commands: 2},
		"package: 403":                         {trouble: withStatus(403, "/Packages/..."), commands: 1},
		"package: 404":                         {trouble: withStatus(404, "/Packages/..."), commands: 1},
		"package: 503":                         {trouble: withStatus(503, "/Packages/..."), commands: 1},
		"another definition file holds a page": {before: "printf '<html>\\n'" + into, commands: 2},
		"another definition file has a broken heading":    {before: "printf '[third\\nname=third\\n'" + into, commands: 2},
		"another definition file has a line that is none": {before: "printf '[third]\\nname=third\\nthese are words\\n'" + into, commands: 2},
		"our definition file is broken":                   {before: "printf '<html>\\n' > /etc/yum.repos.d/aadsshlogin.repo", commands: 2},
		"the same definition twice":                       {before: "cat /etc/yum.repos.d/aadsshlogin.repo" + into, commands: 2},
	})
	return own
}

// TestStandInOfTdnf compares the stand-in for tdnf with the recording of the real one: the
// same commands in the same situations, with the same exit codes, messages and packages
// afterwards.
func TestStandInOfTdnf(t *testing.T) {
	const (
		alone = "tdnf -y --disablerepo=* --enablerepo=aadsshlogin"
		key   = "/etc/pki/rpm-gpg/RPM-GPG-KEY-aadsshlogin"
	)
	azure := roots.Like("azurelinux3.0", roots.Bookworm, roots.Tdnf, "NAME=\"Microsoft Azure Linux\"\nVERSION=\"3.0\"\nID=azurelinux\nVERSION_ID=\"3.0\"\n")
	alike(t, azure, "tdnf-3.5.8", alone+" --refresh makecache", ofBoth(map[string]likeness{
		"refresh of our source alone":                         {commands: 1},
		"list of versions":                                    {commands: 2},
		"install":                                             {commands: 2},
		"install when it is there":                            {before: alone + " install aadsshlogin", commands: 1},
		"install of an exact version":                         {commands: 1},
		"upgrade to an exact version":                         {before: alone + " install aadsshlogin-" + older + "-1", commands: 1},
		"install of an older version when the newer is there": {before: alone + " install aadsshlogin", commands: 1},
		"missing package":                                     {commands: 1},
		"missing version":                                     {commands: 1},
		"package: unsigned":                                   {packages: []fixtures.Spec{{Name: fixtures.Login, Version: newer, Signing: fixtures.Unsigned}}, commands: 2},
		"package: signed with another key":                    {packages: []fixtures.Spec{{Name: fixtures.Login, Version: newer, Signing: fixtures.WrongKey}}, commands: 2},
		"failing installation script":                         {packages: []fixtures.Spec{{Name: fixtures.Login, Version: newer, FailPost: true}}, commands: 1},
		"--downloadonly --downloaddir":                        {before: "mkdir -p /var/lib/put", commands: 1},
		"--downloadonly --downloaddir, then tdnf install of the file": {before: "mkdir -p /var/lib/put", commands: 2},
		"words that are none":                {commands: 2},
		"key file missing, and not imported": {before: "rm " + key, commands: 1},
		"key not imported":                   {commands: 1},
	}))
}

// TestStandInOfYum compares the stand-in for yum with the recording of yum 3.4.3.
func TestStandInOfYum(t *testing.T) {
	const (
		ours    = "yum -y --disablerepo=* --enablerepo=aadsshlogin"
		key     = "/etc/pki/rpm-gpg/RPM-GPG-KEY-aadsshlogin"
		install = ours + " install aadsshlogin"
	)
	legacy := []fixtures.Spec{{Name: fixtures.Login, Version: older}, {Name: fixtures.Login, Version: newer}, {Name: fixtures.SELinux, Version: newer},
		{Name: fixtures.Legacy, Version: "1.0.016050002"}, {Name: fixtures.Legacy + "-selinux", Version: "1.0.016050002"}}
	unsolved := []fixtures.Spec{{Name: fixtures.Login, Version: newer, Depends: []string{"libsemanage-of-the-future"}}}
	alike(t, roots.RHEL("7.9"), "yum-3.4.3", ours+" makecache fast", ofBoth(map[string]likeness{
		"refresh of our source alone": {commands: 2},
		"list of versions":            {commands: 2},
		"install":                     {commands: 2},
		"install when it is there":    {before: install, commands: 2},
		"install of an exact version": {commands: 1},
		"upgrade":                     {before: install + "-" + older, commands: 1},
		"upgrade to an exact version": {before: install + "-" + older, commands: 1},
		"install of an older version when the newer is there": {before: install, commands: 1},
		"downgrade":                             {before: install, commands: 2},
		"reinstall":                             {before: install, commands: 1},
		"download only":                         {commands: 2},
		"replace aadlogin":                      {packages: legacy, before: ours + " install aadlogin aadlogin-selinux", commands: 2},
		"the right form of swap":                {packages: legacy, before: ours + " install aadlogin aadlogin-selinux", commands: 3},
		"the right form of swap, exact version": {packages: legacy, before: ours + " install aadlogin", commands: 1},
		"the right form of swap, with what is not installed": {packages: legacy, before: ours + " install aadlogin", commands: 1},
		"the right form of swap, missing package":            {packages: legacy, before: ours + " install aadlogin", commands: 2},
		"package: unsigned":                                  {packages: []fixtures.Spec{{Name: fixtures.Login, Version: newer, Signing: fixtures.Unsigned}}, commands: 2},
		"package: signed with another key":                   {packages: []fixtures.Spec{{Name: fixtures.Login, Version: newer, Signing: fixtures.WrongKey}}, commands: 2},
		"key file missing, and not imported":                 {before: "rm " + key, commands: 1},
		"key not imported":                                   {commands: 1},
		"missing package":                                    {commands: 2},
		"one of two packages is missing":                     {commands: 1},
		"one of two packages is missing, refused":            {commands: 3},
		"missing version":                                    {commands: 1},
		"missing dependency":                                 {packages: unsolved, commands: 2},
		"conflict":                                           {packages: legacy, before: ours + " install aadlogin", commands: 1},
		"definition gone":                                    {before: "rm /etc/yum.repos.d/aadsshlogin.repo", commands: 3},
		"failing installation script":                        {packages: []fixtures.Spec{{Name: fixtures.Login, Version: newer, FailPost: true}}, commands: 1},
		"excluded":                                           {before: "sed -i '$a exclude=aadsshlogin' /etc/yum.conf", commands: 3},
		"lock: /var/run/yum.pid":                             {before: "echo 1 > /var/run/yum.pid", commands: 2},
	}))
}

// TestStandInOfApt compares apt 2.2, which stands in for 1.2 to 2.0, with their recordings:
// the same commands in the same situations end with the same exit code, and mean the same
// to the handler, except for the named differences.
func TestStandInOfApt(t *testing.T) {
	m, err := pkgmgr.For(distro.Apt)
	if err != nil {
		t.Fatal(err)
	}
	const (
		options = "DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends"
		install = options + " install aadsshlogin"
		exits   = "apt 2.2 ends with 100 where a refresh fails (APT::Update::Error-Mode), older ones say W: and end with 0"
	)
	unsolved := []fixtures.Spec{{Name: fixtures.Login, Version: newer, Depends: []string{"libsemanage-of-the-future"}}}
	for scene, s := range map[string]struct {
		likeness
		differs string // in the exit code, and why
	}{
		"install":                             {likeness: likeness{commands: 2}},
		"install when it is there":            {likeness: likeness{before: install, commands: 2}},
		"install of an exact version":         {likeness: likeness{commands: 1}},
		"upgrade":                             {likeness: likeness{before: install + "=" + older, commands: 1}},
		"downgrade":                           {likeness: likeness{before: install, commands: 2}},
		"reinstall":                           {likeness: likeness{before: install, commands: 1}},
		"missing package":                     {likeness: likeness{commands: 1}},
		"missing version":                     {likeness: likeness{commands: 1}},
		"missing dependency":                  {likeness: likeness{packages: unsolved, commands: 2}},
		"failing installation script":         {likeness: likeness{packages: []fixtures.Spec{{Name: fixtures.Login, Version: newer, FailPost: true}}, commands: 1}},
		"hold":                                {likeness: likeness{before: install + "=" + older + "; apt-mark hold aadsshlogin", commands: 2}},
		"metadata: 403":                       {likeness: likeness{trouble: withStatus(403, "/..."), commands: 1}},
		"metadata: 404":                       {likeness: likeness{trouble: withStatus(404, "/..."), commands: 2}},
		"metadata: 503":                       {likeness: likeness{trouble: withStatus(503, "/..."), commands: 1}},
		"metadata: connection refused":        {likeness: likeness{trouble: (*pkghost.Host).Down, commands: 2}, differs: exits},
		"package: 404":                        {likeness: likeness{trouble: withStatus(404, "/pool/..."), commands: 1}},
		"our definition file is broken":       {likeness: likeness{before: "echo '<html>' > /etc/apt/sources.list.d/aadsshlogin.list", commands: 2}},
		"the owner's configuration is broken": {likeness: likeness{before: "echo '<html>' > /etc/apt/apt.conf", commands: 2}},
	} {
		t.Run(scene, func(t *testing.T) {
			for _, program := range []string{"apt-1.2.35", "apt-1.6.18", "apt-2.0.10"} {
				recordings := recordedAt(t, program, scene)
				if len(recordings) < s.commands {
					continue // it was not recorded with that one
				}
				s.run(t, roots.Debian(roots.Bullseye), "apt-get -q update", scene, recordings, func(r recording.Run, got host.Result) {
					was, is := m.Classify(r.Command, r.Result), m.Classify(r.Command, got)
					if codeOf(was) != codeOf(is) || r.Result.ExitCode != got.ExitCode && s.differs == "" {
						t.Errorf("%s, %s\nexit %d, %d:\n%s\n\nthe real one: exit %d, %d:\n%s", program, r.Line, got.ExitCode, codeOf(is), got.Output(), r.Result.ExitCode, codeOf(was), r.Result.Output())
					}
				})
			}
		})
	}
}

// codeOf is the code of a fault, 0 where there is none.
func codeOf(f *fault.Fault) fault.Code {
	if f == nil {
		return fault.OK
	}
	return f.Code
}

// alike runs the recorded commands of a program on machines of a persona, each scene on a
// separate machine.
func alike(t *testing.T, p roots.Persona, program, prepare string, scenes map[string]likeness) {
	for scene, s := range scenes {
		t.Run(scene, func(t *testing.T) {
			s.run(t, p, prepare, scene, recorded(t, program, scene), func(r recording.Run, got host.Result) {
				if want, now := said(program, r.Result.Output()), said(program, got.Output()); r.Result.ExitCode != got.ExitCode || now != want {
					t.Errorf("%s\nexit %d:\n%s\n\nthe real one: exit %d:\n%s", r.Line, got.ExitCode, now, r.Result.ExitCode, want)
				}
			})
		})
	}
}

// run runs the recorded commands on a machine in the same situation. prepare is run first,
// except for a scene about a refresh.
func (s likeness) run(t *testing.T, p roots.Persona, prepare, scene string, recorded []recording.Run, compare func(recording.Run, host.Result)) {
	t.Helper()
	if s.packages == nil {
		s.packages = login(older, newer)
	}
	m := newMachine(t, rig.Options{Persona: p, Packages: s.packages})
	if m.manager != distro.Apt {
		m.Do("rpm -e --allmatches gpg-pubkey 2>/dev/null || true")
	}
	if !strings.HasPrefix(scene, "refresh") && !strings.HasPrefix(scene, "metadata: ") {
		m.Do("set -f; " + prepare + "; " + s.before)
	}
	if s.trouble != nil {
		s.trouble(m.Packages)
	}
	for _, r := range recorded[:s.commands] {
		got, err := m.Run(t.Context(), []string{"HOME=/root", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TERM=dumb", "DEBIAN_FRONTEND=noninteractive"}, "sh", "-c", "set -f; "+r.Line+" 2>&1")
		if err != nil {
			t.Fatal(err)
		}
		compare(r, host.Result{ExitCode: got.ExitCode, Stdout: got.Stdout, Stderr: got.Stderr})
	}
}

// recorded are the commands of a scene in which the package manager changes or reads
// something.
func recorded(t *testing.T, program, scene string) []recording.Run {
	t.Helper()
	runs := recordedAt(t, program, scene)
	if len(runs) == 0 {
		t.Fatalf("%s has no scene %q", program, scene)
	}
	return runs
}

// recordedAt is recorded for a scene that may not have been recorded.
func recordedAt(t *testing.T, program, scene string) []recording.Run {
	t.Helper()
	name, _, _ := strings.Cut(program, "-")
	for _, s := range recording.Read(t, filepath.Join("..", "..", "..", "pkgmgr", "testdata", "scenes"), program) {
		if s.Name == scene {
			return slices.DeleteFunc(s.Runs, func(r recording.Run) bool { return r.Command.Name != name && r.Command.Name != name+"-get" })
		}
	}
	return nil
}

// said is a program's output without what differs between machines: sizes, folders, and the
// plugins that the tests do not have; for yum, which uses two streams, also sorted, and
// without its progress, new keys, and the lists at the end.
func said(program, output string) string {
	leave := regexp.MustCompile(`^(?:$|Loaded plugin|Total (?:installed|download) size|stdout|stderr:|\(no output\)|warning: .*NOKEY$|#)`)
	size := regexp.MustCompile(`\s+\d+\.\d\d[bkMG]\b`)
	folder := regexp.MustCompile(`(?:\S*/)?(\S+\.rpm)`)
	counter := regexp.MustCompile(`\s+\d+/\d+$`)
	yum := strings.HasPrefix(program, "yum")
	if yum {
		output, _, _ = strings.Cut(output, "\nUsage: yum ")
		output = regexp.MustCompile(`(?s)( and yum doesn't have enough cached data).*?(\nfailure: )`).ReplaceAllString(output, "$1$2")
		leave = regexp.MustCompile(`^(?:$|Total |warning: .*NOKEY$|--|===| Package +Arch|Delta RPMs disabled|Importing GPG key|Public key for \S+ is not installed$| (?:Userid|Fingerprint|From) *:|Your transaction was saved| yum load-transaction|Installed size| +Verifying +:|(?:Dependency )?(?:Installed|Updated|Removed|Failed):$|Warning: RPMDB altered|Main config did not| +aad\S+ 0:)`)
		size = regexp.MustCompile(`\s+\d+(?:\.\d+)?(?: [kM])?$`)
	}
	var lines []string
	for _, line := range strings.Split(output, "\n") {
		if line = strings.TrimRight(line, " "); leave.MatchString(line) {
			continue
		}
		line = folder.ReplaceAllString(size.ReplaceAllString(line, " SIZE"), "$1")
		if yum {
			line = strings.Join(strings.Fields(counter.ReplaceAllString(line, "")), " ")
		}
		lines = append(lines, line)
	}
	if yum {
		slices.Sort(lines)
	}
	return strings.Join(lines, "\n")
}
