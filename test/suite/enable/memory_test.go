//go:build rig

package enable

import (
	"fmt"
	"testing"
	"time"

	"aadssh/internal/fault"
	"aadssh/test/lib/box"
	"aadssh/test/lib/scene"
)

const mib = 1 << 20

// TestMemory: the bought size counts. MemTotal lacks what the kernel uses, and what is
// reserved for a crash kernel.
func TestMemory(t *testing.T) {
	for _, bought := range []uint64{512, 768, 1024, 2048} {
		for _, noBlocks := range []bool{false, true} {
			for _, crash := range []uint64{0, 160} {
				t.Run(fmt.Sprintf("%d MiB, blocks %v, crash kernel %d MiB", bought, !noBlocks, crash), func(t *testing.T) {
					kept := bought/32 + 40 // the kernel's image and tables
					m := &box.Memory{Size: bought * mib, Total: (bought - kept - crash) * mib, NoBlocks: noBlocks}
					s := newMachine(t, scene.Options{Box: box.Options{Memory: m}, Timeout: time.Minute}, crashKernel(crash*mib))
					if bought >= 1024 {
						s.Want(fault.OK)
						return
					}
					s.Want(fault.MemoryTooSmall, "This machine has", "az vm resize -g rg-web -n web1")
					s.unchanged(s.before)
				})
			}
		}
	}
}

// crashKernel is the kernel's report of its reservation. The report of the kernel below the
// box is hidden.
func crashKernel(size uint64) func(*machine) {
	return func(s *machine) {
		s.Sh("mount -t tmpfs none /sys/kernel")
		s.Sh(fmt.Sprintf("echo %d >/sys/kernel/kexec_crash_size", size))
		noFirmwareMap(s)
	}
}

func noFirmwareMap(s *machine) {
	s.Sh("[ ! -d /sys/firmware ] || mount -t tmpfs none /sys/firmware")
}
