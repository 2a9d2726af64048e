//go:build rig

package watch_test

import (
	"strings"
	"testing"
	"time"
)

// TestOwnersEntryComesLater: apt refuses to work at all if a repository is configured twice
// with different keys. If somebody adds the vendor's entry to a machine on which setup
// added ours, ours is removed at once, not at the timer's next check.
func TestOwnersEntryComesLater(t *testing.T) {
	s := boot(t)
	program := s.program("1.0.0.0")
	s.run(0, program+" setup")
	s.rest()
	s.Do("systemctl stop aadsshlogin-handler.timer")
	s.Do(`curl -sS https://packages.microsoft.com/keys/microsoft.asc -o /etc/apt/trusted.gpg.d/microsoft.asc && echo "deb https://packages.microsoft.com/ubuntu/22.04/prod jammy main" > /etc/apt/sources.list.d/microsoft-prod.list`)
	// Only the vendor's is asked: the test machine has no other source.
	const refresh = "apt-get update -o Dir::Etc::SourceList=/dev/null 2>&1"
	if out := s.sh(refresh); !strings.Contains(out, "Conflicting values set for option Signed-By") {
		t.Logf("it was repaired before apt was asked: %s", out)
	}
	began := time.Now()
	for strings.Contains(s.sh(refresh), "Conflicting values") {
		if time.Since(began) > 10*time.Minute {
			t.Fatal("apt refuses to work as long as our entry and the owner's are both there")
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Logf("repaired after %s", time.Since(began).Round(100*time.Millisecond))
	s.rest()
	if r := s.setUp(0); !success(r) {
		t.Errorf("the status is %d %s", r.Code, r.Message)
	}
	s.Do("test ! -e /etc/apt/sources.list.d/aadsshlogin.list")
	s.run(0, copied+" remove")
	s.Do("test -e /etc/apt/sources.list.d/microsoft-prod.list")
}
