package attacks

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
	"aadssh/internal/logging"
	"aadssh/internal/signin/sshd"
	"aadssh/internal/trail"
)

func no(string) bool { return false }

// journal is the log that is read from one line of the journal; the test's runner provides
// it.
func journal(w *world, fields map[string]string) trail.Log {
	fields["__REALTIME_TIMESTAMP"] = fmt.Sprint(time.Now().Add(-time.Minute).UnixMicro())
	b, err := json.Marshal(fields)
	w.must(err)
	r := hosttest.New(w.t)
	h := r.Host()
	r.Expect("journalctl -q --no-pager --all -o json --since -24h -n 4000 -r _UID=0 -t sshd -t sshd-session -t sshd-auth -t aad_certhandler", host.Result{Stdout: append(b, '\n')})
	return trail.Read(w.t.Context(), h, time.Now(), trail.Day)
}

// naiveCause is how lines were once read: any word anywhere in the line counts.
func naiveCause(line string) bool {
	return regexp.MustCompile(`(?i)role.*(not|no |missing|denied)|(denied|not authorized|unauthorized|forbidden)`).MatchString(line)
}

// typed: somebody types a name that reads like a cause, before anybody knows who they are.
func typed(what, name, line string) attack {
	return attack{by: "stranger", what: what, holds: "a name is not used for matching, and is put into a command only after it was verified",
		works: func(*world) bool { return naiveCause(fmt.Sprintf(line, name)) },
		held: func(w *world) error {
			log := journal(w, map[string]string{"_UID": "0", "_COMM": "sshd", "SYSLOG_IDENTIFIER": "sshd", "_PID": "7", "MESSAGE": fmt.Sprintf(line, name)})
			for _, e := range log.Events(no, no) {
				if e.Cause.Name == "role" || e.CommandName() != "PERSON" || strings.ContainsAny(e.Means()+e.Next(), "\x1b\u202e") {
					return fmt.Errorf("%s: %s %s", e.Cause.Name, e.Means(), e.Next())
				}
			}
			text, _ := log.Permitted()
			return holds(!strings.Contains(text, name), "the bundle repeats it: %s", text)
		}}
}

func local() []attack {
	forged := map[string]string{"_UID": "1000", "_COMM": "logger", "SYSLOG_IDENTIFIER": "sshd", "MESSAGE": "pam_aad(sshd:account): Access denied for evil@evil.example: Azure role not assigned"}
	return []attack{
		typed("the name unauthorized@evil.example", "unauthorized@evil.example", "Invalid user %s from 203.0.113.9 port 4711"),
		typed("a name of several words", "role not assigned to me@evil.example", "Failed password for invalid user %s from 203.0.113.9 port 4711 ssh2"),
		typed("a name with the beginning of another program's line", "pam_aad(sshd:account): Access denied for a@b.example", "Invalid user %s from 203.0.113.9 port 4711"),
		typed("a name with control characters", "denied\x1b[2J\u202e@evil.example", "User %s from 203.0.113.9 not allowed because not listed in AllowUsers"),
		typed("a name with a command", "denied@x;reboot", "User %s from 203.0.113.9 not allowed because not listed in AllowUsers"),
		{by: "local user", what: "logger -t sshd writes what the PAM module would", holds: "only lines of root's processes count, according to the journal's own field",
			works: func(*world) bool { return forged["SYSLOG_IDENTIFIER"] == "sshd" && naiveCause(forged["MESSAGE"]) },
			held: func(w *world) error {
				return holds(len(journal(w, forged).Events(no, no)) == 0, "it is believed")
			}},
		{by: "local user", what: "a read lock of nobody on a package manager's lock file", holds: "for the watch, only locks that root holds count",
			works: func(w *world) bool { return lockOfNobody(w, (*host.Host).LockHolder) },
			held: func(w *world) error {
				return holds(!lockOfNobody(w, (*host.Host).RootLockHolder), "it silences the watch")
			}},
		{by: "local user", what: "a program in a folder that a group can write to", holds: "only root can write to what root runs, and to all folders above it",
			works: func(w *world) bool {
				full, err := evilProgram(w)
				w.must(err)
				_ = exec.Command(full).Run()
				_, err = os.Stat(filepath.Join(w.dir, "ran"))
				return err == nil
			},
			held: func(w *world) error {
				full, err := evilProgram(w)
				w.must(err)
				_, err = (&host.Local{Log: logging.Discard()}).Run(w.t.Context(), host.Command{Name: full})
				_, ran := os.Stat(filepath.Join(w.dir, "ran"))
				return holds(errors.Is(err, host.ErrUnsafeProgram) && ran != nil, "%v", err)
			}},
		{by: "local user", what: "a folder of the user's at the beginning of PATH", environment: true, holds: "programs are searched for in fixed folders that only root can write to",
			works: func(w *world) bool {
				full, err := evilProgram(w)
				w.must(err)
				w.t.Setenv("PATH", filepath.Dir(full)+":"+os.Getenv("PATH"))
				found, err := exec.LookPath("id")
				return err == nil && found == full
			},
			held: func(w *world) error {
				full, err := evilProgram(w)
				w.must(err)
				w.t.Setenv("PATH", filepath.Dir(full)+":"+os.Getenv("PATH"))
				_, err = (&host.Local{Log: logging.Discard()}).Run(w.t.Context(), host.Command{Name: "id"})
				_, ran := os.Stat(filepath.Join(w.dir, "ran"))
				return holds(err == nil && ran != nil, "%v", err)
			}},
		{by: "local user", what: "LD_PRELOAD and a proxy in the environment", environment: true, holds: "commands get our environment, with nothing of the caller's",
			works: func(w *world) bool {
				w.t.Setenv("http_proxy", "http://evil.example:1")
				out, err := exec.Command("env").Output()
				return err == nil && strings.Contains(string(out), "evil.example")
			},
			held: func(w *world) error {
				w.t.Setenv("http_proxy", "http://evil.example:1")
				w.t.Setenv("BASH_ENV", "/tmp/evil")
				r, err := (&host.Local{Log: logging.Discard()}).Run(w.t.Context(), host.Command{Name: "env"})
				return holds(err == nil && !strings.Contains(r.Output(), "evil"), "%s", r.Output())
			}},
		{by: "local user", what: "a process that calls itself like a command", holds: "names of processes are shown in quotes, without their arguments",
			works: func(w *world) bool {
				return strings.Contains(fmt.Sprintf("%s (process 7) holds the lock", w.read(w.put("proc/7/comm", "x; sudo reboot"))), "; sudo reboot")
			},
			held: func(w *world) error {
				w.put("proc/7/comm", "x; sudo \x1b[2J\n")
				w.put("proc/7/cmdline", "x; sudo \x1b[2J\x00--password=s3cret\x00")
				w.put("proc/7/status", "Uid:\t0\t0\t0\t0\n")
				w.put("run/x.pid", "7")
				holder, held := w.host.LockHolder([]host.Lock{{Path: "/run/x.pid", Kind: host.LockPIDFile}})
				s := holder.String()
				return holds(held && strings.HasPrefix(s, `"`) && !strings.ContainsAny(s, "\x1b") && !strings.Contains(s, "s3cret"), "%q", s)
			}},
		{by: "local user", what: "a process hides, so that its folder in /proc is root's", holds: "the owner of a process is taken from its status, not from its folder",
			works: func(w *world) bool {
				w.put("proc/7/status", "Uid:\t65534\t65534\t65534\t65534\n")
				info, err := os.Stat(filepath.Join(w.dir, "proc/7"))
				return err == nil && int(info.Sys().(*syscall.Stat_t).Uid) == os.Geteuid() // root, when root runs this
			},
			held: func(w *world) error {
				w.put("proc/7/status", "Name:\tUid: 0 0 0 0\nUid:\t65534\t65534\t65534\t65534\n")
				return holds(w.host.ProcessUser(7) == 65534, "it counts as user %d", w.host.ProcessUser(7))
			}},
		{by: "local user", what: "a process called sshd listens, with other options", holds: "only root's sshd is asked; the kernel says who owns a process",
			works: func(w *world) bool {
				mallorysDaemon(w)
				listening := strings.Contains(w.read(filepath.Join(w.dir, "proc/net/tcp")), " 71 ")
				return listening && w.read(filepath.Join(w.dir, "proc/7/comm")) == "sshd\n" // its options would be handed to root's
			},
			held: func(w *world) error {
				mallorysDaemon(w)
				d := sshd.Gather(w.t.Context(), w.host, false, nil).Daemon
				return holds(d.PID == 0 && len(d.Command) == 0 && d.Binary == "", "it is taken for the daemon: %+v", d)
			}},
		{by: "local user", what: "a pid file that names a process which has ended", holds: "an ended process holds no lock",
			works: func(w *world) bool { return w.read(w.put("run/x.pid", "4711")) == "4711" },
			held: func(w *world) error {
				w.put("run/x.pid", "4711")
				w.path("proc/1/status")
				_, held := w.host.LockHolder([]host.Lock{{Path: "/run/x.pid", Kind: host.LockPIDFile}})
				return holds(!held, "it holds the lock")
			}},
	}
}

