package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"

	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/state"
	"aadssh/internal/systemd"
)

// selfLimit is more than the size of our program, in bytes.
const selfLimit = 256 << 20

// copy installs the one copy of the running program that people and the units run. The
// receipt is written first, so that uninstall finds the copy whatever happens to this run.
// The result is for the record.
func (k *Keeper) copy(ctx context.Context, program string) (*made, error) {
	receipt, damaged := state.ReadReceipt(k.Host)
	if fault.Unreadable(damaged) { // what has the copy's name may be somebody else's
		return nil, damaged
	}
	r, _, _ := readRecord(k.Host) // without a record the files are compared
	there, known := k.copied(program, r.Made, receipt)
	if !there {
		self, err := k.Host.ReadFile(k.Self, selfLimit)
		if err != nil {
			return nil, fmt.Errorf("the running program cannot be copied: %w", err)
		}
		if err := k.makeRoom(program, receipt, damaged); err != nil {
			return nil, err
		}
		if _, err := k.write(file{program, self, 0o755}); err != nil {
			return nil, err
		}
	}
	if err := k.Host.EnsureLabel(program, filepath.Dir(program)); err != nil {
		return nil, err
	}
	for _, other := range k.copies() {
		if other != program {
			if _, err := k.Host.RemoveFile(other); err != nil {
				return nil, err
			}
		}
	}
	if known && k.runs(ctx, program, r.Made.Boot) {
		return r.Made, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	answer, err := k.Host.Runner.Run(ctx, host.Command{Name: program, Args: []string{"version"}})
	switch {
	case err == nil && answer.ExitCode != 0:
		err = fmt.Errorf("%s version %s", program, answer.Ending())
	case errors.Is(err, fs.ErrPermission):
		// Its mount forbids that to everybody; otherwise only this run was not allowed to.
		mounts, unknown := k.Host.Mounts()
		if at := mounts.NoExec(program); unknown == nil && at != "" {
			err = fmt.Errorf("%s cannot be run: %s is mounted noexec", program, at)
		}
	}
	if there { // nothing is written on a healthy machine
		return r.Made, err
	}
	return &made{Inodes: k.inodes(program), Boot: state.BootID(k.Host)}, err
}

// makeRoom saves what somebody else has in place of the copy. It is restored when the copy
// is removed.
func (k *Keeper) makeRoom(program string, receipt state.Receipt, damaged error) error {
	_, ours := receipt.Files[program]
	info, err := k.Host.Lstat(program)
	if damaged != nil || ours || err != nil || info.Mode().IsRegular() && k.Host.SameContent(k.Self, program) {
		return nil
	}
	receipt = receipt.Clone()
	if err := receipt.KeepOriginal(k.Host, program); err != nil {
		return err
	}
	return receipt.Write(k.Host)
}

// runs reports whether an unchanged copy is known to start: from the result of systemd's
// last start of it or, if systemd has not started it since boot, because the run that made
// the copy has. If something else than the file system forbids it now, systemd's next start
// shows that.
func (k *Keeper) runs(ctx context.Context, program, boot string) bool {
	if !k.Host.MayRun(program) {
		return false
	}
	executed, known := systemd.Executed(ctx, lookUnit)
	return executed || !known && boot != "" && boot == state.BootID(k.Host)
}

// copied reports whether the copy exists, unchanged and with its receipt, and whether that
// is known because neither it nor the program has changed since one was copied from the
// other: the kernel itself sets an inode's change time. On a healthy machine both are true,
// and neither file has to be read.
func (k *Keeper) copied(program string, as *made, receipt state.Receipt) (there, known bool) {
	info, err := k.Host.Lstat(program)
	_, ours := receipt.Files[program]
	if err != nil || !ours || info.Mode() != 0o755 {
		return false, false
	}
	if as != nil && as.Inodes != "" && as.Inodes == k.inodes(program) {
		return true, true
	}
	return k.Host.SameContent(k.Self, program), false
}

// inodes are those of the running program and of its copy; "" if one cannot be read.
func (k *Keeper) inodes(program string) string {
	self, err := k.Host.Stat(k.Self)
	there, missing := k.Host.Lstat(program)
	if err != nil || missing != nil {
		return ""
	}
	return inode(self) + " " + inode(there)
}

// copies are the paths of our copies: in the other place only if it is in the receipt,
// because a package of the program may have its own there.
func (k *Keeper) copies() []string {
	receipt, err := state.ReadReceipt(k.Host)
	if _, ours := receipt.Files[otherPlace]; err == nil && ours {
		return []string{Program, otherPlace}
	}
	return []string{Program}
}

// Copy is the path of the one copy of the program, according to its record; "" if there is
// none: the folder of an older copy may have become read-only.
func Copy(h *host.Host) string {
	receipt, err := state.ReadReceipt(h)
	if err != nil {
		return ""
	}
	for _, path := range []string{Program, otherPlace} {
		content, err := h.ReadFile(path, selfLimit)
		if err == nil && receipt.Files[path].SHA256 == state.Hash(content) {
			return path
		}
	}
	return ""
}

// inode distinguishes files of the same name, and changes with properties outside the
// content.
func inode(info fs.FileInfo) string {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d:%d %d.%d", s.Dev, s.Ino, s.Ctim.Sec, s.Ctim.Nsec)
}
