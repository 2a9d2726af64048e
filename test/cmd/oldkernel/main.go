// Command oldkernel becomes a program for which the kernel lacks the system calls that were
// added after Linux 3.10, EL7's version: they return ENOSYS to it and to all programs that
// it starts. With "-random" getrandom(2) is kept: the OpenSSL 3 of a newer userland has no
// alternative on the kernel version that it sees.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// last is the highest system call of Linux 3.10 on amd64, finit_module(2)
// (arch/x86/syscalls/syscall_64.tbl of v3.10).
const last = unix.SYS_FINIT_MODULE

func main() {
	runtime.LockOSThread() // a filter belongs to a thread, and stays across its exec
	argv, random := os.Args[1:], false
	if len(argv) > 0 && argv[0] == "-random" {
		argv, random = argv[1:], true
	}
	if err := become(argv, random); err != nil {
		fmt.Fprintln(os.Stderr, "oldkernel:", err)
		os.Exit(99)
	}
}

func become(argv []string, random bool) error {
	if runtime.GOARCH != "amd64" || len(argv) == 0 {
		return errors.New("it is for amd64, and needs a program")
	}
	const number = 0 // offset of nr in struct seccomp_data (seccomp(2))
	left := uint32(unix.SECCOMP_RET_ERRNO) | uint32(unix.ENOSYS)
	if random {
		left = unix.SECCOMP_RET_ALLOW
	}
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: number},
		{Code: unix.BPF_JMP | unix.BPF_JGT | unix.BPF_K, K: last, Jt: 0, Jf: 3},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_GETRANDOM, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: left},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		return fmt.Errorf("set the filter: %w", err)
	}
	// Check that it works: a call of 3.19.
	if _, _, errno := syscall.RawSyscall(unix.SYS_MEMFD_CREATE, 0, 0, 0); errno != unix.ENOSYS {
		return fmt.Errorf("memfd_create(2) is still there: %w", errno)
	}
	return syscall.Exec(argv[0], argv, os.Environ())
}
