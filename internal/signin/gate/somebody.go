package gate

import (
	"net/netip"
	"regexp"
	"strings"
)

// Somebody is one person whom the machine is asked about, by name.
type Somebody struct {
	Kind Person
	Name string
	// From is where they connect from; the zero address: not known, so that each
	// address is asked about which the machine tells apart.
	From    netip.Addr
	Account Account
}

// Account is what the machine's name service knows of somebody.
type Account struct {
	Known  bool  // there is an account; otherwise the first sign-in makes one
	Err    error // the name service gave no answer, so whether there is one is not known
	UID    int64
	GID    int64
	Groups []string
	Home   string
	Shell  string // /bin/sh where the account names none (passwd(5))
}

// The forms of names. That of people is narrower than what Entra ID takes, by
// no more than what no shell, no log and no configuration of sshd could carry.
const (
	humanName   = `[A-Za-z0-9_][A-Za-z0-9._%+#'!^~&=-]{0,112}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+`
	serviceName = `[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`
)

// Named is somebody of the directory by name; ok is false where nobody there
// can be called so. Clients give the name in lower case (Azure CLI's extension
// ssh), so it is taken like that.
func Named(name string) (who Somebody, ok bool) {
	who.Name = strings.ToLower(name)
	is := func(pattern string) bool { return regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(who.Name) }
	if is(serviceName) {
		who.Kind = Service
		return who, true
	}
	return who, len(name) <= 256 && is(humanName)
}
