package pkgmgr

import (
	"context"
	"path"
	"regexp"
	"slices"
	"strings"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/repo"
)

// Some managers report a package only as missing when the machine's configuration excludes
// it or defines no repository for it.

// aptKeptOut finds the file with the pin that keeps a package from being installed
// (apt_preferences(5)), or that the entry of our repository is missing. Which versions a pin
// concerns depends on the lists of the source, so apt itself is asked, with each file alone.
func aptKeptOut(ctx context.Context, h *host.Host, s Source, said []string) *fault.Fault {
	if !s.All && s.ListFile != "" && !h.Exists(s.ListFile) { // with All set no entry is ours
		return undefined(s.ListFile)
	}
	name := strings.Join(said[1:], "")
	hides := func(file string) bool {
		args := append(narrowed(s), "-o", "Dir::Etc::Preferences="+file, "-o", "Dir::Etc::PreferencesParts=/dev/null", "policy", name)
		r, err := h.Runner.Run(ctx, host.Command{Name: "apt-cache", Args: args})
		return err == nil && strings.Contains(string(r.Stdout), "Candidate: (none)")
	}
	files := append([]string{"/etc/apt/preferences"}, h.Glob("/etc/apt/preferences.d/*")...)
	files = slices.DeleteFunc(files, func(file string) bool {
		return !h.Exists(file) || strings.Contains(path.Base(file), ".") && path.Ext(file) != ".pref"
	})
	if len(files) == 0 || hides("/dev/null") {
		return nil // it has no version at all
	}
	if at := slices.IndexFunc(files, hides); at >= 0 {
		return fault.New(fault.PackageManagerFailed,
			"The owner of this machine keeps "+name+" from being installed: a pin in "+files[at]+" has a priority below 0.",
			"See it (less "+files[at]+"), lift it"+andAgain)
	}
	return nil
}

// yumKeptOut finds the setting that excludes a package from yum, which then acts as if the
// package did not exist. Excludes are in yum's own file and in our repository's definition,
// locked versions in a plugin's list.
func yumKeptOut(_ context.Context, h *host.Host, s Source, said []string) *fault.Fault {
	asked := strings.Join(said[1:], "")
	name := regexp.MustCompile(`-\d.*`).ReplaceAllString(asked, "")
	keptOut := func(file, word, how string) *fault.Fault {
		return fault.New(fault.PackageManagerFailed,
			"The owner of this machine excludes "+asked+" from installation: "+word+" in "+file+".", how+andAgain)
	}
	for _, file := range append([]string{"/etc/yum.conf"}, h.Glob("/etc/yum.repos.d/*.repo")...) {
		content, err := h.ReadFile(file, host.Limit)
		if err != nil {
			continue
		}
		for _, word := range repo.Excludes(distro.Yum, content, s.ID) {
			if matches, err := path.Match(word, name); word == asked || err == nil && matches {
				return keptOut(file, "exclude="+word, "Lift it: grep -n exclude "+file)
			}
		}
	}
	const locked = "/etc/yum/pluginconf.d/versionlock.list"
	content, err := h.ReadFile(locked, host.Limit)
	if err == nil && regexp.MustCompile(`(?m)^!?\d+:`+regexp.QuoteMeta(name)+`-\d`).Match(content) {
		return keptOut(locked, "a locked version", "See it (yum versionlock list), lift it (sudo yum versionlock delete ENTRY)")
	}
	return nil
}

// tdnfUndefined is the fault if tdnf has no definition of our repository: tdnf does not
// report that, and skips definitions that it cannot read.
func tdnfUndefined(_ context.Context, h *host.Host, s Source, _ []string) *fault.Fault {
	entries, _ := repo.RPMEntries(h, distro.Tdnf)
	if s.All || s.ID == "" || slices.ContainsFunc(entries, func(e repo.Entry) bool { return e.ID == s.ID }) {
		return nil
	}
	return undefined(s.ID)
}

// undefined is the fault if a manager has no definition of our repository.
func undefined(what string) *fault.Fault {
	return fault.New(fault.PackageManagerFailed, "The repository definition "+what+" is not there, or cannot be read.", rewriteDefinition)
}
