//go:build rig

package watch_test

import (
	"strings"
	"testing"
)

// TestSetupsAtOnce: of two setups that wait for each other, neither drops the settings that
// the other was given.
func TestSetupsAtOnce(t *testing.T) {
	s := boot(t)
	program := s.program("1.0.0.0")
	s.Do(`umask 077; echo '{"monitor": 30}' > /root/public.json; echo '{"proxy": "http://user:s3cret-word@10.0.0.9:3128", "nobody-knows": 1}' > /root/secret.json`)
	// The machine is set up, so the proxy, which does not exist, is not used.
	s.run(0, program+" setup")
	s.rest()
	s.Do(`exec 9> /run/aadsshlogin-handler.lock; flock 9
` + program + ` setup --settings /root/public.json > /root/first 2>&1 9>&- & first=$!
` + program + ` setup --protected-settings /root/secret.json > /root/second 2>&1 9>&- & second=$!
until [ "$(grep -c 'waiting for another run' ` + setupDir + `/log/handler.log)" -ge 2 ] || ! kill -0 $first || ! kill -0 $second; do sleep 0.05; done
exec 9>&-
wait $first && wait $second || { cat /root/first /root/second; exit 1; }`)
	r := s.setUp(2)
	if !success(r) || !strings.Contains(monitor(r), "every 30 minutes") {
		t.Errorf("the status is %d %s\n%s", r.Code, r.Message, monitor(r))
	}
	if got := s.Do("cat " + setupDir + "/config/2.settings; ls " + setupDir + "/config"); !strings.Contains(got, `{"monitor":30}`) || !strings.Contains(got, "2.protected") {
		t.Errorf("the settings are %s", got)
	}
}

// TestSetupAndRemoveAtOnce: a setup that waited for remove starts from the beginning, and
// reports that where people read it.
func TestSetupAndRemoveAtOnce(t *testing.T) {
	s := boot(t)
	program := s.program("1.0.0.0")
	s.run(0, "echo '{\"monitor\": 30}' | "+program+" setup --settings -")
	s.rest()
	s.Do(program + ` remove > /root/first 2>&1 & first=$!
until pgrep -x dpkg >/dev/null || ! kill -0 $first; do sleep 0.02; done
` + program + ` setup > /root/second 2>&1 & second=$!
wait $first && wait $second || { cat /root/first /root/second; exit 1; }`)
	r := s.setUp(0)
	if !success(r) || !strings.Contains(monitor(r), "every 15 minutes") {
		t.Errorf("the status is %d %s\n%s", r.Code, r.Message, monitor(r))
	}
	if out := s.run(0, copied+" status"); !strings.Contains(out, "Setup: 0 ok") {
		t.Errorf("status: %s", out)
	}
}

// TestSetupReplacesAnotherFile: what somebody else has in place of the copy, a file or a
// link, is saved and restored.
func TestSetupReplacesAnotherFile(t *testing.T) {
	s := boot(t)
	program := s.program("1.0.0.0")
	for _, theirs := range []string{
		"printf '#!/bin/sh\\necho mine\\n' > " + copied + "; chmod 750 " + copied,
		"ln -s " + program + " " + copied,
	} {
		s.Do(theirs)
		is := func() string { return s.sh("stat -c '%A %N' " + copied + "; sha256sum < " + copied) }
		before, theirs := s.inventory(), is()
		s.run(0, program+" setup")
		s.rest()
		if got := s.Do(copied + " version; stat -c %F " + copied); got != "1.0.0.0\nregular file" {
			t.Errorf("the copy is %s", got)
		}
		s.run(0, program+" setup")
		s.rest()
		s.run(0, copied+" remove")
		if after := s.inventory(); after != before || is() != theirs {
			t.Errorf("the machine is not as it was: %s, was %s\n%s", is(), theirs, difference(before, after))
		}
		s.Do("rm " + copied)
	}
}

// TestRemoveWithoutState: if somebody has deleted setup's records, remove removes the watch
// all the same, and says what it cannot know.
func TestRemoveWithoutState(t *testing.T) {
	for _, p := range families() {
		t.Run(p.Name, func(t *testing.T) {
			s := bootPersona(t, p)
			program := s.program("1.0.0.0")
			s.run(0, program+" setup")
			s.rest()
			s.Do("systemctl stop aadsshlogin-handler.path; rm -rf /var/lib/aadsshlogin-handler")
			out := s.run(30, copied+" remove")
			for _, want := range []string{"is gone", "was removed", "aadsshlogin"} {
				if !strings.Contains(out, want) {
					t.Errorf("remove does not say %q: %s", want, out)
				}
			}
			if got := s.sh("ls /etc/systemd/system | grep aadssh; ls -d " + copied + " /var/lib/aadsshlogin-handler"); strings.Count(got, "No such file") != 2 || strings.Contains(got, ".timer") {
				t.Errorf("there is still %s", got)
			}
			s.Do("test -x /usr/sbin/aad_certhandler")
			if out := s.run(0, program+" remove"); !strings.Contains(out, "nothing of setup") {
				t.Errorf("a second remove says: %s", out)
			}
		})
	}
}
