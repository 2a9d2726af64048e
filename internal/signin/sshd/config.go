package sshd

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"sort"
	"strings"
	"syscall"
	"time"

	"aadssh/internal/host"
)

// The configuration files of sshd. SUSE's sshd reads the second if the first does not exist
// (openSUSE and SLES 16 moved it).
const (
	mainConfig   = "/etc/ssh/sshd_config"
	vendorConfig = "/usr/etc/ssh/sshd_config"
)

// Limits of the reader. sshd itself stops at 16 levels of Include.
const (
	maxDepth      = 16
	maxFiles      = 500
	maxSize       = 1 << 20 // of one file, in bytes
	maxDirectives = 50000
)

// Config is the content of the configuration files, in the order in which sshd reads them.
type Config struct {
	Main       string // the first file
	Files      []string
	Changed    time.Time // when the newest of the files was last changed; zero: there is none
	Touched    time.Time // when one was replaced or given other rights last, or a folder of theirs was changed
	Directives []Directive
	Blocks     []*Block
	Pipe       string // a file that is a named pipe
	Err        error  // a file could not be read, so lines may be missing
}

// configPath is the file that the daemon reads: the one in its options, or else the one
// that it was built with, which is different if somebody compiled sshd.
func configPath(h *host.Host, options []string, binary string) string {
	for i, o := range options {
		if o == "-f" && i+1 < len(options) {
			return options[i+1]
		}
	}
	if binary != "" && !strings.HasPrefix(binary, "/usr/sbin/") && !strings.HasPrefix(binary, "/usr/bin/") && !strings.HasPrefix(binary, "/sbin/") {
		if text, err := h.ReadFile(binary, 64<<20); err == nil {
			if own := regexp.MustCompile(`/[A-Za-z0-9._/+-]+/sshd_config\x00`).Find(text); own != nil {
				return strings.TrimSuffix(string(own), "\x00")
			}
		}
	}
	if !h.Exists(mainConfig) && h.Exists(vendorConfig) {
		return vendorConfig
	}
	return mainConfig
}

// Read reads the file at main and all that it includes. It never fails: errors are in Err.
func Read(h *host.Host, main string) Config {
	r := reader{h: h, Config: Config{Main: main}}
	r.file(main, nil, 0)
	return r.Config
}

type reader struct {
	h *host.Host
	Config
}

func (r *reader) file(name string, within *Block, depth int) {
	if depth > maxDepth || len(r.Files) >= maxFiles || len(r.Directives) > maxDirectives {
		r.fail(fmt.Errorf("%s: too much is included", name))
		return
	}
	text, err := r.h.ReadFile(name, maxSize)
	if err != nil {
		if info, _ := r.h.Stat(name); info != nil && info.Mode()&fs.ModeNamedPipe != 0 {
			r.Pipe = name
		}
		r.fail(err)
		return
	}
	r.Files = append(r.Files, name)
	// A time in the future comes from an archive, or from a wrong clock: no reload would ever be
	// later. When the kernel saw the file change counts all the same.
	if info, err := r.h.Stat(name); err == nil && info.ModTime().After(r.Changed) && !info.ModTime().After(time.Now()) {
		r.Changed = info.ModTime()
	}
	r.touched(name)
	// A Match block ends at the end of its file; what follows the Include belongs to the
	// block that contains the Include.
	block := within
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		keyword, args, ok := ParseLine(line)
		if !ok {
			continue
		}
		d := Directive{File: name, Line: number, Keyword: keyword, Word: word(line, keyword), Args: args, Block: block}
		switch keyword {
		case "match":
			block = &Block{File: name, Line: number, Criteria: args, at: len(r.Blocks), Within: within}
			r.Blocks = append(r.Blocks, block)
		case "include":
			r.Directives = append(r.Directives, d)
			r.include(args, block, depth)
		default:
			r.Directives = append(r.Directives, d)
		}
	}
}

// include reads the files that match the patterns of an Include; relative ones are below
// /etc/ssh (sshd_config(5)). A pattern that matches nothing is no error.
func (r *reader) include(patterns []string, within *Block, depth int) {
	for _, p := range patterns {
		if !path.IsAbs(p) {
			p = path.Join("/etc/ssh", p)
		}
		r.touched(path.Dir(p))
		files := r.h.Glob(p)
		sort.Strings(files)
		for _, f := range files {
			r.file(f, within, depth+1)
		}
	}
}

func (r *reader) fail(err error) {
	if r.Err == nil {
		r.Err = err
	}
}

// touched takes down when a file was replaced or given other rights, which the time of
// its content need not show (cp -p, rsync -t, mv), or a file of a folder removed.
func (r *reader) touched(name string) {
	info, err := r.h.Stat(name)
	if err != nil {
		return
	}
	at := info.ModTime()
	if s, ok := info.Sys().(*syscall.Stat_t); ok && (!info.IsDir() || at.After(time.Now())) {
		at = time.Unix(s.Ctim.Unix())
	}
	if at.After(r.Touched) {
		r.Touched = at
	}
}

// Find is the directive that sets the effective value for a connection: of the directives
// for the keyword that apply, one in a Match block wins over a global one, and otherwise
// the first wins (sshd_config(5)). value restricts the search to a directive with that
// value; "" accepts any.
func (c *Config) Find(of Connection, keyword, value string) (Directive, bool) {
	var global *Directive
	for i := range c.Directives {
		d := &c.Directives[i]
		if d.Keyword != keyword && d.Keyword != alias(keyword) || !d.says(value) || d.Block.applies(&of) != yes {
			continue
		}
		if d.Block != nil {
			return *d, true
		}
		if global == nil {
			global = d
		}
	}
	if global != nil {
		return *global, true
	}
	return Directive{}, false
}

// useDNS reports whether sshd looks up the name of an address (by default not, since
// OpenSSH 6.8).
func (c *Config) useDNS() bool {
	for _, d := range c.Directives {
		if d.Keyword == "usedns" && d.Block == nil {
			return len(d.Args) > 0 && strings.EqualFold(d.Args[0], "yes")
		}
	}
	return false
}

// asksDomain reports whether a Match line uses the routing domain.
func (c *Config) asksDomain() bool {
	for _, b := range c.Blocks {
		for key := range b.pairs() {
			if key == "rdomain" {
				return true
			}
		}
	}
	return false
}

// says compares a directive with a value as printed by sshd -T: all arguments joined, or
// one of a list.
func (d Directive) says(value string) bool {
	if value == "" || strings.EqualFold(strings.Join(d.Args, " "), value) {
		return true
	}
	return slices.Contains(d.Args, value)
}

// alias is the other name of a renamed keyword.
func alias(keyword string) string {
	switch keyword {
	case "pubkeyacceptedalgorithms":
		return "pubkeyacceptedkeytypes"
	case "pubkeyacceptedkeytypes":
		return "pubkeyacceptedalgorithms"
	case "kbdinteractiveauthentication":
		return "challengeresponseauthentication"
	}
	return keyword
}
