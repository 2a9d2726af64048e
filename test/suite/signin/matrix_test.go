//go:build rig

package signin_test

import (
	"context"
	_ "embed"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"aadssh/internal/doctor"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/planned"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// TestMatrix: on each machine of testdata/machines, enable's verdict agrees with what
// people experience who connect over the network, before and after it; and if it names a
// next step, that is carried out, and they can sign in.
//
// MACHINES=all runs every machine and compares docs/sign-in-checks.md, which
// UPDATE_GOLDEN=1 renders; without it a sample is run, one of 36. MACHINES=word
// runs those whose name contains the word. RESULTS=folder saves the results, so that the
// next run only runs the others.
func TestMatrix(t *testing.T) {
	m := matrix{keys: makeKeys(t), modules: makeModules(t), stages: map[string]func() (string, error){}}
	t.Run("machines", func(t *testing.T) {
		eachMachine(t, 36, func(s situation, persona string) {
			r := &result{situation: s, persona: persona}
			m.results = append(m.results, r)
			t.Run(s.name+"/"+persona, func(t *testing.T) {
				t.Parallel()
				m.run(t, r)
			})
		})
	})
	m.report(t)
}

// eachMachine calls a function for each machine of this run, by default one of many.
func eachMachine(t *testing.T, many uint32, do func(s situation, persona string)) {
	t.Helper()
	try := func(s situation, persona string) {
		if taken(s.name, persona, many) {
			do(s, persona)
		}
	}
	for _, s := range situations(t) {
		for _, p := range s.personas {
			try(s, p)
		}
	}
	for _, r := range releases() {
		try(stockMachine(t, r), r.name)
	}
}

// taken reports whether a machine is part of this run, in which by default one of many is.
func taken(name, persona string, many uint32) bool {
	switch want := os.Getenv("MACHINES"); want {
	case "all":
		return true
	case "":
		h := fnv.New32a()
		fmt.Fprint(h, name, persona)
		return h.Sum32()%many == 0
	default:
		return slices.ContainsFunc(strings.Split(want, ","), func(w string) bool { return strings.Contains(name+"/"+persona, w) })
	}
}

// matrix is what the machines have in common, and their results.
type matrix struct {
	keys, modules string
	results       []*result

	lock   sync.Mutex
	stages map[string]func() (string, error) // a layer with the installed package, by persona and kind of package
}

// result is the result of one machine.
type result struct {
	situation
	persona       string
	before, after []string // per attempt: "in", "out", "unchecked"
	code          int
	said, next    string
	warned        string
	repair        string // what enable repaired
	carried       string // the next step that was carried out
	helps         string // its result; "": none was carried out
	done          bool   // it was examined completely
	ones          []answered
	wrong         string // why the verdict is wrong; "": it agrees
}

// version is the version of the package in the table of distributions: SLES before 15.6 has
// an older one.
func version(p roots.Persona) string {
	if p.Family == roots.Zypper && (p.Release < "15.6" || p.Release == "42.3") {
		return "1.0.027980001"
	}
	return scene.Version
}

// persona is a test machine by name.
func persona(t *testing.T, name string) roots.Persona {
	t.Helper()
	for prefix, of := range map[string]func(string) roots.Persona{"ubuntu": roots.Ubuntu, "rhel": roots.RHEL, "sles": roots.SLES} {
		if version, ok := strings.CutPrefix(name, prefix); ok {
			return of(version)
		}
	}
	suites := map[string]roots.Suite{"debian11": roots.Bullseye, "debian12": roots.Bookworm, "debian13": roots.Trixie}
	if suite, ok := suites[name]; ok {
		return roots.Debian(suite)
	}
	t.Fatalf("no persona %q", name)
	return roots.Persona{}
}

// passedLayer is a file system on which our enable installed the package and passed.
// prepare, if given, is run before.
func (m *matrix) passedLayer(t *testing.T, p roots.Persona, o scene.Options, prepare func(*scene.Scene) error) string {
	t.Helper()
	key := fmt.Sprint(p.Name, o.Packages)
	m.lock.Lock()
	if m.stages[key] == nil {
		dir := filepath.Join(m.keys, fmt.Sprintf("layer%d", len(m.stages)))
		m.stages[key] = sync.OnceValues(func() (string, error) { return dir, install(o, dir, prepare) })
	}
	stage := m.stages[key]
	m.lock.Unlock()
	layer, err := stage()
	if err != nil {
		t.Fatal(err)
	}
	return layer
}

// addUsers is a script that gives everybody an account.
func addUsers() string { return "for u in " + strings.Join(users(), " ") + "; do aaduseradd $u; done" }

func install(o scene.Options, dir string, prepare func(*scene.Scene) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	s, err := scene.Start(ctx, o)
	if err != nil {
		return err
	}
	defer s.Close()
	if prepare != nil {
		if err := prepare(s); err != nil {
			return err
		}
	}
	report, err := s.Agent.Apply(ctx, s.Goal())
	if err != nil {
		return err
	}
	if last := report.Runs[len(report.Runs)-1]; last.ExitCode != 0 {
		return fmt.Errorf("enable on a fresh machine: %d %s", last.ExitCode, last.Stdout)
	}
	if r, err := s.Run(ctx, nil, "sh", "-ec", addUsers()); err != nil || r.ExitCode != 0 {
		return fmt.Errorf("aaduseradd: %w %s", err, r.Output())
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	return s.Save(ctx, dir)
}

// machine is one machine of the matrix while it is examined.
type machine struct {
	*inhabited
	people *outside
	m      *matrix
	s      situation
	daemon *box.Process
	ones   []answered // doctor's result for each person
}

// start starts a machine and makes everybody try to sign in.
func (m *matrix) start(t *testing.T, r *result) *machine {
	t.Helper()
	one := m.set(t, r.situation, r.persona)
	r.before = one.attempts()
	for i, a := range r.attempts {
		if r.before[i] != a.truth && a.truth != "any" {
			t.Errorf("%s: %s, and the file says %s", a.words, r.before[i], a.truth)
		}
	}
	one.oneByOne(r.before)
	r.ones = one.ones
	return one
}

// set starts a machine, with its daemon and the people outside.
func (m *matrix) set(t *testing.T, s situation, personaName string) *machine {
	t.Helper()
	var p roots.Persona
	var prepare func(*scene.Scene) error
	if of, known := releaseNamed(personaName); known {
		p, prepare = of.persona(t), of.prepare(t)
	} else {
		p = persona(t, personaName)
	}
	o := scene.Options{Persona: p, Packages: []fixtures.Spec{{Name: fixtures.Login, Version: version(p), FirstOnly: !s.registers}}}
	o.Box.Binds = []box.Bind{{From: m.modules, To: "/usr/lib/rig-modules"}}
	o.Box.Layers = []string{m.passedLayer(t, p, o, prepare)}
	one := &machine{inhabited: inhabit(t, o), m: m, s: s}
	var from []string
	for _, a := range s.attempts {
		if !slices.Contains(from, a.from) {
			from = append(from, a.from)
		}
	}
	one.people = connect(t, one.Box, from)
	one.Do("mkdir -p /run/sshd && " + withoutServices)
	one.Do(words + s.script + "\n")
	one.startDaemon()
	return one
}

func (m *matrix) run(t *testing.T, r *result) {
	if r.load(t) {
		return
	}
	one := m.start(t, r)
	one.sudo()
	r.code, r.said, r.next, r.warned, r.repair = one.enable()
	one.restartDaemon()
	r.after = one.attempts()
	r.wrong = r.disagreement()
	if r.wrong != "" {
		t.Errorf("%s\nenable: %d %s | %s\nwarned: %s", r.wrong, r.code, r.said, r.next, r.warned)
	}
	one.carryOut(r)
	r.done = true
	r.save(t)
	one.stopDaemon()
}

// words are the commands of the scripts. README.md explains them.
//
//go:embed testdata/machines/words.sh
var words string

// withoutServices is a systemctl for a machine without systemd: next steps use it, and the
// daemon is restarted after each.
const withoutServices = `rm -f /usr/bin/systemctl /bin/systemctl; printf '#!/bin/sh\nexit 0\n' > /usr/local/bin/systemctl; chmod 755 /usr/local/bin/systemctl
cat > /usr/local/bin/update-crypto-policies <<'END'
#!/bin/sh
# A stand-in: what the policy DEFAULT has for sshd, in the form that is there.
f=/etc/crypto-policies/back-ends/opensshserver.config
a=rsa-sha2-256,rsa-sha2-256-cert-v01@openssh.com,rsa-sha2-512,rsa-sha2-512-cert-v01@openssh.com,ssh-ed25519
if grep -q CRYPTO_POLICY $f; then
    echo "CRYPTO_POLICY='-oPubkeyAcceptedKeyTypes=$a'" > $f
else
    printf 'PubkeyAcceptedAlgorithms %s\nRequiredRSASize 2048\n' $a > $f
fi
END
chmod 755 /usr/local/bin/update-crypto-policies`

// startDaemon starts sshd as the machine's unit would, and waits until it listens or has
// ended.
func (o *machine) startDaemon() {
	o.T.Helper()
	before := o.listeners()
	daemon, err := o.Start(nil, append([]string{"/usr/sbin/sshd", "-D", "-e"}, o.s.options...)...)
	if err != nil {
		o.T.Fatal(err)
	}
	o.daemon = daemon
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = daemon.Wait(o.T.Context())
	}()
	for asleep := 0; asleep < 400; {
		select {
		case <-ended:
			return
		case <-time.After(10 * time.Millisecond):
		}
		if !daemon.Sleeps() { // it may still open more sockets
			continue
		}
		if o.listeners() > before {
			return
		}
		asleep++
	}
	o.T.Log("sshd neither listens nor ends")
}

// listeners is the number of listening sockets on the machine.
func (o *machine) listeners() (n int) {
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", o.Pid(), table))
		if err != nil {
			o.T.Fatal(err)
		}
		n += strings.Count(string(b), " 0A ")
	}
	return n
}

