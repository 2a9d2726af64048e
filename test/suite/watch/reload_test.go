//go:build rig

package watch_test

import (
	"strings"
	"testing"
)

// TestCheckDuringAReload: sshd closes its sockets when it reloads its configuration, and
// opens them again, IPv4 first. A check at that moment does not take the sockets that are
// already open for all of them.
func TestCheckDuringAReload(t *testing.T) {
	s := enabled(t, settings)
	s.Do("systemctl stop aadsshlogin-handler.path aadsshlogin-handler.timer")
	out := s.Do(`n=0; while [ $n -lt 40 ]; do n=$((n+1)); kill -HUP $(cat /run/sshd.pid); sleep 0.0$((n % 10)); ` +
		copied + ` doctor --only sshd-reachable --json | grep -o 'concerns people who connect over IPv4' ; [ -s /run/sshd.pid ] || sleep 0.2; done; echo done`)
	if n := strings.Count(out, "IPv4"); n > 0 {
		t.Errorf("%d times of 40 it said that nobody gets in over IPv4", n)
	}
}
