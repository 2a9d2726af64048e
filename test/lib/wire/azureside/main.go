// Command azureside is the first process of the namespaces of a machine. It mounts the
// machine's file system, sets up the network between the machine and Azure, prints "ready",
// and then only reaps processes until its standard input closes: the machine ends with its
// test, however that ends. It uses only the standard library, because it is compiled by
// itself, from the source that package wire embeds.
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
	Work      string   // empty folder to mount on
	Size      string   // of the tmpfs that takes all writes
	Layers    []string // lower layers, topmost first; none: the machine has its own disk
	Gateway   string   // address of Azure's end of the network, with its prefix length
	Guest     string   // address of the machine's end, with its prefix length; "": the machine sets it itself
	Addresses []string // further addresses on Azure's end
}

func main() {
	in := bufio.NewReader(os.Stdin)
	if err := setUp(in); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println("ready")
	children := make(chan os.Signal, 8)
	signal.Notify(children, syscall.SIGCHLD)
	go func() {
		_, _ = io.Copy(io.Discard, in)
		os.Exit(0) // as process 1: the whole machine dies with us
	}()
	for range children {
		for pid := 1; pid > 0; {
			pid, _ = syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		}
	}
}

func setUp(in *bufio.Reader) error {
	line, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	var c config
	if err := json.Unmarshal(line, &c); err != nil {
		return err
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	// nspawn finds its own processes in /proc, and keeps locks in /run, which must not be
	// the host's.
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("/proc: %w", err)
	}
	if err := syscall.Mount("tmpfs", "/run", "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("/run: %w", err)
	}
	if len(c.Layers) > 0 {
		if err := overlay(c); err != nil {
			return err
		}
	}
	return network(c)
}

// overlay mounts the layers under a tmpfs that takes every write. It survives the machine's
// boots.
func overlay(c config) error {
	if err := syscall.Mount("tmpfs", c.Work, "tmpfs", 0, "mode=755,size="+c.Size); err != nil {
		return fmt.Errorf("tmpfs: %w", err)
	}
	up, work, root := filepath.Join(c.Work, "upper"), filepath.Join(c.Work, "work"), filepath.Join(c.Work, "root")
	for _, dir := range []string{up, work, root} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", strings.Join(c.Layers, ":"), up, work)
	if err := syscall.Mount("overlay", root, "overlay", 0, options); err != nil {
		return fmt.Errorf("overlay over %s: %w", strings.Join(c.Layers, ":"), err)
	}
	return nil
}

// network creates a link with Azure's services at one end and the machine at the other,
// which gets what Azure's DHCP provides: an address, a default route, and host routes to
// the two services. An emulated machine sets these itself: its end is a tap device.
func network(c config) error {
	gateway, _, _ := strings.Cut(c.Gateway, "/")
	var routes []string
	outside := []string{"link set lo up", "link add azure0 type veth peer name eth0 netns vm address 00:0d:3a:11:22:33"}
	if c.Guest == "" {
		outside = []string{"link set lo up", "tuntap add dev azure0 mode tap"}
	} else if err := ip("", "netns add vm"); err != nil {
		return err
	}
	outside = append(outside, "address add "+c.Gateway+" dev azure0")
	for _, a := range c.Addresses {
		outside = append(outside, "address add "+a+"/32 dev azure0")
		routes = append(routes, "route add "+a+" via "+gateway)
	}
	if err := ip("", append(outside, "link set azure0 up")...); err != nil || c.Guest == "" {
		return err
	}
	return ip("vm", append([]string{
		"link set lo up", "address add " + c.Guest + " dev eth0", "link set eth0 up",
		"route add default via " + gateway,
	}, routes...)...)
}

func ip(namespace string, lines ...string) error {
	args := []string{"-batch", "-"}
	if namespace != "" {
		args = append([]string{"-netns", namespace}, args...)
	}
	cmd := exec.Command("ip", args...)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip: %w: %s", err, out)
	}
	return nil
}
