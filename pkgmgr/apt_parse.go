package pkgmgr

import (
	"regexp"
	"strings"

	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// parseDpkgQuery reads lines of name, version, architecture and status, the
// last of which is three words: what is wanted, an error flag, the state.
//
//	aadsshlogin	1.0.1	amd64	hold ok installed
//	aadlogin			unknown ok not-installed
//
// dpkg-query ends with 1 where it does not know a name, and that is fine; with
// 2 where its database cannot be read.
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
		p := Package{Name: f[0], Version: f[1], Arch: f[2], Held: status[0] == "hold"}
		switch want, flag, state := status[0], status[1], status[2]; {
		case flag != "ok":
			p.State, p.Detail = Broken, state+", "+flag
		case state == "installed", state == "triggers-pending", state == "triggers-awaited":
			p.State = Installed // its own scripts have run; other packages' triggers wait
		case state == "not-installed", state == "config-files":
			p = Package{Name: f[0]}
		default: // half-installed, unpacked, half-configured: dpkg(1)
			p.State, p.Detail = Broken, state
			if want == "deinstall" || want == "purge" {
				p.Detail += ", its removal was not finished"
			}
		}
		// Of two architectures of one package the better one counts.
		if old := found[p.Name]; old.State != Installed {
			found[p.Name] = p
		}
	}
	if r.ExitCode == 0 && len(answered) < len(found) { // it ends with 1 over what it does not know
		return nil, queryFailed(apt(), aptQuery(names), r)
	}
	return found, nil
}

// queryFailed is the fault of a package database that gave no answer.
func queryFailed(m *Manager, c host.Command, r host.Result) error {
	if f := m.Classify(c, r); f != nil {
		return f
	}
	return fault.Wrap(ended(c, r), fault.PackageManagerFailed, "The package database gave no answer that can be read.",
		"See what it says: "+brief(c)+"; repair that"+andAgain)
}

// parseMadison reads lines such as
//
//	aadsshlogin |      1.0.2 | http://127.0.0.1:8080 ./ Packages
//
// which apt-cache(8) prints newest first.
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

// oneWord is the word in a column; "" where there is another number of them.
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
// A line without brackets where the package was not installed before.
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

// aptSaid has apt 1.2, whose https is curl's, say what it was answered for the
// package lists as the later versions do, instead of only that they are not
// there:
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
// in whose file names the colon of an epoch is escaped.
func parseAptURIs(r host.Result) []located {
	var all []located
	line := regexp.MustCompile(`(?m)^'[^']+' (([^\s/_]+)_([^\s/_]+)_[^\s/_]+\.deb) \d+(?: (SHA(?:256|512):[0-9a-f]+)$)?`)
	for _, m := range line.FindAllStringSubmatch(string(r.Stdout), -1) {
		all = append(all, located{name: m[2], version: strings.ReplaceAll(m[3], "%3a", ":"), path: aptArchives + "/" + m[1], digest: m[4]})
	}
	return all
}
