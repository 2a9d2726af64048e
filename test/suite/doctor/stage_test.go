//go:build rig

package doctor_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aadssh/internal/doctor"
	"aadssh/internal/fault"
	"aadssh/test/lib/box"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// program is a person's copy of the handler.
const program = "/opt/person/aadsshlogin-handler"

// endpointAddress is the address of the login host and the role check in a box.
const endpointAddress = "127.0.0.3"

// endpoints is a fake of the login host and the role check: TLS under their names, and 404
// for everything, like the real role check.
type endpoints struct {
	mu     sync.Mutex
	hosts  []string // the hosts that got requests
	ahead  time.Duration
	status int
	server *http.Server
}

// serveEndpoints starts the endpoints of a cloud on a machine.
func serveEndpoints(s *stage.Stage, names ...string) *endpoints {
	s.T.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s.Must(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "Rig endpoints"}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	s.Must(err)
	s.Must(s.AppendFile("/etc/ssl/certs/ca-certificates.crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	s.Must(s.AppendFile("/etc/hosts", []byte(endpointAddress+" "+strings.Join(names, " ")+"\n")))
	e := &endpoints{status: http.StatusNotFound}
	e.server = &http.Server{Handler: e, ErrorLog: log.New(io.Discard, "", 0)}
	l, err := s.Listen("tcp", endpointAddress+":443")
	s.Must(err)
	secure := tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	go e.server.Serve(secure) //nolint:errcheck // ends with the box
	s.T.Cleanup(func() { e.server.Close() })
	return e
}

func (e *endpoints) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.hosts = append(e.hosts, r.Host)
	if e.ahead != 0 {
		w.Header().Set("Date", time.Now().Add(-e.ahead).UTC().Format(http.TimeFormat))
	}
	w.WriteHeader(e.status)
}

func (e *endpoints) asked() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.hosts)
}

// machine is a stage with a person on it, who runs their own copy of the program.
type machine struct {
	*stage.Stage
	endpoints *endpoints
}

// fresh is a machine before the extension is installed; env is the agent's environment in
// addition to what systemd sets.
func fresh(t *testing.T, o scene.Options, env ...string) *machine {
	t.Helper()
	s := &machine{Stage: stage.New(t, o)}
	s.endpoints = serveEndpoints(s.Stage, "login.microsoftonline.com", "pas.windows.net")
	s.WriteMode(program, string(s.Package()["bin/aadsshlogin-handler"].Data), 0o755)
	// A stand-in for the agent's process, and a log that syslog would write.
	s.WriteMode("/usr/sbin/waagent", "import time\ntime.sleep(100000)\n", 0o755)
	_, err := s.Start(append(box.Environment(), env...), "sh", "-c", "echo $$ >/run/waagent.pid; exec python3 -u /usr/sbin/waagent -daemon")
	s.Must(err)
	s.Await(agentRuns)
	authLog := "/var/log/auth.log"
	if s.Persona.Family != roots.Apt {
		authLog = "/var/log/secure"
	}
	s.WriteMode(authLog, "", 0o640)
	return s
}

// agentRuns succeeds as soon as doctor can find the agent and its environment. Before that,
// the process is a shell.
const agentRuns = "grep -q ^python3 /proc/$(cat /run/waagent.pid)/cmdline"

// healthy is a machine on which people can sign in.
func healthy(t *testing.T, o scene.Options, env ...string) *machine {
	t.Helper()
	s := fresh(t, o, env...)
	s.Want(fault.OK)
	s.SSHD()
	return s
}

// layers are file systems on which the package is installed and enable has passed, by the
// machine's name: many machines start from one of them.
type layers struct {
	dir  string
	lock sync.Mutex // of made, also while one is made
	made map[string]string
}

func newLayers(t *testing.T) *layers { return &layers{dir: t.TempDir(), made: map[string]string{}} }

// of is the layer of a machine.
func (l *layers) of(t *testing.T, o scene.Options) string {
	t.Helper()
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.made[o.Persona.Name] == "" {
		dir := filepath.Join(l.dir, fmt.Sprintf("layer%d", len(l.made)))
		s := stage.New(t, o)
		s.Want(fault.OK)
		s.Must(os.Mkdir(dir, 0o755))
		s.Must(s.Save(t.Context(), dir))
		s.Must(s.Close())
		l.made[o.Persona.Name] = dir
	}
	return l.made[o.Persona.Name]
}

// begin is a healthy machine that starts from such a layer.
func (l *layers) begin(t *testing.T, o scene.Options, env ...string) *machine {
	t.Helper()
	if l == nil || o.Box.Size != "" || o.Packages != nil {
		return healthy(t, o, env...)
	}
	o.Box.Layers = append([]string{l.of(t, o)}, o.Box.Layers...)
	s := fresh(t, o, env...)
	s.SSHD()
	return s
}

// runs runs the program as a person does.
func (s *machine) runs(args ...string) box.Result {
	s.T.Helper()
	r, err := s.Run(s.T.Context(), box.Environment(), append([]string{program}, args...)...)
	s.Must(err)
	return r
}

// examine runs doctor as a person does, as JSON; env is their environment.
func (s *machine) examine(env []string, args ...string) (doctor.Report, int) {
	s.T.Helper()
	r, err := s.Run(s.T.Context(), append(box.Environment(), env...), append([]string{program, "doctor", "--json"}, args...)...)
	s.Must(err)
	if len(r.Stderr) > 0 {
		s.T.Errorf("doctor wrote to standard error: %s", r.Stderr)
	}
	validate(s.T, "doctor.schema.json", r.Stdout)
	var report doctor.Report
	if err := json.Unmarshal(r.Stdout, &report); err != nil {
		s.T.Fatalf("%v\n%s", err, r.Stdout)
	}
	return report, r.ExitCode
}

// first is the first finding: a failure, or else a warning.
func first(r doctor.Report) doctor.Check {
	for _, answer := range []string{"fail", "warn"} {
		for _, c := range r.Checks {
			if c.Answer == answer {
				return c
			}
		}
	}
	return doctor.Check{Name: "none", Answer: "pass"}
}
