package pkgmgr

import (
	"slices"
	"strings"

	"aadssh/internal/fault"
)

// dnfHost captures only the host of a URL.
const dnfHost = `[a-z+]+://(?:[^\s\]]*@)?([^/\s\]]*)`

// dnfRulesFor are dnfRules for another program that prints the same messages.
func dnfRulesFor(program, configuration string) []rule {
	words := strings.NewReplacer("/etc/dnf/dnf.conf", configuration, "dnf", program)
	rules := dnfRules()
	for i := range rules {
		rules[i].what, rules[i].next = words.Replace(rules[i].what), words.Replace(rules[i].next)
	}
	return rules
}

// dnfRules are the messages of dnf 4 and librepo. Above each row is a line that it matches.
func dnfRules() []rule {
	return slices.Concat(rpmRules(), []rule{
		// metadata already locked by 1820
		//   The application with PID 1820 is: sleep
		{match: `already locked by (\d+)\n\s*The application with PID \d+ is: ([^\n]+)`, code: fault.PackageManagerBusy,
			what: "Another program is using dnf: $2 (process $1).",
			next: "Look at it with: ps -fp $1" + whenEnded},
		{match: `already locked by (?:process )?(\d+)|Waiting for process with pid (\d+)`, code: fault.PackageManagerBusy,
			what: "Another program is using dnf: process $1$2.",
			next: "Look at it with: ps -fp $1$2" + whenEnded},
		// Error: SQLite error on "/var/lib/dnf/history.sqlite": Executing an SQL statement failed: database is locked
		{match: `^Error: SQLite error on "([^"]+)": [^\n]*database is locked`, code: fault.PackageManagerBusy,
			what: "Another program is using dnf: $1 is locked.",
			next: "See which one with: fuser -v $1" + whenEnded},

		// Warning: failed loading '/etc/yum.repos.d/x.repo', skipping.
		// Error: There are no enabled repositories in "/etc/yum.repos.d", "/etc/yum/repos.d", "/etc/distro.repos.d".
		{match: `^Warning: failed loading '([^']+)', skipping\.\n(?:[^\n]*\n)*?Error: There are no enabled repositor`, code: fault.PackageManagerFailed,
			what: "dnf passes over the file $1, which it cannot read, and has no repository without it.",
			next: "Correct the file: less $1"},
		// Error: Failed to download metadata for repo 'x': repomd.xml parser error: Parse error at line: 2 (Extra content at the end of the document
		{match: `Failed to download metadata (?:\([^)\n]*\) )?for repo(?:sitory)? ['"]([^'"]+)['"]: repomd\.xml parser error`, code: fault.RepositoryUnreachable,
			what: "What came in the place of the index of repository $1 is no index: a proxy or portal answered, or something on the way changes files.",
			next: someMinutes + "look for a proxy in between (dnf repoinfo $1 has the address)."},

		// Error: Failed to download metadata for repo 'x': repomd.xml GPG signature verification error: gpgme_op_verify() error: No data
		{match: `Failed to download metadata for repo '([^']+)': repomd\.xml GPG signature verification error: [^\n]*No data`, code: fault.RepositoryUnreachable,
			what: "What came in the place of the signature of repository $1 is no signature: a proxy or portal answered, or something on the way changes files.",
			next: someMinutes + "look for a proxy in between (dnf repoinfo $1 has the address)."},
		// Error: Failed to download metadata for repo 'x': repomd.xml GPG signature verification error: Bad GPG signature
		{match: `Failed to download metadata for repo '([^']+)': repomd\.xml GPG signature verification error: ([^\n]+)`, code: fault.RepositoryUntrusted,
			what: "The metadata of repository $1 is not signed with a key that this machine accepts for it ($2).",
			next: trustKey},
		// Error: Failed to download metadata for repo 'x': GPG verification is enabled, but GPG signature is not available. This may be [...]: Status code: 416 for https://host/x/repodata/repomd.xml.asc (IP: 127.0.0.1)
		{match: `repo '([^']+)': GPG verification is enabled, but GPG signature is not available[^\n]*: (Status code: (?:[1235]\d\d|4[1-9]\d|40[0-35-9])|Curl error[^\n]*?) for (https?://[^\s\[]+)`, code: fault.RepositoryUnreachable,
			what: "The signature of the metadata of repository $1 cannot be fetched ($2).",
			next: ifItStays + "curl -sSvI $3."},
		// GPG verification is enabled, but GPG signature is not available.
		{match: `repo '([^']+)': GPG verification is enabled, but GPG signature is not available`, code: fault.RepositoryUntrusted,
			what: "The metadata of repository $1 has no signature.",
			next: leaveProxy},
		// Failed to retrieve GPG key for repo 'x': Curl error (37): Couldn't read a file:// file for file:///etc/missing.asc
		{match: `Failed to retrieve GPG key for repo '([^']+)'[^\n]*file://(\S+)`, code: fault.RepositoryUntrusted,
			what: "The key file $2 of repository $1 is not there.",
			next: rewriteKeyFile},
		// Public key for aadsshlogin-1.0.2-1.x86_64.rpm is not installed. Failing package is: aadsshlogin-1.0.2-1.x86_64
		{match: `Public key for (\S+) is not (?:installed|trusted)[.\s]*Failing package is`, code: fault.RepositoryUntrusted,
			what:      "$1 is signed with a key that this machine does not accept.",
			next:      trustKey,
			signature: 1},
		// Package aadsshlogin-1.0.2-1.x86_64.rpm is not signed
		{match: `^Package (\S+) is not signed`, code: fault.RepositoryUntrusted,
			what:      "$1 is not signed.",
			next:      notByHand,
			signature: 1, unsigned: true},
		// The GPG keys listed for the "x" repository are already installed but they are not correct for this package.
		// Check that the correct key URLs are configured for this repository.. Failing package is: aadsshlogin-1.0.2-1.x86_64
		{match: `already installed but they are not correct for this package\.(?:[^\n]*\n){1,6}?[^\n]*Failing package is: (\S+)`, code: fault.RepositoryUntrusted,
			what:      "$1 is signed with a key that this machine does not accept.",
			next:      trustKey,
			signature: 1},
		// You have enabled checking of packages via GPG keys. This is a good thing.
		// However, you do not have any GPG public keys installed. You need to download
		// Problem repository: [prod]
		{match: `you do not have any GPG public keys installed(?:[^\n]*\n){1,16}?Problem repository: \[?([^\]\n]+)`, code: fault.RepositoryUntrusted,
			what: "The definition of repository $1 names no key, and this machine has imported none.",
			next: "Name the key in the definition (gpgkey=), or have the machine accept it (sudo rpm --import FILE) once you have verified it"},
		// Error: GPG check FAILED
		{match: `GPG check FAILED|The GPG keys listed for the "([^"]+)" repository are already installed but they are not correct`, code: fault.RepositoryUntrusted,
			what: "A package is not signed with a key that this machine accepts.",
			next: newestExtension},

		// Status code: 407 for http://127.0.0.1:8080/repodata/repomd.xml (IP: 127.0.0.1)
		// CONNECT tunnel failed, response 407
		{match: `Status code: 407 for|(?:CONNECT tunnel failed, response|HTTP code) 407`, code: fault.RepositoryUnreachable,
			what: "The proxy wants a user and a password, or does not accept the ones that it got.",
			next: givePassword},
		// CONNECT tunnel failed, response 403
		// Received HTTP code 403 from proxy after CONNECT
		{match: `CONNECT tunnel failed, response (\d{3})|Received HTTP code (\d{3}) from proxy`, code: fault.RepositoryUnreachable,
			what: "The proxy refuses the way to the package repository with HTTP $1$2.",
			next: "Have whoever runs the proxy allow the repository's host" + andAgain},
		// Status code: 429 for http://127.0.0.1:8081/status/429/repodata/repomd.xml (IP: 127.0.0.1)
		{match: `Status code: 429 for ` + dnfHost, code: fault.RepositoryUnreachable,
			what: "$1 has had too many requests from this network address (HTTP 429).",
			next: tenMinutes,
			step: later},
		// Status code: 404 for http://127.0.0.1:8081/status/404/repodata/repomd.xml (IP: 127.0.0.1)
		{match: `Status code: 404 for ` + dnfHost + `(\S*)/repodata/repomd\.xml`, code: fault.PackageUnavailable,
			what: "$1 has no repository $2.",
			next: "See what there is for this release: curl -sSI https://$1$2/repodata/repomd.xml; correct repository.baseUrl if it is set."},
		{match: `Status code: (5\d\d) for ` + dnfHost + `(\S*)`, code: fault.RepositoryUnreachable,
			what: "$2 answered $1 for $3.",
			next: ifItStays + "curl -sSI https://$2$3.",
			step: later},
		{match: `Status code: (\d{3}) for ` + dnfHost + `(\S*)`, code: fault.RepositoryUnreachable,
			what: "$2 answered $1 for $3.",
			next: "Look at it from this machine: curl -sSI https://$2$3; allow it in the firewall or proxy" + andAgain,
			step: widen, refusal: 2},
		// Could not resolve proxy: proxy.example.invalid
		// Could not resolve host: packages.example.invalid
		{match: `Could not resolve (?:host|proxy): ([A-Za-z0-9._-]+)`, code: fault.RepositoryUnreachable,
			what: "The name $1 cannot be resolved.",
			next: "See what answers on this machine: getent hosts $1; cat /etc/resolv.conf"},
		// Curl error (60): SSL peer certificate or SSH remote key was not OK for https://127.0.0.1:8443/repodata/repomd.xml [...]
		// Curl error (77): Problem with the SSL CA cert (path? access rights?) for https://127.0.0.1:8443/repodata/repomd.xml []
		{match: `Curl error \(77\): [^\n]* for ` + dnfHost, code: fault.RepositoryUnreachable,
			what: "The file of the authorities that dnf trusts for TLS is not there, or holds no certificate, so that it cannot tell whether $1 is the right host.",
			next: "See whether it is told to use one of its own (grep -rn sslcacert /etc/dnf/dnf.conf /etc/yum.repos.d), and put that back; where it is not, reinstall ca-certificates" + andAgain},
		{match: `Curl error \((?:51|60|83)\): [^\n]* for ` + dnfHost, code: fault.RepositoryUnreachable,
			what: "The certificate that $1 shows is not trusted: something on the way takes TLS apart, or the machine's certificates or clock are wrong.",
			next: "See who issued it: curl -skvI https://$1 2>&1 | grep issuer; update ca-certificates, and check the clock."},
		// Curl error (58): Problem with the local SSL certificate for https://rhui4-1.microsoft.com/... [could not load PEM client certificate from ...]
		// Curl error (56): ... [OpenSSL SSL_read: error:14094415:SSL routines:ssl3_read_bytes:sslv3 alert certificate expired, errno 0]
		{match: `Curl error \(58\): [^\n]* for ` + dnfHost + `|Curl error \(\d+\): [^\n]* for ` + dnfHost + `[^\n]* alert (?:bad |unknown )?certificate`, code: fault.RepositoryUnreachable,
			what: noClientCertificate,
			next: anotherClientCertificate,
			step: narrow},
		// Curl error (35): SSL connect error for https://127.0.0.1:8080/repodata/repomd.xml [gnutls_handshake() failed: ...]
		{match: `Curl error \((?:35|53|58|59|66|80)\): [^\n]* for ` + dnfHost + `[^\n\[]*\[([^\n\]]*)`, code: fault.RepositoryUnreachable,
			what: "$1 could not be spoken to over TLS: $2",
			next: "See what answers there: curl -sSvI https://$1"},
		//   - Curl error (37): Couldn't read a file:// file for file:///srv/x/repodata/repomd.xml [Couldn't open file /srv/x/repodata/repomd.xml]
		{match: `^ +- Curl error \(37\): [^\n]* for file://(\S+)`, code: fault.RepositoryUnreachable,
			what: "The repository lies on this machine, and $1 cannot be read.",
			next: "See what is there: ls -l $1"},
		// Package "aadsshlogin-1.0-1.x86_64" from local repository "x" has incorrect checksum
		{match: `^Package "([^"]+)" from local repository "([^"]+)" has incorrect checksum`, code: fault.RepositoryUnreachable,
			what: "The local repository $2 does not have $1 as its index lists it: the file is gone or another one.",
			next: "Make its index anew, or put the file back: dnf repoinfo $2"},
		// Config error: Parsing file "/etc/dnf/dnf.conf" failed: Parsing file '/etc/dnf/dnf.conf' failed: IniParser: Missing section header at line 1
		{match: `^Config error: Parsing file "([^"]+)" failed: [^\n]*IniParser: ([^\n]+)`, code: fault.PackageManagerFailed,
			what: "The file $1 cannot be read, so that dnf does nothing at all: $2.",
			next: "Correct the file, or move it away: less $1"},
		// Curl error (7): Couldn't connect to server for http://127.0.0.1:9/... [Failed to connect to 127.0.0.1 port 9 after 0 ms: Couldn't connect to server]
		{match: `Failed to connect to (\S+) port (\d+)`, code: fault.RepositoryUnreachable,
			what: "No connection to $1 port $2.",
			next: openFirewall},
		// Curl error (28): Timeout was reached for http://127.0.0.1:8081/hang/repodata/repomd.xml [Operation too slow. ...]
		// Curl error (56): Failure when receiving data from the peer for ... [Recv failure: Connection reset by peer]
		{match: `Curl error \(\d+\): [^\n]* for ` + dnfHost + `[^\n\[]*\[([^\n\]]+)`, code: fault.RepositoryUnreachable,
			what: "$1 could not be read: $2",
			next: "See what answers on this machine: curl -sSvI https://$1"},
		// Curl error (16): Error in the HTTP2 framing layer for https://packages.microsoft.com/rhel/9/prod/repodata/repomd.xml []
		{match: `Curl error \(\d+\): ([^\n]*) for ` + dnfHost, code: fault.RepositoryUnreachable,
			what: "$2 could not be read: $1",
			next: "See what answers on this machine: curl -sSvI https://$2"},
		// [MIRROR] aadsshlogin-1.0.2-1.x86_64.rpm: Downloading successful, but checksum doesn't match. Calculated: ...
		//   - Downloading successful, but checksum doesn't match. Calculated: ...
		// [MIRROR] aadsshlogin-1.0.2-1.x86_64.rpm: Interrupted by header callback: Inconsistent server data, reported file Content-Length: 12744, ...
		{match: `(?:(\S+): |- )(?:Downloading successful, but checksum doesn't match|Interrupted by header callback: [^\n]*Content-Length)`, code: fault.RepositoryUnreachable,
			what: "The repository served a file that does not match its index ($1): the mirror is being updated, or something on the way changes files.",
			next: waitForMirror,
			step: widen},
		// Error: Failed to download metadata for repo 'appstream': Cannot prepare internal mirrorlist: No URLs in mirrorlist
		{match: `for repo '([^']+)': Cannot prepare internal mirrorlist: No URLs in mirrorlist`, code: fault.RepositoryUnreachable,
			what: noMirrors,
			next: toArchive,
			step: narrow},
		// Error: Failed to download metadata for repo 'AppStream'         (dnf 4.2)
		// Error: Failed to synchronize cache for repo 'AppStream'         (dnf 4.0)
		{match: `^Error: Failed to (?:download metadata|synchronize cache) for repo '([^']+)'$`, code: fault.RepositoryUnreachable,
			what: "Repository $1 could not be read, and dnf does not say why.",
			next: "Try it by hand: sudo dnf --refresh makecache",
			step: narrow},
		// Error: Loading repository 'x' has failed
		{match: `^Error: Loading repository '([^']+)' has failed`, code: fault.PackageManagerFailed,
			what: "dnf's copy of the metadata of repository $1 is damaged.",
			next: "Have it fetched anew: sudo dnf clean metadata"},
		// Error: Failed to download metadata for repo 'x': Cannot download repomd.xml: ...
		{match: `Failed to download metadata for repo '([^']+)': ([^\n]+)|^Error: Error downloading packages:\n\s*([^\n]+)`, code: fault.RepositoryUnreachable,
			what: "Repository $1 could not be read: $2$3",
			next: "Try it by hand: sudo dnf --refresh makecache"},

		// All matches were filtered out by modular filtering for argument: aadsshlogin
		{match: `All matches were filtered out by modular filtering for argument: (\S+)|package (\S+)(?: from \S+)? is filtered out by modular filtering`, code: fault.PackageManagerFailed,
			what: "A module that is on hides $1$2.",
			next: "See which are (dnf module list --enabled), switch or reset the one that has it (sudo dnf module reset NAME)" + andAgain,
			step: widen},
		// What "dnf versionlock" locks is excluded too (dnf-plugins-core, plugins/versionlock.py).
		// All matches were filtered out by exclude filtering for argument: aadsshlogin
		{match: `All matches were filtered out by exclude filtering for argument: (\S+)`, code: fault.PackageManagerFailed,
			what: "The owner of this machine excludes $1 from installation.",
			next: liftExclusion("/etc/dnf/dnf.conf")},
		// installed package redhat-release-11.0-1.noarch conflicts with bash provided by aadsshlogin-1.0-1.x86_64 from x
		{match: `installed package (\S+) conflicts with [^\n]* provided by (\S+)`, code: fault.PackageManagerFailed,
			what: "$2 cannot be beside $1, which is installed.",
			next: removeOne("$1")},
		// package aadsshlogin-1.0.2-1.x86_64 conflicts with aadlogin provided by aadlogin-1.0.0-1.x86_64
		{match: `package (\S+)(?: from \S+)? conflicts with [^\n]* provided by (\S+)`, code: fault.PackageManagerFailed,
			what: "$1 cannot be beside $2, which is installed.",
			next: removeOne("$2")},
		// package x is filtered out by exclude filtering
		{match: `package (\S+)(?: from \S+)? is filtered out by exclude filtering`, code: fault.PackageManagerFailed,
			what: "The owner of this machine excludes $1 from installation.",
			next: liftExclusion("/etc/dnf/dnf.conf")},
		//   - nothing provides libnosuch.so.2()(64bit) needed by aadsshlogin-1.0.2-1.x86_64
		{match: `nothing provides (\S+(?: [<>=]+ \S+)?) needed by (\S+)`, code: fault.PackageManagerFailed,
			what: "A dependency cannot be met: nothing provides $1, needed by $2.",
			next: "See where it could come from: dnf provides '$1'; enable the repository that has it, or set packageVersion to a version that does not need it.",
			step: widen},
		//   - package a requires b, but none of the providers can be installed
		{match: `package (\S+)(?: from \S+)? requires ([^,\n]+), but none of the providers can be installed`, code: fault.PackageManagerFailed,
			what: "A dependency cannot be met: $1 requires $2, and none of those that provide it can be installed.",
			next: "See why: sudo dnf install '$1'",
			step: widen},
		//   - package aadsshlogin-1.0-1.aarch64 from x does not have a compatible architecture
		{match: `package (\S+)\.(\w+)(?: from \S+)? does not have a compatible architecture`, code: fault.PackageUnavailable,
			what: "The repositories have $1 for another architecture than this machine's: $2.",
			next: "See what there is: dnf --showduplicates list 'aadsshlogin*'; docs/distributions.md lists the releases and architectures that have it.",
			step: widen},
		// Error:
		//  Problem: conflicting requests
		//   - package aadsshlogin-1.0-1.x86_64 from x obsoletes aadlogin provided by aadlogin-1.0-1.x86_64 from @System
		{match: `^ ?Problem(?: \d+)?: ((?:conflicting requests|cannot install the best[^\n]*|problem with installed package[^\n]*)\n\s+- [^\n]+|[^\n]+)`, code: fault.PackageManagerFailed,
			what: "dnf finds no way to install the packages: $1",
			next: "See its whole answer: sudo dnf install aadsshlogin",
			step: widen},
		// Installed package aadsshlogin-1.0-1.x86_64 (from x) not available.
		{match: `^Installed package (\S+) (?:\(from [^)\n]+\) )?not available\.`, code: fault.PackageUnavailable,
			what: "The repositories no longer have $1, which is installed.",
			next: "See what there is: dnf --showduplicates list 'aadsshlogin*'",
			step: widen},
		// Error: Unable to find a match: aadsshlogin-9.9
		{match: `Unable to find a match: ([^\n]+)|^No match for argument: ([^\n]+)\nError|^No package (\S+) available`, code: fault.PackageUnavailable,
			what: "The repositories have no $1$2$3 for this release and architecture.",
			next: "See what there is: dnf --showduplicates list 'aadsshlogin*'; correct packageVersion if it is set.",
			step: widen},
		// Error: Unknown repo: 'aadsshlogin'
		{match: `Unknown repo: '([^']+)'|Error getting repository data for ([^,\s]+), repository not found`, code: fault.PackageManagerFailed,
			what: "The repository definition $1$2 is not there, or cannot be read.",
			next: readDefinition("/etc/dnf/dnf.conf")},
		// Error: There are no enabled repositories in "/etc/yum.repos.d", ...
		{match: `There are no enabled repositor`, code: fault.PackageUnavailable,
			what: "No package repository is enabled on this machine.",
			next: "Register the machine (subscription-manager) or enable a repository: dnf repolist --all"},

		// Error in POSTIN scriptlet in rpm package aadsshlogin
		{match: `^Error in \w+ scriptlet in rpm package (\S+)`, code: fault.PackageManagerFailed,
			what: "A script of $1 failed; the package is in place, but it did not set itself up.",
			next: repairScript, said: true,
			step: scripts},
		// Error: Transaction test error:
		//   package x-2-1.x86_64 (which is newer than x-1-1.x86_64) is already installed
		{match: `(?i)^(?:Error: )?transaction (?:test|check) error:\s*\n\s*([^\n]+)`, code: fault.PackageManagerFailed,
			what: "rpm refuses the transaction: $1.",
			next: seeTransactionLog + andAgain},
		// [Errno 17] File exists: '/var/cache/dnf'
		// Config error: [Errno 13] Permission denied: '/var/log/dnf.log': '/var/log/dnf.log'
		//  filesystem error: cannot create directories: Not a directory [/var/cache/libdnf5/x]
		{match: `^(?:Config error: |Error: )?\[Errno \d+\] ([^:\n]+): '(/[^'\n]+)'|^ *filesystem error: [^:\n]+: ([^\n\[]+?) \[(/[^\]\n]+)\]`, code: fault.PackageManagerFailed,
			what: "dnf cannot use $2$4: $1$3.",
			next: "See what is there: ls -ld $2$4; findmnt -T $2$4"},
		// Operation aborted.
		{match: `^Operation aborted\.`, code: fault.OK}, // the end of a simulation
	})
}
