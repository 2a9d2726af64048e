// Package elf reads the libraries that a program or library needs, for the dynamic linker.
package elf

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"strings"
)

// Values of elf(5), for the two 64-bit architectures that this program is built for.
const (
	headerSize   = 64
	segmentSize  = 56
	loaded       = 1    // PT_LOAD
	dynamic      = 2    // PT_DYNAMIC
	tagNeeded    = 1    // DT_NEEDED
	tagStrings   = 5    // DT_STRTAB
	tagPath      = 15   // DT_RPATH
	tagRunPath   = 29   // DT_RUNPATH
	most         = 4096 // entries of the dynamic section
	longest      = 1024 // of a name or a list of folders, in bytes
	littleEndian = "\x7fELF\x02\x01"
)

// Needed are the libraries that a program needs; none if it is no such program. debug/elf
// can read them too, but would add 150 KiB for debugging information.
func Needed(program io.ReaderAt) []string { return named(program, tagNeeded) }

// Paths are the folders in which a program searches its libraries.
func Paths(program io.ReaderAt) (folders []string) {
	for _, list := range append(named(program, tagPath), named(program, tagRunPath)...) {
		folders = append(folders, strings.Split(list, ":")...)
	}
	return folders
}

// named are the texts of one kind in a program's dynamic section.
func named(program io.ReaderAt, tag uint64) []string {
	head, ok := part(program, 0, headerSize)
	if !ok || string(head[:6]) != littleEndian {
		return nil
	}
	word := binary.LittleEndian.Uint64
	type segment struct{ kind, offset, address, size uint64 }
	var segments []segment
	table, count := word(head[32:]), uint64(binary.LittleEndian.Uint16(head[56:]))
	for i := range count {
		s, ok := part(program, table+i*segmentSize, segmentSize)
		if !ok {
			return nil
		}
		segments = append(segments, segment{uint64(binary.LittleEndian.Uint32(s)), word(s[8:]), word(s[16:]), word(s[32:])})
	}
	var names []uint64
	var stringsAt uint64
	for _, s := range segments {
		if s.kind != dynamic {
			continue
		}
		entries, ok := part(program, s.offset, min(s.size, most*16)&^15)
		if !ok {
			return nil
		}
		for ; len(entries) > 0; entries = entries[16:] {
			switch word(entries) {
			case tag:
				names = append(names, word(entries[8:]))
			case tagStrings:
				stringsAt = word(entries[8:])
			}
		}
	}
	var libraries []string
	for _, s := range segments {
		if s.kind != loaded || stringsAt < s.address || stringsAt-s.address >= s.size {
			continue
		}
		for _, n := range names {
			if text, _ := part(program, s.offset+(stringsAt-s.address)+n, longest); len(text) > 0 {
				name, _, _ := bytes.Cut(text, []byte{0})
				libraries = append(libraries, string(name))
			}
		}
	}
	return libraries
}

// part is size bytes at an offset that a file names, or as many as there are.
func part(program io.ReaderAt, offset, size uint64) (found []byte, whole bool) {
	if offset > math.MaxInt64 {
		return nil, false
	}
	found = make([]byte, size)
	n, err := program.ReadAt(found, int64(offset))
	return found[:n], n == int(size) && (err == nil || err == io.EOF)
}
