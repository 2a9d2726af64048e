//go:build rig

package enable

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"aadssh/test/lib/box"
)

// commandLines are those of all processes that were seen in a box: every user of a machine
// can see the other users' processes.
type commandLines struct {
	mu   sync.Mutex
	seen map[string]bool
	once sync.Once
	end  chan struct{}
	done chan struct{}
}

// watch reads them every few milliseconds. Programs that end sooner may be missed; those
// that are given a proxy, the package managers, take longer.
func watch(b *box.Box) *commandLines {
	c := &commandLines{seen: map[string]bool{}, end: make(chan struct{}), done: make(chan struct{})}
	proc := filepath.Join(b.Root(), "proc")
	go func() {
		defer close(c.done)
		for {
			c.look(proc)
			select {
			case <-c.end:
				return
			case <-time.After(3 * time.Millisecond):
			}
		}
	}()
	return c
}

func (c *commandLines) look(proc string) {
	entries, err := os.ReadDir(proc)
	if err != nil {
		return
	}
	for _, e := range entries {
		if name := e.Name(); name[0] < '1' || name[0] > '9' {
			continue
		}
		line, err := os.ReadFile(filepath.Join(proc, e.Name(), "cmdline"))
		if err != nil || len(line) == 0 {
			continue
		}
		c.mu.Lock()
		c.seen[strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " "))] = true
		c.mu.Unlock()
	}
}

func (c *commandLines) stop() {
	c.once.Do(func() { close(c.end) })
	<-c.done
}

// text has one command line per line.
func (c *commandLines) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	for line := range c.seen {
		b.WriteString(line + "\n")
	}
	return b.String()
}
