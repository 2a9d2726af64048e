package handler

import (
	"fmt"
	"strings"

	"aadssh/internal/decide"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/text"
	"aadssh/pkgmgr"
)

// demand is the space that a package manager needs on one file system.
type demand struct {
	room    host.Room
	bytes   int64
	folders []string
}

// tooTight returns why the package manager must not be started for a plan: it would stop
// halfway for lack of space. nil means that there is enough, as far as can be measured.
func (r *run) tooTight(m *pkgmgr.Manager, p decide.Plan) error {
	fetches := p.Has(decide.Refresh, decide.Install, decide.Replace)
	if !fetches && !p.Has(decide.Repair, decide.Reinstall, decide.PutBack, decide.Transport) {
		return nil
	}
	var demands []*demand
	at := map[string]*demand{} // by mount point
	for _, n := range m.Needs {
		room, known := r.host.RoomFor(n.Folder)
		if !known || n.Fetches && !fetches {
			continue
		}
		d := at[room.Mount]
		if d == nil {
			d = &demand{room: room}
			at[room.Mount], demands = d, append(demands, d)
		}
		d.bytes += n.Bytes
		d.folders = append(d.folders, n.Folder)
		d.room.Bytes = min(d.room.Bytes, room.Bytes) // the folder may have a quota of its own
	}
	for _, d := range demands {
		if err := r.lacks(m, d); err != nil {
			return err
		}
	}
	return nil
}

// lacks is the fault of one file system that has too little space.
func (r *run) lacks(m *pkgmgr.Manager, d *demand) error {
	short := func(free, needed string) error {
		return fault.New(fault.Disk,
			fmt.Sprintf("The file system mounted at %s has %s, and %s needs %s there (%s), so it was not started.", d.room.Mount, free, m.Name, needed, strings.Join(d.folders, ", ")),
			fmt.Sprintf("Free space there (df -h %[1]s; df -i %[1]s; sudo du -xh %[1]s | sort -h | tail)"+fault.AndAgain, d.room.Mount))
	}
	switch {
	case d.room.Bytes < uint64(d.bytes):
		return short(size(int64(d.room.Bytes))+" free", size(d.bytes))
	case d.room.Counted && d.room.Files < pkgmgr.NeededFiles:
		return short(text.Counted(int(d.room.Files), "inode")+" free", fmt.Sprintf("%d inodes", pkgmgr.NeededFiles))
	}
	for _, folder := range d.folders {
		if err := r.host.Fits(folder, d.bytes); err != nil {
			return fault.Wrap(err, fault.Disk,
				fmt.Sprintf("The file system mounted at %s shows %s free, but %s does not get the %s that %s needs there: %v.", d.room.Mount, size(int64(d.room.Bytes)), folder, size(d.bytes), m.Name, err),
				fmt.Sprintf("Look for a quota (df -h %[1]s; repquota -a; btrfs qgroup show %[1]s), raise it or free space"+fault.AndAgain, folder))
		}
	}
	return nil
}

// size formats a number of bytes for people, rounded down so that the free space is never
// overstated.
func size(n int64) string {
	switch {
	case n < 1<<20:
		return fmt.Sprintf("%d KiB", n>>10)
	case n < 10<<20:
		return fmt.Sprintf("%.1f MiB", float64(n*10>>20)/10)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
