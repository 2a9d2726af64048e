package pkgmgr

import "aadssh/internal/fault"

// rpmRules are the messages of rpm itself, which the managers based on it pass on.
// testdata/dnf and testdata/zypper have complete outputs.
func rpmRules() []rule {
	return []rule{
		// installing package aadsshlogin-1.0.2-1.x86_64 needs 16KB more space on the / filesystem
		// installing package aadsshlogin-1.0.2-1.x86_64 needs 16KB on the / filesystem
		{match: `needs (\S+) (?:more (?:space|inodes) )?on the (\S+) filesystem`, code: fault.Disk,
			what: "The file system $2 is full or read-only: the packages need $1 more.",
			next: "See which: df -h $2; df -i $2; findmnt -T $2"},
		// error: unpacking of archive failed on file /usr/bin/x;6561: cpio: write failed - No space left on device
		// Config error: [Errno 28] No space left on device
		{match: `(?i)no space left on device|disk quota exceeded|not enough (?:free |disk )?space`, code: fault.Disk,
			what: "A file system that the package manager writes to is full.",
			next: "Free space: df -h /var /usr /tmp /boot; df -i /var"},
		readOnlyScript(),
		// Config error: [Errno 30] Read-only file system: '/var/log/dnf.log': '/var/log/dnf.log'
		{match: `Read-only file system: '([^']+)'|(?:^|[\s'"])(/[^\s'":;,()]+)[^\n]*Read-only file system`, code: fault.Disk,
			what: "The file system of $1$2 is read-only.",
			next: "See why it is (findmnt -T $1$2; dmesg), make it writable" + andAgain},
		// can't create transaction lock on /var/lib/rpm/.rpm.lock (Read-only file system)
		{match: `Read-only file system`, code: fault.Disk,
			what: "A file system that the package manager writes to is read-only.",
			next: "See which one it is (findmnt -O ro; dmesg), make it writable" + andAgain},

		// error: can't create transaction lock on /var/lib/rpm/.rpm.lock (Resource temporarily unavailable)
		{match: `can't create transaction lock on (\S+) \(Resource temporarily unavailable\)`, code: fault.PackageManagerBusy,
			what: "Another program is using rpm: $1 is locked.",
			next: "See which one with: fuser -v $1" + whenEnded},
		// error: rpmdb: BDB0113 Thread/process 314/139 failed: BDB1507 Thread died in Berkeley DB library
		// error: db5 error(-30973) from dbenv->failchk: BDB0087 DB_RUNRECOVERY: Fatal error, run database recovery
		// error: bdb error(5) from dbenv->open: Input/output error
		{match: `DB_RUNRECOVERY|Thread died in Berkeley DB library|^error: \w+ error\(\d+\) from dbenv->open: Input/output error`, code: fault.PackageManagerFailed,
			what: "An rpm that was killed left the package database's shared memory broken.",
			next: "Remove it when no rpm or yum runs: sudo rm -f /var/lib/rpm/__db.*; sudo rpm --rebuilddb",
			step: repair},
		// error: cannot open Packages database in /var/lib/rpm
		{match: `cannot open Packages (?:database|index)[^\n]* in (\S+)|cannot open Packages (?:index|database)|rpmtsOpenDB failed|rpmdb open failed|Failed to open rpm database|rpmdb: BDB\d+|sqlite failure: |database disk image is malformed`, code: fault.PackageManagerFailed,
			what: "The package database of rpm cannot be read.",
			next: "Repair it: sudo rpm --rebuilddb; where that fails, put back a copy of /var/lib/rpm"},

		// error: INSERT OR REPLACE INTO 'Packages' VALUES(?, ?): 8: attempt to write a readonly database
		{match: `attempt to write a readonly database`, code: fault.PackageManagerFailed,
			what: "The package database of rpm cannot be written, so that rpm can record nothing, keys included.",
			next: "See what protects its files (ls -l /var/lib/rpm/; lsattr /var/lib/rpm/), lift that" + andAgain},

		// error: Failed dependencies:
		// 	aadsshlogin is needed by (installed) needs-aadsshlogin-1.0-1.x86_64
		{match: `(\S+) is needed by \(installed\) (\S+)`, code: fault.PackageManagerFailed,
			what: "Another package of this machine needs $1: $2.",
			next: "Decide about it first: rpm -q --whatrequires $1."},
		// error: Failed dependencies:
		// 	libnosuch.so.2()(64bit) is needed by aadsshlogin-1.0.2-1.x86_64
		{match: `(?:^|RPM failed: )error: Failed dependencies:\n\s*([^\n]+)`, code: fault.PackageManagerFailed,
			what: "A dependency cannot be met: $1.",
			next: "Have whoever keeps this machine's packages install what it names" + andAgain,
			step: widen},
		//   file /usr/bin/x from install of aadsshlogin-1.0-1.x86_64 conflicts with file from package other-2.0-1.x86_64
		// File /usr/bin/x
		//   from install of
		//      aadsshlogin-1.0-1.x86_64 (x)
		//   conflicts with file from package
		//      other-2.0-1.x86_64 (@System)
		{match: `(?i)\bfile (/\S+)\s+from install of\s+(\S+)(?: \([^)\n]*\))?\s+conflicts with file from package\s+(\S+)`, code: fault.PackageManagerFailed,
			what: "$1 of $2 belongs to the package $3 already.",
			next: "See what that is for: rpm -qi $3; remove it if it is not needed"},
		// error: unpacking of archive failed on file /usr/share/x;6b07ed93: cpio: File from package already exists as a directory in system
		{match: `unpacking of archive failed on file ([^;\n]+);\w+: (?:cpio: )?([^\n]+)`, code: fault.PackageManagerFailed,
			what: "rpm cannot put $1 in its place: $2.",
			next: "See what is there: ls -ld $1; lsattr -d $1; move it away" + andAgain},
		// Error unpacking rpm package aadsshlogin-1.0-1.x86_64
		{match: `Error unpacking rpm package (\S+)`, code: fault.PackageManagerFailed,
			what: "rpm could not unpack the files of $1: something stands in the way of one of them, or may not be changed.",
			next: "Have rpm name it: sudo find /var/cache/dnf -name $1.rpm -exec rpm -U {} +; look at that (ls -ld, lsattr), and let it be changed" + andAgain},
		// error: %preun(aadlogin-1.0.0-1.x86_64) scriptlet failed, exit status 8
		// error: aadlogin-1.0.0-1.x86_64: erase failed
		{match: `(?:^|^RPM: |RPM failed: )error: %(\w+)\(([^)]+)\) scriptlet failed, ([^\n]+)`, code: fault.PackageManagerFailed,
			what: "The $1 script of $2 failed ($3), so that the package stays as it was.",
			next: repairScript, said: true},
		// warning: %post(aadsshlogin-1.0.2-1.x86_64) scriptlet failed, exit status 1
		{match: `^(?:RPM: )?warning: %\w+\(([^)]+)\) scriptlet failed, ([^\n]+)`, code: fault.PackageManagerFailed,
			what: "A script of $1 failed ($2); the package is in place, but it did not set itself up.",
			next: repairScript, said: true,
			step: scripts},
		// package aadlogin-1.0-1.x86_64: script error in %preun
		{match: `^package (\S+): script error in %(\w+)`, code: fault.PackageManagerFailed,
			what: "The $2 script of $1 failed, so that the package stays as it was.",
			next: repairScript, said: true},
		// package aadsshlogin-1.0-1.x86_64: script warning in %postin
		{match: `^package (\S+): script warning in %\w+`, code: fault.PackageManagerFailed,
			what: "A script of $1 failed; the package is in place, but it did not set itself up.",
			next: repairScript, said: true,
			step: scripts},
		// package aadsshlogin-1.0-1.x86_64 does not verify: Payload SHA256 ALT digest: BAD (Expected 9565... != 795e...)
		{match: `package (\S+) does not verify: [^\n]*digest: BAD`, code: fault.RepositoryUnreachable,
			what: "The package file of $1 is damaged: its content is not what its own digest says.",
			next: waitForMirror,
			step: refetch},
		// package aadsshlogin-1.0.2-1.x86_64 does not verify: Header V4 RSA/SHA512 Signature, key ID d873abee: NOKEY
		// error: aadsshlogin.rpm: Header V4 RSA/SHA512 Signature, key ID d873abee: BAD
		{match: `(?:does not verify: |^error: )[^\n]*(?:NOKEY|NOTTRUSTED|BAD|no signature|no digest)`, code: fault.RepositoryUntrusted,
			what: "A package file is not signed with a key that this machine accepts.",
			next: notByHand},
		// /var/lib/aadsshlogin-handler/download/aadsshlogin-1.0.2-1.x86_64.rpm: DIGESTS SIGNATURES NOT OK
		{match: `^(?:\S*/)?(\S+)\.rpm: [^\n]*DIGESTS [^\n]*NOT OK`, code: fault.RepositoryUnreachable,
			what: "The repository served a damaged file ($1): the mirror is being updated, or something on the way changes files.",
			next: waitForMirror},
		// /var/lib/aadsshlogin-handler/download/aadsshlogin-1.0.2-1.x86_64.rpm: digests SIGNATURES NOT OK
		{match: `^(?:\S*/)?(\S+)\.rpm: [^\n]*SIGNATURES NOT OK`, code: fault.RepositoryUntrusted,
			what:      "$1 is not signed with a key that this machine accepts.",
			next:      trustKey,
			signature: 1},
		// warning: Signature not supported. Hash algorithm SHA1 not available.
		{match: `Hash algorithm (\S+) not available(?:[^\n]*\n)*?[^\n]*(?:GPG check FAILED|does not verify|SIGNATURES NOT OK)`, code: fault.RepositoryUntrusted,
			what: "A package is signed with $1, which the cryptographic policy of this machine does not accept.",
			next: "See the policy (update-crypto-policies --show); correct packageVersion to a newer version if it is set, or ask whoever signs the package."},
		// error: Plugin fapolicyd: hook psm_pre failed
		{match: `^(?:RPM: )?error: Plugin (\S+): hook \S+ failed`, code: fault.PackageManagerFailed,
			what: "rpm's plugin $1 does not let the transaction through.",
			next: "See why: sudo journalctl -b | grep -i $1 | tail"},
		// error: package aadlogin is not installed
		// Reading installed packages...
		// 'aadlogin' not found in package names. Trying capabilities.            (of zypper remove)
		{match: `^error: package (\S+) is not installed|\AReading installed packages\.\.\.\n'([^']+)' not found in package names`, code: fault.PackageManagerFailed,
			what: "$1$2, which was to go, is not installed: another program has removed it meanwhile.",
			next: "See what did: rpm -qa --last | head"},
		// error: /etc/key.asc: import read failed(2).
		{match: `^error: (\S+): import read failed`, code: fault.PackageManagerFailed,
			what: "rpm cannot read the key file $1: it is not there, or empty, or no file.",
			next: "See what is there: ls -ld $1; findmnt -T $1"},
		// error: /etc/key.asc: key 1 import failed.
		{match: `^error: (\S+): (?:key \d+ )?import failed`, code: fault.RepositoryUntrusted,
			what: "rpm does not accept the key file $1.",
			next: fault.NewestFirst + "; where the key is one of repository.trustedKeys, this release may refuse its algorithm (update-crypto-policies --show)."},
	}
}
