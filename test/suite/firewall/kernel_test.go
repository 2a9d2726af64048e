//go:build rig

// Package firewall_test compares doctor's verdict about a packet filter with the kernel:
// real nft and iptables in a network namespace, and connections to it from several
// networks.
package firewall_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"aadssh/internal/firewall"
	"aadssh/test/lib/box"
	"aadssh/test/lib/golden"
	"aadssh/test/lib/load"
	"aadssh/test/lib/stage"
	"aadssh/test/lib/wire"
)

// role is the role of this program inside a namespace.
const role = "FIREWALL_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "machine":
		serve()
	case "people":
		connect()
	default:
		os.Exit(m.Run())
	}
}

// closing matches the end of a chain or a table, which this nft requires on a separate
// line.
var closing = regexp.MustCompile(` *\}`)

// comments matches the comments of a listing, which have the time in them.
var comments = regexp.MustCompile(`(?m)^#.*\n`)

// sources are the networks that people connect from.
func sources() []string { return []string{"10.1.2.3", "10.2.2.2", "203.0.113.9", "198.51.100.7"} }

// address is the machine's.
const address = "10.0.0.4"

// serve accepts connections until its input ends.
func serve() {
	l, err := net.Listen("tcp4", address+":22")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("ready")
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, "SSH-2.0\r\n")
			c.Close()
		}
	}()
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// connect tries from each source, whenever a line arrives, and prints which succeeded.
func connect() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		results := make(chan string)
		for _, from := range sources() {
			go func() {
				d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: load.Scaled(300 * time.Millisecond)}
				c, err := d.Dial("tcp4", address+":22")
				if err == nil {
					defer c.Close()
					// The answer to a connection's first packet is no connection yet.
					_ = c.SetReadDeadline(time.Now().Add(load.Scaled(300 * time.Millisecond)))
					if _, err = c.Read(make([]byte, 1)); err == nil {
						results <- from
						return
					}
				}
				results <- ""
			}()
		}
		var in []string
		for range sources() {
			if got := <-results; got != "" {
				in = append(in, got)
			}
		}
		fmt.Println("in:", strings.Join(in, " "))
	}
}

// network is two namespaces with a link between them.
type network struct {
	stage.Shell
	name   string
	last   recording
	ask    io.Writer
	answer *bufio.Scanner
}

func newNetwork(t *testing.T) *network {
	s := &network{name: fmt.Sprintf("fw%d", os.Getpid())}
	s.Shell = stage.Shell{T: t, Exec: func(ctx context.Context, argv ...string) (box.Result, error) { return wire.Run(ctx, nil, argv) }}
	s.sh("ip netns add NAME; ip netns add NAMEp")
	t.Cleanup(func() { s.sh("ip netns del NAME; ip netns del NAMEp") })
	s.sh(`ip -n NAME link add eth0 type veth peer name eth0 netns NAMEp
ip -n NAME addr add 10.0.0.4/24 dev eth0; ip -n NAME link set lo up; ip -n NAME link set eth0 up; ip -n NAME route add default via 10.0.0.1
ip -n NAMEp addr add 10.0.0.1/24 dev eth0; ip -n NAMEp link set eth0 up`)
	for _, from := range sources() {
		s.sh("ip -n NAMEp addr add " + from + "/32 dev eth0")
	}
	_, ready := s.inside("", "machine")
	if !ready.Scan() || ready.Text() != "ready" {
		t.Fatalf("the machine's listener: %q", ready.Text())
	}
	s.ask, s.answer = s.inside("p", "people")
	return s
}

