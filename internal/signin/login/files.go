package login

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"syscall"

	"aadssh/internal/check"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/signin/elf"
	"aadssh/internal/signin/gate"
	"aadssh/internal/signin/pam"
	"aadssh/internal/signin/sshd"
)

// The programs of the package (Azure/azure-linux-extensions#1597).
const (
	certHandler = sshd.CertHandler
	addUser     = "/usr/sbin/aaduseradd"
)

// nssLibrary is the package's name service module.
const nssLibrary = "libnss_aad.so.2"

// File is one file of the package.
type File struct {
	_ [0]func() // never compared: no code for == is linked

	Path   string // where it is, or where it should be
	Found  bool
	Mode   fs.FileMode
	Unsafe string // the first of the file and its parent folders that violates sshd's rule, with the reason
	NoExec string // the mount point that forbids programs
	Lacks  string // a library that it needs and that is missing
	Other  bool   // its content is not the package's, so that the package's own may need something else
	Unread error  // why it, or whether it exists, could not be read
}

// Files are the package's files.
type Files struct {
	_ [0]func() // never compared: no code for == is linked

	CertHandler, AddUser, PAMModule, NSSLibrary File
}

func readFiles(h *host.Host, libraries *elf.Loader, mounts host.Mounts) Files {
	debian := h.Exists("/var/lib/dpkg")
	look := func(candidates ...string) File {
		for _, p := range candidates {
			info, err := h.Stat(p)
			if fault.Unreadable(err) {
				return File{Path: p, Unread: err}
			}
			if err == nil && info.Mode().IsRegular() {
				above, _ := parts(h, p) // what cannot be read is not judged
				f := File{Path: p, Found: true, Mode: info.Mode(), Unsafe: unsafe(above, debian), NoExec: mounts.NoExec(p)}
				f.Lacks, f.Unread = libraries.Lacks(p)
				return f
			}
		}
		return File{Path: candidates[0]}
	}
	below := func(dirs []string, name string) (out []string) {
		for _, d := range dirs {
			out = append(out, path.Join(d, name))
		}
		return out
	}
	return Files{
		CertHandler: look(certHandler),
		AddUser:     look(addUser, "/usr/bin/aaduseradd"),
		PAMModule:   look(below(pam.ModuleDirs(), PAMModule)...),
		NSSLibrary:  look(below(elf.LibraryDirs(), nssLibrary)...),
	}
}

// Compare notes which of them are other files than the package's.
func (f *Files) Compare(differ []string) {
	for _, one := range []*File{&f.CertHandler, &f.AddUser, &f.PAMModule, &f.NSSLibrary} {
		for _, name := range differ {
			one.Other = one.Other || path.Base(name) == path.Base(one.Path)
		}
	}
}

// owners are the user and the group of a file.
func owners(info fs.FileInfo) (uid, gid uint32) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Uid, s.Gid
	}
	return 0, 0
}

// part is a file or one of the folders above it.
type part struct {
	_ [0]func() // never compared: no code for == is linked

	path string
	uid  uint32
	gid  uint32
	mode fs.FileMode
}

// parts are a file and all folders above it, the file first.
func parts(h *host.Host, name string) ([]part, error) {
	var out []part
	for p := name; ; p = path.Dir(p) {
		info, err := h.Stat(p)
		if err != nil {
			return out, err
		}
		one := part{path: p, mode: info.Mode()}
		one.uid, one.gid = owners(info)
		out = append(out, one)
		if p == "/" || p == "." {
			return out, nil
		}
	}
}

// unsafe follows safe_path in OpenSSH's misc.c, which decides whether sshd runs an
// AuthorizedKeysCommand: the file and each folder above it must belong to root and not be
// writable for group or others. "sshd -t" does not check this. The sshd of Debian and
// Ubuntu accepts what is writable for a group whose only member is the owner (their patch
// user-group-modes), and root's group is one.
func unsafe(all []part, debian bool) string {
	for _, p := range all {
		mode := p.mode.Perm()
		if debian && p.gid == 0 {
			mode &^= 0o020
		}
		if p.uid != 0 {
			return p.path + " belongs to user " + strconv.Itoa(int(p.uid)) + ", not to root"
		}
		if mode&0o022 != 0 {
			return fmt.Sprintf("%s is writable for group or others (mode %04o)", p.path, p.mode.Perm())
		}
	}
	return ""
}

// assess judges one file; asked means that sshd runs the program.
func (f File) assess(consequence string, program, asked bool) check.Result {
	out := check.Result{File: f.Path, Part: check.Files, Text: f.Path + " is in place."}
	bare := strings.TrimPrefix(f.Unsafe, f.Path)
	switch {
	case f.Unread != nil && (!f.Found || f.Mode.Perm()&0o004 != 0): // else its mode says why
		out.Answer, out.Part, out.Decides, out.Next = check.Unknown, check.NoPart, f.Path+", which could not be read", gate.ReadAgain(f.Path)
		out.Text = f.Path + " could not be read: " + f.Unread.Error()
	case !f.Found:
		out.Answer, out.Next = check.Fail, reinstall
		out.Text = path.Base(f.Path) + " is missing, so " + consequence + "."
	case program && f.Mode.Perm()&0o100 == 0:
		out.Answer = check.Fail
		out.Text = fmt.Sprintf("%s is not executable (mode %04o), so %s.", f.Path, f.Mode.Perm(), consequence)
		out.Next = "Run: sudo chmod 0755 " + f.Path
	case f.NoExec != "":
		out.Answer, out.Part = check.Fail, check.NoPart
		out.Text = f.Path + " is on " + f.NoExec + ", which is mounted noexec, so " + consequence + "."
		out.Next = "Take noexec out of /etc/fstab, and run: sudo mount -o remount,exec " + f.NoExec
	case f.Lacks != "":
		if out.Answer = check.Fail; !f.Other {
			out.Part = check.NoPart
		}
		out.Text = f.Path + " needs " + f.Lacks + ", which is not on this machine, so " + consequence + "."
		out.Next = "Ask who keeps the machine's packages to install the one that has " + f.Lacks + "; see what is missing with: ldd " + f.Path
	case asked && f.Unsafe != "":
		out.Answer = check.Fail
		if bare == f.Unsafe { // a folder above it
			out.Part = check.NoPart
		}
		out.Text = "sshd refuses to run " + f.Path + ": " + f.Unsafe + "."
		out.Next = fmt.Sprintf("Run: sudo chown root:root %s && sudo chmod go-w %[1]s", strings.Fields(f.Unsafe)[0])
	}
	return out
}

// assessLibrary: programs that people run load the library too, under their own account and
// not as root.
func (f File) assessLibrary() check.Result {
	out := f.assess("Entra ID users are not found", false, false)
	if out.Answer == check.Pass && f.Mode.Perm()&0o004 == 0 {
		out.Answer, out.Part, out.Decides = check.Warn, check.NoPart, "the mode of "+f.Path
		out.Text = fmt.Sprintf("Only root can read %s (mode %04o), so the programs of people who sign in do not know who they are.", f.Path, f.Mode.Perm())
		out.Next = "Run: sudo chmod 0644 " + f.Path
	}
	return out
}
