//go:build rig

package pkgmgr_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// scribe generates definitions as people and scripts write them, from a seed.
type scribe struct {
	*rand.Rand
	b    strings.Builder
	used []string // ids
	host int      // of the last entry
	// packages: there is a separate setting for the check of packages.
	packages bool
}

func newScribe(seed uint64, i int) *scribe {
	return &scribe{Rand: rand.New(rand.NewPCG(seed, uint64(i)))}
}

// seldom is true once in n times.
func (s *scribe) seldom(n int) bool { return s.IntN(n) == 0 }

func (s *scribe) pick(all ...string) string { return all[s.IntN(len(all))] }

func (s *scribe) line(words ...string) { s.b.WriteString(strings.Join(words, "") + "\n") }

// text is the generated text, with changes that an editor makes to a whole file.
func (s *scribe) text() string {
	text := s.b.String()
	// dnf 4 and 5 differ in which characters are blank on such a line.
	if s.seldom(30) && !strings.Contains(text, "\n\n\t") {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if s.seldom(20) {
		text = strings.TrimSuffix(text, "\n")
	}
	if s.seldom(30) {
		text = "\ufeff" + text
	}
	return text
}

// repoFile is a .repo file.
func repoFile(seed uint64, i int) string { return newScribe(seed, i).repoFile() }

// repoFileOfDnf5 is one with the additional settings of dnf 5.
func repoFileOfDnf5(seed uint64, i int) string {
	s := newScribe(seed, i)
	s.packages = true
	return s.repoFile()
}

func (s *scribe) repoFile() string {
	if s.seldom(8) {
		s.line(s.pick("# a comment", "# b", "\n", "; c", "; another", "", "   ", "junk", "enabled=1", "include=file:///etc/other.repo", "<html>", "  # indented"))
	}
	for range 1 + s.IntN(3) {
		s.section()
	}
	return s.text()
}

func (s *scribe) section() {
	id := fmt.Sprintf("r%d", len(s.used))
	switch {
	case s.seldom(25):
		id = "main"
	case s.seldom(25) && len(s.used) > 0:
		id = s.used[0]
	case s.seldom(40):
		id = s.pick("a b", "a/b", ".a", "-a", "a.b:c_d", " a")
	}
	s.used = append(s.used, id)
	heading := "[" + id + "]"
	switch s.IntN(120) {
	case 0:
		heading += " # note"
	case 1:
		heading = " " + heading
	case 2:
		heading = "[" + id
	case 3:
		heading += s.pick("x", "words", " ", "]", ";")
	case 4:
		heading = "[]"
	}
	s.line(heading)
	settings := []func(){
		func() { s.set("name", s.pick("A name", "x", "100%", "")) },
		s.addresses,
		func() {
			if !s.seldom(4) {
				s.set("enabled", s.truth())
			}
		},
		func() {
			if !s.seldom(4) {
				s.set("gpgcheck", s.truth())
			}
		},
		func() {
			if s.seldom(3) {
				s.set("repo_gpgcheck", s.truth())
			}
		},
		func() {
			if s.seldom(3) {
				s.set("gpgkey", s.pick("file:///etc/pki/k1", "https://h.invalid/k", "file:///k1 file:///k2", "file:///k1\n   file:///k2"))
			}
		},
	}
	if s.packages {
		settings = append(settings, func() {
			if s.seldom(5) {
				s.set("pkg_gpgcheck", s.truth())
			}
		})
	}
	s.Shuffle(len(settings), func(i, j int) { settings[i], settings[j] = settings[j], settings[i] })
	for _, set := range settings {
		set()
		s.between()
	}
}

// between generates what is between settings.
func (s *scribe) between() {
	switch s.IntN(180) {
	case 0, 1, 2, 7, 8, 9, 10:
		s.line(s.pick("# enabled=0", "; enabled=0", "#", ";x"))
	case 3, 4, 5, 11, 12, 13, 14:
		s.line(s.pick("", "", "  ", "\t"))
	case 6:
		s.line(s.pick("junk", "words of somebody", "  indented", "=1", "rem nothing", "include=file:///x", "priority=low", "cost = 1000", "a:b"))
	}
}

func (s *scribe) set(name, value string) {
	switch s.IntN(150) {
	case 0:
		name = strings.ToUpper(name)
	case 1:
		name = " " + name
	}
	sign := s.pick("=", "=", "=", "=", " = ", " =", "= ", "\t=\t")
	if s.seldom(200) {
		sign = s.pick(":", ": ")
	}
	s.line(name, sign, value, s.pick("", "", "", "", "", " ", "\t"))
	if s.seldom(40) {
		s.line(name, sign, s.truth())
	}
}

func (s *scribe) truth() string {
	if s.seldom(4) {
		return s.pick("", "junk", "2", "-1", "01", "00", "1 # on", "0 # off", "1;", `"1"`, "'0'", "enable", "disable", "always", "never", "+", "-", "enabled", "y", "n", "1\n 0")
	}
	return s.pick("1", "1", "1", "0", "0", "yes", "no", "true", "false", "on", "off", "True", "NO", "Off")
}

func (s *scribe) address() string {
	return s.pick("http://a.invalid/r", "https://b.invalid/r/", "https://b.invalid/x/y", "http://u:p@c.invalid/r", "https://d.invalid/r?k=v", "file:///srv/r")
}

func (s *scribe) addresses() {
	name := "baseurl"
	if s.seldom(10) {
		s.set(s.pick("mirrorlist", "metalink"), s.address())
		return
	}
	value := s.address()
	switch s.IntN(24) {
	case 0:
		value += s.pick(" ", ", ", "  ", "\t") + s.address()
	case 1:
		value += "\n  " + s.address()
	case 2:
		value += "\n# a note\n  " + s.address()
	case 3:
		value += "\n\n\t" + s.address()
	case 4:
		value = "\n  " + value
	case 5:
		value += " # note"
	case 6:
		value = s.pick("http://a.invalid/r", "http://a.invalid/r", "a.invalid/r", "http:///r", "", `"http://a.invalid/r"`, "/srv/r")
	case 7:
		value += "\n" + s.address()
	case 8:
		return
	}
	s.set(name, value)
}

// at makes the host of an address unique: apt does not accept two entries for one place
// that differ in anything else.
func (s *scribe) at(address string) string {
	s.host++
	return strings.ReplaceAll(address, "HOST", fmt.Sprintf("h%d.invalid", s.host))
}

// listFile is a file of apt's one-line entries.
func listFile(seed uint64, i int) string {
	s := newScribe(seed, i)
	for range 1 + s.IntN(4) {
		if s.seldom(8) {
			s.line(s.pick("", "# deb http://no.invalid/ s main", "   ", "#", "\t# x"))
		}
		s.entry()
	}
	return s.text()
}

func (s *scribe) entry() {
	kind := "deb"
	switch s.IntN(80) {
	case 0:
		kind = s.pick("Deb", "rpm", "debs", "#deb", "<html>", "")
	case 1, 2, 3, 4:
		kind = "deb-src"
	case 5:
		kind = " deb"
	}
	words := []string{kind}
	if s.seldom(3) {
		words = append(words, s.options())
	}
	address := s.at(s.pick("http://HOST/x", "https://HOST/y/z", "http://u:p@HOST/x", "https://HOST/x/"))
	switch s.IntN(60) {
	case 0:
		address = `"` + address + `"`
	case 1:
		address = `"` + address
	case 2:
		address = s.at(s.pick("a.invalid/x", "/srv/x", `http://HOST/"x"`, "http://HOST/%78"))
	case 3:
		address = "# " + address
	}
	words = append(words, address)
	switch s.IntN(40) {
	case 0:
		words = append(words, "s/")
	case 1:
		words = append(words, "s/", "main")
	case 2:
		words = append(words, "s")
	case 3:
		words = append(words, "s", "main", "# note")
	case 4:
		words = append(words, "s", "main#note")
	case 5:
		words = append(words, "s", "main", "contrib")
	case 6:
	default:
		words = append(words, s.pick("s", "s", "s-updates", "s/t"), "main")
	}
	s.line(strings.Join(words, s.pick(" ", " ", " ", "  ", "\t")))
}

func (s *scribe) options() string {
	one := func() string {
		return s.pick("arch=amd64", "arch=amd64", "arch=i386", "arch=amd64,i386", "signed-by=/k", "trusted=yes", "trusted=no", "lang=none", "check-valid-until=no")
	}
	inside := one()
	if s.seldom(3) {
		inside += " " + one()
	}
	switch s.IntN(24) {
	case 0:
		return "[ " + inside + " ]"
	case 1:
		return "[" + inside
	case 2:
		return "[" + s.pick("trusted", "arch=", "=amd64", "x", "") + "]"
	case 3:
		return "[" + strings.Replace(inside, "=", `="`, 1) + `"]`
	case 4:
		return "[" + inside + " ]"
	}
	return "[" + inside + "]"
}

// sourcesFile is a file of apt's deb822 entries.
func sourcesFile(seed uint64, i int) string {
	s := newScribe(seed, i)
	for n := range 1 + s.IntN(3) {
		if n > 0 {
			s.line(s.pick("", "", "", "", "", "\n", " ", "# between"))
		}
		s.stanza()
	}
	return s.text()
}

func (s *scribe) stanza() {
	fields := [][2]string{
		{"Types", s.pick("deb", "deb", "deb", "deb", "deb", "deb-src", "deb deb-src", "deb deb-src")},
		{"URIs", s.at(s.pick("http://HOST/x", "https://HOST/y/", "http://HOST/x http://HOST/z", "http://HOST/x\n http://HOST/y", "\n http://HOST/x", "http://u:p@HOST/x"))},
		{"Suites", s.pick("s", "s", "s", "s s-updates", "s\n t")},
		{"Components", s.pick("main", "main", "main contrib", "main,contrib")},
	}
	switch s.IntN(20) {
	case 0:
		fields = slices.Delete(fields, 3, 4)
	case 1:
		fields[2][1] = "s/"
		if !s.seldom(3) {
			fields = slices.Delete(fields, 3, 4)
		}
	case 2:
		at := s.IntN(3)
		fields = slices.Delete(fields, at, at+1)
	case 3:
		fields[0][1] = s.pick("rpm", "deb rpm", "Deb", "")
	case 4:
		fields[1][1] = s.pick("a.invalid/x", "/srv/x", "")
	}
	if s.seldom(4) {
		fields = append(fields, [2]string{"Enabled", s.pick("no", "yes", "No", "0", "1", "2", "off", "false", "junk", "", "no # note", "disabled")})
	}
	if s.seldom(4) {
		fields = append(fields, [2]string{s.pick("Signed-By", "Trusted", "Architectures", "X-Note", "Lang"), s.pick("yes", "amd64", "no")})
		if last := &fields[len(fields)-1]; last[0] == "Signed-By" {
			last[1] = "/k"
		}
	}
	if s.seldom(3) {
		s.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	}
	for _, f := range fields {
		name := f[0]
		switch s.IntN(30) {
		case 0:
			name = strings.ToLower(name)
		case 1:
			name += " "
		}
		s.line(name, s.pick(": ", ": ", ": ", ": ", ":", ":\t"), f[1])
		switch s.IntN(60) {
		case 0, 1:
			s.line("# a note")
		case 2:
			s.line(s.pick("junk", " \t", ".", " "))
		}
	}
}