// inside starts this program in a namespace, until the test ends.
func (s *network) inside(suffix, as string) (io.Writer, *bufio.Scanner) {
	s.T.Helper()
	self, err := os.Executable()
	if err != nil {
		s.T.Fatal(err)
	}
	cmd := exec.Command("ip", "netns", "exec", s.name+suffix, self)
	cmd.Env = append(os.Environ(), role+"="+as)
	in, err := cmd.StdinPipe()
	if err != nil {
		s.T.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.T.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	return in, bufio.NewScanner(out)
}

// sh runs a script, in which NAME is the name of the namespaces.
func (s *network) sh(script string) { s.Sh(strings.ReplaceAll(script, "NAME", s.name)) }

// recording is what the programs list of a ruleset, and who could connect. The unit tests
// of internal/firewall hold their verdicts against it.
type recording struct {
	Name     string
	Iptables string
	Nft      json.RawMessage
	In       []string
	Unclear  bool `json:",omitempty"` // no verdict is possible
}

// load loads a ruleset on the machine, and returns what its programs list.
func (s *network) load(r ruleset) ([]firewall.Ruleset, error) {
	s.T.Helper()
	s.sh("ip netns exec NAME nft flush ruleset")
	feed := exec.Command("ip", "netns", "exec", s.name, "nft", "-f", "-")
	if r.iptables {
		feed = exec.Command("ip", "netns", "exec", s.name, "iptables-restore")
	}
	feed.Stdin = strings.NewReader(closing.ReplaceAllString(r.text, "\n}"))
	if r.json {
		feed = exec.Command("ip", "netns", "exec", s.name, "nft", "-j", "-f", "-")
		feed.Stdin = strings.NewReader(r.text)
	}
	if out, err := feed.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	list := func(args ...string) []byte {
		out, err := exec.Command("ip", append([]string{"netns", "exec", s.name}, args...)...).Output()
		if err != nil {
			s.T.Fatalf("%v: %v", args, err)
		}
		return out
	}
	saved := string(list("iptables-save"))
	tables := firewall.IptablesTables(saved)
	listed := list("nft", "-j", "list", "ruleset")
	s.last = recording{Name: r.name, Iptables: comments.ReplaceAllString(saved, ""), Nft: bytes.TrimSpace(listed), In: []string{}, Unclear: r.unclear}
	set, err := firewall.Nft(listed, false, func(family, table string) bool {
		return family == "ip" && strings.Contains(" "+strings.Join(tables, " ")+" ", " "+table+" ")
	})
	return []firewall.Ruleset{firewall.Iptables("iptables", saved), set}, err
}

// enter says which sources can connect.
func (s *network) enter() map[string]bool {
	s.T.Helper()
	fmt.Fprintln(s.ask)
	if !s.answer.Scan() {
		s.T.Fatal("the connecting programs have ended")
	}
	in := map[string]bool{}
	for _, from := range strings.Fields(strings.TrimPrefix(s.answer.Text(), "in:")) {
		in[from] = true
	}
	return in
}

// compare compares the verdict with what happened. It reports whether it was decided.
func (s *network) compare(r ruleset) (decided bool) {
	s.T.Helper()
	sets, err := s.load(r)
	if err != nil {
		s.T.Fatalf("%s: %v\n%s", r.name, err, r.text)
	}
	v := firewall.Ask(firewall.Question{Interfaces: []string{"eth0"}, Addresses: []netip.Addr{netip.MustParseAddr(address)}, Port: 22}, sets...)
	in := s.enter()
	for _, from := range sources() {
		if in[from] {
			s.last.In = append(s.last.In, from)
		}
	}
	if v.Fate == firewall.Unknown {
		return false
	}
	of := func(networks []string, from string) bool {
		return slices.ContainsFunc(networks, func(n string) bool { return netip.MustParsePrefix(n).Contains(netip.MustParseAddr(from)) })
	}
	for _, from := range sources() {
		if of(v.Unsure, from) {
			continue
		}
		named := of(v.Who, from)
		want := v.Fate == firewall.Open && !named || v.Fate == firewall.Some && named
		if in[from] != want {
			s.T.Errorf("%s: from %s: in is %v, the verdict %d for %v by %s says %v\n%s", r.name, from, in[from], v.Fate, v.Who, v.Rule, want, r.text)
		}
	}
	return len(v.Unsure) == 0
}

// TestKernel: exactly the sources that the verdict lets through can connect.
func TestKernel(t *testing.T) {
	s := newNetwork(t)
	var all []recording
	for _, r := range rulesets() {
		if decided := s.compare(r); decided == r.unclear {
			t.Errorf("%s: decided is %v", r.name, decided)
		}
		all = append(all, s.last)
	}
	s.compareRecorded(all)
}

// compareRecorded: the recorded rule sets are the same, and so are the people whom they let
// in. What the programs list differs between their versions.
func (s *network) compareRecorded(all []recording) {
	s.T.Helper()
	const file = "../../../internal/firewall/testdata/kernel.json"
	if golden.Update() {
		var lines []string
		for _, r := range all {
			line, err := json.Marshal(r)
			if err != nil {
				s.T.Fatal(err)
			}
			lines = append(lines, string(line))
		}
		golden.Compare(s.T, file, "["+strings.Join(lines, ",\n")+"]\n")
		return
	}
	content, err := os.ReadFile(file)
	if err != nil {
		s.T.Fatal(err)
	}
	var recorded []recording
	if err := json.Unmarshal(content, &recorded); err != nil {
		s.T.Fatal(err)
	}
	same := func(a, b recording) bool { // whom an unclear one lets in may be chance, and nothing is made of it
		return a.Name == b.Name && a.Unclear == b.Unclear && (a.Unclear || slices.Equal(a.In, b.In))
	}
	if !slices.EqualFunc(all, recorded, same) {
		s.T.Errorf("%s has other rule sets, or lets others in: UPDATE_GOLDEN=1 records it", file)
	}
}

// TestGenerated: the same for generated rulesets.
func TestGenerated(t *testing.T) {
	s := newNetwork(t)
	const seed, count = 7, 80
	random := rand.New(rand.NewPCG(seed, seed))
	unknown := 0
	for i := range count {
		if !s.compare(generate(random, fmt.Sprintf("generated %d of seed %d", i, seed))) {
			unknown++
		}
	}
	t.Logf("%d of %d not decided", unknown, count)
	if unknown > count/10 {
		t.Errorf("%d of %d rulesets were not decided", unknown, count)
	}
}
