//go:build rig

package enable

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"aadssh/internal/fault"
	"aadssh/test/lib/box"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// obstacle is something that prevents access to the package host, and the texts that the
// verdict must have.
type obstacle struct {
	name   string
	put    func(s *machine, place string) // place: a pattern of the package host
	words  []string
	known  bool          // TestNetwork of hostile has the text for a refresh of the repository
	budget time.Duration // of the handler; 0: its own
}

func obstacles() []obstacle {
	const host = pkghost.Name
	certificate := func(k pkghost.Kind) func(*machine, string) {
		return func(s *machine, _ string) { s.Must(s.Packages.Certificate(k)) }
	}
	answer := func(status int, retryAfter time.Duration) func(*machine, string) {
		return func(s *machine, place string) { s.Packages.Trouble(place, pkghost.Status(status, retryAfter)) }
	}
	return []obstacle{
		{name: "no DNS", put: func(s *machine, _ string) { s.resolve("") },
			words: []string{"The name " + host + " could not be resolved", "the DNS server did not answer", "getent hosts " + host}},
		{name: "unknown name", put: unknownName,
			words: []string{"The name " + host + " does not resolve on this machine", "getent hosts " + host}},
		{name: "no route", put: func(s *machine, _ string) { s.resolve("192.0.2.7") },
			words: []string{"This machine has no route to " + host, "ip route get"}},
		{name: "refused", put: func(s *machine, _ string) { s.Packages.Down() },
			words: []string{host + " refuses the TCP connection", "TCP 443"}},
		{name: "expired certificate", put: certificate(pkghost.Expired),
			words: []string{"TLS certificate of " + host + " is not valid at this machine's time", "date -u"}},
		{name: "certificate of another name", put: certificate(pkghost.OtherName),
			words: []string{"Something else than " + host + " answers", "openssl s_client"}},
		{name: "certificate of nobody known", put: certificate(pkghost.Untrusted),
			words: []string{"which this machine does not trust", "ca-certificates"}},
		{name: "403", put: answer(403, 0), known: true, words: []string{host + " answered HTTP 403 Forbidden", "See who answers"}},
		{name: "429", put: answer(429, 2*time.Second), words: []string{host + " answered HTTP 429 Too Many Requests", "Wait five minutes"}},
		{name: "500", put: answer(500, 0), words: []string{host + " answered HTTP 500 Internal Server Error", "Try again in a few minutes"}},
		{name: "black hole", put: func(s *machine, _ string) { s.resolve(box.BlackHole) }, budget: 100 * time.Second,
			words: []string{host + " does not answer: the connection timed out", "network security group"}},
	}
}

// TestKeyCannotBeFetched: our own download fails, and nothing on the machine is changed. That
// the key is not there (404) is in TestUnusableRepository of families.
func TestKeyCannotBeFetched(t *testing.T) {
	for _, o := range obstacles() {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			s := newMachine(t, scene.Options{Timeout: 16 * time.Second})
			s.snapshotHosts()
			o.put(s, "/keys/...")
			before := s.Snapshot()
			s.Want(fault.RepositoryUnreachable, o.words...)
			s.unchanged(before, "/var/lib/aadsshlogin-handler")
		})
	}
}

// TestRepositoryCannotBeRefreshed: the machine has the repository and its key, so the
// package manager fails.
func TestRepositoryCannotBeRefreshed(t *testing.T) {
	for _, p := range machines() {
		t.Run(p.Name, func(t *testing.T) {
			for _, o := range obstacles() {
				if o.known || o.budget > 0 && p.Family != roots.Dnf {
					continue // apt and zypper take minutes to give up; the requests are the same
				}
				t.Run(o.name, func(t *testing.T) {
					t.Parallel()
					// An overloaded server is tried four times, which no budget of a test may cut
					// short on a busy machine. install, which would do the same, is left out.
					s := newMachine(t, scene.Options{Persona: p, Timeout: o.budget}, configured)
					s.Deliver()
					s.snapshotHosts()
					o.put(s, s.below("/..."))
					s.Want(fault.RepositoryUnreachable, o.words...)
				})
			}
		})
	}
}

// configured is a machine on which the vendor's repository is already configured.
func configured(s *machine) {
	s.T.Helper()
	base := "https://" + pkghost.Name + s.Target.Repository.Path
	if s.apt() {
		key, err := keys.Rig().Binary()
		s.Must(err)
		s.Write("/usr/share/keyrings/owner.gpg", string(key))
		s.Write("/etc/apt/sources.list.d/microsoft-prod.list",
			"deb [signed-by=/usr/share/keyrings/owner.gpg] "+base+" "+s.Target.Repository.Suite+" main\n")
		return
	}
	s.WriteMode("/etc/pki/rpm-gpg/owner", string(keys.Rig().Public), 0o644)
	definition := "[packages-microsoft-com-prod]\nname=Microsoft\nbaseurl=" + base +
		"\nenabled=1\ngpgcheck=1\nrepo_gpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/owner\n"
	if s.zypper() {
		s.Write("/etc/zypp/repos.d/microsoft-prod.repo", definition+"pkg_gpgcheck=1\n")
		s.Sh("rpm --import /etc/pki/rpm-gpg/owner")
		return
	}
	s.Write("/etc/yum.repos.d/microsoft-prod.repo", definition)
}

// snapshotHosts copies up the files that the obstacles write.
func (s *machine) snapshotHosts() {
	for _, path := range []string{"/etc/hosts", "/etc/resolv.conf"} {
		s.Write(path, s.read(path))
	}
}

// resolve makes the package host's name resolve to an address; "" to none.
func (s *machine) resolve(address string) {
	s.T.Helper()
	var kept []string
	for line := range strings.Lines(s.read("/etc/hosts")) {
		if !strings.Contains(line, pkghost.Name) {
			kept = append(kept, line)
		}
	}
	if address != "" {
		kept = append(kept, address+" "+pkghost.Name+"\n")
	}
	s.Write("/etc/hosts", strings.Join(kept, ""))
}

// unknownName is a DNS server that knows no name at all.
func unknownName(s *machine, _ string) {
	s.T.Helper()
	s.resolve("")
	s.Write("/etc/resolv.conf", "nameserver "+box.WireServer+"\noptions use-vc\n")
	l, err := s.Listen("tcp", box.WireServer+":53")
	s.Must(err)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // the box has ended
			}
			go noSuchName(conn)
		}
	}()
}

// noSuchName answers every query with NXDOMAIN (RFC 1035, section 4.1.1).
func noSuchName(conn net.Conn) {
	defer conn.Close()
	for {
		var size uint16
		if binary.Read(conn, binary.BigEndian, &size) != nil {
			return
		}
		question := make([]byte, size)
		if _, err := io.ReadFull(conn, question); err != nil || size < 12 {
			return
		}
		question[2] |= 0x80                   // it is an answer
		question[3] = 0x83                    // recursion available, NXDOMAIN
		copy(question[6:12], make([]byte, 6)) // with no records but the question
		question = question[:12+questionLength(question[12:])]
		if binary.Write(conn, binary.BigEndian, uint16(len(question))) != nil {
			return
		}
		if _, err := conn.Write(question); err != nil {
			return
		}
	}
}

// questionLength is the length of the first question: a name, type and class.
func questionLength(b []byte) int {
	n := 0
	for n < len(b) && b[n] != 0 {
		n += int(b[n]) + 1
	}
	return n + 5
}
