package stage

import (
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"aadssh/test/lib/box"
)

// Snapshot is everything that was ever written to the machine.
func (s *Stage) Snapshot() box.Snapshot {
	s.T.Helper()
	snap, err := s.Scene.Snapshot()
	s.Must(err)
	return snap
}

// Unchanged fails the test if anything was written since before, except what a run may
// write at any time, and the named paths with everything below them.
func (s *Stage) Unchanged(before box.Snapshot, but ...string) {
	s.T.Helper()
	for _, line := range s.Written(before, but...) {
		s.T.Errorf("the machine was changed: %s", line)
	}
}

// Written lists what Unchanged fails on.
func (s *Stage) Written(before box.Snapshot, but ...string) []string {
	s.T.Helper()
	ours := append([]string{Home + "/status", Home + "/config", Logs, "/run/aadsshlogin-handler.lock"}, but...)
	parents := []string{"/run"} // its time changes with its content
	for _, o := range slices.Concat(but, queried()) {
		parents = append(parents, path.Dir(o))
	}
	layers, err := s.Persona.Layers(s.T.Context(), s.Cache)
	s.Must(err)
	later := s.Snapshot()
	return before.Diff(later, func(p string) bool {
		// A folder of the layers below appears as soon as something in it was written.
		if _, was := before[p]; !was && strings.HasPrefix(later[p], "d") && folderOf(layers, p) {
			return true
		}
		return slices.Contains(parents, p) || slices.Contains(queried(), p) || under(p, ours)
	})
}

// queried are the files that any query of rpm's database leaves or touches: the shared
// memory of SQLite and of Berkeley DB, and rpm 6's lock of its keys.
func queried() []string {
	return []string{"/var/lib/rpm/rpmdb.sqlite-shm", "/var/lib/rpm/rpmdb.sqlite-wal", "/var/lib/rpm/.keyring.lock",
		"/var/lib/rpm/__db.001", "/var/lib/rpm/__db.002", "/var/lib/rpm/__db.003"}
}

// SameContent fails the test if files differ from before in type, mode, owner or content,
// whenever they were written, except the handler's status and log and the named paths with
// everything below them. Folders appear as soon as something in them was written, so new
// ones are left out.
func (s *Stage) SameContent(before box.Snapshot, but ...string) {
	s.T.Helper()
	but = append(but, Home, Logs, "/run/aadsshlogin-handler.lock", "/var/lib/waagent")
	was, is := s.contents(before), s.contents(s.Snapshot())
	for _, name := range slices.Sorted(maps.Keys(both(was, is))) {
		if was[name] == is[name] || strings.HasPrefix(is[name], "d") && was[name] == "" || under(name, but) {
			continue
		}
		s.T.Errorf("%s was %q and is %q", name, was[name], is[name])
	}
}

// contents is a snapshot without inodes and times.
func (s *Stage) contents(snap box.Snapshot) map[string]string {
	s.T.Helper()
	out := map[string]string{}
	for name, text := range snap {
		f := strings.Fields(text) // mode owner [N bytes inode I] changed T [content]
		at := slices.Index(f, "changed")
		if at < 2 || at+2 > len(f) {
			s.T.Fatalf("a snapshot's line: %q", text)
		}
		out[name] = strings.Join(append(f[:2:2], f[at+2:]...), " ")
	}
	return out
}

func both(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func under(p string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return p == f || strings.HasPrefix(p, f+"/") })
}

// folderOf reports whether one of the layers has the folder.
func folderOf(layers []string, folder string) bool {
	return slices.ContainsFunc(layers, func(layer string) bool {
		info, err := os.Lstat(path.Join(layer, folder))
		return err == nil && info.IsDir()
	})
}
