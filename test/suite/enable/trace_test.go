//go:build rig

package enable

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aadssh/test/lib/stage"
)

// traced are the system calls with which a process can change files, reach the network,
// start programs or end others.
const traced = "open,openat,openat2,creat,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,mknod,mknodat," +
	"link,linkat,symlink,symlinkat,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,truncate,ftruncate,fallocate," +
	"utime,utimes,futimesat,utimensat,setxattr,lsetxattr,fsetxattr,removexattr,lremovexattr,fremovexattr," +
	"mount,umount2,connect,sendto,sendmsg,sendmmsg,bind,kill,pidfd_send_signal,execve,execveat"

// call is one system call that succeeded.
type call struct {
	name string
	args string // as printed by strace; descriptors with their path
}

// readTrace reads the output of strace -f -yy, from the first execve of program on, and
// keeps the calls that succeeded.
func readTrace(t *testing.T, file, program string) []call {
	t.Helper()
	f, err := os.Open(file)
	stage.Must(t, err)
	defer f.Close()
	line := regexp.MustCompile(`^(\d+) +(?:<\.\.\. )?(\w+)(?:\((.*)| resumed>(.*))$`)
	superseded := regexp.MustCompile(`^(\d+) +\+\+\+ superseded by execve in pid (\d+) \+\+\+$`)
	var calls []call
	pending := map[string]string{} // by process: the first half of an interrupted call
	begun := false
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		m := line.FindStringSubmatch(lines.Text())
		if m == nil {
			if s := superseded.FindStringSubmatch(lines.Text()); s != nil { // a thread ran execve, and replaces the first one
				pending[s[1]] = pending[s[2]]
				delete(pending, s[2])
				continue
			}
			if pid, rest, _ := strings.Cut(lines.Text(), " "); strings.HasPrefix(strings.TrimLeft(rest, " "), "+++ ") {
				delete(pending, pid) // it ended in the middle of a call: apt ends its helpers with a signal
			}
			continue
		}
		pid, name, rest := m[1], m[2], m[3]+m[4]
		if half, unfinished := strings.CutSuffix(rest, "<unfinished ...>"); unfinished {
			pending[pid] = half
			continue
		}
		if m[3] == "" && m[4] != "" {
			rest = pending[pid] + rest
			delete(pending, pid)
		}
		args, result, found := cutLast(rest, " = ")
		if !found {
			t.Fatalf("strace wrote what cannot be read: %s", lines.Text())
		}
		if strings.HasPrefix(result, "-1 ") && !strings.Contains(result, "EINPROGRESS") {
			continue
		}
		args = strings.TrimSuffix(strings.TrimRight(args, " "), ")")
		if name == "execve" && strings.HasPrefix(args, `"`+program+`"`) {
			begun = true
			continue
		}
		if begun {
			calls = append(calls, call{name, args})
		}
	}
	stage.Must(t, lines.Err())
	if len(pending) > 0 {
		t.Fatalf("strace ended in the middle of calls: %v", pending)
	}
	if !begun {
		t.Fatalf("%s was never run", program)
	}
	return calls
}

// TestReadTrace: a process that ends in the middle of a call does not affect the calls of
// others; one whose call never ends is reported.
func TestReadTrace(t *testing.T) {
	const program = "/opt/handler"
	file := filepath.Join(t.TempDir(), "trace")
	stage.Must(t, os.WriteFile(file, []byte(`10 execve("/opt/handler", ["handler"], 0x1 /* 2 vars */) = 0
10 execve("/usr/bin/apt-get", ["apt-get"], 0x1 /* 2 vars */) = 0
11 openat(AT_FDCWD, "/tmp/a", O_RDONLY <unfinished ...>
12 openat(AT_FDCWD, "/tmp/b", O_WRONLY <unfinished ...>
11 --- SIGTERM {si_signo=SIGTERM} ---
12 <... openat resumed>) = 3</tmp/b>
11 +++ killed by SIGTERM +++
12 mkdir("/tmp/c", 0777) = -1 EEXIST (File exists)
13 execve("/usr/bin/dpkg", ["dpkg"], 0x1 /* 2 vars */ <unfinished ...>
12 +++ superseded by execve in pid 13 +++
12 <... execve resumed>) = 0
12 +++ exited with 0 +++
`), 0o600))
	var got []string
	for _, c := range readTrace(t, file, program) {
		got = append(got, c.name+" "+c.paths()[0])
	}
	if want := []string{"execve /usr/bin/apt-get", "openat /tmp/b", "execve /usr/bin/dpkg"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// paths are the file names in a call's arguments: those in quotes, and those
// that -yy adds to descriptors.
func (c call) paths() []string {
	var found []string
	for _, m := range regexp.MustCompile(`"([^"]*)"|\d<([^>]*)>`).FindAllStringSubmatch(c.args, -1) {
		found = append(found, m[1]+m[2])
	}
	return found
}

// writes reports whether the call changes files or folders.
func (c call) writes() bool {
	switch c.name {
	case "open", "openat", "openat2":
		return regexp.MustCompile(`O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_TMPFILE`).MatchString(c.args)
	case "connect", "sendto", "sendmsg", "sendmmsg", "bind", "kill", "pidfd_send_signal", "execve", "execveat":
		return false
	}
	return true
}
