package box

import (
	"fmt"
	"path/filepath"
)

// Memory is the memory that a box's kernel reports.
type Memory struct {
	Size  uint64 // bytes of the bought size: its memory blocks
	Total uint64 // bytes of MemTotal in /proc/meminfo; 0: Size less what a kernel uses
	Block uint64 // bytes per memory block; 0: 128 MiB, as on x86-64
	// NoBlocks leaves /sys/devices/system/memory empty, as a kernel without
	// memory hotplug does.
	NoBlocks bool
}

// files are the synthetic files, by their path below dir, and what mounts them. A path that
// ends with a slash is a folder's.
func (m Memory) files(dir string) (files map[string]string, binds []Bind) {
	block := m.Block
	if block == 0 {
		block = 128 << 20
	}
	total := m.Total
	if total == 0 {
		total = m.Size - m.Size/16 // like real machines with 1 GiB: 0.94 of it
	}
	files = map[string]string{"meminfo": meminfo(total), "memory/": ""}
	if !m.NoBlocks {
		// Kernel documentation, admin-guide/mm/memory-hotplug: hexadecimal, without 0x.
		files["memory/block_size_bytes"] = fmt.Sprintf("%x\n", block)
		for i := range m.Size / block {
			name := fmt.Sprintf("memory/memory%d/", i)
			files[name+"state"] = "online\n"
			files[name+"online"] = "1\n"
			files[name+"phys_index"] = fmt.Sprintf("%08x\n", i)
		}
	}
	return files, []Bind{
		{From: filepath.Join(dir, "meminfo"), To: "/proc/meminfo"},
		{From: filepath.Join(dir, "memory"), To: "/sys/devices/system/memory"},
	}
}

func meminfo(total uint64) string {
	kib := total >> 10
	return fmt.Sprintf("MemTotal:       %8d kB\nMemFree:        %8d kB\nMemAvailable:   %8d kB\n"+
		"Buffers:        %8d kB\nCached:         %8d kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\n",
		kib, kib/2, kib*3/4, kib/50, kib/5)
}
