package pkgmgr

import "aadssh/internal/fault"

// dnf5Rules are the messages of dnf 5, which calls itself dnf where it has replaced dnf 4.
// Messages of librepo, curl and libsolv read as in dnf 4. Above each row is a line that it
// matches.
func dnf5Rules() []rule {
	return []rule{
		// Operation aborted by the user.
		{match: `^Operation aborted by the user\.`, code: fault.OK}, // the end of a simulation

		// Waiting for a lock on the system repository. The following processes are currently accessing it:
		// 60	dnf -y install aadsshlogin
		{match: `^Waiting for a lock on the system repository\.[^\n]*\n(\d+)\t(\S+)`, code: fault.PackageManagerBusy,
			what: "Another program is using dnf: $2 (process $1).",
			next: "Look at it with: ps -fp $1" + whenEnded},

		// Transaction failed: Failed to obtain rpm transaction lock. Another transaction is in progress.
		{match: `Failed to obtain rpm transaction lock\.`, code: fault.PackageManagerBusy,
			what: "Another program is using rpm.",
			next: "See which one with: fuser -v /usr/lib/sysimage/rpm/.rpm.lock /var/lib/rpm/.rpm.lock" + whenEnded},

		// Error in configuration file "/etc/yum.repos.d/third.repo"
		//  Missing section header on line 1
		{match: `^ *Error in configuration file "([^"]+)"\n +([^\n]+)`, code: fault.PackageManagerFailed,
			what: "The file $1 cannot be read, so that dnf does nothing at all: $2.",
			next: "Correct the file, or move it away: less $1"},
		// Loading system state TOML file /usr/lib/sysimage/libdnf5/packages.toml failed (see dnf5-system-state(7)): [error] toml::parse_array: missing closing bracket `]`
		{match: `^Loading system state TOML file (/\S+) failed [^\n]*?: (?:\[error\] )?(?:toml::)?([^\n]+)`, code: fault.PackageManagerFailed,
			what: "dnf's own record of what it installed, $1, is damaged, so that dnf does nothing at all: $2.",
			next: "Move it away; dnf goes on without it, and no longer knows which packages came as dependencies: sudo mv $1 $1.damaged"},
		// terminate called after throwing an instance of 'toml::syntax_error'
		//   what():  [error] toml::parse_simple_key: invalid key: key must be "quoted", 'quoted-literal', or bare key.
		//  --> /etc/dnf/versionlock.toml
		{match: `^terminate called after throwing [^\n]*toml::[^\n]*\n *what\(\): +(?:\[error\] )?(?:toml::)?([^\n]+)\n *--> (/\S+)`, code: fault.PackageManagerFailed,
			what: "The file $2 cannot be read, so that dnf does nothing at all: $1",
			next: "Correct the file, or move it away: less $2"},
		// Invalid repository id "a b": unexpected character ' '
		{match: `^Invalid repository id "([^"]*)"`, code: fault.PackageManagerFailed,
			what: "A repository is called \"$1\" in its file, so that dnf does nothing at all: letters, digits and - _ . : are taken.",
			next: "Find it and rename it: grep -rnF '[$1]' /etc/yum.repos.d"},
		// Error: /usr is configured to be read-only. You may be running an image-based or immutable operating system.
		{match: `^Error: (/\S*) is configured to be read-only`, code: fault.Disk,
			what: "The file system of $1 is read-only, so that dnf changes nothing.",
			next: "See why it is (findmnt -T $1; dmesg), make it writable" + andAgain},
		// No matching repositories for *, aadsshlogin, aadsshlogin. Add "--help" for more information about the arguments.
		{match: `^No matching repositories for (?:[^\n]*, )?([^\s,]+)\. Add "--help"`, code: fault.PackageManagerFailed,
			what: "The repository definition $1 is not there, or cannot be read.",
			next: readDefinition("/etc/dnf")},
		// Failed to read key from file:///etc/pki/rpm-gpg/x for repository "y": cannot open file: (2) - No such file or directory [/etc/pki/rpm-gpg/x]
		// cannot open file: (2) - No such file or directory [/etc/pki/rpm-gpg/x]
		{match: `^(?:Failed to read key from file://\S+ for repository "([^"]+)": )?cannot open file: \(2\) - [^\n\[]*\[([^\]\n]+)\]`, code: fault.RepositoryUntrusted,
			what: "The key file $2, which the definition of the repository names, is not there.",
			next: rewriteKeyFile},

		// Failed to download metadata (baseurl: "https://host/x") for repository "y": repomd.xml GPG signature verification error: gpgme_op_verify() error: No data
		{match: `^Failed to download metadata \([^)\n]*\) for repository "([^"]+)": repomd\.xml GPG signature verification error: [^\n]*No data`, code: fault.RepositoryUnreachable,
			what: "What came in the place of the signature of repository $1 is no signature: a proxy or portal answered, something on the way changes files, or there was no room for it.",
			next: someMinutes + "look for a proxy in between (dnf repoinfo $1 has the address), and at df -h /var/cache."},
		// Failed to download metadata (baseurl: "https://host/x") for repository "y": repomd.xml GPG signature verification error: Signing key not found
		{match: `^Failed to download metadata \([^)\n]*\) for repository "([^"]+)": repomd\.xml GPG signature verification error: ([^\n]+)`, code: fault.RepositoryUntrusted,
			what: "The metadata of repository $1 is not signed with a key that this machine accepts for it ($2).",
			next: trustKey},
		// Failed to download metadata (baseurl: "https://host/x") for repository "y": GPG verification is enabled, but GPG signature is not available. This may be an error [...]: Status code: 404 for https://host/x/repodata/repomd.xml.asc
		{match: `^Failed to download metadata \([^)\n]*\) for repository "([^"]+)": GPG verification is enabled, but GPG signature is not available[^\n]*Status code: 404`, code: fault.RepositoryUntrusted,
			what: "The metadata of repository $1 has no signature.",
			next: leaveProxy},
		// An error occurred importing key "file:///etc/pki/x": Failed to import public key "file:///etc/pki/x" to rpmdb: can't create keyring lock on /var/lib/rpm/.keyring.lock (Read-only file system)
		{match: `^An error occurred importing key "(?:file://)?[^"]+": [^\n]*\bon (/\S+) \(Read-only file system\)`, code: fault.Disk,
			what: "rpm's database cannot take the key of the repository: the file system of $1 is read-only.",
			next: "See why it is (findmnt -T $1; dmesg), make it writable" + andAgain},
		// An error occurred importing key "file:///etc/pki/x": Failed to import public key "file:///etc/pki/x" to rpmdb: can't create keyring lock on /var/lib/rpm/.keyring.lock (No space left on device)
		{match: `^An error occurred importing key "[^"]+": [^\n]*\bon (/\S+) \(((?:No space left|Disk quota)[^)\n]*)\)`, code: fault.Disk,
			what: "rpm's database cannot take the key of the repository: $2, at $1.",
			next: "Free space: df -h $1; df -i $1"},
		// An error occurred importing key "file:///etc/pki/x": Failed to import public key "file:///etc/pki/x" to rpmdb: can't create keyring lock on /var/lib/rpm/.keyring.lock (Not a directory)
		{match: `^An error occurred importing key "[^"]+": [^\n]*\bcan't create (\w+) lock on (/\S+) \(([^)\n]+)\)`, code: fault.PackageManagerFailed,
			what: "rpm's database cannot take the key of the repository: its $1 lock $2 cannot be made ($3).",
			next: "See what is there: ls -ld $2; findmnt -T $2"},
		// OpenPGP check for package "aadsshlogin-1.0-1.x86_64" (/var/cache/libdnf5/y/packages/aadsshlogin-1.0-1.x86_64.rpm) from repo "y" has failed: The package is not signed.
		{match: `^OpenPGP check for package "([^"]+)"[^\n]*has failed: The package is not signed`, code: fault.RepositoryUntrusted,
			what:      "$1 is not signed.",
			next:      notByHand,
			signature: 1, unsigned: true},
		// OpenPGP check for package "aadsshlogin-1.0-1.x86_64" (...) from repo "y" has failed: Import of the key didn't help, wrong key?
		{match: `^OpenPGP check for package "([^"]+)"[^\n]*has failed: ([^\n]+)`, code: fault.RepositoryUntrusted,
			what:      "$1 is signed with a key that this machine does not accept.",
			next:      trustKey,
			signature: 1},

		// >>> Curl error (23): Failed writing received data to disk/application for https://host/x.rpm [Failure writing output to destination, ...]
		{match: `Curl error \(23\): Failed writing received data`, code: fault.Disk,
			what: "The file system of /var/cache, where dnf puts what it downloads, is full or cannot be written.",
			next: "See which: df -h /var/cache; df -i /var/cache; findmnt -T /var/cache"},
		// >>> Downloading successful, but checksum doesn't match. Calculated: 902e(sha256)  Expected: a945(sha256)  - https://host/Packages/a/aadsshlogin-1.0-1.x86_64.rpm
		{match: `^>>> Downloading successful, but checksum doesn't match\.[^\n]* - \S*/([^/\s]+)$`, code: fault.RepositoryUnreachable,
			what: "The repository served a file that does not match its index ($1): the mirror is being updated, or something on the way changes files.",
			next: waitForMirror,
			step: widen},
		// >>> Interrupted by header callback: Inconsistent server data, reported file Content-Length: 83, repository metadata states file length: 12744 (please report to repository maintainer) - https://host/x.rpm
		{match: `^>>> Interrupted by header callback: [^\n]* - \S*/([^/\s]+)$`, code: fault.RepositoryUnreachable,
			what: "The repository served a file that does not match its index ($1): the mirror is being updated, or something on the way changes files.",
			next: waitForMirror,
			step: widen},
		// [Failed to connect to host:443 over proxy 127.0.0.1 after 0 ms: Could not connect to server]
		{match: `Failed to connect to (\S+?):\d+ over proxy (\S+)`, code: fault.RepositoryUnreachable,
			what: "No connection to the proxy $2, through which $1 is asked.",
			next: "Ask whoever runs the proxy whether it runs and lets this machine in; correct the setting proxy if it names the wrong one" + andAgain},
		// [Failed to connect to host:443 after 3 ms: Could not connect to server]
		{match: `Failed to connect to (\S+?):(\d+)`, code: fault.RepositoryUnreachable,
			what: "No connection to $1 port $2.",
			next: openFirewall},

		// Failed to resolve the transaction:
		// No match for argument: aadsshlogin-9.9
		{match: `^Failed to resolve the transaction:\nNo match for argument: (\S+)`, code: fault.PackageUnavailable,
			what: "The repositories have no $1 for this release and architecture.",
			next: "See what there is: dnf list --showduplicates 'aadsshlogin*'; correct packageVersion if it is set.",
			step: widen},
		// Installed packages for argument 'aadsshlogin' are not available in repositories in the same version, available versions: aadsshlogin-0:1.0-1.x86_64, cannot reinstall.
		{match: `^Installed packages for argument '([^']+)' are not available in repositories in the same version(?:, available versions: ([^,\n]+))?`, code: fault.PackageUnavailable,
			what: "The repositories no longer have the version of $1 that is installed; they have: $2.",
			next: "See what there is: dnf list --showduplicates 'aadsshlogin*'",
			step: widen},
		// Unknown argument "--downloadonly" for command "dnf5". Add "--help" for more information about the arguments.
		{match: `^Unknown argument "([^"]+)" for command "([^"]+)"`, code: fault.PackageManagerFailed,
			what: "The dnf of this machine does not know the word $1: it is one that this release of the extension does not know.",
			next: fault.NewestFirst + "; dnf --version shows which dnf it is."},
		// Argument 'aadsshlogin' matches only excluded packages.
		// Argument 'aadsshlogin-1.0-1' matches only packages excluded by versionlock.
		{match: `^Argument '([^']+)' matches only (?:excluded packages|packages excluded by)`, code: fault.PackageManagerFailed,
			what: "The owner of this machine excludes $1 from installation.",
			next: liftExclusion("/etc/dnf")},

		// >>> Non-critical error in %post scriptlet: aadsshlogin-0:1.0-1.x86_64
		// >>> Scriptlet output:
		// >>> aadsshlogin: it cannot be set up
		// >>>
		// >>> [RPM] %post(aadsshlogin-1.0-1.x86_64) scriptlet failed, exit status 1
		{match: `^>>> Non-critical error in %\w+ scriptlet: (\S+)`, code: fault.PackageManagerFailed,
			what: "A script of $1 failed; the package is in place, but it did not set itself up.",
			next: repairScript, said: true,
			step: scripts},
		// >>> Error in %preun scriptlet: aadlogin-0:1.0-1.x86_64
		{match: `^>>> Error in %(\w+) scriptlet: (\S+)`, code: fault.PackageManagerFailed,
			what: "The $1 script of $2 failed, so that the package stays as it was.",
			next: repairScript, said: true},
		// Transaction failed: Rpm transaction failed.
		{match: `^Transaction failed: Rpm transaction failed\.\s*\z`, code: fault.PackageManagerFailed,
			what: "dnf says only that rpm's transaction failed.",
			next: seeTransactionLog + andAgain,
			step: unexplained},
	}
}
