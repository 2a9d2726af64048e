package pkgmgr

// Need is the free space that a package manager needs in a folder, in bytes. With less it
// does not fail cleanly: dnf 4 leaves a half-written history database that makes every
// later run fail; dpkg and rpm stop in the middle of a package.
type Need struct {
	_ [0]func() // never compared: no code for == is linked

	Folder string
	Bytes  int64
	// Fetches: it is for fetched metadata and packages, and not needed to install files
	// that are already on the machine.
	Fetches bool
}

const mebi = 1 << 20

// aptNeeds, like the others, is several times the size of the lists of one source and of
// the product's packages. apt rebuilds its cache of all lists; dpkg writes its new status
// file next to the old one.
func aptNeeds() []Need {
	return append(installs("/var/lib/dpkg"), Need{Folder: "/var/lib/apt", Bytes: 16 * mebi, Fetches: true}, Need{Folder: "/var/cache/apt", Bytes: 24 * mebi, Fetches: true})
}

// rpmNeeds are the needs of a package manager based on rpm, with its cache in a folder.
func rpmNeeds(cache string) []Need {
	return append(installs("/var/lib/rpm"), Need{Folder: cache, Bytes: 32 * mebi, Fetches: true})
}

// installs are the needs of the installation itself: the database, the files, and what
// scripts write.
func installs(database string) []Need {
	return []Need{{Folder: database, Bytes: 8 * mebi}, {Folder: "/usr", Bytes: 8 * mebi}, {Folder: "/etc", Bytes: mebi / 4}, {Folder: "/tmp", Bytes: mebi / 4}, {Folder: "/var/tmp", Bytes: mebi / 4}}
}

// NeededFiles is how many more files a file system must have inodes for.
const NeededFiles = 200
