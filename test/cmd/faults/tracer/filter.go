package main

import (
	"debug/elf"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The names under which the tracer is started as the process that becomes the handler: to
// trace changes of the machine, or calls that can fail.
const (
	filtered          = "filtered"
	filteredForErrors = "filtered for errors"
)

// region is where a program's instructions are in memory, without the end.
type region struct{ start, end uint32 }

// text is the region of a program that is loaded at a fixed address.
func text(program string) (r region, err error) {
	f, err := elf.Open(program)
	if err != nil {
		return r, err
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && p.Flags&elf.PF_X != 0 && f.Type == elf.ET_EXEC && p.Vaddr+p.Memsz < 1<<32 {
			return region{uint32(p.Vaddr), uint32(p.Vaddr + p.Memsz)}, nil
		}
	}
	return r, fmt.Errorf("%s has no instructions at an address of its own", program)
}

// become makes this process the handler. It stops for the tracer at the system calls of
// interest only, by a filter of seccomp(2): to stop at each call of Go's runtime would take
// longer than the rest of a case. The filter also applies to all programs that the handler
// starts; they do not stop, because it only concerns calls from the handler's own region.
func become(argv []string, onlyChanges bool) error {
	runtime.LockOSThread()
	own, err := text(argv[0])
	if err != nil {
		return err
	}
	program := filter(own, func(number uint64) bool {
		return harmless(number) && (onlyChanges || !fallible(number))
	})
	p := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	if _, _, errno := unix.Syscall(unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&p))); errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	return syscall.Exec(argv[0], argv, os.Environ())
}

// filter stops every system call from a region, except those that pass.
func filter(own region, passes func(number uint64) bool) []unix.SockFilter {
	const (
		number, low, high = 0, 8, 12 // struct seccomp_data on a little-endian machine
		calls             = 512      // more than exist
	)
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	jump := func(kind uint16, k uint32, yes, no int) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_K | kind, K: k, Jt: uint8(yes), Jf: uint8(no)}
	}
	var pass []uint32
	for n := range uint32(calls) {
		if passes(uint64(n)) {
			pass = append(pass, n)
		}
	}
	// Each jump is to the last instruction, which allows the call; its value is how many
	// instructions it skips.
	last := len(pass) + 7
	program := []unix.SockFilter{
		load(high), jump(unix.BPF_JEQ, 0, 0, last-2),
		load(low), jump(unix.BPF_JGE, own.start, 0, last-4), jump(unix.BPF_JGE, own.end, last-5, 0),
		load(number),
	}
	for i, n := range pass {
		program = append(program, jump(unix.BPF_JEQ, n, last-7-i, 0))
	}
	return append(program,
		unix.SockFilter{Code: unix.BPF_RET, K: unix.SECCOMP_RET_TRACE},
		unix.SockFilter{Code: unix.BPF_RET, K: unix.SECCOMP_RET_ALLOW})
}

// isHandler reports whether a process has just become the handler again, as a copy of it or
// under another name.
func (t *tracer) isHandler(pid int) bool {
	own, err := text(fmt.Sprintf("/proc/%d/exe", pid))
	return err == nil && own == t.own
}

// resume continues a stopped thread: to the end of its system call, or to its next stop of
// interest.
func resume(tid, signal int, toItsEnd bool) error {
	if toItsEnd {
		return alive(unix.PtraceSyscall(tid, signal))
	}
	return alive(unix.PtraceCont(tid, signal))
}
