package pkgmgr

import (
	"slices"

	"aadssh/internal/fault"
)

// yumRules are the messages of yum 3; those of librepo and curl read as in dnf.
func yumRules() []rule {
	return slices.Concat([]rule{
		// exiting because "Download Only" specified
		// Exiting on user command
		{match: `^exiting because "Download Only" specified|^Exiting on user command`, code: fault.OK},
		// File contains no section headers.
		// file: file:///etc/yum.repos.d/third.repo, line: 1
		{match: `File contains no section headers\.\nfile: file://(\S+), line: (\d+)`, code: fault.PackageManagerFailed,
			what: "The file $1 cannot be read, so that yum does nothing at all: line $2 stands before any section.",
			next: "Correct the file, or move it away: less $1"},
		// File contains parsing errors: file:///etc/yum.repos.d/third.repo
		// 	[line  3]: these are words
		{match: `File contains parsing errors: file://(\S+)\n\s*\[line +(\d+)\]`, code: fault.PackageManagerFailed,
			what: "The file $1 cannot be read, so that yum does nothing at all: line $2 is no setting.",
			next: "Correct the file, or move it away: less $1"},
		// Existing lock /var/run/yum.pid: another copy is running as pid 2565.
		// Another app is currently holding the yum lock; exiting as configured by exit_on_lock
		//   The other application is: PackageKit
		{match: `^Existing lock (\S+): another copy is running as pid (\d+)`, code: fault.PackageManagerBusy,
			what: "Another program is using yum: process $2 holds $1.",
			next: "Look at it with: ps -fp $2" + whenEnded},
		// https://host/centos/7/repodata/repomd.xml: [Errno -1] repomd.xml signature could not be verified for x
		{match: `repomd\.xml signature could not be verified for (\S+)`, code: fault.RepositoryUntrusted,
			what: "The metadata of repository $1 is not signed with a key that this machine accepts for it.",
			next: trustKey},
		// https://host/x/repodata/repomd.xml: [Errno -1] Error finding signature for repomd.xml for x: [Errno 14] HTTPS Error 404 - Not Found
		{match: `Error finding signature for repomd\.xml for ([^:\s]+): [^\n]*Error 404`, code: fault.RepositoryUntrusted,
			what: "The metadata of repository $1 has no signature.",
			next: leaveProxy},
		// https://host/x/repodata/repomd.xml: [Errno -1] Gpg Keys not imported, cannot verify repomd.xml for repo x
		{match: `Gpg Keys not imported, cannot verify repomd\.xml for repo (\S+)`, code: fault.RepositoryUntrusted,
			what: "The metadata of repository $1 is not signed with a key that this machine accepts for it.",
			next: trustKey},
		// [Errno 14] HTTPS Error 407 - Proxy Authentication Required
		// [Errno 14] curl#56 - "Received HTTP code 407 from proxy after CONNECT"
		{match: `HTTPS? Error 407|HTTP code 407 from proxy`, code: fault.RepositoryUnreachable,
			what: "The proxy wants a user and a password, or does not accept the ones that it got.",
			next: givePassword},
		// https://host/centos/7Server/x86_64/stable/repodata/repomd.xml: [Errno 14] HTTPS Error 404 - Not Found
		{match: dnfHost + `(\S*)/repodata/repomd\.xml: \[Errno 14\] HTTPS? Error 404`, code: fault.PackageUnavailable,
			what: "$1 has no repository $2.",
			next: "See what there is for this release: curl -sSI https://$1$2/repodata/repomd.xml; correct repository.baseUrl if it is set."},
		{match: dnfHost + `(\S*): \[Errno 14\] HTTPS? Error (429|5\d\d) - (?:The requested URL returned error: \d+ )?([^\n]+)`, code: fault.RepositoryUnreachable,
			what: "$1 answered $3 $4 for $2.",
			next: ifItStays + "curl -sSI https://$1$2.",
			step: later},
		{match: dnfHost + `(\S*): \[Errno 14\] HTTPS? Error (\d{3}) - ([^\n]+)`, code: fault.RepositoryUnreachable,
			what: "$1 answered $3 $4 for $2.",
			next: "Look at it from this machine: curl -sSI https://$1$2; allow it in the firewall or proxy" + andAgain,
			step: widen, refusal: 1},
		// https://host/x/Packages/a/aadsshlogin-1.0-1.x86_64.rpm: [Errno -1] Package does not match intended download. Suggestion: run yum --enablerepo=x clean metadata and try again
		{match: dnfHost + `\S*?/([^/\s]+): \[Errno -1\] Package does not match intended download`, code: fault.RepositoryUnreachable,
			what: "$1 served a file that does not match its index ($2): the mirror is being updated, or something on the way changes files.",
			next: waitForMirror,
			step: refetch},
		// https://host/x/repodata/repomd.xml: [Errno -1] Error importing repomd.xml for x: Damaged repomd.xml file
		// https://host/x/repodata/ea7c-primary.sqlite.bz2: [Errno -1] Metadata file does not match checksum
		{match: dnfHost + `\S*?/([^/\s]+): \[Errno -1\] (Error importing repomd\.xml|Metadata file does not match checksum)`, code: fault.RepositoryUnreachable,
			what: "What $1 served as $2 is damaged: the mirror is being updated, or something on the way changes files.",
			next: waitForMirror},
		// Error: requested datatype primary not available
		{match: `requested datatype primary not available`, code: fault.RepositoryUnreachable,
			what: "What came in the place of a repository's index is no index: a proxy or portal answered, or something on the way changes files.",
			next: "See what answers: yum repoinfo has the addresses, curl -sSv ADDRESS/repodata/repomd.xml shows it"},
		// Insufficient space in download directory /var/cache/yum/x86_64/7/x/packages
		{match: `Insufficient space in download directory (\S+)`, code: fault.Disk,
			what: "The file system of $1 is full.",
			next: "Free space: df -h $1"},
		// GPG key retrieval failed: [Errno 14] curl#37 - "Couldn't open file /etc/pki/rpm-gpg/RPM-GPG-KEY-x"
		{match: `GPG key retrieval failed: [^\n]*Couldn't open file ([^"\n]+)`, code: fault.RepositoryUntrusted,
			what: "The key file $1, which the definition of the repository names, is not there.",
			next: rewriteKeyFile},
		// GPG key retrieval failed: [Errno 14] curl#60 - "Peer's Certificate issuer is not recognized."
		{match: `GPG key retrieval failed: [^\n]*- "([^"\n]+?)\.?"`, code: fault.RepositoryUnreachable,
			what: "The key that the definition of a repository names cannot be fetched: $1.",
			next: "See which: grep -rn gpgkey /etc/yum.repos.d"},
		// Public key for aadsshlogin-1.0.027980001-1.x86_64.rpm is not installed (yum goes on where it may fetch the key)
		{match: `^Public key for (\S+) is not installed\s*\z`, code: fault.RepositoryUntrusted,
			what:      "$1 is signed with a key that this machine does not accept.",
			next:      trustKey,
			signature: 1},
		// https://host/x/repodata/repomd.xml: [Errno 14] curl#22 - "The requested URL returned error: 403"
		{match: dnfHost + `\S*: \[Errno 14\] curl#22 - "The requested URL returned error: (\d+)`, code: fault.RepositoryUnreachable,
			what: "The proxy refuses the way to $1 with HTTP $2.",
			next: "Have whoever runs the proxy allow the repository's host" + andAgain},
		// https://host/x/repodata/repomd.xml: [Errno 14] curl#22 - "HTTP returned error"
		{match: dnfHost + `\S*: \[Errno 14\] curl#22 - `, code: fault.RepositoryUnreachable,
			what: "The proxy refuses the way to $1, and yum does not say why: most likely it wants a user and a password.",
			next: givePassword},
		// https://host/x/repodata/repomd.xml: [Errno 14] curl#7 - "Failed to connect to 127.0.0.1 port 3129: Connection refused"
		{match: dnfHost + `\S*: \[Errno 14\] curl#7 - "Failed to connect to (\S+) port (\d+): ([^"\n]+)`, code: fault.RepositoryUnreachable,
			what: "No connection to $2 port $3 ($4), on the way to $1.",
			next: openFirewall},
		// [Errno 14] curl#58 - "SSL peer rejected your certificate as expired."
		{match: dnfHost + `\S*: \[Errno 14\] curl#(?:58|\d+ - "SSL peer rejected your certificate)`, code: fault.RepositoryUnreachable,
			what: noClientCertificate,
			next: anotherClientCertificate,
			step: narrow},
		// [Errno 14] curl#60 - "Peer's Certificate issuer is not recognized."
		{match: dnfHost + `\S*: \[Errno 14\] curl#(?:51|60|77) - "([^"\n]*)`, code: fault.RepositoryUnreachable,
			what: "The certificate that $1 shows is not trusted ($2): something on the way takes TLS apart, or the machine's certificates or clock are wrong.",
			next: "See who issued it: curl -skvI https://$1 2>&1 | grep issuer; update ca-certificates, and check the clock."},
		// 14: curl#6 - "Could not resolve host: mirrorlist.centos.org; Unknown error"
		{match: `Could not resolve (?:host|proxy): ([A-Za-z0-9._-]+)`, code: fault.RepositoryUnreachable,
			what: "The name $1 cannot be resolved.",
			next: "See what answers on this machine: getent hosts $1; cat /etc/resolv.conf"},
		// [Errno 14] curl#7 - "Failed connect to 127.0.0.1:9; Connection refused"
		{match: `Failed (?:to )?connect to ([^\s;]+); ([^"\n]+)`, code: fault.RepositoryUnreachable,
			what: "No connection to $1 ($2).",
			next: openFirewall},
		// file:///root/package/repodata/repomd.xml: [Errno 14] curl#37 - "Couldn't open file /root/package/repodata/repomd.xml"
		{match: `curl#37 - "Couldn't open file ([^"\n]+)`, code: fault.RepositoryUnreachable,
			what: "The file $1, which a repository on this machine points to, is not there.",
			next: "Put it back, or disable the repository (yum repolist all)" + andAgain},
		// https://host/repodata/repomd.xml: [Errno 12] Timeout on https://host/repodata/repomd.xml: (28, 'Operation too slow. ...')
		{match: dnfHost + `\S*: \[Errno (?:12|14)\] (?:curl#\d+ - )?"?([^"\n]+)`, code: fault.RepositoryUnreachable,
			what: "$1 could not be read: $2",
			next: "See what answers on this machine: curl -sSvI https://$1"},
		// Error: Cannot find a valid baseurl for repo: base/7/x86_64
		{match: `Cannot find a valid baseurl for repo: (\S+)`, code: fault.RepositoryUnreachable,
			what: noMirrors,
			next: toArchive,
			step: narrow},
		//  One of the configured repositories failed (Docker CE Stable - x86_64),
		// Error: Cannot retrieve metalink for repository: epel/x86_64. Please verify its path and try again
		{match: `^ ?One of the configured repositories failed \(([^\n]+)\),|^Error: Cannot retrieve (?:metalink|repository metadata \(repomd\.xml\)) for repository: (\S+)\. Please`, code: fault.RepositoryUnreachable,
			what: "The repository \"$1$2\" could not be read, and yum goes no further without it.",
			next: "Repair or disable it (yum repolist all)" + andAgain,
			step: narrow},
		// Error: Package: aadsshlogin-1.0.2-1.x86_64 (packages-microsoft-com)
		//            Requires: libnosuch.so.2()(64bit)
		{match: `^Error: Package: (\S+) [^\n]*\n\s+Requires: ([^\n]+)`, code: fault.PackageManagerFailed,
			what: "A dependency cannot be met: nothing provides $2, needed by $1.",
			next: "See where it could come from: yum provides '$2'; enable the repository that has it, or set packageVersion to a version that does not need it.",
			step: widen},
		// Error: aadsshlogin conflicts with aadlogin-1.0.0-1.x86_64
		{match: `^Error: (\S+) conflicts with (\S+)`, code: fault.PackageManagerFailed,
			what: "$1 cannot be beside $2.",
			next: removeOne("$2")},
		// No package aadsshlogin available.
		{match: `^No package (\S+) available`, code: fault.PackageUnavailable,
			what: "The repositories have no $1 for this release and architecture, or its owner excludes it.",
			next: "See what there is: yum --showduplicates list 'aadsshlogin*'; yum versionlock list; correct packageVersion if it is set.",
			step: widen,
			look: yumKeptOut},
		// Error: No matching Packages to list
		{match: `^Error: No matching Packages to list`, code: fault.PackageUnavailable,
			what: "The repositories have none of the packages that were asked for, or their owner excludes them.",
			next: "See what there is: yum --showduplicates list 'aadsshlogin*'; grep -rn exclude /etc/yum.conf /etc/yum.repos.d"},
		//   Installing : aadsshlogin-1.0-1.x86_64       1/2Error in PREUN scriptlet in rpm package aadlogin-1.0-1.x86_64
		{match: `Error in (PREIN|PREUN|PRETRANS) scriptlet in rpm package (\S+)`, code: fault.PackageManagerFailed,
			what: "The $1 script of $2 failed, so that the package stays as it was.",
			next: repairScript, said: true},
		// aadsshlogin-1.0-1.x86_64 was supposed to be installed but is not!
		{match: `^(\S+) was supposed to be (installed|removed) but is not!`, code: fault.PackageManagerFailed,
			what: "yum says only that $1 was supposed to be $2 but is not.",
			next: seeTransactionLog + andAgain,
			step: unexplained},
		// Non-fatal POSTIN scriptlet failure in rpm package aadsshlogin-1.0.2-1.x86_64
		{match: `^Non-fatal \S+ scriptlet failure in rpm package (\S+)`, code: fault.PackageManagerFailed,
			what: "A script of $1 failed; the package is in place, but it did not set itself up.",
			next: repairScript, said: true,
			step: scripts},
	}, dnfRulesFor("yum", "/etc/yum.conf"))
}
