package handler

import (
	"context"
	"errors"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/decide"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/repo"
	"aadssh/internal/state"
	"aadssh/internal/systemd"
	"aadssh/pkgmgr"
)

// berkeley is rpm on a database of the releases before SQLite. While the shared memory of a
// killed run exists, it answers as rpm 4.11 of RHEL 7 does.
type berkeley struct{ *host.Host }

const sharedMemory = "/var/lib/rpm/__db.001"

func (b berkeley) Run(_ context.Context, c host.Command) (host.Result, error) {
	switch {
	case c.Name != "rpm":
		return host.Result{}, host.ErrNotFound
	case b.Exists(sharedMemory):
		return host.Result{ExitCode: 1, Stderr: []byte("error: rpmdb: BDB0113 Thread/process 314/140 failed: BDB1507 Thread died in Berkeley DB library\n" +
			"error: db5 error(-30973) from dbenv->failchk: BDB0087 DB_RUNRECOVERY: Fatal error, run database recovery\n" +
			"error: cannot open Packages index using db5 -  (-30973)\nerror: cannot open Packages database in /var/lib/rpm\n")}, nil
	}
	var out strings.Builder
	missing := 0
	for _, arg := range c.Args {
		if strings.HasPrefix(arg, "aad") {
			missing++
			out.WriteString("package " + arg + " is not installed\n")
		}
	}
	return host.Result{ExitCode: missing, Stdout: []byte(out.String())}, nil
}

func (berkeley) Transact(context.Context, host.Command) (host.Result, error) {
	return host.Result{}, nil
}

// TestMend: an unreadable package database is repaired before anything is planned, and a
// run that is killed meanwhile has reported that it did not finish.
func TestMend(t *testing.T) {
	q, _ := request(t, "enable")
	write(t, q.Host.Path("/etc/os-release"), "ID=\"rhel\"\nVERSION_ID=\"7.9\"\n")
	write(t, q.Host.Path(sharedMemory), "left behind")
	q.Host.Runner = berkeley{q.Host}
	op, _ := findOperation("enable")
	r := &run{Request: q, op: op, host: q.Host, log: q.Host.Log}
	before := facts.GatherAgain(t.Context(), q.Host, facts.Question{}, &facts.Facts{})
	if !errors.Is(before.PackagesErr, pkgmgr.ErrInterrupted) {
		t.Fatalf("%v is not an interrupted run", before.PackagesErr)
	}
	after, err := r.repairDatabase(t.Context(), decide.Plan{Steps: []decide.Step{{Kind: decide.Repair}}}, before)
	if err != nil || after.PackagesErr != nil || after.Packages["aadsshlogin"].State != pkgmgr.Absent {
		t.Errorf("%v, %v, %+v", err, after.PackagesErr, after.Packages)
	}
	if got := reported(t, q); got.Code != int(fault.StillRunning) {
		t.Errorf("reported %+v", got)
	}
}

// TestDefinitionOfAKilledRunIsTakenBack: a repository definition that never worked would
// fail the machine's own updates.
func TestDefinitionOfAKilledRunIsTakenBack(t *testing.T) {
	q, _ := request(t, "enable")
	file := repo.File{Path: "/etc/apt/sources.list.d/aadsshlogin.list", Content: []byte("deb x\n"), Mode: 0o644}
	write(t, q.Host.Path("/etc/apt/sources.list.d/owners.list"), "deb y\n")
	written := func() *work {
		receipt, err := state.ReadReceipt(q.Host)
		if err != nil {
			t.Fatal(err)
		}
		w := &work{run: &run{Request: q, host: q.Host, log: q.Host.Log}, facts: &facts.Facts{Receipt: receipt}, receipt: receipt.Clone()}
		if err := w.write(file); err != nil {
			t.Fatal(err)
		}
		return w
	}
	written() // and killed
	written().takeBack(t.Context(), decide.Step{Kind: decide.Refresh}, fault.New(fault.RepositoryUnreachable, "", ""))
	if q.Host.Exists(file.Path) {
		t.Error("it stays")
	}
	if receipt, err := state.ReadReceipt(q.Host); err != nil || len(receipt.Files) > 0 {
		t.Errorf("the receipt has %v (%v)", receipt.Files, err)
	}
}