func (o *machine) stopDaemon() (said string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if strings.Contains(o.s.script, "mkfifo") { // release what waits at a pipe, repeatedly: it may wait at the next one
		ended := make(chan struct{})
		defer func() { cancel(); <-ended }()
		go func() {
			defer close(ended)
			for ctx.Err() == nil {
				_, _ = o.Run(ctx, nil, "sh", "-c", `find /etc -type p -exec timeout 0.5 sh -c ': > "$1"' wake {} \;; sleep 0.1`)
			}
		}()
	}
	_ = o.daemon.Signal(syscall.SIGTERM)
	r, err := o.daemon.Wait(ctx)
	if err != nil {
		o.T.Fatalf("sshd does not end: %v", err)
	}
	return string(r.Stdout)
}

func (o *machine) restartDaemon() {
	o.stopDaemon()
	o.startDaemon()
}

// attempts are the connections of the situation, as people make them.
func (o *machine) attempts() (out []string) {
	for _, a := range o.s.attempts {
		_ = o.Remove(checked)
		time.Sleep(time.Duration(a.wait) * time.Second)
		for range a.fails {
			o.people.fail(o.T, o.m.keys, a)
		}
		said, ok := o.people.ssh(o.T, o.m.keys, a, "id -un")
		switch {
		case !ok || said != a.user:
			out = append(out, "out")
			o.T.Logf("%s: %s", a.words, said)
		case !o.Exists(checked):
			out = append(out, "unchecked")
		default:
			out = append(out, "in")
		}
	}
	return out
}

