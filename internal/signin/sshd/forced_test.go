package sshd

import "testing"

// The results of a ForceCommand. The machines of test/suite/signin test the same with a
// real sshd.
func TestReadForced(t *testing.T) {
	for command, want := range map[string]forcedCommand{
		"":                                    {},
		"none":                                {},
		"/usr/local/bin/wrap":                 {program: "/usr/local/bin/wrap"},
		`"/usr/local/bin/my wrap" -x`:         {program: "/usr/local/bin/my wrap"},
		"echo closed":                         {program: "echo"},
		"exec /bin/false":                     {program: "/bin/false"},
		"/usr/bin/env A=b nologin":            {program: "nologin"},
		"env -i PATH=/bin /sbin/wrap":         {program: "/sbin/wrap"},
		`/bin/sh -c "exit 1"`:                 {program: "exit"},
		`bash -lc 'logger x; /bin/no'`:        {program: "/bin/no"},
		"logger in; exec /opt/wrap":           {program: "/opt/wrap"},
		"test -e /x && exit 1 || /opt/w 2>&1": {program: "/opt/w"},
		"exit 1;":                             {program: "exit"},
		"/bin/bash":                           {program: "/bin/bash", shell: true},
		"bash -l":                             {program: "bash", shell: true},
		"/bin/bash /opt/wrap":                 {program: "/bin/bash"},
		"timeout 60 /opt/wrap":                {program: "/opt/wrap"},
		"internal-sftp -l INFO":               {program: "internal-sftp"},
		`$SSH_ORIGINAL_COMMAND`:               {asked: true},
		`exec ${SSH_ORIGINAL_COMMAND:-bash}`:  {asked: true},
		`/opt/wrap "$SSH_ORIGINAL_COMMAND"`:   {program: "/opt/wrap", asked: true},
		`sh -c "$SSH_ORIGINAL_COMMAND"`:       {asked: true},
		`if [ -n "$SSH_ORIGINAL_COMMAND" ]; then exec sh -c "$SSH_ORIGINAL_COMMAND"; fi`: {asked: true},
		`if true; then exit 1; fi`:     {},
		`echo "$SSH_ORIGINAL_COMMAND"`: {program: "echo", asked: true},
		`A=b`:                          {},
	} {
		if got := readForced(command); got != want {
			t.Errorf("%s: %+v, want %+v", command, got, want)
		}
	}
}

func FuzzReadForced(f *testing.F) {
	f.Add(`sh -c "sh -c 'sh -c x'"`)
	f.Add("env - - 1 2 a=b")
	f.Fuzz(func(_ *testing.T, command string) { readForced(command) })
}
