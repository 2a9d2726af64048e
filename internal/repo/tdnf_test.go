package repo

import (
	"maps"
	"strings"
	"testing"

	"aadssh/distro"
)

// Whether anybody verifies metadata on a machine with tdnf hangs on three things:
// plugins, this plugin, and its library.
func TestMetadataOfTdnf(t *testing.T) {
	const (
		conf   = "/etc/tdnf/tdnf.conf"
		plugin = "/etc/tdnf/pluginconf.d/tdnfrepogpgcheck.conf"
		here   = "/usr/lib/tdnf-plugins/tdnfrepogpgcheck/libtdnfrepogpgcheck.so"
	)
	on := map[string]string{conf: "[main]\nplugins=1\n", plugin: "[main]\nenabled=1\n", here: "elf"}
	for name, c := range map[string]struct {
		change map[string]string // "" takes the file away
		says   string            // "": it is on
	}{
		"on":                             {nil, ""},
		"true in the plugin's file":      {map[string]string{plugin: "[main]\nenabled = True\n"}, ""},
		"library of 64 bits":             {map[string]string{here: "", "/usr/lib64/tdnf-plugins/libtdnfrepogpgcheck.so": "elf"}, ""},
		"other folders":                  {map[string]string{conf: "[main]\nplugins=1\npluginpath=/opt/p\npluginconfpath=/opt/c\n", plugin: "", here: "", "/opt/c/tdnfrepogpgcheck.conf": "[main]\nenabled=1\n", "/opt/p/tdnfrepogpgcheck/libtdnfrepogpgcheck.so": "elf"}, ""},
		"plugins off":                    {map[string]string{conf: "[main]\nplugins=0\n"}, "plugins=1 in /etc/tdnf/tdnf.conf"},
		"plugins not said":               {map[string]string{conf: "[main]\ngpgcheck=1\n"}, "plugins=1 in /etc/tdnf/tdnf.conf"},
		"plugins=true is no number":      {map[string]string{conf: "[main]\nplugins=true\n"}, "plugins=1 in /etc/tdnf/tdnf.conf"},
		"no configuration at all":        {map[string]string{conf: ""}, "plugins=1 in /etc/tdnf/tdnf.conf"},
		"the plugin is off":              {map[string]string{plugin: "[main]\nenabled=0\n"}, "enabled=1 in " + plugin},
		"the plugin does not say":        {map[string]string{plugin: "[main]\n"}, "enabled=1 in " + plugin},
		"yes is not true":                {map[string]string{plugin: "[main]\nenabled=yes\n"}, "enabled=1 in " + plugin},
		"the plugin is not installed":    {map[string]string{plugin: "", here: ""}, "tdnf install tdnf-plugin-repogpgcheck"},
		"only its library is away":       {map[string]string{here: ""}, "tdnf install tdnf-plugin-repogpgcheck"},
		"switched on in another section": {map[string]string{plugin: "[other]\nenabled=1\n"}, "enabled=1 in " + plugin},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{}
			for path, content := range on {
				files[path] = content
			}
			for path, content := range c.change {
				files[path] = content
			}
			maps.DeleteFunc(files, func(_, content string) bool { return content == "" })
			h := machine(t, files)
			said := ""
			if p := MetadataUnverified(h, distro.Tdnf); p != nil {
				said = p.What + " " + p.Next
			}
			if c.says == "" && said != "" || c.says != "" && (!strings.Contains(said, "does not verify the metadata") || !strings.Contains(said, c.says)) {
				t.Errorf("%q, want %q", said, c.says)
			}
			if p := MetadataUnverified(h, distro.Dnf); p != nil {
				t.Errorf("dnf has no such plugin: %v", p)
			}
		})
	}
}
