package login

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"aadssh/internal/host"
	"aadssh/internal/signin/sudo"
)

// sudoConf lists sudo's plugins (sudo.conf(5)).
const sudoConf = "/etc/sudo.conf"

// plugins is what sudo.conf says about who decides.
type plugins struct {
	_ [0]func() // never compared: no code for == is linked

	lost  sudo.Place // the line with a plugin that is not there, because of which sudo rejects everything
	other sudo.Place // the line with a plugin that may refuse what the rules allow
	rules string     // the file of rules that the rules' plugin is given; "": the usual one
	usual bool       // sudo.conf names no plugin and no folder of them
}

// pluginDirs are where the distributions have sudo's own plugins.
func pluginDirs() []string {
	return []string{"/usr/libexec/sudo", "/usr/lib/sudo", "/usr/lib64/sudo", "/usr/local/libexec/sudo"}
}

// readPlugins reads it. sudo leaves out a file that another than root owns, or that others
// may write (sudo_conf_read in sudo's lib/util/sudo_conf.c).
func readPlugins(h *host.Host, owner uint32) (p plugins) {
	f := readFile(h, sudoConf)
	p.usual = true
	if f.Err != nil || f.UID != owner || f.Mode.Perm()&0o022 != 0 {
		return p
	}
	dirs := slices.DeleteFunc(pluginDirs(), func(dir string) bool { return !h.Exists(dir) })
	var named []sudo.Place
	var symbols []string  // of each, what sudo wants in it
	usual := sudo.Place{} // the line that says where the rules' own plugin is sought
	for i, line := range strings.Split(string(f.Text), "\n") {
		at, w := sudo.Place{File: sudoConf, Line: i + 1}, strings.Fields(line)
		switch {
		case len(w) > 2 && strings.EqualFold(w[0], "Path") && w[1] == "plugin_dir":
			at.Text = "sudoers.so"
			dirs, usual = []string{w[2]}, at
		case len(w) > 2 && strings.EqualFold(w[0], "Plugin"):
			at.Text = w[2]
			named, symbols = append(named, at), append(symbols, w[1])
			p.arguments(at, w[3:])
		}
	}
	if len(named) == 0 && usual.File != "" {
		named, symbols = append(named, usual), append(symbols, "sudoers_policy")
	}
	p.usual = len(named) == 0
	for i, at := range named {
		files := []string{at.Text}
		if !path.IsAbs(at.Text) {
			files = nil
			for _, dir := range dirs {
				files = append(files, path.Join(dir, at.Text))
			}
		}
		switch found := slices.IndexFunc(files, h.Exists); {
		case p.lost.File != "" || len(files) == 0:
		case found < 0:
			p.lost = at
		case !defines(h, files[found], symbols[i]):
			p.lost = at
			p.lost.Text = symbols[i] + " of " + at.Text
		}
	}
	return p
}

// defines reports whether a plugin may have a symbol, which sudo looks up by its name. Those of
// sudo's own are not looked for: they would be read at each run.
func defines(h *host.Host, plugin, symbol string) bool {
	if slices.Contains([]string{"sudoers_policy", "sudoers_io", "sudoers_audit", "audit_json"}, symbol) {
		return true
	}
	content, err := h.ReadFile(plugin, fileLimit)
	return err != nil || bytes.Contains(content, []byte(symbol))
}

// lacks is the rules' own plugin, where sudo looks for it and it is not there. Its folder is
// the one with sudo's own library.
func (p *plugins) lacks(h *host.Host) string {
	for _, dir := range pluginDirs() {
		if file := dir + "/sudoers.so"; p.usual && len(h.Glob(dir+"/libsudo_util.so*")) > 0 && !h.Exists(file) {
			return file
		}
	}
	return ""
}

// arguments: the rules' own plugin says which file it reads, and of another one it is not
// known what it allows. What only writes down what happens refuses nothing.
func (p *plugins) arguments(at sudo.Place, options []string) {
	switch path.Base(at.Text) {
	case "sudoers.so":
		for _, o := range options {
			if file, ok := strings.CutPrefix(o, "sudoers_file="); ok {
				p.rules = file
			}
		}
	case "audit_json.so":
	default:
		p.other = at
	}
}
