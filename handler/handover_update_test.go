package handler

import (
	"context"
	"testing"
	"time"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/state"
)

// updating is a call of update from one version to another, on Ubuntu.
func updating(t *testing.T, from, own, to string) Request {
	t.Helper()
	q, _ := request(t, "update")
	q.Environment.Version, q.Environment.BaseDir = own, "/var/lib/waagent/Handler-"+own
	env := map[string]string{"VERSION": to, "AZURE_GUEST_AGENT_UPDATING_FROM_VERSION": from}
	q.Getenv = func(name string) string { return env[name] }
	q.Budget = reserve + 500*time.Millisecond
	write(t, q.Host.Path("/etc/os-release"), "ID=ubuntu\nVERSION_ID=\"22.04\"\nVERSION_CODENAME=jammy\n")
	return q
}

func handed(q Request) bool {
	_, ok, _ := state.ReadHandover(q.Host, host.BootClock())
	return ok
}

// TestUpdateHandsOverBehindALock: the uninstall that follows must find the handover even if
// another run held the lock all the time.
func TestUpdateHandsOverBehindALock(t *testing.T) {
	q := updating(t, "1.0.0.0", "1.0.1.0", "1.0.1.0")
	release, err := q.Host.SingleRun(context.Background(), "a look")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if code := Run(context.Background(), q); code != fault.OK || !handed(q) {
		t.Errorf("code %d, handed over: %v", code, handed(q))
	}
}

// TestUpdateThatCannotHandOverFails: the agent stops before the old version's
// uninstall only if update fails.
func TestUpdateThatCannotHandOverFails(t *testing.T) {
	q := updating(t, "1.0.0.0", "1.0.1.0", "1.0.1.0")
	write(t, q.Host.Path(host.StateDir), "a file in the place of the folder")
	if code := Run(context.Background(), q); code != fault.Disk || reported(t, q).Code != int(fault.Disk) {
		t.Errorf("code %d, reported %+v", code, reported(t, q))
	}
}

// installed is the answer that a package is installed.
type installed string

func (p installed) Run(_ context.Context, c host.Command) (host.Result, error) {
	if c.Name != "dpkg-query" {
		return host.Result{}, host.ErrNotFound
	}
	return host.Result{Stdout: []byte(string(p) + "\t1.0.1\tamd64\tinstall ok installed\n"), ExitCode: 1, Stderr: []byte("dpkg-query: no packages found matching aadlogin\n")}, nil
}

func (installed) Transact(context.Context, host.Command) (host.Result, error) {
	return host.Result{}, host.ErrNotFound
}

// TestAdopt: packages that an update finds were installed by the vendor's handler, which
// kept no receipt. This handler keeps one, so packages that are not in it are not ours.
func TestAdopt(t *testing.T) {
	for _, c := range []struct {
		name          string
		from, own, to string
		program       string // of the version that was there
		want          bool
	}{
		{"from the vendor's", "1.0.0.0", "1.0.1.0", "1.0.1.0", "installer.sh", true},
		{"from an earlier one of ours", "1.0.0.0", "1.0.1.0", "1.0.1.0", "bin/aadsshlogin-handler", false},
		{"from who knows", "", "1.0.1.0", "1.0.1.0", "", true},
		{"back to the vendor's", "1.0.0.0", "1.0.1.0", "1.0.0.0", "installer.sh", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := updating(t, c.from, c.own, c.to)
			q.Host.Runner = installed("aadsshlogin")
			if c.program != "" {
				write(t, q.Host.Path("/var/lib/waagent/Handler-"+c.from+"/"+c.program), "x")
			}
			if code := Run(context.Background(), q); code != fault.OK {
				t.Fatalf("code %d", code)
			}
			receipt, err := state.ReadReceipt(q.Host)
			if err != nil {
				t.Fatal(err)
			}
			if _, ours := receipt.Packages["aadsshlogin"]; ours != c.want {
				t.Errorf("counts as ours: %v", ours)
			}
		})
	}
}

// TestLateRunLeavesTheHandover: an enable that waited for the lock while the next version's
// update ran must not end that version's handover; an enable that began after it does.
func TestLateRunLeavesTheHandover(t *testing.T) {
	q, _ := request(t, "enable")
	written := host.BootClock()
	for _, c := range []struct {
		own   string
		began time.Duration
		stays bool
	}{
		{"1.0.0.0", written - time.Second, true},
		{"1.0.0.0", written + time.Second, false},
		{"1.0.1.0", written - time.Second, false},
	} {
		if err := state.WriteHandover(q.Host, "1.0.1.0", written); err != nil {
			t.Fatal(err)
		}
		if err := state.EndHandover(q.Host, c.own, c.began); err != nil {
			t.Fatal(err)
		}
		if handed(q) != c.stays {
			t.Errorf("%+v: it stays: %v", c, handed(q))
		}
	}
}

func TestByHand(t *testing.T) {
	for manager, want := range map[distro.Manager]string{
		distro.Apt: "sudo apt-get purge a b", distro.Dnf: "sudo dnf remove a b", distro.Yum: "sudo yum remove a b",
		distro.Tdnf: "sudo tdnf remove a b", distro.Zypper: "sudo zypper remove a b",
	} {
		if got := byHand(manager, "a", "b"); got != want {
			t.Errorf("%s", got)
		}
	}
}
