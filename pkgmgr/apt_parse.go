package pkgmgr

import (
	"regexp"
	"strings"

	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// parseDpkgQuery reads lines of name, version, architecture and status. The status is three
// words: the wanted state, an error flag, the state.
//
//	aadsshlogin	1.0.1	amd64	hold ok installed
//	aadlogin			unknown ok not-installed
//
// dpkg-query exits with 1 if it does not know a name, which is no error here, and with 2 if
// its database cannot be read.
func parseDpkgQuery(r host.Result, names []string) (Packages, error) {
	found := absent(names)
	answered := map[string]bool{}
	if r.ExitCode > 1 || r.ExitCode < 0 {
		return nil, queryFailed(apt(), aptQuery(names), r)
	}
	for _, line := range strings.Split(string(r.Stdout), "\n") {
		f := strings.Split(line, "\t")
		if len(f) != 4 {
			continue
		}
		status := strings.Fields(f[3])
		if _, asked := found[f[0]]; !asked || len(status) != 3 {
			continue
		}
		answered[f[0]] = true
		p := Package{Name: f[0], Version: f[1]}
		switch want, flag, state := status[0], status[1], status[2]; {
		case flag != "ok":
			p.State, p.Detail = Broken, state+", "+flag
		case state == "installed", state == "triggers-pending", state == "triggers-awaited":
			p.State = Installed // its own scripts have run; only triggers of other packages are pending
		case state == "not-installed", state == "config-files":
			p = Package{Name: f[0]}
		default: // half-installed, unpacked, half-configured: dpkg(1)
			p.State, p.Detail = Broken, state
			if want == "deinstall" || want == "purge" {
				p.Detail += ", its removal was not finished"
			}
		}
		// If a package is there in two architectures, the one that is installed counts.
		if old := found[p.Name]; old.State != Installed {
			found[p.Name] = p
		}
	}
	if r.ExitCode == 0 && len(answered) < len(found) { // an exit code of 1 means that a name is unknown
		return nil, queryFailed(apt(), aptQuery(names), r)
	}
	return found, nil
}

// queryFailed is the fault of a package database that could not be queried.
func queryFailed(m *Manager, c host.Command, r host.Result) error {
	if d := m.diagnose(c, r); d.fault != nil {
		d.inNoFile(c)
		return d.fault
	}
	return fault.Wrap(ended(c, r), fault.PackageManagerFailed, "The package database gave no answer that can be read.",
		"See what it says: "+brief(c)+"; repair that"+andAgain)
}

// parseMadison reads lines such as
//
//	aadsshlogin |      1.0.2 | http://127.0.0.1:8080 ./ Packages
//
// which apt-cache(8) prints with the newest version first.
func parseMadison(r host.Result, name string) []string {
	var versions []string
	for _, line := range strings.Split(string(r.Stdout), "\n") {
		f := strings.Split(line, "|")
		if len(f) != 3 || strings.TrimSpace(f[0]) != name || !strings.HasSuffix(strings.TrimSpace(f[2]), " Packages") {
			continue
		}
		versions = text.AddNew(versions, oneWord(f[1]))
	}
	return versions
}

// oneWord is the word in a column; "" if the column has more or fewer words.
func oneWord(column string) string {
	if words := strings.Fields(column); len(words) == 1 {
		return words[0]
	}
	return ""
}

// parseAptEffect reads the lines of a simulation:
//
//	Inst aadsshlogin [1.0.1] (1.0.2 rig [amd64])
//	Remv aadlogin [1.0.0]
//	Purg needs-aadsshlogin [1.0]
//
// A line has no brackets if the package was not installed before.
func parseAptEffect(r host.Result) Effect {
	var e Effect
	line := regexp.MustCompile(`(?m)^(Inst|Remv|Purg) ([a-z0-9][a-z0-9.+-]*)(?::\S+)? `)
	for _, m := range line.FindAllStringSubmatch(string(r.Stdout), -1) {
		if m[1] == "Inst" {
			e.Installs = text.AddNew(e.Installs, m[2])
		} else {
			e.Removes = text.AddNew(e.Removes, m[2])
		}
	}
	return e
}

// aptSaid rewrites output of apt 1.2, which uses curl for https, to what later versions
// print: the server's answer for the package lists, instead of only that they are missing:
//
//	Err:2 https://packages.microsoft.com/rig/prod rig Release
//	  403  Forbidden
func aptSaid(_ host.Command, _ int, output string) string {
	if strings.Contains(output, ": Failed to fetch ") {
		return output
	}
	failed := regexp.MustCompile(`(?m)^Err:\d+ (\S+) (\S+) ((?:In)?Release)\n +([^\n]+)$`)
	return failed.ReplaceAllString(output, "E: Failed to fetch $1/dists/$2/$3  $4")
}

// parseAptURIs reads lines such as
//
//	'https://packages.microsoft.com/x/aadsshlogin_1.0.2_amd64.deb' aadsshlogin_1.0.2_amd64.deb 6174 SHA256:f9b2...
//
// in which the file names have the colon of an epoch escaped.
func parseAptURIs(r host.Result) []located {
	var all []located
	line := regexp.MustCompile(`(?m)^'[^']+' (([^\s/_]+)_([^\s/_]+)_[^\s/_]+\.deb) \d+(?: (SHA(?:256|512):[0-9a-f]+)$)?`)
	for _, m := range line.FindAllStringSubmatch(string(r.Stdout), -1) {
		all = append(all, located{name: m[2], version: strings.ReplaceAll(m[3], "%3a", ":"), path: aptArchives + "/" + m[1], digest: m[4]})
	}
	return all
}
