package main

import "golang.org/x/sys/unix"

// ofThisArchitecture are harmless calls that only this architecture has.
func ofThisArchitecture(number uint64) bool {
	switch number {
	case unix.SYS_ARCH_PRCTL, unix.SYS_EPOLL_WAIT, unix.SYS_POLL, unix.SYS_SELECT, unix.SYS_ACCESS, unix.SYS_READLINK, unix.SYS_STAT, unix.SYS_LSTAT, unix.SYS_GETRLIMIT:
		return true
	}
	return false
}

// begin changes the system call that a thread is about to make: it does nothing, or only half
// of what was requested.
func begin(tid int, f failure) error {
	var regs unix.PtraceRegs
	if err := unix.PtraceGetRegs(tid, &regs); err != nil {
		return err
	}
	if f.errno == 0 {
		regs.Rdx = max(f.count/2, min(f.count, 1))
	} else {
		regs.Orig_rax = ^uint64(0)
	}
	return unix.PtraceSetRegs(tid, &regs)
}

// finish sets what that call returns.
func finish(tid int, f failure) error {
	var regs unix.PtraceRegs
	if err := unix.PtraceGetRegs(tid, &regs); err != nil {
		return err
	}
	if f.errno == 0 {
		regs.Rdx = f.count
	} else {
		regs.Rax = uint64(-int64(f.errno))
	}
	return unix.PtraceSetRegs(tid, &regs)
}