// mallorysDaemon is a program of user 1000 that is named sshd, and listens.
func mallorysDaemon(w *world) {
	w.put("proc/net/tcp", "  0: 00000000:08AE 0:0 0A 0:0 0:0 0 0 0 71 1 0\n")
	w.put("proc/7/comm", "sshd\n")
	w.put("proc/7/status", "Name:\tsshd\nUid:\t1000\t1000\t1000\t1000\n")
	w.put("proc/7/cmdline", "/usr/sbin/sshd\x00-D\x00-o\x00AuthorizedKeysCommand=/home/mallory/x\x00")
	w.link("/home/mallory/sshd", "proc/7/exe")
	w.link("socket:[71]", "proc/7/fd/3")
	w.put("run/sshd.pid", "7\n")
}

func evilProgram(w *world) (string, error) {
	full := w.put("bin/id", "#!/bin/sh\ntouch "+w.dir+"/ran\n")
	return full, errors.Join(os.Chmod(full, 0o755), os.Chmod(filepath.Dir(full), 0o777))
}

// lockOfNobody makes another process lock a file for reading, as nobody if this runs as
// root and otherwise as the same user, and asks who holds the lock.
func lockOfNobody(w *world, ask func(*host.Host, []host.Lock) (host.Holder, bool)) bool {
	for dir := w.dir; dir != os.TempDir() && len(dir) > len(os.TempDir()); dir = filepath.Dir(dir) { // the folders of this test
		w.must(os.Chmod(dir, 0o755))
	}
	full := w.put("rpm.lock", "")
	c := exec.Command("/usr/bin/python3", "-c", "import fcntl,sys\nf=open(sys.argv[1])\nfcntl.lockf(f,fcntl.LOCK_SH)\nprint('locked',flush=True)\nsys.stdin.read()", full)
	if os.Geteuid() == 0 {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	c.Dir = "/"
	in, err := c.StdinPipe()
	w.must(err)
	out, err := c.StdoutPipe()
	w.must(err)
	w.must(c.Start())
	defer func() { in.Close(); _ = c.Wait() }()
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "locked\n" {
		w.t.Fatalf("the lock was not taken: %q, %v", line, err)
	}
	_, held := ask(&host.Host{Log: logging.Discard()}, []host.Lock{{Path: full, Kind: host.LockFcntl}})
	return held
}