// TestUninstallSaysWhatStays: an uninstall that cannot finish reports that with its exit
// code, and what a person has to do.
func TestUninstallSaysWhatStays(t *testing.T) {
	for _, c := range []struct {
		name, receipt string
		code          fault.Code
		says          []string
	}{
		{"a damaged receipt", "{", fault.Disk, []string{"packages were left", "sudo rm -r /var/lib/aadsshlogin-handler"}},
		{"a release that is not supported any more", `{"packages":{"aadsshlogin":{"before":""}}}`, fault.DistroUnsupported, []string{"8.2", "sudo dpkg --purge aadsshlogin || sudo rpm -e aadsshlogin"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, out := request(t, "uninstall")
			write(t, q.Host.Path("/etc/os-release"), "ID=\"rhel\"\nVERSION_ID=\"8.2\"\n")
			write(t, q.Host.Path(host.StateDir+"/receipt.json"), c.receipt)
			q.Host.Runner = berkeley{q.Host}
			q.Reload = func(context.Context, []string) (systemd.Outcome, error) { return systemd.Outcome{}, nil }
			code := Run(t.Context(), q)
			if code != c.code {
				t.Errorf("code %d", code)
			}
			for _, word := range c.says {
				if !strings.Contains(out.String(), word) {
					t.Errorf("%q does not say %q", out, word)
				}
			}
		})
	}
}

// TestReloadNamesTheUnit: also if systemd could not be asked.
func TestReloadNamesTheUnit(t *testing.T) {
	q, _ := request(t, "enable")
	q.Reload = func(context.Context, []string) (systemd.Outcome, error) {
		return systemd.Outcome{}, errors.New("no bus")
	}
	r := &run{Request: q, host: q.Host, log: q.Host.Log}
	var f facts.Facts
	f.Target.SSHUnits = []string{"ssh.service", "sshd.service"}
	err := fault.Of(r.reload(t.Context(), &f))
	if !strings.Contains(err.What, "(ssh.service)") || !strings.Contains(err.Remedy(), "systemctl reload ssh;") {
		t.Errorf("%s %s", err.What, err.Remedy())
	}
}

// TestWhatPackagesCameFromStays: if the disk is full after the packages are installed,
// their repository stays; if it is full before, the repository is removed.
func TestWhatPackagesCameFromStays(t *testing.T) {
	for name, stays := range map[string]bool{"aadsshlogin": true, "another": false} {
		q, _ := request(t, "enable")
		q.Host.Runner = installed(name)
		file := repo.File{Path: "/etc/aadsshlogin.list", Content: []byte("deb x\n"), Mode: 0o644}
		write(t, q.Host.Path("/etc/owners.list"), "deb y\n")
		f := facts.Facts{Receipt: state.Receipt{Packages: map[string]state.Package{}, Files: map[string]state.File{}}}
		f.Target.Manager, f.Target.Packages.Login = distro.Apt, "aadsshlogin"
		r := &run{Request: q, host: q.Host, log: q.Host.Log}
		session, err := r.session(&f)
		if err != nil {
			t.Fatal(err)
		}
		w := &work{run: r, session: session, facts: &f, receipt: f.Receipt.Clone()}
		if err := w.write(file); err != nil {
			t.Fatal(err)
		}
		w.takeBack(t.Context(), decide.Step{Kind: decide.Install}, fault.New(fault.Disk, "", ""))
		if q.Host.Exists(file.Path) != stays {
			t.Errorf("%s is installed: the repository stays: %v", name, !stays)
		}
	}
}
