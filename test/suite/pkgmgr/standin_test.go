//go:build rig

package pkgmgr_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aadsshlogin-handler/test/lib/fixtures"
	"aadsshlogin-handler/test/lib/recording"
	"aadsshlogin-handler/test/lib/rig"
	"aadsshlogin-handler/test/lib/roots"
)

// TestStandInOfTdnf holds what stands in for tdnf against the recording of the
// real one: the same commands in the same situations, with the same exit codes,
// words and packages afterwards.
func TestStandInOfTdnf(t *testing.T) {
	const (
		alone = "tdnf -y --disablerepo=* --enablerepo=aadsshlogin"
		into  = " > /etc/yum.repos.d/third.repo"
		key   = "/etc/pki/rpm-gpg/RPM-GPG-KEY-aadsshlogin"
	)
	for scene, s := range map[string]struct {
		packages []fixtures.Spec
		before   string
		commands int // of the recording, from the first
	}{
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
		"words that are none":                             {commands: 2},
		"another definition file holds a page":            {before: "printf '<html>\\n'" + into, commands: 2},
		"another definition file has a broken heading":    {before: "printf '[third\\nname=third\\n'" + into, commands: 2},
		"another definition file has a line that is none": {before: "printf '[third]\\nname=third\\nthese are words\\n'" + into, commands: 2},
		"our definition file is broken":                   {before: "printf '<html>\\n' > /etc/yum.repos.d/aadsshlogin.repo", commands: 2},
		"the same definition twice":                       {before: "cat /etc/yum.repos.d/aadsshlogin.repo" + into, commands: 2},
		"key file missing, and not imported":              {before: "rm " + key, commands: 1},
		"key not imported":                                {commands: 1},
	} {
		t.Run(scene, func(t *testing.T) {
			if s.packages == nil {
				s.packages = login(older, newer)
			}
			azure := roots.Like("azurelinux3.0", roots.Bookworm, roots.Tdnf, "NAME=\"Microsoft Azure Linux\"\nVERSION=\"3.0\"\nID=azurelinux\nVERSION_ID=\"3.0\"\n")
			m := newMachine(t, rig.Options{Persona: azure, Packages: s.packages})
			m.sh("rpm -e --allmatches gpg-pubkey 2>/dev/null || true")
			if !strings.HasPrefix(scene, "refresh") {
				m.sh("set -f; " + alone + " --refresh makecache; " + s.before)
			}
			for _, r := range recorded(t, "tdnf-3.5.8", scene)[:s.commands] {
				got, err := m.Run(t.Context(), []string{"HOME=/root", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TERM=dumb"}, "sh", "-c", "set -f; "+r.Line+" 2>&1")
				if err != nil {
					t.Fatal(err)
				}
				if want, now := said(r.Result.Output()), said(string(got.Stdout)); r.Result.ExitCode != got.ExitCode || now != want {
					t.Errorf("%s\nexit %d:\n%s\n\nthe real one: exit %d:\n%s", r.Line, got.ExitCode, now, r.Result.ExitCode, want)
				}
			}
		})
	}
}

// recorded are the commands of a scene that change or ask something by the package
// manager.
func recorded(t *testing.T, program, scene string) []recording.Run {
	t.Helper()
	name, _, _ := strings.Cut(program, "-")
	runs := recording.Find(t, recording.Read(t, filepath.Join("..", "..", "..", "pkgmgr", "testdata", "scenes"), program), scene).Runs
	return slices.DeleteFunc(runs, func(r recording.Run) bool { return r.Command.Name != name })
}

// said is what an answer says, without what differs from machine to machine:
// sizes, folders, and the plugins that the tests do not have.
func said(output string) string {
	leave := regexp.MustCompile(`^(?:$|Loaded plugin|Total (?:installed|download) size|stdout|stderr:|\(no output\)|warning: .*NOKEY$|#)`)
	size := regexp.MustCompile(`\s+\d+\.\d\d[bkMG]\b`)
	folder := regexp.MustCompile(`(?:\S*/)?(\S+\.rpm)`)
	var lines []string
	for _, line := range strings.Split(output, "\n") {
		if line = strings.TrimRight(line, " "); !leave.MatchString(line) {
			lines = append(lines, folder.ReplaceAllString(size.ReplaceAllString(line, " SIZE"), "$1"))
		}
	}
	return strings.Join(lines, "\n")
}
