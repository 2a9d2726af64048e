package watch

import (
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"aadssh/internal/agent"
	"aadssh/internal/host"
	"aadssh/misc/units"
)

// Program is the one copy of the handler outside the agent's folders: a program
// that runs from there keeps the agent from unpacking the next version.
const Program = "/usr/local/bin/aadsshlogin-handler"

// otherPlace is where it is where somebody other than root can write to the usual
// place: a member of the group staff, on an old Debian, would run as root.
const otherPlace = "/usr/sbin/aadsshlogin-handler"

// place is where the copy belongs on this machine. unsafe is the folder for
// which the usual place is passed over; an empty path says that neither is fit.
func place(h *host.Host) (program, unsafe string) {
	for _, p := range []string{Program, otherPlace} {
		dir := filepath.Dir(p)
		for !h.Exists(dir) { // it is made, for root alone
			dir = filepath.Dir(dir)
		}
		part := h.WritableByOthers(dir)
		if part == "" {
			return p, unsafe
		}
		if unsafe == "" {
			unsafe = part
		}
	}
	return "", unsafe
}

// The units. docs/ and people know these names.
const (
	unitDir    = "/etc/systemd/system"
	lookUnit   = "aadsshlogin-handler.service"
	repairUnit = "aadsshlogin-handler-repair.service"
	timerUnit  = "aadsshlogin-handler.timer"
	pathUnit   = "aadsshlogin-handler.path"
)

// started are the units that set looks off, and links what enabling them makes
// (their WantedBy=).
func started() []string { return []string{timerUnit, pathUnit} }

func links() []string {
	return []string{
		unitDir + "/timers.target.wants/" + timerUnit,
		unitDir + "/paths.target.wants/" + pathUnit,
	}
}

func allUnits() []string { return []string{timerUnit, pathUnit, lookUnit, repairUnit} }

// watched are the files and folders that decide whether people can sign in, and
// apt's sources: it refuses to work at all where an owner's entry for our repository
// stands next to ours, which then must go. A change of a folder is a change of what
// stands in it. What a distribution does not have is watched for all the same.
func watched() []string {
	return []string{
		"/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d", // Include of the distributions' own files
		"/usr/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config.d", // SUSE 16
		"/etc/default/ssh", "/etc/sysconfig/sshd", "/etc/sysconfig/ssh", // the daemon's options
		"/etc/pam.d", "/etc/nsswitch.conf", "/etc/sudoers.d",
		"/usr/sbin/aad_certhandler", "/usr/sbin/aaduseradd", "/etc/aadpasswd",
		"/etc/apt/sources.list.d",
	}
}

// file is one file that the watch consists of.
type file struct {
	path    string
	content []byte
	mode    fs.FileMode
}

// unitFiles are the units that run program for one version of the extension. Names between @ are
// replaced: text/template, for that little, would add three megabytes to the
// program, because what it can reach by name the linker must keep.
func unitFiles(program string, env agent.Environment, minutes int) ([]file, error) {
	var paths, folders strings.Builder
	for _, p := range watched() {
		paths.WriteString("PathChanged=" + p + "\n")
	}
	for _, f := range []string{env.StatusFolder, env.EventsFolder, env.LogFolder} {
		if f != "" {
			folders.WriteString(" -" + f)
		}
	}
	fill := strings.NewReplacer(
		"@PROGRAM@", program, "@STATE@", host.StateDir,
		"@MINUTES@", strconv.Itoa(minutes), "@DELAY@", strconv.Itoa(minutes*60/5), // seconds
		"@FOLDERS@", folders.String(), "@PATHS@\n", paths.String(),
	)
	var files []file
	for _, name := range allUnits() {
		text, err := units.Files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files = append(files, file{unitDir + "/" + name, []byte(fill.Replace(string(text))), 0o644})
	}
	return files, nil
}
