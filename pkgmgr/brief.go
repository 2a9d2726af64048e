package pkgmgr

import (
	"path"
	"slices"
	"strings"

	"aadssh/internal/host"
)

// brief is a command in a short form for people: the program, the subcommand and the
// packages; files by name only. The environment and most options only say how, and would
// fill the few characters that the portal shows; handler.log has the whole line. If
// somebody runs the short form, it changes no more than the command itself.
func brief(c host.Command) string {
	const (
		does     = " -- -s --test --assumeno --dry-run --download-only --downloadonly --noscripts --reinstall --fix-broken "
		doesLow  = " -q -K -W -a -e -U --configure --install --purge --import " // the subcommands of rpm and dpkg
		hasValue = " -o -f --qf --repo --from --type --dbpath --define "
	)
	low := slices.Contains([]string{"rpm", "dpkg", "dpkg-query"}, c.Name)
	var words []string
	for i := 0; i < len(c.Args); i++ {
		word := c.Args[i]
		in := func(list string) bool { return strings.Contains(list, " "+word+" ") }
		switch {
		case in(does), low && in(doesLow):
			words = append(words, word)
		case in(hasValue):
			i++
		case strings.HasPrefix(word, "-"):
		case strings.HasPrefix(word, "/"):
			words = append(words, path.Base(word))
		default:
			words = append(words, word)
		}
	}
	return message(host.Command{Name: c.Name, Args: words, Secrets: c.Secrets}.String())
}
