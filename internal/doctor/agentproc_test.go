package doctor

import (
	"strings"
	"testing"
)

func TestWhoIsTheAgent(t *testing.T) {
	for line, want := range map[string]bool{
		"/usr/bin/python3 -u /usr/sbin/waagent -daemon": true,
		"python3 -u /usr/sbin/waagent -run-exthandlers": true,
		"/usr/sbin/waagent -daemon":                     true,
		"/opt/GC_Ext/GC/gc_linux_service":               true,
		"journalctl -u waagent":                         false,
		"systemctl restart waagent":                     false,
		"tail -f /var/log/waagent.log":                  false,
		"python3 /tmp/script.py waagent":                false,
		"python3 -c import":                             false,
		"":                                              false,
		"waagent":                                       false,
	} {
		if got := isAgent(strings.ReplaceAll(line, " ", "\x00") + "\x00"); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}
