package preflight

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"

	"aadssh/distro"
	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
)

// TestUnread: because of something that could not be read, a machine neither fails nor is
// changed, and what therefore seems to be missing is not believed.
func TestUnread(t *testing.T) {
	unread := &fs.PathError{Op: "open", Path: "/etc/os-release", Err: syscall.EMFILE}
	blind := healthy(func(f *facts.Facts) { f.Unread, f.TargetErr = unread, unread })
	if f := FirstFailure(Run(Preconditions(), blind)); f == nil || f.Code != fault.Resources {
		t.Errorf("os-release could not be opened: %+v", f)
	}
	well := Run(Preconditions(), healthy(func(f *facts.Facts) { f.Unread = unread }))
	if f := FirstFailure(well); f != nil {
		t.Errorf("a machine that seems well: %+v", f)
	}
	if i := slices.IndexFunc(well, func(r check.Result) bool { return r.Answer == check.Unknown }); i < 0 || !strings.Contains(well[i].Decides, "/etc/os-release") {
		t.Errorf("a sign-in is promised over what could not be looked at: %+v", well)
	}
	if f := Undecided(well); f == nil || f.Code != fault.Resources {
		t.Errorf("a machine that is to be changed: %+v", f)
	}
	settings := append(well, check.Result{Name: "settings", Answer: check.Fail, Code: fault.SettingsInvalid})
	if f := FirstFailure(settings); f == nil || f.Code != fault.SettingsInvalid {
		t.Errorf("settings were read: %+v", f)
	}
	for errno, code := range map[error]fault.Code{syscall.EIO: fault.Disk, syscall.EACCES: fault.Disk, fs.ErrNotExist: fault.DistroUnsupported} {
		f := healthy(func(f *facts.Facts) {
			f.TargetErr = &fs.PathError{Op: "open", Path: "/etc/os-release", Err: errno}
		})
		if got := FirstFailure(Run(Preconditions(), f)); got == nil || got.Code != code || got.Remedy() == "" {
			t.Errorf("%v: %+v", errno, got)
		}
	}
}

// TestDenied: the same if root does not have a permission: a failure is not believed, and
// the next step names the file.
func TestDenied(t *testing.T) {
	unread := &fs.PathError{Op: "open", Path: "/lib/security/pam_unix.so", Err: syscall.EACCES}
	results := Run(Preconditions(), healthy(func(f *facts.Facts) { f.Unread = unread }))
	results = append(results, check.Result{Answer: check.Fail, Code: fault.VerificationFailed})
	if f := FirstFailure(results); f == nil || f.Code != fault.Disk || !strings.Contains(f.What, unread.Error()) || !strings.Contains(f.Next, "ls -lZ "+unread.Path) {
		t.Errorf("%+v", f)
	}
	for errno, answer := range map[error]check.Answer{syscall.EACCES: check.Unknown, syscall.EIO: check.Unknown, errors.New("invalid character"): check.Warn} {
		f := healthy(func(f *facts.Facts) { f.ReceiptErr = &fs.PathError{Op: "open", Path: "/x", Err: errno} })
		if r := notices(f); len(r) != 1 || r[0].Answer != answer || !strings.Contains(r[0].Text, errno.Error()) {
			t.Errorf("%v: %+v", errno, r)
		}
	}
}

// Which packages are needed depends on the distribution: if it is not known, they are not
// said to be missing.
func TestPackagesOfNoDistribution(t *testing.T) {
	f := healthy(func(f *facts.Facts) { f.TargetErr, f.Target = errors.New("no such file"), distro.Target{} })
	if r := installed(f)[0]; r.Answer != check.Unknown || r.Code != fault.OK || strings.Contains(r.Text, "not installed") {
		t.Errorf("%+v", r)
	}
}
