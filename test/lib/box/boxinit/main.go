// Command boxinit is the first process of a box. It is started in new namespaces, builds
// the box's file system, prints "ready", and then only reaps processes until its standard
// input closes: the box ends with its test, however that ends. It uses only the standard
// library, because it is compiled by itself, from the source that package box embeds.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// config is the first line of standard input.
type config struct {
	Work   string   // empty folder to mount on
	Size   string   // of the tmpfs that takes all writes
	Layers []string // lower layers, topmost first
	// Files are written to the folder files below Work, for Binds from there. They are on a
	// tmpfs of their own, which takes nothing from Size. A path that ends with a slash is a
	// folder's.
	Files     map[string]string
	Binds     []bind
	Addresses []string // on lo
	BlackHole string   // an address that drops all packets
	Hostname  string
}

type bind struct {
	From, To string
	Write    bool
}

func main() {
	in := bufio.NewReader(os.Stdin)
	upper, err := setUp(in)
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	// The parent reads through this descriptor what has changed.
	fmt.Println("ready", upper.Fd())
	children := make(chan os.Signal, 8)
	signal.Notify(children, syscall.SIGCHLD)
	go func() {
		_, _ = io.Copy(io.Discard, in)
		os.Exit(0) // as process 1: everything in the box dies with us
	}()
	for range children {
		for pid := 1; pid > 0; {
			pid, _ = syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		}
	}
}

func setUp(in *bufio.Reader) (upper *os.File, err error) {
	line, err := in.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	var c config
	if err := json.Unmarshal(line, &c); err != nil {
		return nil, err
	}
	if err := network(c); err != nil {
		return nil, err
	}
	if err := syscall.Sethostname([]byte(c.Hostname)); err != nil {
		return nil, err
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return nil, fmt.Errorf("make mounts private: %w", err)
	}
	root, upper, err := overlay(c)
	if err != nil {
		return nil, err
	}
	if err := kernelFiles(root); err != nil {
		return nil, err
	}
	if err := c.writeFiles(); err != nil {
		return nil, err
	}
	for _, b := range c.Binds {
		if err := b.mount(root); err != nil {
			return nil, fmt.Errorf("bind %s: %w", b.To, err)
		}
	}
	return upper, enter(root)
}

func network(c config) error {
	batch := "link set lo up\n"
	for _, a := range c.Addresses {
		batch += "address add " + a + " dev lo\n"
	}
	// It is routed to lo without being an address of it: the kernel drops the packets.
	batch += "route add " + c.BlackHole + "/32 dev lo\n"
	ip := exec.Command("ip", "-batch", "-")
	ip.Stdin = strings.NewReader(batch)
	if out, err := ip.CombinedOutput(); err != nil {
		return fmt.Errorf("ip: %w: %s", err, out)
	}
	return nil
}

// overlay mounts the layers under a tmpfs that takes every write.
func overlay(c config) (root string, upper *os.File, err error) {
	if err := syscall.Mount("tmpfs", c.Work, "tmpfs", 0, "mode=755,size="+c.Size); err != nil {
		return "", nil, fmt.Errorf("tmpfs: %w", err)
	}
	up, work, root := filepath.Join(c.Work, "upper"), filepath.Join(c.Work, "work"), filepath.Join(c.Work, "root")
	for _, dir := range []string{up, work, root} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return "", nil, err
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", strings.Join(c.Layers, ":"), up, work)
	if err := syscall.Mount("overlay", root, "overlay", 0, options); err != nil {
		return "", nil, fmt.Errorf("overlay over %s: %w", strings.Join(c.Layers, ":"), err)
	}
	upper, err = os.Open(up)
	return root, upper, err
}

func (c config) writeFiles() error {
	if len(c.Files) == 0 {
		return nil
	}
	top := filepath.Join(c.Work, "files")
	if err := os.Mkdir(top, 0o755); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", top, "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("tmpfs for files: %w", err)
	}
	for name, content := range c.Files {
		path := top + "/" + name
		err := os.MkdirAll(filepath.Dir(path), 0o755) // of a folder's path that is the folder
		if err == nil && !strings.HasSuffix(path, "/") {
			err = os.WriteFile(path, []byte(content), 0o444)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// kernelFiles mounts what the kernel provides on every machine: /proc, /sys (read only), a
// small /dev and an empty /run.
func kernelFiles(root string) error {
	at := func(path string) string { return filepath.Join(root, path) }
	for _, m := range []struct {
		kind, path, options string
		flags               uintptr
	}{
		{"proc", "/proc", "", 0},
		{"sysfs", "/sys", "", syscall.MS_RDONLY},
		{"tmpfs", "/dev", "mode=755", 0},
		{"tmpfs", "/run", "mode=755", 0},
	} {
		if err := syscall.Mount(m.kind, at(m.path), m.kind, m.flags, m.options); err != nil {
			return fmt.Errorf("mount %s: %w", m.path, err)
		}
	}
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		if err := device(root, "/dev/"+name); err != nil {
			return err
		}
	}
	for link, target := range map[string]string{
		"/dev/ptmx": "pts/ptmx", "/dev/fd": "/proc/self/fd",
		"/dev/stdin": "/proc/self/fd/0", "/dev/stdout": "/proc/self/fd/1", "/dev/stderr": "/proc/self/fd/2",
	} {
		if err := os.Symlink(target, at(link)); err != nil {
			return err
		}
	}
	// /run/sshd is what the unit's RuntimeDirectory= would create.
	for _, dir := range []string{"/dev/pts", "/dev/shm", "/run/lock", "/run/sshd"} {
		if err := os.Mkdir(at(dir), 0o755); err != nil {
			return err
		}
	}
	for _, dir := range []string{"/dev/shm", "/run/lock"} {
		if err := os.Chmod(at(dir), 0o1777); err != nil {
			return err
		}
	}
	return syscall.Mount("devpts", at("/dev/pts"), "devpts", 0, "newinstance,ptmxmode=666,mode=620,gid=5")
}

// device creates a device node with the host's numbers in the box: a change of its
// permissions does not affect the host's node.
func device(root, name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	there := filepath.Join(root, name)
	if err := syscall.Mknod(there, syscall.S_IFCHR|0o666, int(info.Sys().(*syscall.Stat_t).Rdev)); err != nil {
		return fmt.Errorf("make %s: %w", name, err)
	}
	return os.Chmod(there, 0o666) // whatever the umask is
}

// mount puts a file or folder of the host over one of the box, which is created if it is
// missing.
func (b bind) mount(root string) error {
	info, err := os.Stat(b.From)
	if err != nil {
		return err
	}
	to := filepath.Join(root, b.To)
	if _, err := os.Stat(to); err != nil {
		if info.IsDir() {
			err = os.MkdirAll(to, 0o755)
		} else if err = os.MkdirAll(filepath.Dir(to), 0o755); err == nil {
			err = os.WriteFile(to, nil, 0o644)
		}
		if err != nil {
			return err
		}
	}
	if err := syscall.Mount(b.From, to, "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil || b.Write {
		return err
	}
	return syscall.Mount("", to, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
}

// enter makes root the root file system and unmounts the host's files.
func enter(root string) error {
	if err := os.Chdir(root); err != nil {
		return err
	}
	// pivot_root(".", ".") stacks the old root on the new: pivot_root(2), notes.
	if err := syscall.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := syscall.Unmount(".", syscall.MNT_DETACH); err != nil {
		return fmt.Errorf("let go of the host: %w", err)
	}
	return os.Chdir("/")
}
