// Package elf reads what the dynamic linker reads in the file of a program or library, and
// searches libraries as it does.
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
	loaded       = 1        // PT_LOAD
	dynamic      = 2        // PT_DYNAMIC
	tagNeeded    = 1        // DT_NEEDED
	tagStrings   = 5        // DT_STRTAB
	tagSize      = 10       // DT_STRSZ
	tagPath      = 15       // DT_RPATH
	tagRunPath   = 29       // DT_RUNPATH
	most         = 4096     // entries of the dynamic section
	longest      = 1024     // of a name or a list of folders, in bytes
	largest      = 16 << 20 // of all names together, in bytes
	littleEndian = "\x7fELF\x02\x01"
)

// Needs are the libraries that a program needs, and the folders in which it searches them;
// none if it is no such program. debug/elf can read them too, but would add 150 KiB for
// debugging information.
func Needs(program io.ReaderAt) (libraries, folders []string) {
	entries, table := dynamicSection(program)
	for _, tag := range []uint64{tagNeeded, tagPath, tagRunPath} {
		for _, n := range values(entries, tag) {
			text, _ := part(program, table+n, longest)
			name, _, _ := bytes.Cut(text, []byte{0})
			switch {
			case len(text) == 0:
			case tag == tagNeeded:
				libraries = append(libraries, string(name))
			default:
				folders = append(folders, strings.Split(string(name), ":")...)
			}
		}
	}
	return libraries, folders
}

// Names are the header of a library and the names in it, among them those of its functions,
// each with a zero byte before and after it; none if it is no such file.
func Names(library io.ReaderAt) []byte {
	entries, table := dynamicSection(library)
	size := values(entries, tagSize)
	if len(size) == 0 || size[0] > largest {
		return nil
	}
	head, _ := part(library, 0, headerSize)
	names, whole := part(library, table, size[0])
	if !whole {
		return nil
	}
	return append(head, names...)
}

// dynamicSection are the entries that the dynamic linker reads, a tag and a value each, and
// the place in the file of the texts to which they refer; no entries if there are no texts.
func dynamicSection(program io.ReaderAt) (entries []byte, table uint64) {
	head, ok := part(program, 0, headerSize)
	if !ok || string(head[:6]) != littleEndian {
		return nil, 0
	}
	word := binary.LittleEndian.Uint64
	segments, ok := part(program, word(head[32:]), segmentSize*uint64(binary.LittleEndian.Uint16(head[56:])))
	if !ok {
		return nil, 0
	}
	for s := segments; len(s) > 0; s = s[segmentSize:] {
		if binary.LittleEndian.Uint32(s) == dynamic {
			entries, _ = part(program, word(s[8:]), min(word(s[32:]), most*16)&^15)
		}
	}
	for _, at := range values(entries, tagStrings) {
		for s := segments; len(s) > 0; s = s[segmentSize:] {
			within := at - word(s[16:])
			if binary.LittleEndian.Uint32(s) == loaded && within < word(s[32:]) { // an address before it wraps round
				return entries, word(s[8:]) + within
			}
		}
	}
	return nil, 0
}

// values are those of the entries with a tag.
func values(entries []byte, tag uint64) (all []uint64) {
	for ; len(entries) >= 16; entries = entries[16:] {
		if binary.LittleEndian.Uint64(entries) == tag {
			all = append(all, binary.LittleEndian.Uint64(entries[8:]))
		}
	}
	return all
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
