package download

import (
	"errors"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"

	"aadssh/internal/fault"
)

// TestOwnTrouble: if this machine has run out of something, that is no fault of a DNS
// server, although the resolver reports it as one.
func TestOwnTrouble(t *testing.T) {
	dial := &net.OpError{Op: "dial", Net: "udp", Err: &os.SyscallError{Syscall: "socket", Err: syscall.EMFILE}}
	for _, c := range []struct {
		err  error
		code fault.Code
		says string
	}{
		{&url.Error{Op: "Get", URL: "https://x", Err: dial}, fault.Resources, "open no more files"},
		{&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: dial.Error(), Name: "x"}}, fault.Resources, "x could not be looked up"},
		{&net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}, fault.RepositoryUnreachable, "does not resolve"},
		{&net.DNSError{Err: "i/o timeout", Name: "x", IsTimeout: true}, fault.RepositoryUnreachable, "did not answer"},
		{errors.New("something"), fault.RepositoryUnreachable, "something"},
	} {
		if f := Explain("https://x/y", nil, c.err); f.Code != c.code || !strings.Contains(f.What, c.says) {
			t.Errorf("%v: %d %s", c.err, f.Code, f.What)
		}
	}
}
