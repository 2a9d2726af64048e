package facts

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/logging"
)

// root is a machine made of files.
func root(t *testing.T, files map[string]string) *host.Host {
	t.Helper()
	h := &host.Host{Root: t.TempDir(), Log: logging.Discard()}
	for path, content := range files {
		if err := os.MkdirAll(filepath.Dir(h.Path(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(h.Path(path), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func blocks(size string, online, offline int) map[string]string {
	files := map[string]string{"/sys/devices/system/memory/block_size_bytes": size + "\n"}
	for i := range online + offline {
		state := "1\n"
		if i >= online {
			state = "0\n"
		}
		files[fmt.Sprintf("/sys/devices/system/memory/memory%d/online", i)] = state
	}
	return files
}

func with(files map[string]string, path, content string) map[string]string {
	files[path] = content
	return files
}

func TestMemoryIsWhatWasBought(t *testing.T) {
	// 0x8000000 is 128 MiB, the block of a small x86 machine.
	ramMap := map[string]string{
		"/sys/firmware/memmap/0/type": "System RAM\n", "/sys/firmware/memmap/0/start": "0x0\n", "/sys/firmware/memmap/0/end": "0x9fbff\n",
		"/sys/firmware/memmap/1/type": "Reserved\n", "/sys/firmware/memmap/1/start": "0x9fc00\n", "/sys/firmware/memmap/1/end": "0x9ffff\n",
		"/sys/firmware/memmap/2/type": "System RAM\n", "/sys/firmware/memmap/2/start": "0x100000\n", "/sys/firmware/memmap/2/end": "0x3fffffff\n",
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		want  Memory
	}{
		{"1 GiB in blocks", blocks("8000000", 8, 0), Memory{1 << 30, Blocks}},
		{"768 MiB in blocks, two offline", blocks("8000000", 6, 2), Memory{768 * MiB, Blocks}},
		{"1 GiB by the firmware's map", ramMap, Memory{0x9fc00 + 0x3ff00000, RAMMap}},
		{"MemTotal", map[string]string{"/proc/meminfo": "MemTotal:         928692 kB\nMemFree: 1 kB\n"}, Memory{928692 << 10, MemTotal}},
		{"MemTotal and a crash kernel", map[string]string{"/proc/meminfo": "MemTotal: 700000 kB\n", "/sys/kernel/kexec_crash_size": "268435456\n"}, Memory{700000<<10 + 256*MiB, MemTotal}},
		{"plenty: no block is read", with(blocks("8000000", 1, 0), "/proc/meminfo", "MemTotal: 2097152 kB\n"), Memory{2 << 30, MemTotal}},
		{"less than plenty: what was bought", with(blocks("8000000", 16, 0), "/proc/meminfo", "MemTotal: 2097151 kB\n"), Memory{2 << 30, Blocks}},
		{"nothing", nil, Memory{}},
		{"garbage", map[string]string{"/sys/devices/system/memory/block_size_bytes": "zz", "/proc/meminfo": "\x00\x01"}, Memory{}},
	} {
		if got := findMemory(root(t, c.files)); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
