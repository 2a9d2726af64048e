package agent

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"aadssh/internal/fault"
	"aadssh/internal/host/hosttest"
)

// broken puts a file in the place of another one that opens, and that nobody can read.
func broken(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		must(t, err)
	}
	must(t, os.Symlink("/proc/self/mem", path))
}

// ofDisk wants a fault that names the broken disk, with a next step of its own.
func ofDisk(t *testing.T, err error) {
	t.Helper()
	f := fault.Of(err)
	if f == nil || f.Code != fault.Disk || !errors.Is(err, syscall.EIO) || !strings.Contains(f.What, "input/output error") || !strings.Contains(f.Next, "dmesg") || strings.Contains(f.Next, "settings.json") {
		t.Errorf("%+v", f)
	}
}

// TestUnread: a file of the agent's that exists and cannot be read is reported as that, and
// not as missing, broken, or full of invalid settings.
func TestUnread(t *testing.T) {
	l := newLayout(t)
	start(t, l.program)
	env, err := Load()
	must(t, err)
	broken(t, filepath.Join(l.base, "config", "5.settings"))
	_, _, err = ReadSettings(context.Background(), hosttest.New(t).Host(), env, 5)
	ofDisk(t, err)
	broken(t, filepath.Join(l.base, environmentFile))
	for _, load := range []func() (Environment, error){Load, func() (Environment, error) { return LoadFrom(l.base) }} {
		_, err = load()
		ofDisk(t, err)
		if !errors.Is(err, ErrNoEnvironment) {
			t.Errorf("%v", err)
		}
	}
}

// TestReadTwice: settings that we could read count, even if azure-extension-foundation then
// cannot read them or its environment.
func TestReadTwice(t *testing.T) {
	l := newLayout(t)
	write(t, filepath.Join(l.base, "config", "5.settings"), settingsFile(`{"monitor": 30}`))
	start(t, l.program)
	env, err := Load()
	must(t, err)
	file, err := parseFile([]byte(settingsFile(`{"monitor": 30}`)))
	must(t, err)
	broken(t, filepath.Join(l.base, "config", "5.settings"))
	if public := publicSettings(env, 5, file); string(public["monitor"]) != "30" {
		t.Errorf("%s", public)
	}
}

// TestKeptUnread: setup does not replace settings that it cannot read, and says why.
func TestKeptUnread(t *testing.T) {
	h := hosttest.New(t).Host()
	o, err := Consider(h, Given{Protected: []byte(`{"proxy": "http://user:s3cret@proxy.example.com:3128"}`)})
	must(t, err)
	must(t, o.Keep(h))
	kept := h.Path(Standalone("").ConfigFolder + "/0" + protectedSuffix)
	broken(t, kept)
	_, err = Consider(h, Given{Public: []byte(`{"monitor": 30}`)})
	ofDisk(t, err)
	if _, err := os.Lstat(kept); err != nil {
		t.Errorf("what setup kept is gone: %v", err)
	}
	_, err = keptProtected(h, Environment{ConfigFolder: Standalone("").ConfigFolder}, 0)
	ofDisk(t, err)
	if !errors.Is(err, ErrProtected) {
		t.Errorf("%v", err)
	}
}
