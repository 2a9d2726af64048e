package pkgmgr

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strings"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/repo"
	"aadssh/internal/text"
)

// zypperAsk lets zypper read each definition by itself and prints those that make it fail.
// $$ is a $ in a next step.
const zypperAsk = `for f in /etc/zypp/repos.d/*.repo; do d=$$(mktemp -d); ln -s "$$f" "$$d"; zypper --reposd-dir "$$d" repos >/dev/null 2>&1; [ $$? = 1 ] && echo "$$f"; rm -r "$$d"; done`

// zypperFile finds the definition that made zypper fail with an exception, and the line in
// it: 1.14.42 and older print the error without the file, newer ones without the line. nil
// if each of them can be read.
func zypperFile(_ context.Context, h *host.Host, _ Source, said []string) *fault.Fault {
	for _, folder := range []struct{ path, extension string }{{"/etc/zypp/services.d", ".service"}, {"/etc/zypp/repos.d", ".repo"}} {
		files, err := h.ReadDir(folder.path)
		if err != nil {
			continue
		}
		for _, f := range files {
			name := path.Join(folder.path, f.Name())
			if path.Ext(name) != folder.extension {
				continue
			}
			content, err := h.ReadFile(name, host.Limit)
			if err != nil {
				continue
			}
			if folder.extension == ".service" { // the same format, with another name for the address
				content = regexp.MustCompile(`(?m)^(\s*)url(\s*=)`).ReplaceAll(content, []byte("${1}baseurl${2}"))
			}
			_, problems := repo.ParseRepo(distro.Zypper, name, content, true)
			if len(problems) == 0 || !problems[0].Refused {
				continue
			}
			next := "Correct the file, or move it away: less " + name + fault.ThenAgain
			if strings.Contains(said[1], "\n'") { // it was \r\n, whose \r is invisible
				next = "Give its lines the ends that they have on Linux: sudo " + text.Edit + " 's/\\r$//' " + name + fault.ThenAgain
			}
			return fault.New(fault.PackageManagerFailed,
				fmt.Sprintf("The repository file %s cannot be read, so that zypper does nothing at all: line %d: %s.",
					name, problems[0].Line, message(strings.TrimSuffix(said[1], "."))), next)
		}
	}
	return nil
}
