// Package elf reads what a program or library names for the dynamic linker.
package elf

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// Of elf(5), for the two kinds of 64 bits that this program is built for.
const (
	headerSize   = 64
	segmentSize  = 56
	loaded       = 1  // PT_LOAD
	dynamic      = 2  // PT_DYNAMIC
	tagNeeded    = 1  // DT_NEEDED
	tagStrings   = 5  // DT_STRTAB
	tagPath      = 15 // DT_RPATH
	tagRunPath   = 29 // DT_RUNPATH
	most         = 4096
	littleEndian = "\x7fELF\x02\x01"
)

// Needed are the libraries that a program names for the dynamic linker; none
// where it is no such program. debug/elf knows them too, and brings 150 KiB that
// reads debugging information along.
func Needed(program []byte) []string { return named(program, tagNeeded) }

// Paths are the folders in which a program wants its libraries looked for.
func Paths(program []byte) (folders []string) {
	for _, list := range append(named(program, tagPath), named(program, tagRunPath)...) {
		folders = append(folders, strings.Split(list, ":")...)
	}
	return folders
}

// named are the texts of one kind in a program's dynamic section.
func named(program []byte, tag uint64) []string {
	if len(program) < headerSize || string(program[:6]) != littleEndian {
		return nil
	}
	word := binary.LittleEndian.Uint64
	type segment struct{ kind, offset, address, size uint64 }
	var segments []segment
	table, count := word(program[32:]), uint64(binary.LittleEndian.Uint16(program[56:]))
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
		for i := uint64(0); s.kind == dynamic && i+16 <= s.size && len(names) < most; i += 16 {
			entry, ok := part(program, s.offset+i, 16)
			if !ok {
				return nil
			}
			switch word(entry) {
			case tag:
				names = append(names, word(entry[8:]))
			case tagStrings:
				stringsAt = word(entry[8:])
			}
		}
	}
	var libraries []string
	for _, s := range segments {
		if s.kind != loaded || stringsAt < s.address || stringsAt-s.address >= s.size {
			continue
		}
		for _, n := range names {
			if from := s.offset + (stringsAt - s.address) + n; from < uint64(len(program)) {
				name, _, _ := bytes.Cut(program[from:], []byte{0})
				libraries = append(libraries, string(name[:min(len(name), most)]))
			}
		}
	}
	return libraries
}

// part is size bytes at an offset that a file names.
func part(program []byte, offset, size uint64) ([]byte, bool) {
	if offset > uint64(len(program)) || size > uint64(len(program))-offset {
		return nil, false
	}
	return program[offset : offset+size], true
}
