package sshd

import (
	"net"
	"slices"
	"strings"
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/logging"
)

// TestListening: in this machine's own tables, with more listening sockets than fit in a
// page, and with connections, every listening socket is found.
func TestListening(t *testing.T) {
	var opened []string
	for i := range 120 {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		opened = append(opened, l.Addr().String())
		if i < 3 {
			c, err := net.Dial("tcp4", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
		}
	}
	h := &host.Host{Log: logging.Discard()}
	all, err := listening(h, atEnd)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range opened {
		if !slices.ContainsFunc(all, func(s socket) bool { return s.at.String() == at && s.inode != "" }) {
			t.Errorf("%s listens and was not found among %d", at, len(all))
		}
	}
	pieces := 0
	if _, err := h.ReadUntil("/proc/net/tcp", 8<<20, func(piece []byte) bool { pieces++; return atEnd(piece) }); err != nil || pieces < 2 {
		t.Errorf("%v, %d pieces, which is too few to see anything", err, pieces)
	}
}

func TestAtEnd(t *testing.T) {
	listens := strings.Repeat("   1: 0100007F:4737 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n", 30)
	connected := strings.Replace(listens, " 0A ", " 01 ", 1)
	head := "  sl  local_address rem_address   st tx_queue rx_queue\n"
	for text, want := range map[string]bool{head + listens: false, listens: false, connected: true, listens + "   1: 0100007F:4737 00000000:0000 0": false, listens[:1000]: true, head: true, "": true} {
		if atEnd([]byte(text)) != want {
			t.Errorf("%d bytes: not %t", len(text), want)
		}
	}
}
