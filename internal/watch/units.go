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

// Program is the path of the one copy of the handler outside the agent's folders: a program
// that runs from there would prevent the agent from unpacking the next version.
const Program = "/usr/local/bin/aadsshlogin-handler"

// otherPlace is used if a user other than root can write to the usual folder: a member of
// the group staff, on an old Debian, could run programs as root.
const otherPlace = "/usr/sbin/aadsshlogin-handler"

// place is where the copy belongs on this machine. unsafe is the folder because of which
// the usual place is not used; an empty path means that neither is safe.
func place(h *host.Host) (program, unsafe string) {
	for _, p := range []string{Program, otherPlace} {
		dir := filepath.Dir(p)
		for !h.Exists(dir) { // it is created, writable for root alone
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

// The units. docs/ and people use these names.
const (
	unitDir    = "/etc/systemd/system"
	lookUnit   = "aadsshlogin-handler.service"
	repairUnit = "aadsshlogin-handler-repair.service"
	timerUnit  = "aadsshlogin-handler.timer"
	pathUnit   = "aadsshlogin-handler.path"
)

// started are the units that start checks, and links what enabling them creates (their
// WantedBy=).
func started() []string { return []string{timerUnit, pathUnit} }

func links() []string {
	return []string{
		unitDir + "/timers.target.wants/" + timerUnit,
		unitDir + "/paths.target.wants/" + pathUnit,
	}
}

func allUnits() []string { return []string{timerUnit, pathUnit, lookUnit, repairUnit} }

// watched are the files and folders that decide whether people can sign in, and apt's
// sources: apt refuses to work at all if an administrator's entry for our repository is
// added to ours, which must then be removed. Watching a folder reports changes of its
// entries. Files that a distribution does not have are watched all the same.
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

// file is one file of the watch.
type file struct {
	path    string
	content []byte
	mode    fs.FileMode
}

// unitFiles are the units that run program for one version of the extension. Names between
// @ are replaced: text/template would add three megabytes to the program, because the
// linker must keep everything that it can reach by name.
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
