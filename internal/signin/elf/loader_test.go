package elf

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
)

// library is an ELF file, elf(5), that only has what the dynamic loader needs: the folder
// to search and the required libraries.
func library(folder string, needs ...string) string {
	names := []byte{0}
	var dynamic []byte
	entry := func(tag, value uint64) {
		dynamic = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dynamic, tag), value)
	}
	name := func(tag uint64, text string) {
		entry(tag, uint64(len(names)))
		names = append(append(names, text...), 0)
	}
	for _, n := range needs {
		name(1, n) // DT_NEEDED
	}
	if folder != "" {
		name(29, folder) // DT_RUNPATH
	}
	const head, segment = 64, 56
	at := uint64(head + 2*segment)
	entry(5, at+uint64(len(dynamic))+32) // DT_STRTAB
	entry(0, 0)
	out := make([]byte, head)
	copy(out, "\x7fELF\x02\x01")
	binary.LittleEndian.PutUint64(out[32:], head)
	binary.LittleEndian.PutUint16(out[56:], 2)
	size := uint64(len(dynamic))
	for _, s := range [][3]uint64{{1, 0, at + size + uint64(len(names))}, {2, at, size}} { // PT_LOAD, PT_DYNAMIC
		one := make([]byte, segment)
		binary.LittleEndian.PutUint32(one, uint32(s[0]))
		binary.LittleEndian.PutUint64(one[8:], s[1])
		binary.LittleEndian.PutUint64(one[16:], s[1])
		binary.LittleEndian.PutUint64(one[32:], s[2])
		out = append(out, one...)
	}
	return string(append(append(out, dynamic...), names...))
}

func put(t *testing.T, h *host.Host, name, text string) {
	t.Helper()
	full := h.Path(name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// What a library of a module needs is needed too.
func TestLibrariesOfLibraries(t *testing.T) {
	h := hosttest.New(t).Host()
	for name, text := range map[string]string{
		"/usr/lib64/libc.so.6":         library(""),
		"/usr/lib64/libcurl.so.4":      library("", "libssl.so.3", "libc.so.6"),
		"/usr/lib64/libssl.so.3":       library("", "libgone.so.1", "libc.so.6"),
		"/usr/lib64/libround.so.1":     library("", "libabout.so.1"),
		"/usr/lib64/libabout.so.1":     library("", "libround.so.1", "libc.so.6"),
		"/usr/lib/aad/libown.so.1":     library("$ORIGIN", "libbeside.so.1", "libownloop.so.1"),
		"/usr/lib/aad/libbeside.so.1":  library("", "libc.so.6"),
		"/usr/lib/aad/libownloop.so.1": library("$ORIGIN", "libown.so.1"),
		"/opt/cached/libcached.so.1":   library("", "libgone.so.2"),
		"/etc/ld.so.cache":             "glibc-ld.so.cache1.1\x00/opt/gone/libcached.so.1\x00/opt/cached/libcached.so.1\x00",
	} {
		put(t, h, name, text)
	}
	l := NewLoader(h)
	for name, c := range map[string]struct{ module, lacks string }{
		"all there":                         {library("", "libc.so.6"), ""},
		"not there":                         {library("", "libc.so.6", "libother.so.9"), "libother.so.9"},
		"of a library of a library":         {library("", "libcurl.so.4"), "libgone.so.1"},
		"libraries that need each other":    {library("", "libround.so.1"), ""},
		"a folder of its own":               {library("/usr/lib/aad", "libown.so.1"), ""},
		"the same folder is not everyone's": {library("", "libown.so.1"), "libown.so.1"},
		"of one in the loader's cache":      {library("", "libcached.so.1"), "libgone.so.2"},
		"no program":                        {"#!/bin/sh\n", ""},
	} {
		put(t, h, "/lib/security/"+name, c.module)
		for range 2 { // the second answer is remembered
			if got, err := l.Lacks("/lib/security/" + name); got != c.lacks || err != nil {
				t.Errorf("%s: lacks %q, %v", name, got, err)
			}
		}
	}
}

// What the kernel would not start, among what has the mode of a program.
func TestRefused(t *testing.T) {
	h := hosttest.New(t).Host()
	put(t, h, "/bin/sh", library("", "libc.so.6"))
	put(t, h, "/usr/lib64/libc.so.6", library(""))
	for name, c := range map[string]struct{ content, want string }{
		"a program":               {library("", "libc.so.6"), ""},
		"without a library":       {library("", "libgone.so.1"), "needs libgone.so.1, which is not on this machine"},
		"a script":                {"#!/bin/sh -e\n", ""},
		"a script for nothing":    {"#! /opt/gone/sh\n", "is a script for /opt/gone/sh, which is not there"},
		"a script without a name": {"#!\n", "is no program"},
		"text":                    {"exit 0\n", "is no program"},
		"nothing":                 {"", "is no program"},
	} {
		put(t, h, "/usr/bin/"+name, c.content)
		if got := NewLoader(h).Refused("/usr/bin/" + name); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := NewLoader(h).Refused("/usr/bin/gone"); got != "" {
		t.Errorf("what is not there is told elsewhere: %q", got)
	}
}

func people(h *host.Host) *Loader {
	l := NewLoader(h)
	l.People = true
	return l
}

// TestClosed: the first library that only root can read.
func TestClosed(t *testing.T) {
	h := hosttest.New(t).Host()
	put(t, h, "/usr/lib64/libc.so.6", library(""))
	put(t, h, "/usr/lib64/libtinfo.so.6", library("", "libc.so.6"))
	put(t, h, "/bin/bash", library("", "libtinfo.so.6", "libc.so.6"))
	if l := people(h); l.Refused("/bin/bash") != "" || l.Closed.Path != "" {
		t.Errorf("%+v", l.Closed)
	}
	if err := os.Chmod(h.Path("/usr/lib64/libtinfo.so.6"), 0o600); err != nil {
		t.Fatal(err)
	}
	if l := people(h); l.Refused("/bin/bash") != "" || l.Closed.Path != "/usr/lib64/libtinfo.so.6" || l.Closed.Mode != 0o600 {
		t.Errorf("%+v", l.Closed)
	}
}
