package facts

import (
	"errors"
	"path"
	"strings"
	"syscall"

	"aadssh/internal/check"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/signin/login"
	"aadssh/internal/text"
)

// Sealed is a file that nobody can change as it is, not root, and no script of a package.
type Sealed struct {
	Path string
	Err  error
}

// findSealed finds, for each failure, what keeps its file from being put right: the file
// itself, its folder, or another of PAM's files, which refer to each other.
func (f *Facts) findSealed(h *host.Host, findings []check.Result) {
	f.Sealed = map[string]Sealed{}
	for _, r := range findings {
		if r.Answer != check.Fail || !strings.HasPrefix(r.File, "/etc/") {
			continue
		}
		folder := path.Dir(r.File)
		files := []string{r.File, folder}
		if path.Base(folder) == "pam.d" {
			files = append(files, h.Glob(folder+"/*-a*")...) // common-account, password-auth, system-auth-ac
		}
		for _, file := range files {
			if err := h.MachineMayWrite(file); err != nil {
				f.Sealed[r.File] = Sealed{file, err}
				break
			}
		}
	}
}

// Explain adds to a failure why no step can put it right before the file can be changed.
func (s Sealed) Explain(r *check.Result) {
	if s.Err == nil {
		return
	}
	name := text.Quote(s.Path)
	why, step := "is on a read-only file system", login.Remount(name)
	if errors.Is(s.Err, syscall.EPERM) {
		why, step = "is protected from changes (lsattr -d shows i or a)", "sudo chattr -i -a "+name
	}
	r.Text += " It cannot be put right: " + s.Path + " " + why + "."
	r.Next = "Allow changes, and " + fault.Again + ": " + step
}