// sudo compares the file's expectation of an administrator's sudo with the machine.
func (o *machine) sudo() {
	if o.s.sudo == "" {
		return
	}
	who := o.s.attempts[0].user
	o.Do("sed -i 's/^aad_admins:.*/&" + who + "/' /etc/group")
	_, ok := o.people.ssh(o.T, o.m.keys, o.s.attempts[0], "sudo -n true")
	o.Do("sed -i 's/^\\(aad_admins:.*\\)" + who + "$/\\1/' /etc/group")
	if ok != (o.s.sudo == "yes") {
		o.T.Errorf("an administrator's sudo works: %v, and the file says %s", ok, o.s.sudo)
	}
}

// enable is what the agent's next start does, compared with plan before it: the two lines
// that a person reads, and the texts of the substatuses that are not a success.
func (o *machine) enable() (code int, said, next, warned, repair string) {
	t := o.T
	t.Helper()
	_, report := o.plannedEnable()
	last, e := report.Runs[len(report.Runs)-1], report.Extension
	if e == nil || e.Invalid != "" || e.Code != last.ExitCode || (e.Status == "success") != (last.ExitCode == 0) {
		t.Errorf("the status does not agree with exit code %d: %+v", last.ExitCode, e)
		return last.ExitCode, last.Stdout, "", "", ""
	}
	said, next, _ = strings.Cut(strings.TrimSpace(last.Stdout), "\n")
	var words []string
	for _, sub := range e.Substatus {
		if sub.Name == "repair" {
			repair = sub.Message
		}
		if sub.Status != "success" && sub.Name != "monitor" && sub.Name != "distro" {
			words = append(words, sub.Message)
		}
	}
	return last.ExitCode, said, next, strings.Join(words, " "), repair
}

