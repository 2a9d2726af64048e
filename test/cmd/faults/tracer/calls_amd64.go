package main

import "golang.org/x/sys/unix"

// ofThisArchitecture are harmless calls that other architectures have not.
func ofThisArchitecture(number uint64) bool {
	switch number {
	case unix.SYS_ARCH_PRCTL, unix.SYS_EPOLL_WAIT, unix.SYS_POLL, unix.SYS_SELECT, unix.SYS_ACCESS, unix.SYS_READLINK, unix.SYS_STAT, unix.SYS_LSTAT, unix.SYS_GETRLIMIT:
		return true
	}
	return false
}
