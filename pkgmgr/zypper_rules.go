package pkgmgr

import (
	"slices"

	"aadsshlogin-handler/internal/fault"
)

// zypperRules are the messages of zypper 1.13 and 1.14. Above each row stands a
// line that it matches.
func zypperRules() []rule {
	return slices.Concat([]rule{
		// System management is locked by the application with pid 2925 (zypper).
		{`^System management is locked by the application with pid (\d+) \(([^)\n]*)\)`, fault.PackageManagerBusy,
			"Another program is using zypper: $2 (process $1).", "Look at it with: ps -fp $1; when it has ended, set the extension again.", none},
		// Can't create metadata cache directory.
		//  - Create attach point: Can't find a writable directory to create an attach point
		{`^Can't create (?:metadata )?cache directory|Can't create temporary|Can't find a writable directory`, fault.Disk,
			"zypper cannot write below /var/cache/zypp: the file system is full or read-only.", "See which: df -h /var; findmnt -T /var/cache/zypp; then set the extension again.", none},
		// /etc/zypp/repos.d/bad.repo: Section []: Line 1 contains garbage (no '=' or ':/?|,\' in key)
		{`^(/\S+\.repo): (Section [^\n]+)`, fault.PackageManagerFailed,
			"The repository file $1 cannot be read, so that zypper does nothing at all: $2", "Correct the file, or move it away: less $1; then set the extension again.", none},
		{`^Unexpected exception\.\n([^\n]+)`, fault.PackageManagerFailed,
			"zypper ended with an exception: $1", "See the rest in " + transactionLog + ", repair what it names, then set the extension again.", none},
	}, rpmRules(), []rule{
		// [x|https://packages.microsoft.com/x/] Failed to retrieve new repository metadata.
		// History:
		//  - File /var/tmp/TmpFile.NR42WQ doesn't contain public key data
		{`^\[[^|\]]*\|` + dnfHost + `[^\]]*\][^\n]*\nHistory:\n - File \S+ doesn't contain public key data`, fault.RepositoryUnreachable,
			"What zypper read as the key of $1 is no key: a proxy or portal answered, something on the way changes files, or there was no room for it.", "See what answers (curl -sSvI https://$1) and df -h /var /tmp; then set the extension again.", none},
		// File 'repomd.xml' from repository 'x' is signed with an unknown key ''.
		// [x|https://packages.microsoft.com/x/] Failed to retrieve new repository metadata.
		{`^File '[^']+' from repository '[^']+' is signed with an unknown key ''(?:[^\n]*\n)*?\[[^|\]]*\|` + dnfHost, fault.RepositoryUnreachable,
			"What came in the place of the signature of $1 is no signature: a proxy or portal answered, or something on the way changes files.", "See what answers: curl -sSvI https://$1; then set the extension again.", none},
		// Error retrieving metadata for 'x':
		// Parse error: repomd.xml[27] Input is not proper UTF-8, indicate encoding !
		{`^Error retrieving metadata for '([^']*)':\nParse error: (\S+?)\[\d+\] ([^\n]+)`, fault.RepositoryUnreachable,
			"What came in the place of $2 of repository $1 is no index ($3): a proxy or portal answered, or something on the way changes files.", "Try it by hand: sudo zypper refresh; look for a proxy in between; then set the extension again.", none},
		// File 'repomd.xml' from repository 'x' is signed with an unknown key 'F060FEB1D873ABEE'.
		{`^File '([^']+)' from repository '([^']+)' is signed with an unknown key '([^']+)'`, fault.RepositoryUntrusted,
			"The metadata of repository $2 is signed with key $3, which is not one that this machine accepts for it.", "Update the extension to its newest version, or name the key in the setting repository.trustedKeys after you have verified it.", none},
		// New repository or package signing key received:
		//   Repository:       x
		//   Key Fingerprint:  7A69 5876 B4B7 D068 2BD6 3898 D341 D9D9 5F48 AA8E
		{`signing key received:(?:\n[^\n]*)*?\n\s*Key Fingerprint:\s+([0-9A-F ]+)`, fault.RepositoryUntrusted,
			"The repository is signed with key $1, which is not one that this machine accepts.", "Update the extension to its newest version, or name the key in the setting repository.trustedKeys after you have verified it.", none},
		// File 'repomd.xml' from repository 'x' is unsigned.
		{`File '([^']+)' from repository '([^']+)' is unsigned`, fault.RepositoryUntrusted,
			"The metadata of repository $2 has no signature.", "See which proxy or mirror serves it, and try again without it; do not install from it by hand.", none},
		// Signature verification failed for file 'repomd.xml' from repository 'x'.
		{`^Signature verification failed for file '[^']+' from repository '([^']+)'`, fault.RepositoryUntrusted,
			"The metadata of repository $1 does not match its signature: it was changed on the way or at its source.", "Set the extension again in some minutes; if it stays, see which proxy or mirror serves it.", none},
		// aadsshlogin-1.0.2-1.x86_64 (x): Signature verification failed [2-Signature does not verify]
		{`^(\S+) \([^)]*\): Signature verification failed \[2-`, fault.RepositoryUntrusted,
			"$1 does not match its signature: it was changed on the way or at its source.", "Set the extension again in some minutes; if it stays, see which proxy or mirror serves it.", none},
		// aadsshlogin-1.0.2-1.x86_64 (x): Signature verification failed [6-File is unsigned]
		{`^(\S+) \([^)]*\): Signature verification failed \[([^\]]+)\]`, fault.RepositoryUntrusted,
			"$1 is not signed with a key that this machine accepts ($2).", "Update the extension to its newest version, or name the key in the setting repository.trustedKeys after you have verified it.", none},
		//  - Signature verification failed for repomd.xml
		{`Signature verification failed`, fault.RepositoryUntrusted,
			"The signature of the repository is not one that this machine accepts.", "Update the extension to its newest version, which brings the current keys.", none},
		// Warning: Digest verification failed for file 'aadsshlogin-1.0.2-1.x86_64.rpm'
		{`Digest verification failed for (?:file )?'?([^'\s]+)|(\S+) has wrong checksum`, fault.RepositoryUnreachable,
			"The repository served a file that does not match its index ($1$2): the mirror is being updated, or something on the way changes files.", "Set the extension again in some minutes; if it stays, look for a caching proxy in between.", widen},

		// Downloaded data exceeded the expected filesize '12.4 KiB' of 'https://packages.microsoft.com/x/aadsshlogin.rpm'.
		{`Downloaded data exceeded the expected filesize '[^']*' of '` + dnfHost + `([^']*)'`, fault.RepositoryUnreachable,
			"$1 served a file that does not match its index ($2): the mirror is being updated, or something on the way changes files.", "Set the extension again in some minutes; if it stays, look for a caching proxy in between.", widen},

		//    Error message: The requested URL returned error: 407
		{`Error code: HTTP response: 407|error: 407|response 407|HTTP code 407`, fault.RepositoryUnreachable,
			"The proxy wants a user and a password, or does not accept the ones that it got.", "Give the proxy with its user and password in the protected setting proxy, or allow this machine on the proxy without one.", none},
		//  - Download (curl) error for 'http://127.0.0.1:8081/status/429/content':
		//    Error code: HTTP response: 429
		{`Download \(curl\) error for '` + dnfHost + `[^']*':\n\s*Error code: HTTP response: 429`, fault.RepositoryUnreachable,
			"$1 has had too many requests from this network address (HTTP 429).", "Set the extension again in ten minutes.", later},
		{`Download \(curl\) error for '` + dnfHost + `([^']*)':\n\s*Error code: HTTP response: (5\d\d)`, fault.RepositoryUnreachable,
			"$1 answered $3 for $2.", "Set the extension again in ten minutes; if it stays, see what answers there: curl -sSI https://$1$2.", later},
		{`Download \(curl\) error for '` + dnfHost + `([^']*)':\n\s*Error code: HTTP response: ([1-9]\d\d)`, fault.RepositoryUnreachable,
			"$1 answered $3 for $2.", "Look at it from this machine: curl -sSI https://$1$2; allow it in the firewall or proxy, then set the extension again.", widen},
		//  - Permission to access 'http://127.0.0.1:8081/status/403/content' denied.
		{`Permission to access '` + dnfHost + `([^']*)' denied`, fault.RepositoryUnreachable,
			"$1 answered 403 Forbidden for $2.", "Look at it from this machine: curl -sSI https://$1$2; allow it in the firewall or proxy, then set the extension again.", widen},
		//  - Location 'http://127.0.0.1:8081/status/503/content' is temporarily unaccessible.
		{`Location '` + dnfHost + `([^']*)' is temporarily unaccessible`, fault.RepositoryUnreachable,
			"$1 answered that it cannot serve $2 now (HTTP 503).", "Set the extension again in ten minutes.", later},
		//  - Timeout exceeded when accessing 'http://127.0.0.1:8081/truncate/repodata/repomd.xml'.
		{`Timeout exceeded when accessing '` + dnfHost, fault.RepositoryUnreachable,
			"$1 does not answer in time.", "See what answers on this machine: curl -sSvI https://$1; then set the extension again.", none},
		//    Error message: Could not resolve host: packages.example.invalid
		{`Could not resolve (?:host|proxy): ([A-Za-z0-9._-]+)`, fault.RepositoryUnreachable,
			"The name $1 cannot be resolved.", "See what answers on this machine: getent hosts $1; cat /etc/resolv.conf; then set the extension again.", none},
		//    Error message: Failed to connect to 127.0.0.1 port 9 after 0 ms: Could not connect to server
		{`Failed to connect to (\S+) port (\d+)`, fault.RepositoryUnreachable,
			"No connection to $1 port $2.", "Allow outbound HTTPS to it in the firewall, network security group or proxy, then set the extension again.", none},
		//  - Download (curl) error for 'https://127.0.0.1:8443/content':
		//    Error code: Curl error 60
		//    Error message: SSL certificate problem: self-signed certificate
		{`Download \(curl\) error for '` + dnfHost + `[^']*':\n\s*Error code: (?:Curl error (?:51|60|77)\n|[^\n]*\n\s*Error message: [^\n]*certificate)`, fault.RepositoryUnreachable,
			"The certificate that $1 shows is not trusted: something on the way takes TLS apart, or the machine's certificates or clock are wrong.", "See who issued it: curl -skvI https://$1 2>&1 | grep issuer; update ca-certificates, and check the clock.", none},
		{`Download \(curl\) error for '` + dnfHost + `[^']*':\n\s*Error code: [^\n]*\n\s*Error message: ([^\n]*)`, fault.RepositoryUnreachable,
			"$1 could not be read ($2).", "See what answers on this machine: curl -sSvI https://$1; then set the extension again.", none},
		//  - [x|http://127.0.0.1:8081/status/404] Repository type can't be determined.
		{`\[[^|\]]*\|` + dnfHost + `([^\]]*)\] (?:Repository type can't be determined|Valid metadata not found)`, fault.PackageUnavailable,
			"$1 has no repository $2.", "See what there is for this release: curl -sSI https://$1$2/repodata/repomd.xml; correct repository.baseUrl if it is set.", none},
		// File './aadsshlogin-1.0.2-1.x86_64.rpm' not found on medium 'http://127.0.0.1:8081/gone'
		{`File '(?:\./)?([^']+)' not found on medium '` + dnfHost, fault.RepositoryUnreachable,
			"$2 does not have $1, which its index lists.", "Set the extension again in some minutes; if it stays, look for a caching proxy in between.", widen},

		//   remove lock to allow installation of aadsshlogin-1.0.2-1.x86_64[aadsshlogin]
		{`remove lock to allow (?:installation|removal) of (\S+?)-[^\s-]+-[^\s-]+(?:\s|$)`, fault.PackageManagerFailed,
			"The owner of this machine has locked $1 as it is.", "See the lock with: zypper locks; release it with: sudo zypper removelock $1; then set the extension again.", none},
		// Problem: 1: nothing provides 'libnosuch.so.2()(64bit)' needed by the to be installed aadsshlogin-1.0.2-1.x86_64
		{`nothing provides '?([^'\n]+?)'? needed by (?:the to be installed )?(\S+)`, fault.PackageManagerFailed,
			"A dependency cannot be met: nothing provides $1, needed by $2.", "See where it could come from: zypper search --provides '$1'; add the repository or module that has it, or set packageVersion to a version that does not need it.", widen},
		// Problem: 1: the to be installed aadsshlogin-1.0.2-1.x86_64 conflicts with 'aadlogin' provided by the installed aadlogin-1.0.0-1.x86_64
		{`(?:the to be installed |^Problem: )(\S+) conflicts with [^\n]* provided by (?:the installed )?(\S+)`, fault.PackageManagerFailed,
			"$1 cannot be beside $2, which is installed.", "Remove the one that you can do without, then set the extension again.", none},
		// Problem: 1: the installed a-1.0-1.x86_64 requires 'b', but this requirement cannot be provided
		{`^Problem: (?:\d+: )?([^\n]+)`, fault.PackageManagerFailed,
			"zypper finds no way to install the packages: $1", "See its whole answer: sudo zypper install aadsshlogin; then set the extension again.", widen},

		// The selected package 'aadsshlogin-1.0.1-1.x86_64' from repository 'x' has lower version than the installed one.
		{`^The selected package '([^']+)' from repository '[^']*' has lower version than the installed one`, fault.PackageManagerFailed,
			"$1 is older than what is installed, and zypper was not told to go back.", "Install it by hand: sudo zypper install --oldpackage '$1'.", none},
		// Repository 'aadsshlogin' not found by its alias, number, or URI.
		{`^Repository '([^']+)' not found by its alias`, fault.PackageManagerFailed,
			"The repository definition $1 is not there, or cannot be read.", "Set the extension again: it writes the definition anew; if it stays, see who removes it.", none},
		// No provider of 'aadsshlogin=9.9' found.
		{`^No provider of '([^']+)' found|^Package '([^']+)' not found`, fault.PackageUnavailable,
			"The repositories have no $1$2 for this release and architecture.", "See what there is: zypper search --details 'aadsshlogin*'; correct packageVersion if it is set.", widen},
		// [x|http://127.0.0.1:8080/] Failed to retrieve new repository metadata.
		{`^\[[^|\]]*\|` + dnfHost + `[^\]]*\] (Failed to [^\n]+|Valid metadata not found[^\n]*)`, fault.RepositoryUnreachable,
			"$1 could not be read: $2", "Try it by hand: sudo zypper refresh; then set the extension again.", none},
	})
}
