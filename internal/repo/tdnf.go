package repo

import (
	"cmp"
	"path"
	"strings"

	"aadssh/distro"
	"aadssh/internal/host"
)

// tdnf itself does not implement repo_gpgcheck: a plugin does, and if that is not enabled,
// the metadata is not verified, whatever a definition says (tdnf's source, client/plugins.c
// and client/config.c; the folders are those of its packages).
const (
	tdnfConf    = "/etc/tdnf/tdnf.conf"
	tdnfPlugin  = "tdnfrepogpgcheck"
	tdnfPackage = "tdnf-plugin-repogpgcheck"
)

// MetadataUnverified is why the manager does not verify the metadata of repositories on
// this machine, with file and next step; nil if it does.
func MetadataUnverified(h *host.Host, m distro.Manager) *Problem {
	if m != distro.Tdnf {
		return nil
	}
	off := func(file, why, next string) *Problem {
		return &Problem{File: file, What: why + ", so that tdnf does not verify the metadata of any repository (repo_gpgcheck does nothing). The package itself is verified", Next: next}
	}
	main, problem := read(h, tdnfConf)
	if problem != nil {
		return problem
	}
	setting := func(name, otherwise string) string {
		return cmp.Or(mainOfTdnf(main, name), otherwise)
	}
	if on, _ := tdnfTruth(setting("plugins", "0")); !on {
		return off(tdnfConf, "plugins are not on (plugins=1 in [main])",
			"To have it verified: plugins=1 in "+tdnfConf+", and sudo tdnf install "+tdnfPackage+". It looks for the keys in root's GnuPG.")
	}
	conf := path.Join(setting("pluginconfpath", "/etc/tdnf/pluginconf.d"), tdnfPlugin+".conf")
	install := "To have it verified: sudo tdnf install " + tdnfPackage + ". It looks for the keys in root's GnuPG."
	text, problem := read(h, conf)
	value := mainOfTdnf(text, "enabled")
	on, _ := tdnfTruth(value)
	switch {
	case problem != nil:
		return off(conf, problem.What, "Make it readable, or put it back: sudo tdnf reinstall "+tdnfPackage+".")
	case text == nil:
		return off(conf, "the plugin "+tdnfPlugin+" is not there", install)
	case !on:
		return off(conf, "the plugin "+tdnfPlugin+" is off (enabled="+shown(value)+")",
			"To have it verified: enabled=1 in "+conf+". It looks for the keys in root's GnuPG.")
	}
	for _, folder := range strings.Fields(setting("pluginpath", "/usr/lib/tdnf-plugins /usr/lib64/tdnf-plugins")) {
		for _, below := range []string{"", tdnfPlugin} {
			if h.Exists(path.Join(folder, below, "lib"+tdnfPlugin+".so")) {
				return nil
			}
		}
	}
	return off(conf, "the library of the plugin "+tdnfPlugin+" is not there", install)
}

// mainOfTdnf is a setting of the section [main]; "" if it is not set.
func mainOfTdnf(text []byte, name string) (value string) {
	all, _ := dialectOf(distro.Tdnf).read(string(text))
	for _, s := range all {
		if s.id == "main" {
			value = cmp.Or(s.values[name], value)
		}
	}
	return value
}
