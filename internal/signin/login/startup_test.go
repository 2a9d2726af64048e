package login

import "testing"

// TestWays: lines of the files that shells read when they start, and what they do.
func TestWays(t *testing.T) {
	for line, want := range map[string]string{
		"exit 1":                                      "ends them",
		"exec /opt/menu":                              "ends them",
		"exec > /dev/null":                            "takes away what they print",
		"exec >>/var/log/all.log 2>&1":                "takes away what they print",
		"exec 2>/dev/null":                            "",
		"exec > >(tee -a /var/log/all.log)":           "",
		"trap 'echo no; exit 1' ERR":                  "may end them",
		"trap 'exit' EXIT":                            "",
		"  exit":                                      "may end them",
		`[ "$USER" = root ] || exit 1`:                "may end them",
		"if id | grep -q x; then exit; fi":            "may end them",
		`case "$x" in no) logout ;; esac`:             "may end them",
		"test $# -gt 0 && exit":                       "may end them",
		"test ${x#y} = z && exit # why":               "may end them",
		"# [ -t 0 ] || exit":                          "",
		"echo 'say exit; exit 1'":                     "",
		`awk '{ print; exit }' /etc/os-release`:       "",
		`alias bye="exit"`:                            "",
		"HISTIGNORE=ls:exit:bg":                       "",
		"exit_code=3":                                 "",
		"trap 'rm x' EXIT":                            "",
		"set -e":                                      "ends them at the first command that fails",
		"  set -euo pipefail":                         "ends them at the first command that fails",
		"set -o errexit":                              "ends them at the first command that fails",
		"set -o vi":                                   "",
		"set +e":                                      "",
		"sleep 300":                                   "may make them wait",
		"ping -c1 x || sleep 30":                      "may make them wait",
		"sleep 1":                                     "",
		"sleep 1h":                                    "may make them wait",
		"sleep infinity":                              "may make them wait",
		"until test -e /x; do sleep 1; done":          "may make them wait",
		"while read x; do test $x; done < /y":         "",
		"ulimit -s 8":                                 "leaves them too little to work",
		"ulimit -t 0":                                 "leaves them too little to work",
		"ulimit -s 8192":                              "",
		"unset PATH":                                  "leaves them without the usual programs",
		"unset PATH_OF_US":                            "",
		"PATH=$JAVA_HOME/bin:$PATH":                   "",
		"PATH=/opt/site/bin":                          "leaves them without the usual programs",
		`export PATH="/opt/site/bin"; umask 022`:      "leaves them without the usual programs",
		"PATH=$PATH:/opt/site/bin":                    "",
		`PATH="/usr/local/bin:/usr/bin:/bin"`:         "",
		"PATH='/opt/x:/usr/bin'; export PATH # ours":  "",
		"MANPATH=/opt/man":                            "",
		"if [ \"$PS1\" ]; then\n  exec tmux\nfi":      "", // only at a terminal, and where there is a tmux they are in it
		"foo() {\n  return 1\n}\nfoo || return":       "",
		"[ -z \"$PS1\" ] && return\nexport EDITOR=vi": "",
	} {
		got := ""
		if e := ends(ways(), "/etc/profile", "umask 022\n"+line+"\n"); e != nil {
			got = e.does
		}
		if got != want {
			t.Errorf("%q: %q, not %q", line, got, want)
		}
	}
	source := sources()
	got := source.line().FindAllStringSubmatch(string(source.lines("test -s /etc/bash.bashrc.local && . /etc/bash.bashrc.local\n[ -r \"$i\" ] && . \"$i\"\n. ~/.x\nsource \"/opt/site/env\"\n. /usr/share/x\n")), -1)
	if len(got) != 2 || got[0][1] != "/etc/bash.bashrc.local" || got[1][1] != "/opt/site/env" {
		t.Errorf("%q", got)
	}
}
