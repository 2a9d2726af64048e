package repo

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/test/lib/recording"
)

// With tdnf, metadata is verified only if plugins are enabled, this plugin is, and its
// library is installed.
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
		"plugins=true":                   {map[string]string{conf: "[main]\nplugins=true\n"}, ""},
		"plugins=yes is not true":        {map[string]string{conf: "[main]\nplugins=yes\n"}, "plugins=1 in /etc/tdnf/tdnf.conf"},
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
			maps.Copy(files, on)
			maps.Copy(files, c.change)
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

// The three releases were recorded with the plugin enabled: they said that they loaded it,
// and rejected metadata signed by another key. Their own tdnf.conf means the same to the
// handler; without its plugins=1 nothing is verified.
func TestMetadataOfRecordedTdnf(t *testing.T) {
	scenes := filepath.Join("..", "..", "pkgmgr", "testdata", "scenes")
	for _, program := range []string{"tdnf-3.5.2", "tdnf-3.5.8", "tdnf-3.6.0"} {
		t.Run(program, func(t *testing.T) {
			head, err := os.ReadFile(filepath.Join(scenes, program+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			conf := regexp.MustCompile(`(?s)/etc/tdnf/tdnf\.conf: (.*?)\.\n`).FindSubmatch(head)
			if conf == nil || !strings.Contains(string(conf[1]), "plugins=1") {
				t.Fatalf("its first lines do not say what its configuration was: %q", conf)
			}
			main := "[main]\n" + strings.Join(strings.Fields(string(conf[1])), "\n") + "\n"
			files := map[string]string{tdnfConf: main, "/etc/tdnf/pluginconf.d/tdnfrepogpgcheck.conf": "[main]\nenabled=1\n",
				"/usr/lib/tdnf-plugins/libtdnfrepogpgcheck.so": "elf"}
			if p := MetadataUnverified(machine(t, files), distro.Tdnf); p != nil {
				t.Errorf("%+v", p)
			}
			files[tdnfConf] = strings.ReplaceAll(main, "plugins=1\n", "")
			if p := MetadataUnverified(machine(t, files), distro.Tdnf); p == nil {
				t.Error("without plugins=1 it is not said that nobody verifies")
			}
			asked := 0
			for _, s := range recording.Read(t, scenes, program) {
				if s.Name != "metadata: signed with another key" {
					continue
				}
				for _, r := range s.Runs {
					asked++
					for _, words := range []string{"Loaded plugin: " + tdnfPlugin, "TDNFVerifySignature", "Disabling Repo"} {
						if !strings.Contains(string(r.Result.Stdout), words) {
							t.Errorf("%s does not say %q", r.Line, words)
						}
					}
				}
			}
			if asked == 0 {
				t.Error("the scene is not there")
			}
		})
	}
}
