package sshd

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
	"aadssh/internal/signin/gate"
)

// TestQuestionsOfAPlainMachine: for a stock configuration, with a socket unit or without,
// only sshd is started, and only twice: for people and for service principals. Its answers
// also show that the configuration is valid.
func TestQuestionsOfAPlainMachine(t *testing.T) {
	plain := regexp.MustCompile(`(?m)^(allow|deny)(users|groups) .*\n`)
	for name, unit := range map[string]string{"the daemon listens": "", "a socket unit listens": "[Socket]\nListenStream=22\n"} {
		r := hosttest.New(t)
		h := r.Host()
		put(t, h, mainConfig, "UsePAM yes\n"+packageBlock, 0o644)
		put(t, h, "/usr/sbin/sshd", "", 0o755)
		put(t, h, "/usr/lib/systemd/system/ssh.service", "", 0o644)
		put(t, h, "/proc/1/comm", "systemd\n", 0o644)
		if unit != "" {
			put(t, h, "/usr/lib/systemd/system/ssh.socket", unit, 0o644)
		}
		for _, user := range []string{gate.HumanProbe, gate.ServiceProbe} {
			r.Expect("/usr/sbin/sshd -T -C user="+user+",host=198.51.100.23,addr=198.51.100.23,laddr="+local(h)+",lport=22",
				host.Result{Stdout: plain.ReplaceAll(golden(t, "9.2"), nil)})
		}
		if f := Gather(t.Context(), h, false, nil); f.Err != nil || len(f.Users) != 2 {
			t.Errorf("%s: %+v %d", name, f.Err, len(f.Users))
		}
	}
}

// local is the address that people are taken to connect to.
func local(h *host.Host) string {
	for _, a := range readAddresses(h) {
		if a.Is4() {
			return a.String()
		}
	}
	return "127.0.0.1"
}

// TestManyBlocksAreNoBurden: the work of choosing questions grows linearly with the number
// of Match blocks: 5,000 of them take about as much processor time as 50 of them a hundred
// times. If each block were compared with each, it would be a hundred times as much.
func TestManyBlocksAreNoBurden(t *testing.T) {
	took := func(blocks, times int) time.Duration {
		var b strings.Builder
		for i := range blocks {
			fmt.Fprintf(&b, "Match Address 10.%d.%d.0/24\nForceCommand /usr/local/bin/gate%d\n", i/250, i%250, i)
		}
		h := hosttest.New(t).Host()
		put(t, h, mainConfig, b.String()+packageBlock, 0o644)
		begin := processorTime(t)
		for range times {
			c := Read(h, mainConfig)
			c.connections(c.choose([]netip.AddrPort{netip.MustParseAddrPort("10.0.0.4:22")}, false, false))
		}
		return processorTime(t) - begin
	}
	few, many := took(50, 100), took(5000, 1)
	if many > 10*few+100*time.Millisecond { // the clock may be a coarse one
		t.Errorf("50 blocks take %s, 5,000 take %s", few/100, many)
	}
	t.Logf("50 blocks take %s, 5,000 take %s", few/100, many)
}

// processorTime is what this process has used, whatever else the machine does.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
