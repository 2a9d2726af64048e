package pkgmgr

import (
	"slices"

	"aadssh/internal/fault"
)

// zypperRules are the messages of zypper 1.13 and 1.14. Above each row is a line that it
// matches.
func zypperRules() []rule {
	return slices.Concat([]rule{
		// System management is locked by the application with pid 2925 (zypper).
		{match: `^System management is locked by the application with pid (\d+) \(([^)\n]*)\)`, code: fault.PackageManagerBusy,
			what: "Another program is using zypper: $2 (process $1).",
			next: "Look at it with: ps -fp $1" + whenEnded},
		// Can't create metadata cache directory.
		//  - Create attach point: Can't find a writable directory to create an attach point
		{match: `^Can't create (?:metadata )?cache directory|Can't create temporary|Can't find a writable directory`, code: fault.Disk,
			what: "zypper cannot write below /var/cache/zypp: the file system is full or read-only, or something else is in the place of a folder.",
			next: "See which: df -h /var; findmnt -T /var/cache/zypp; ls -ld /var/cache/zypp"},
		//   what():  /etc/zypp/zypp.conf: Section [main]: Line 2 contains garbage (no '=' or ':/?|,\' in key)
		{match: `^\s*what\(\):\s+(/\S+): (Section [^\n]+)`, code: fault.PackageManagerFailed,
			what: "The file $1 cannot be read, so that zypper does nothing at all: $2",
			next: "Correct the file, or move it away: less $1"},
		// Cant open /run/zypp.pid
		{match: `^Cant open (/\S+)`, code: fault.PackageManagerFailed,
			what: "zypper cannot open $1.",
			next: "See what is there and why it may not: ls -ld $1; df -h $1; ulimit -n"},
		// /etc/zypp/repos.d/bad.repo: Section []: Line 1 contains garbage (no '=' or ':/?|,\' in key)
		{match: `^(/\S+\.repo): (Section [^\n]+)`, code: fault.PackageManagerFailed,
			what: "The repository file $1 cannot be read, so that zypper does nothing at all: $2",
			next: "Correct the file, or move it away: less $1"},
		// Unexpected exception.
		// Url scheme is a required component
		// History:
		//  - Parsing .repo file /etc/zypp/repos.d/third.repo
		{match: `^Unexpected exception\.\n((?:[^\n]|\n'$)+)\nHistory:\n(?: - [^\n]*\n)*? - Parsing \.(?:repo|service) file (/\S+)`, code: fault.PackageManagerFailed,
			what: "The repository file $2 cannot be read, so that zypper does nothing at all: $1.",
			next: "Correct the file, or move it away: less $2",
			look: zypperFile},
		// Unexpected exception.
		// Url scheme is a required component
		// Please file a bug report about this.
		{match: `^Unexpected exception\.\n(?:\[[^\n]*\] )?(Url scheme [^\n]+|Invalid [a-z ]+ component '[^']*'|Repository (?:has no alias|alias cannot)[^\n]*)`, code: fault.PackageManagerFailed,
			what: "A repository file in /etc/zypp/repos.d or services.d cannot be read, so that zypper does nothing at all: $1",
			next: "Find it with: " + zypperAsk + "; correct it" + andAgain,
			look: zypperFile},
		{match: `^Unexpected exception\.\n([^\n]+)`, code: fault.PackageManagerFailed,
			what: "zypper ended with an exception: $1",
			next: "See the rest (" + readLog + "), repair what it names" + andAgain},
	}, rpmRules(), []rule{
		// [x|https://packages.microsoft.com/x/] Failed to retrieve new repository metadata.
		// History:
		//  - File /var/tmp/TmpFile.NR42WQ doesn't contain public key data
		{match: `^\[[^|\]]*\|` + dnfHost + `[^\]]*\][^\n]*\nHistory:\n - File \S+ doesn't contain public key data`, code: fault.RepositoryUnreachable,
			what: "What zypper read as the key of $1 is no key: a proxy or portal answered, something on the way changes files, or there was no room for it.",
			next: "See what answers (curl -sSvI https://$1) and df -h /var /tmp"},
		// File 'repomd.xml' from repository 'x' is signed with an unknown key ''.
		// [x|https://packages.microsoft.com/x/] Failed to retrieve new repository metadata.
		{match: `^File '[^']+' from repository '[^']+' is signed with an unknown key ''(?:[^\n]*\n)*?\[[^|\]]*\|` + dnfHost, code: fault.RepositoryUnreachable,
			what: "What came in the place of the signature of $1 is no signature: a proxy or portal answered, or something on the way changes files.",
			next: "See what answers: curl -sSvI https://$1"},
		// Error retrieving metadata for 'x':
		// Parse error: repomd.xml[27] Input is not proper UTF-8, indicate encoding !
		{match: `^Error retrieving metadata for '([^']*)':\nParse error: (\S+?)\[\d+\] ([^\n]+)`, code: fault.RepositoryUnreachable,
			what: "What came in the place of $2 of repository $1 is no index ($3): a proxy or portal answered, or something on the way changes files.",
			next: "Try it by hand: sudo zypper refresh; look for a proxy in between"},
		// File 'repomd.xml' from repository 'x' is signed with an unknown key 'F060FEB1D873ABEE'.
		{match: `^File '([^']+)' from repository '([^']+)' is signed with an unknown key '([^']+)'`, code: fault.RepositoryUntrusted,
			what: "The metadata of repository $2 is signed with key $3, which is not one that this machine accepts for it.",
			next: trustKey},
		// New repository or package signing key received:
		//   Repository:       x
		//   Key Fingerprint:  7A69 5876 B4B7 D068 2BD6 3898 D341 D9D9 5F48 AA8E
		{match: `signing key received:(?:\n[^\n]*)*?\n\s*Key Fingerprint:\s+([0-9A-F ]+)`, code: fault.RepositoryUntrusted,
			what: "The repository is signed with key $1, which is not one that this machine accepts.",
			next: trustKey},
		// File 'repomd.xml' from repository 'x' is unsigned.
		{match: `File '([^']+)' from repository '([^']+)' is unsigned`, code: fault.RepositoryUntrusted,
			what: "The metadata of repository $2 has no signature.",
			next: leaveProxy},
		// Signature verification failed for file 'repomd.xml' from repository 'x'.
		{match: `^Signature verification failed for file '[^']+' from repository '([^']+)'`, code: fault.RepositoryUntrusted,
			what: "The metadata of repository $1 does not match its signature: it was changed on the way or at its source.",
			next: waitForMirror},
		// aadsshlogin-1.0.2-1.x86_64 (x): Signature verification failed [2-Signature does not verify]
		{match: `^(\S+) \([^)]*\): Signature verification failed \[2-`, code: fault.RepositoryUntrusted,
			what:      "$1 does not match its signature: it was changed on the way or at its source.",
			next:      waitForMirror,
			signature: 1},
		// aadsshlogin-1.0.2-1.x86_64 (x): Signature verification failed [6-File is unsigned]
		{match: `^(\S+) \([^)]*\): Signature verification failed \[6-`, code: fault.RepositoryUntrusted,
			what:      "$1 is not signed.",
			next:      notByHand,
			signature: 1, unsigned: true},
		// aadsshlogin-1.0.2-1.x86_64 (x): Signature verification failed [5-File does not exist or signature can't be checked]
		{match: `^(\S+) \([^)]*\): Signature verification failed \[5-`, code: fault.RepositoryUnreachable,
			what: "What the repository served as the file of $1 is no package that can be read: a proxy or portal answered, or something on the way changes files.",
			next: waitForMirror},
		// aadsshlogin-1.0.2-1.x86_64 (x): Signature verification failed [4-Signatures public key is not available]
		{match: `^(\S+) \([^)]*\): Signature verification failed \[([^\]]+)\]`, code: fault.RepositoryUntrusted,
			what:      "$1 is not signed with a key that this machine accepts ($2).",
			next:      trustKey,
			signature: 1},
		//  - Signature verification failed for repomd.xml
		{match: `Signature verification failed`, code: fault.RepositoryUntrusted,
			what: "The signature of the repository is not one that this machine accepts.",
			next: newestExtension},
		// Warning: Digest verification failed for file 'aadsshlogin-1.0.2-1.x86_64.rpm'
		{match: `Digest verification failed for (?:file )?'?([^'\s]+)|(\S+) has wrong checksum`, code: fault.RepositoryUnreachable,
			what: "The repository served a file that does not match its index ($1$2): the mirror is being updated, or something on the way changes files.",
			next: waitForMirror,
			step: widen},

		// Downloaded data exceeded the expected filesize '12.4 KiB' of 'https://packages.microsoft.com/x/aadsshlogin.rpm'.
		{match: `Downloaded data exceeded the expected filesize '[^']*' of '` + dnfHost + `([^']*)'`, code: fault.RepositoryUnreachable,
			what: "$1 served a file that does not match its index ($2): the mirror is being updated, or something on the way changes files.",
			next: waitForMirror,
			step: widen},

		//    Error message: The requested URL returned error: 407
		{match: `Error code: HTTP response: 407|error: 407|response 407|HTTP code 407`, code: fault.RepositoryUnreachable,
			what: "The proxy wants a user and a password, or does not accept the ones that it got.",
			next: givePassword},
		//  - Download (curl) error for 'https://packages.example.invalid/x/content':
		//    Error code: HTTP response: 0
		{match: `Download \(curl\) error for '` + dnfHost + `[^']*':\n\s*Error code: HTTP response: 0$`, code: fault.RepositoryUnreachable,
			what: "The proxy refuses the way to $1, and zypper does not say why: most likely it wants a user and a password.",
			next: givePassword},
		//  - Download (curl) error for 'http://127.0.0.1:8081/status/429/content':
		//    Error code: HTTP response: 429
		{match: `Download \(curl\) error for '` + dnfHost + `[^']*':\n\s*Error code: HTTP response: 429`, code: fault.RepositoryUnreachable,
			what: "$1 has had too many requests from this network address (HTTP 429).",
			next: tenMinutes,
			step: later},
		{match: `Download \(curl\) error for '` + dnfHost + `([^']*)':\n\s*Error code: HTTP response: (5\d\d)`, code: fault.RepositoryUnreachable,
			what: "$1 answered $3 for $2.",
			next: ifItStays + "curl -sSI https://$1$2.",
			step: later},
		{match: `Download \(curl\) error for '` + dnfHost + `([^']*)':\n\s*Error code: HTTP response: ([1-9]\d\d)`, code: fault.RepositoryUnreachable,
			what: "$1 answered $3 for $2.",
			next: "Look at it from this machine: curl -sSI https://$1$2; allow it in the firewall or proxy" + andAgain,
			step: widen, refusal: 1},
		//  - Permission to access 'http://127.0.0.1:8081/status/403/content' denied.
		{match: `Permission to access '` + dnfHost + `([^']*)' denied`, code: fault.RepositoryUnreachable,
			what: "$1 answered 403 Forbidden for $2.",
			next: "Look at it from this machine: curl -sSI https://$1$2; allow it in the firewall or proxy" + andAgain,
			step: widen, refusal: 1},
		//  - Location 'http://127.0.0.1:8081/status/503/content' is temporarily unaccessible.
		{match: `Location '` + dnfHost + `([^']*)' is temporarily unaccessible`, code: fault.RepositoryUnreachable,
			what: "$1 answered that it cannot serve $2 now (HTTP 503).",
			next: tenMinutes,
			step: later},
		//  - Timeout exceeded when accessing 'http://127.0.0.1:8081/truncate/repodata/repomd.xml'.
		{match: `Timeout exceeded when accessing '` + dnfHost, code: fault.RepositoryUnreachable,
			what: "$1 does not answer in time.",
			next: "See what answers on this machine: curl -sSvI https://$1"},
		//    Error message: Could not resolve host: packages.example.invalid
		{match: `Could not resolve (?:host|proxy): ([A-Za-z0-9._-]+)`, code: fault.RepositoryUnreachable,
			what: "The name $1 cannot be resolved.",
			next: "See what answers on this machine: getent hosts $1; cat /etc/resolv.conf"},
		//    Error message: Failed to connect to 127.0.0.1 port 9 after 0 ms: Could not connect to server
		{match: `Failed to connect to (\S+) port (\d+)`, code: fault.RepositoryUnreachable,
			what: "No connection to $1 port $2.",
			next: openFirewall},
		//  - Download (curl) error for 'https://127.0.0.1:8443/content':
		//    Error code: Curl error 60
		//    Error message: SSL certificate problem: self-signed certificate
		{match: `Download \(curl\) error for '` + dnfHost + `[^']*':\n\s*Error code: (?:Curl error (?:51|60|77)\n|[^\n]*\n\s*Error message: [^\n]*certificate)`, code: fault.RepositoryUnreachable,
			what: "The certificate that $1 shows is not trusted: something on the way takes TLS apart, or the machine's certificates or clock are wrong.",
			next: "See who issued it: curl -skvI https://$1 2>&1 | grep issuer; update ca-certificates, and check the clock."},
		{match: `Download \(curl\) error for '` + dnfHost + `[^']*':\n\s*Error code: [^\n]*\n\s*Error message: ([^\n]*)`, code: fault.RepositoryUnreachable,
			what: "$1 could not be read ($2).",
			next: "See what answers on this machine: curl -sSvI https://$1"},
		//  - [x|http://127.0.0.1:8081/status/404] Repository type can't be determined.
		{match: `\[[^|\]]*\|` + dnfHost + `([^\]]*)\] (?:Repository type can't be determined|Valid metadata not found)`, code: fault.PackageUnavailable,
			what: "$1 has no repository $2.",
			next: "See what there is for this release: curl -sSI https://$1$2/repodata/repomd.xml; correct repository.baseUrl if it is set."},
		// File './aadsshlogin-1.0-1.x86_64.rpm' not found on medium 'file:/srv/x'
		{match: `File '(?:\./)?([^']+)' not found on medium '(?:file|dir):/*(/[^']*)'`, code: fault.RepositoryUnreachable,
			what: "The repository in $2 does not have $1, which its index lists.",
			next: "Make its index anew, or put the file back: ls -l $2"},
		// File './aadsshlogin-1.0.2-1.x86_64.rpm' not found on medium 'http://127.0.0.1:8081/gone'
		{match: `File '(?:\./)?([^']+)' not found on medium '` + dnfHost, code: fault.RepositoryUnreachable,
			what: "$2 does not have $1, which its index lists.",
			next: waitForMirror,
			step: widen},

		//   remove lock to allow installation of aadsshlogin-1.0.2-1.x86_64[aadsshlogin]
		{match: `remove lock to allow (?:installation|removal) of (\S+?)-[^\s-]+-[^\s-]+(?:\s|$)`, code: fault.PackageManagerFailed,
			what: "The owner of this machine has locked $1 as it is.",
			next: "See which lock it is, perhaps a pattern (zypper locks), and release it by its number there (sudo zypper removelock NUMBER)",
			look: zypperLocked},
		// Problem: 1: nothing provides 'libnosuch.so.2()(64bit)' needed by the to be installed aadsshlogin-1.0.2-1.x86_64
		{match: `nothing provides '?([^'\n]+?)'? needed by (?:the to be installed )?(\S+)`, code: fault.PackageManagerFailed,
			what: "A dependency cannot be met: nothing provides $1, needed by $2.",
			next: "See where it could come from: zypper search --provides '$1'; add the repository or module that has it, or set packageVersion to a version that does not need it.",
			step: widen},
		// Problem: 1: the to be installed aadsshlogin-1.0.2-1.x86_64 conflicts with 'aadlogin' provided by the installed aadlogin-1.0.0-1.x86_64
		{match: `(?:the to be installed |^Problem: )(\S+) conflicts with [^\n]* provided by (?:the installed )?(\S+)`, code: fault.PackageManagerFailed,
			what: "$1 cannot be beside $2, which is installed.",
			next: removeOne("$2")},
		// Problem: 1: the installed a-1.0-1.x86_64 requires 'b', but this requirement cannot be provided
		{match: `^Problem: (?:\d+: )?([^\n]+)`, code: fault.PackageManagerFailed,
			what: "zypper finds no way to install the packages: $1",
			next: "See its whole answer: sudo zypper install aadsshlogin",
			step: widen},

		// The selected package 'aadsshlogin-1.0.1-1.x86_64' from repository 'x' has lower version than the installed one.
		{match: `^The selected package '([^']+)' from repository '[^']*' has lower version than the installed one`, code: fault.PackageManagerFailed,
			what: "$1 is older than what is installed, and zypper was not told to go back.",
			next: "Install it by hand: sudo zypper install --oldpackage '$1'."},
		// Repository 'aadsshlogin' not found by its alias, number, or URI.
		{match: `^Repository '([^']+)' not found by its alias`, code: fault.PackageManagerFailed,
			what: "The repository definition $1 is not there, or cannot be read.",
			next: readDefinition("/etc/zypp/zypp.conf")},
		// Warning: No repositories defined. Operating only with the installed resolvables. Nothing can be installed.
		{match: `^Warning: No repositories defined\.`, code: fault.PackageUnavailable,
			what: "No package repository is defined on this machine.",
			next: "Register the machine (SUSEConnect) or add a repository: zypper repos"},
		// [x|https://packages.microsoft.com/x/] Failed to retrieve new repository metadata.
		// History:
		//  - Parse error: repomd.xml[2] Extra content at the end of the document
		{match: `^\[([^|\]]*)\|[^\n]*\nHistory:\n(?: - [^\n]*\n)*? - Parse error: (\S+?)\[\d+\] ([^\n]+)`, code: fault.RepositoryUnreachable,
			what: "What came in the place of $2 of repository $1 is no index ($3): a proxy or portal answered, or something on the way changes files.",
			next: "Try it by hand: sudo zypper refresh; look for a proxy in between"},
		// [x|http://127.0.0.1:8080/] Failed to retrieve new repository metadata.
		{match: `^\[[^|\]]*\|` + dnfHost + `[^\]]*\] (Failed to [^\n]+|Valid metadata not found[^\n]*)`, code: fault.RepositoryUnreachable,
			what: "$1 could not be read: $2",
			next: "Try it by hand: sudo zypper refresh"},
		// No provider of 'aadsshlogin=9.9' found.
		{match: `^No provider of '([^']+)' found|^Package '([^']+)' not found`, code: fault.PackageUnavailable,
			what: "The repositories have no $1$2 for this release and architecture.",
			next: "See what there is: zypper search --details 'aadsshlogin*'; correct packageVersion if it is set.",
			step: widen},
	})
}
