package facts

import (
	"os"
	"path/filepath"
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/internal/signin/login"
)

// FuzzMachine: for any content of the kernel's files and the account databases, the memory
// is not negative, and whoever is signed in has a name and a process.
func FuzzMachine(f *testing.F) {
	f.Add("MemTotal:  2048 kB\n", "8000000\n", "ada@contoso.com:x:1000:1000::/home/ada:/bin/sh\n", "Name:\tbash\nUid:\t1000\t1000\t1000\t1000\n")
	f.Add("MemTotal: 9223372036854775807 kB\n", "-1", ":::\n", "Name:\nUid:\n")
	f.Add("MemTotal: -5 kB\n", "7fffffffffffffff", "a:b:c", "Name:x\nUid:c")
	h := &host.Host{Root: f.TempDir(), Log: logging.Discard()}
	f.Fuzz(func(t *testing.T, meminfo, block, passwd, process string) {
		for file, content := range map[string]string{
			"/proc/meminfo": meminfo, "/sys/devices/system/memory/block_size_bytes": block,
			"/sys/devices/system/memory/memory0/online": "1\n", "/sys/devices/system/memory/memory1/online": "1\n",
			login.AccountsFile: passwd, "/proc/7/status": process,
		} {
			if err := os.MkdirAll(filepath.Dir(h.Path(file)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(h.Path(file), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if m := findMemory(h); m.Bytes < 0 || (m.Bytes == 0) != (m.Known == NoMemory) {
			t.Errorf("%+v", m)
		}
		for _, s := range Sessions(h) {
			if s.User == "" || s.PID != 7 {
				t.Errorf("%+v", s)
			}
		}
	})
}