// plannedEnable is an enable that is compared with the plan before it.
func (o *machine) plannedEnable() (doctor.PlanReport, agentrun.Report) {
	t := o.T
	t.Helper()
	plan, _ := planned.Ask(t, o.Scene, planned.Own(scene.HandlerVersion))
	before := len(o.HandlerLog())
	report, err := o.Agent.Apply(t.Context(), o.Goal())
	if err != nil {
		t.Fatal(err)
	}
	planned.Agree(t, o.Scene, plan, report.Runs[len(report.Runs)-1], o.HandlerLog()[before:])
	return plan, report
}

// disagreement says what is wrong with the verdict.
func (r *result) disagreement() string {
	everybody := func(attempts []string, word string) bool {
		return !slices.ContainsFunc(attempts, func(s string) bool { return s != word })
	}
	promised := r.code == 0 && strings.HasPrefix(r.said, "People can sign in")
	switch repaired := !slices.Equal(r.before, r.after); {
	case repaired && r.code == 0 && everybody(r.after, "in") && r.repair != "" && r.warned == "":
		return ""
	case repaired && promised:
		return fmt.Sprintf("enable changed who gets in: %v, then %v", r.before, r.after)
	case r.code == 0 && !strings.Contains(r.said, ", except ") && promised && !everybody(r.after, "in") && !r.mayBe(expected{code: 0}):
		return "wrong success: the promise is made, and not everybody gets in"
	case r.code != 0 && everybody(r.after, "in") && !r.mayBe(expected{code: r.code}):
		return "wrong failure: people get in"
	}
	for _, v := range r.may {
		if v.allows(r.code, r.said+" "+r.next, r.warned) {
			return ""
		}
	}
	return "none of what enable may say"
}

// mayBe reports whether the file allows a code without naming anything.
func (r *result) mayBe(want expected) bool {
	return slices.ContainsFunc(r.may, func(v expected) bool { return v.code == want.code && !v.quiet && !v.warns && len(v.names) == 0 })
}

// makeModules compiles PAM modules and name services that always give the same answer.
func makeModules(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	var wait sync.WaitGroup
	gcc := func(out string, args ...string) {
		if said, err := exec.Command("gcc", append([]string{"-shared", "-fPIC", "-O1", "-s", "-o", filepath.Join(dir, out)}, args...)...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", out, err, said)
		}
	}
	compile := func(out string, args ...string) {
		wait.Go(func() { gcc(out, append(args, "testdata/answer.c")...) })
	}
	// Values of _pam_types.h of Linux-PAM and of nss.h of glibc.
	for name, value := range map[string]int{"success": 0, "denied": 6, "autherr": 7, "unknown": 10, "unavail": 9, "ignore": 25} {
		compile("pam_"+name+".so", fmt.Sprintf("-DPAM=%d", value))
		// The package's module with a part for sessions.
		compile("pam_aad_"+name+".so", fmt.Sprintf("-DSESSION=%d", value), "../../lib/fixtures/source/pam_aad.c")
	}
	// A module that needs a library which no machine has.
	gcc("libgone.so.1", "-DPAM=0", "-Wl,-soname,libgone.so.1", "testdata/answer.c")
	compile("pam_lonely.so", "-DPAM=0", "-Wl,--no-as-needed", filepath.Join(dir, "libgone.so.1"))
	// A module that needs a library which in turn needs the missing one.
	gcc("libmiddle.so.1", "-DPAM=0", "-Wl,-soname,libmiddle.so.1", "testdata/answer.c", "-Wl,--no-as-needed", filepath.Join(dir, "libgone.so.1"))
	compile("pam_indirect.so", "-DPAM=0", "-Wl,--no-as-needed", "-Wl,--allow-shlib-undefined", filepath.Join(dir, "libmiddle.so.1"))
	compile("pam_aad_indirect.so", "-DSESSION=25", "../../lib/fixtures/source/pam_aad.c", "-Wl,--no-as-needed", "-Wl,--allow-shlib-undefined", filepath.Join(dir, "libmiddle.so.1"))
	for answer, value := range map[string]int{"tryagain": -2, "unavail": -1, "notfound": 0} {
		for _, service := range []string{"sss", "ldap", "winbind", "himmelblau"} {
			compile("nss_"+service+"_"+answer+".so", fmt.Sprintf("-DNSS=%d", value), "-DNAME=_nss_"+service+"_getpwnam_r")
		}
	}
	compile("nss_himmelblau_knows.so", "-DENTRY=himmelblau")
	wait.Wait()
	return dir
}
