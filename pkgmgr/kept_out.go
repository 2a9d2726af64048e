package pkgmgr

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/repo"
	"aadssh/internal/text"
)

// Some managers report a package only as missing when the machine's configuration excludes
// it or defines no repository for it.

// blankLine separates two paragraphs of apt's preferences; preference is a field of a
// paragraph.
var (
	blankLine  = text.Pattern(`\n[ \t]*\n`)
	preference = text.Pattern(`(?m)^([A-Za-z-]+):[ \t]*(.*)$`)
)

// aptKeptOut finds the pin that keeps a package from being installed (apt_preferences(5)),
// or that the entry of our repository is missing.
func aptKeptOut(h *host.Host, s Source, said []string) *fault.Fault {
	if !s.All && s.ListFile != "" && !h.Exists(s.ListFile) { // with All set no entry is ours
		return undefined(s.ListFile)
	}
	entry, _ := h.ReadFile(s.ListFile, host.Limit)
	for _, file := range append([]string{"/etc/apt/preferences"}, h.Glob("/etc/apt/preferences.d/*")...) {
		content, err := h.ReadFile(file, host.Limit)
		if err != nil || strings.Contains(path.Base(file), ".") && path.Ext(file) != ".pref" {
			continue
		}
		for _, paragraph := range blankLine().Split(string(content), -1) {
			if pinsOut(paragraph, strings.Join(said[1:], ""), string(entry)) {
				return fault.New(fault.PackageManagerFailed,
					"The owner of this machine keeps "+strings.Join(said[1:], "")+" from being installed: a pin in "+file+" has a priority below 0.",
					"See it (less "+file+"), lift it"+andAgain)
			}
		}
	}
	return nil
}

// pinsOut reports whether a paragraph of apt's preferences excludes a package: by its name,
// or by the host of its source.
func pinsOut(paragraph, name, entry string) bool {
	field := func(of string) string {
		for _, m := range preference().FindAllStringSubmatch(paragraph, -1) {
			if strings.EqualFold(m[1], of) {
				return strings.TrimSpace(m[2])
			}
		}
		return ""
	}
	if priority, err := strconv.Atoi(field("Pin-Priority")); err != nil || priority >= 0 {
		return false
	}
	packages := strings.Fields(field("Package"))
	if slices.Contains(packages, "*") {
		host, isOrigin := strings.CutPrefix(field("Pin"), "origin")
		host = strings.Trim(host, ` "`)
		return isOrigin && host != "" && strings.Contains(entry, host)
	}
	return slices.ContainsFunc(packages, func(pattern string) bool {
		if expression, ok := strings.CutPrefix(pattern, "/"); ok {
			re, err := regexp.Compile(strings.TrimSuffix(expression, "/"))
			return err == nil && re.MatchString(name)
		}
		matches, err := path.Match(pattern, name)
		return err == nil && matches
	})
}

// yumKeptOut finds the setting that excludes a package from yum, which then acts as if the
// package did not exist. Excludes are in yum's own file and in our repository's definition,
// locked versions in a plugin's list.
func yumKeptOut(h *host.Host, s Source, said []string) *fault.Fault {
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
func tdnfUndefined(h *host.Host, s Source, _ []string) *fault.Fault {
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
