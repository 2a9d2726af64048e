package watch

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"aadssh/internal/host"
)

// How long nothing must happen, and how long to wait for that.
const (
	quiet         = time.Second
	settleTimeout = time.Minute
)

// settle waits until nobody is changing the files that matter: none of them has just
// changed, and root runs no package manager. It returns false if that does not happen in
// time: what is found then may be half of a change.
func settle(ctx context.Context, h *host.Host, locks []host.Lock, quiet, settleTimeout time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	before := fingerprint(h)
	for {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(quiet):
		}
		now := fingerprint(h)
		_, transaction := h.RunningTransaction()
		holder, busy := h.RootLockHolder(locks)
		if now == before && !transaction && !busy {
			return true
		}
		if busy {
			h.Log.Infof("waiting for %s, which holds %s", holder, holder.File)
		}
		before = now
	}
}

// fingerprint changes with the watched files: with their content, by the time of the last
// change, and with their mode and owner.
func fingerprint(h *host.Host) string {
	var b strings.Builder
	for _, name := range watched() {
		stamp(h, &b, name)
		for _, e := range entries(h, name) {
			stamp(h, &b, path.Join(name, e))
		}
	}
	return b.String()
}

func stamp(h *host.Host, b *strings.Builder, name string) {
	info, err := h.Stat(name)
	if err != nil {
		return
	}
	fmt.Fprintf(b, "%s %v %d %d %s\n", name, info.Mode(), info.Size(), info.ModTime().UnixNano(), inode(info))
}

// entries are the names in a folder; none for a file.
func entries(h *host.Host, name string) []string {
	info, err := h.Stat(name)
	if err != nil || !info.IsDir() {
		return nil
	}
	list, err := h.ReadDir(name)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}
