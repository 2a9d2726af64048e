package facts

import (
	"bufio"
	"bytes"
	"strconv"
	"strings"

	"aadssh/internal/host"
)

// MiB is 2^20 bytes.
const MiB = 1 << 20

// Memory is how much memory the machine has.
type Memory struct {
	// Bytes is the memory of the bought size if Known is Blocks or RAMMap, and what the
	// kernel has left over if it is MemTotal.
	Bytes int64
	Known MemorySource
}

// MemorySource says where a size was read; they differ in what is missing from them.
type MemorySource string

// The sources.
const (
	// Blocks are the kernel's hot-plug blocks: whole blocks of physical memory, including
	// those of the crash kernel (kernel: admin-guide/mm/memory-hotplug).
	Blocks MemorySource = "memory blocks"
	// RAMMap is the firmware's map: everything but the few KiB that the firmware keeps.
	RAMMap MemorySource = "firmware memory map"
	// MemTotal lacks the kernel's own image and tables; memory reserved for a crash kernel
	// is added to it.
	MemTotal MemorySource = "MemTotal"
	// NoMemory means that nothing could be read.
	NoMemory MemorySource = ""
)

// plenty is so much that the exact size does not matter: twice what is needed.
const plenty = 2048 * MiB

// findMemory finds the memory of the bought size. What the kernel has left over is never
// more than that, so if that is plenty nothing else is read: a large machine has thousands
// of blocks, each with a file.
func findMemory(h *host.Host) Memory {
	left := memTotal(h)
	if left.Bytes >= plenty {
		return left
	}
	for _, ask := range []func(*host.Host) Memory{memoryBlocks, memoryMap} {
		if m := ask(h); m.Bytes > 0 {
			return m
		}
	}
	return left
}

func memoryBlocks(h *host.Host) Memory {
	const dir = "/sys/devices/system/memory"
	b, err := h.ReadFile(dir+"/block_size_bytes", 64)
	if err != nil {
		return Memory{}
	}
	size, err := strconv.ParseInt(strings.TrimSpace(string(b)), 16, 64) // hexadecimal without 0x
	if err != nil || size <= 0 {
		return Memory{}
	}
	var online int64
	for _, path := range h.Glob(dir + "/memory[0-9]*/online") {
		if b, err := h.ReadFile(path, 16); err == nil && strings.TrimSpace(string(b)) == "1" {
			online++
		}
	}
	return Memory{Bytes: online * size, Known: Blocks}
}

func memoryMap(h *host.Host) Memory {
	// Each entry has a directory with start, end (inclusive) and type.
	var sum int64
	for _, dir := range h.Glob("/sys/firmware/memmap/[0-9]*") {
		kind, err := h.ReadFile(dir+"/type", 64)
		if err != nil || strings.TrimSpace(string(kind)) != "System RAM" {
			continue
		}
		start, err1 := readHex(h, dir+"/start")
		end, err2 := readHex(h, dir+"/end")
		if err1 == nil && err2 == nil && end > start {
			sum += end - start + 1
		}
	}
	return Memory{Bytes: sum, Known: RAMMap}
}

func readHex(h *host.Host, path string) (int64, error) {
	b, err := h.ReadFile(path, 64)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(b)), 0, 64)
}

func memTotal(h *host.Host) Memory {
	b, err := h.ReadFile("/proc/meminfo", 1<<16)
	if err != nil {
		return Memory{}
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() {
		if f := strings.Fields(lines.Text()); len(f) > 1 && f[0] == "MemTotal:" {
			kb, _ := strconv.ParseInt(f[1], 10, 64)
			crash, _ := h.ReadFile("/sys/kernel/kexec_crash_size", 64)
			reserved, _ := strconv.ParseInt(strings.TrimSpace(string(crash)), 10, 64)
			if m := (Memory{Bytes: kb<<10 + reserved, Known: MemTotal}); m.Bytes > 0 {
				return m
			}
		}
	}
	return Memory{}
}
