package pkgmgr

// Need is the room that a package manager has to find in a folder, in bytes. With
// less it does not fail cleanly: dnf 4 leaves a history database that is half made,
// and fails over it ever after; dpkg and rpm stop in the middle of a package.
type Need struct {
	_ [0]func() // never compared: no code for == is linked

	Folder string
	Bytes  int64
	// Fetches: it is for metadata and packages that are fetched; what is installed
	// from files of this machine goes without.
	Fetches bool
}

const mebi = 1 << 20

// aptNeeds, and the others, are several times what the lists of one source and the
// product's packages take. apt makes its cache of all lists again, dpkg writes its
// status file next to the old one.
func aptNeeds() []Need {
	return append(installs("/var/lib/dpkg"), Need{Folder: "/var/lib/apt", Bytes: 16 * mebi, Fetches: true}, Need{Folder: "/var/cache/apt", Bytes: 24 * mebi, Fetches: true})
}

// rpmNeeds are those of a manager above rpm with a cache in a folder.
func rpmNeeds(cache string) []Need {
	return append(installs("/var/lib/rpm"), Need{Folder: cache, Bytes: 32 * mebi, Fetches: true})
}

// installs are the needs of an installation itself: the database, the files, and
// what scripts write.
func installs(database string) []Need {
	return []Need{{Folder: database, Bytes: 8 * mebi}, {Folder: "/usr", Bytes: 8 * mebi}, {Folder: "/etc", Bytes: mebi / 4}, {Folder: "/tmp", Bytes: mebi / 4}, {Folder: "/var/tmp", Bytes: mebi / 4}}
}

// NeededFiles is how many further files a file system must take.
const NeededFiles = 200
