package gate

import (
	"net/netip"
	"regexp"
	"strings"
)

// Somebody is one person, by name, whose sign-in is examined.
type Somebody struct {
	Kind Person
	Name string
	// From is where they connect from; the zero address: not known, so every address is
	// examined that the machine distinguishes.
	From    netip.Addr
	Account Account
}

// Account is what the machine's name service knows about a person.
type Account struct {
	Known bool // there is an account; otherwise the first sign-in creates one
	// Where has the account, if it is not among those that sign-ins made: "/etc/passwd", or
	// "another name service"; else "".
	Where  string
	Err    error // the name service did not answer, so it is not known whether there is one
	UID    int64
	GID    int64
	Groups []string
	Home   string
	Shell  string // /bin/sh if the account names none (passwd(5))
}

// Root is the user that sudo runs commands as.
func Root() Somebody {
	return Somebody{Name: "root", Account: Account{Known: true, Where: "/etc/passwd", Groups: []string{"root"}, Home: "/root", Shell: "/bin/bash"}}
}

// The forms of names. For people it is narrower than what Entra ID accepts, but only by
// names that no shell, log or configuration of sshd could contain.
const (
	humanName   = `[A-Za-z0-9_][A-Za-z0-9._%+#'!^~&=-]{0,112}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+`
	serviceName = `[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`
)

// Named is the person of the directory with a name; ok is false if nobody there can have
// it. Clients send the name in lower case (Azure CLI's extension ssh), so it is converted.
func Named(name string) (who Somebody, ok bool) {
	who.Name = strings.ToLower(name)
	is := func(pattern string) bool { return regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(who.Name) }
	if is(serviceName) {
		who.Kind = Service
		return who, true
	}
	return who, len(name) <= 256 && is(humanName)
}
