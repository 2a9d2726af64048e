package doctor

import (
	"fmt"
	"io"
	"time"
)

// tarball writes files as GNU tar does (tar(5)). archive/tar, which knows all other kinds of
// entries too, is so large that the program would not stay below 10 MiB with it.
type tarball struct {
	to io.Writer
	at time.Time // of all files
}

const tarBlock = 512

// file adds a file, which only its owner may read.
func (t tarball) file(name, content string) error {
	const longest = 100
	if len(name) > longest {
		if err := t.entry("L", "././@LongLink", name+"\x00"); err != nil {
			return err
		}
		name = name[:longest]
	}
	return t.entry("0", name, content)
}

// entry writes a header and its content, in whole blocks.
func (t tarball) entry(kind, name, content string) error {
	const checksum = 148
	header := make([]byte, tarBlock)
	for at, field := range map[int]string{
		0: name, 100: "0000600", 108: "0000000", 116: "0000000", // mode, user, group
		124: fmt.Sprintf("%011o", len(content)), 136: fmt.Sprintf("%011o", max(t.at.Unix(), 0)),
		checksum: "        ", 156: kind, 257: "ustar  ",
	} {
		copy(header[at:], field)
	}
	sum := 0
	for _, b := range header {
		sum += int(b)
	}
	copy(header[checksum:], fmt.Sprintf("%06o\x00 ", sum))
	content += string(make([]byte, -len(content)&(tarBlock-1)))
	_, err := io.WriteString(t.to, string(header)+content)
	return err
}

// end writes the two empty blocks after the last file.
func (t tarball) end() error {
	_, err := t.to.Write(make([]byte, 2*tarBlock))
	return err
}
