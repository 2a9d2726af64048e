package pkgmgr

import "aadsshlogin-handler/internal/fault"

// aptHost captures the host of a URL and nothing else of it: the rest may hold
// a password.
const aptHost = `[a-z+]+://(?:[^\s']*@)?([^/\s']+)`

// aptFetch is how apt begins what it says of a host, on one line or two.
const aptFetch = `^(?:[EW]: Failed to fetch|Err:\d+) ` + aptHost + `[^\n]*(?:\n [^\n]*)?`

// aptRules are the messages of apt-get 1.2 to 3.0 and dpkg. Above each row
// stands a line that it matches; testdata/apt has whole answers.
func aptRules() []rule {
	return []rule{
		// E: You don't have enough free space in /var/cache/apt/archives/.
		{`enough free space in (\S+?)/?\.$`, fault.Disk,
			"The file system of $1 has not enough free space for the packages.", "Free space there: df -h $1; then set the extension again.", none},
		// dpkg: error ... failed to write (No space left on device)
		{`No space left on device|Disk quota exceeded`, fault.Disk,
			"A file system that apt or dpkg writes to is full.", "Free space: df -h /var /usr /tmp /boot; df -i /var; then set the extension again.", none},
		// W: chown to _apt:root of directory /var/lib/apt/lists/partial failed - SetupAPTPartialDirectory (30: Read-only file system)
		{`(?:^|[\s'"])(/[^\s'":]+)[^\n]*Read-only file system`, fault.Disk,
			"The file system of $1 is read-only.", "See why it is (findmnt -T $1; dmesg), make it writable, then set the extension again.", none},
		{`Read-only file system`, fault.Disk,
			"A file system that apt or dpkg writes to is read-only.", "See which one it is (findmnt -O ro; dmesg), make it writable, then set the extension again.", none},

		// E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 314 (perl)
		{`^E: Could not get lock (\S+?)\. It is held by process (\d+) \((.+?)\)`, fault.PackageManagerBusy,
			"Another program is using apt: $3 (process $2) holds $1.", "Look at it with: ps -fp $2; when it has ended, set the extension again.", none},
		// E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 314
		{`^E: Could not get lock (\S+?)\. It is held by process (\d+)`, fault.PackageManagerBusy,
			"Another program is using apt: process $2 holds $1.", "Look at it with: ps -fp $2; when it has ended, set the extension again.", none},
		// E: Could not get lock /var/lib/dpkg/lock - open (11: Resource temporarily unavailable)
		{`^E: Could not get lock (\S+)|^E: Unable to acquire the dpkg frontend lock \(([^)]+)\)|^E: Unable to lock the administration directory \(([^)]+)\)`, fault.PackageManagerBusy,
			"Another program is using apt: $1$2$3 is locked.", "See which one with: fuser -v $1$2$3; when it has ended, set the extension again.", none},
		// dpkg: error: dpkg frontend lock was locked by another process with pid 1408
		{`^dpkg: error: .* locked by .*process with pid (\d+)`, fault.PackageManagerBusy,
			"Another program is using dpkg: process $1.", "Look at it with: ps -fp $1; when it has ended, set the extension again.", none},
		// dpkg: error: dpkg status database is locked by another process
		{`^dpkg: error: .* locked by another process`, fault.PackageManagerBusy,
			"Another program is using dpkg.", "See which one with: fuser -v /var/lib/dpkg/lock; when it has ended, set the extension again.", none},

		// E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.
		{`^E: dpkg was interrupted`, fault.PackageManagerFailed,
			"An earlier run of dpkg was interrupted, and it could not be finished.", "Run sudo dpkg --configure -a, repair what it names, then set the extension again.", repair},

		// E: Conflicting values set for option Signed-By regarding source http://127.0.0.1:8080/ ./: /a.gpg != /b.gpg
		{`^E: Conflicting values set for option Signed-By regarding source ` + aptHost, fault.PackageManagerFailed,
			"Two entries of apt's sources for $1 name different keys, so that apt reads none of its sources.", "Keep one of them: grep -rn $1 /etc/apt/sources.list /etc/apt/sources.list.d; then set the extension again.", narrow},
		// E: Malformed entry 1 in list file /etc/apt/sources.list.d/zz.list (Component)
		// E: Malformed stanza 1 in source list /etc/apt/sources.list.d/x.sources (type)
		{`^E: Malformed \S+ (\d+) in (?:source list|list file) (\S+)|^E: (?:Type .* is not known on line (\d+) in source list|Unable to parse source list) (\S+)`, fault.PackageManagerFailed,
			"Entry $1$3 of $2$4 cannot be read, so that apt reads none of its sources.", "Correct the file, or move it away: less $2$4; then set the extension again.", narrow},
		// E: The list of sources could not be read.
		{`^E: The list of sources could not be read`, fault.PackageManagerFailed,
			"apt cannot read its list of sources.", "Run sudo apt-get check, correct the file that it names, then set the extension again.", narrow},

		// E: Release file for http://127.0.0.1:8081/notyet/./InRelease is not valid yet (invalid for another 2d 23h 59min 46s).
		{`^[EW]: Release file for ` + aptHost + `\S* is not valid yet \(invalid for another (.*?)\)`, fault.RepositoryUntrusted,
			"The package lists of $1 are dated $2 in the future: the clock of this machine is wrong.", "Set the clock: timedatectl status; then set the extension again.", none},
		// E: Release file for http://127.0.0.1:8081/expired/./InRelease is expired (invalid since 112d 21h 20min 23s).
		{`^[EW]: Release file for ` + aptHost + `\S* is expired \(invalid since (.*?)\)`, fault.RepositoryUntrusted,
			"The package lists of $1 expired $2 ago, by the clock of this machine.", "Check the clock (timedatectl status) and that no proxy or mirror serves old files, then set the extension again.", none},
		// The following signatures were invalid: EXPKEYSIG EB3E94ADBE1229CF Microsoft (Release signing)
		{`(EXPKEYSIG|KEYEXPIRED|REVKEYSIG) ([0-9A-F]+)`, fault.RepositoryUntrusted,
			"The package lists are signed with key $2, which has expired or was revoked ($1).", "Check the clock (timedatectl status) and update the extension to its newest version.", none},
		// The following signatures couldn't be verified because the public key is not available: NO_PUBKEY D341D9D95F48AA8E
		// Sub-process /usr/bin/sqv returned an error code (1), error message is: Missing key 7A69...AA8E, which is needed to verify signature.
		{`(?:NO_PUBKEY|Missing key) ([0-9A-F]+)`, fault.RepositoryUntrusted,
			"The package lists are signed with key $1, which is not one that this machine trusts for them.", "Update the extension to its newest version, or name the key in the setting repository.trustedKeys after you have verified it.", none},
		// The following signatures were invalid: BADSIG D341D9D95F48AA8E Rig Signing Key
		// Verifying signature: Message has been manipulated
		{`BADSIG ([0-9A-F]+)|Message has been manipulated`, fault.RepositoryUntrusted,
			"The package lists do not match their signature: they were changed on the way or at their source.", "See which proxy or mirror serves them, and try again without it; do not install from it by hand.", none},
		// Error: Policy rejects signing key ... because: SHA1 is not considered secure since 2026-02-01T00:00:00Z
		{`SHA-?1 is not considered secure|Policy rejects|digest algorithm is considered weak`, fault.RepositoryUntrusted,
			"The package lists are signed in a way that this release no longer accepts.", "Update the extension to its newest version, which brings the current copy of the key.", none},
		// E: There were unauthenticated packages and -y was used without --allow-unauthenticated
		{`unauthenticated packages|cannot be authenticated`, fault.RepositoryUntrusted,
			"apt has no valid signature for a package that it would install.", "Run sudo apt-get update, repair the source that it warns about, then set the extension again.", none},

		// Invalid response from proxy: HTTP/1.1 407 Proxy Authentication Required
		{`\b407\s+Proxy Authentication Required`, fault.RepositoryUnreachable,
			"The proxy wants a user and a password, or does not accept the ones that it got.", "Give the proxy with its user and password in the protected setting proxy, or allow this machine on the proxy without one.", none},
		// Invalid response from proxy: HTTP/1.1 403 Forbidden
		{`Invalid response from proxy: HTTP/\S+ (\d{3})`, fault.RepositoryUnreachable,
			"The proxy refuses the way to the package repository with HTTP $1.", "Allow the repository's host on the proxy, then set the extension again.", none},
		// E: Failed to fetch http://127.0.0.1:8081/status/429/./InRelease  429  Too Many Requests [IP: 127.0.0.1 8081]
		{`^[EW]: Failed to fetch ` + aptHost + `\S*\s+429 `, fault.RepositoryUnreachable,
			"$1 has had too many requests from this network address (HTTP 429).", "Set the extension again in ten minutes.", later},
		// E: Failed to fetch http://127.0.0.1:8081/status/503/./InRelease  503  Service Unavailable [IP: 127.0.0.1 8081]
		{`^[EW]: Failed to fetch ` + aptHost + `(\S*)\s+(5\d\d) +([A-Za-z -]+)`, fault.RepositoryUnreachable,
			"$1 answered $3 $4 for $2.", "Set the extension again in ten minutes; if it stays, see what answers there: curl -sSI https://$1$2.", later},
		// E: Failed to fetch http://127.0.0.1:8081/status/403/./InRelease  403  Forbidden [IP: 127.0.0.1 8081]
		{`^[EW]: Failed to fetch ` + aptHost + `(\S*)\s+([45]\d\d) +([A-Za-z -]+)`, fault.RepositoryUnreachable,
			"$1 answered $3 $4 for $2.", "Look at it from this machine: curl -sSI https://$1$2; allow it in the firewall or proxy, then set the extension again.", widen},
		// Err:1 https://x InRelease
		//   Temporary failure resolving 'packages.example.invalid'
		{`(?:Temporary failure resolving|Could not resolve|Something wicked happened resolving) '([^':]+)`, fault.RepositoryUnreachable,
			"The name $1 cannot be resolved.", "See what answers on this machine: getent hosts $1; resolvectl status; then set the extension again.", none},
		// Certificate verification failed: The certificate is NOT trusted. The certificate issuer is unknown.
		{aptFetch + `(?:Certificate verification failed|certificate verify failed)`, fault.RepositoryUnreachable,
			"The certificate that $1 shows is not trusted: something on the way takes TLS apart, or the machine's certificates or clock are wrong.", "See who issued it: curl -skvI https://$1 2>&1 | grep issuer; update ca-certificates, and check the clock.", none},
		// Could not handshake: An unexpected TLS packet was received.
		// SSL connection failed: error:0A00010B:SSL routines::wrong version number / Success
		{aptFetch + `(?:Could not handshake|SSL connection failed): ([^\n\[]+)`, fault.RepositoryUnreachable,
			"$1 could not be spoken to over TLS: $2", "See what answers there: curl -sSvI https://$1; then set the extension again.", none},
		// Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)
		// Unable to connect to 127.0.0.1:9:
		// Cannot initiate the connection to 198.51.100.1:80 (198.51.100.1). - connect (101: Network is unreachable)
		{`(?:Could not connect to|Unable to connect to|Cannot initiate the connection to) (\S+?):?(?:\s|$)(?:[^\n]*\(\d+: ([^)]+)\))?`, fault.RepositoryUnreachable,
			"No connection to $1 ($2).", "Allow outbound HTTPS to it in the firewall, network security group or proxy, then set the extension again.", none},
		// File has unexpected size (565 != 564). Mirror sync in progress? [IP: 127.0.0.1 8081]
		// E: Failed to fetch http://127.0.0.1:8081/corrupt/./aadsshlogin_1.0.2_amd64.deb  Hash Sum mismatch
		{`^[EW]: Failed to fetch ` + aptHost + `\S*\s+(?:Hash Sum mismatch|File has unexpected size|Clearsigned file isn't valid)`, fault.RepositoryUnreachable,
			"$1 served a file that does not match its index: the mirror is being updated, or something on the way changes files.", "Set the extension again in some minutes; if it stays, look for a caching proxy in between.", widen},
		// E: The repository 'http://127.0.0.1:8081/status/404 ./ Release' does not have a Release file.
		{`^[EW]: The repository '` + aptHost + `(\S*) ([^']*?)' (?:does not have a Release file|no longer has a Release file)`, fault.PackageUnavailable,
			"$1 has no repository $2 $3.", "See what there is for this release: curl -sSI https://$1$2/dists/; correct repository.baseUrl if it is set.", none},
		// E: The repository 'http://127.0.0.1:8081/unsigned ./ Release' is not signed.
		{`^[EW]: The repository '` + aptHost + `[^']*' is not signed`, fault.RepositoryUntrusted,
			"The package lists of $1 are not signed.", "See which proxy or mirror serves them, and try again without it; do not install from it by hand.", none},
		// E: GPG error: https://packages.microsoft.com/ubuntu/22.04/prod jammy InRelease: Signed file isn't valid, got 'NODATA' (does the network require authentication?)
		{`^[EW]: GPG error: ` + aptHost + `\S* [^\n]*Signed file isn't valid`, fault.RepositoryUnreachable,
			"What came in the place of the signed package lists of $1 is no signed file: a proxy or portal answered, or something on the way changes files.", "See what answers: curl -sSvI https://$1; then set the extension again.", widen},
		// E: Failed to fetch http://127.0.0.1:8081/hang/./InRelease  Connection failed [IP: 127.0.0.1 8081]
		{`^[EW]: Failed to fetch ` + aptHost + `\S*\s+([^\n\[]+)`, fault.RepositoryUnreachable,
			"$1 could not be read: $2", "See what answers on this machine: curl -sSvI https://$1; then set the extension again.", none},

		// The following held packages will be changed:
		//   aadsshlogin
		// E: Held packages were changed and -y was used without --allow-change-held-packages.
		{`^The following held packages will be changed:\n\s+([^\n]+)`, fault.PackageManagerFailed,
			"The owner of this machine holds a package at its version: $1", "Release it with: sudo apt-mark unhold $1; then set the extension again.", none},
		// The following packages will be REMOVED:
		//   aadlogin
		// E: Packages need to be removed but remove is disabled.
		{`^The following packages will be REMOVED:\n\s+([^\n]+)(?:\n[^\n]*)*\nE: Packages need to be removed but remove is disabled`, fault.PackageManagerFailed,
			"The installation would remove other packages of this machine: $1", "Decide about them, see what would happen with: apt-get -s install aadsshlogin; then set the extension again.", none},
		// You might want to run 'apt --fix-broken install' to correct these.
		// The following packages have unmet dependencies:
		//  needs-nothing : Depends: libnosuch (>= 3) but it is not installable
		{`fix-broken install'[^\n]*\nThe following packages have unmet dependencies:\n\s*([^\n]+)`, fault.PackageManagerFailed,
			"Packages that are on this machine already lack what they depend on: $1", "Repair it with: sudo apt-get --fix-broken install; then set the extension again.", repair},
		//  aadsshlogin : Depends: libnosuch (>= 3) but it is not installable
		{`^The following packages have unmet dependencies:\n\s*(([^\s:]+)[^\n]+)`, fault.PackageManagerFailed,
			"A dependency cannot be met: $1", "See where it could come from: apt-cache policy; add the source that has it, or set packageVersion to a version that does not need it.", widen},
		// E: Unable to correct problems, you have held broken packages.
		{`you have held broken packages`, fault.PackageManagerFailed,
			"Held packages stand in the way of what the installation depends on.", "See which: apt-mark showhold; then set the extension again.", widen},

		// E: Version '9.9.9' for 'aadsshlogin' was not found
		{`^E: Version '([^']+)' for '([^']+)' was not found`, fault.PackageUnavailable,
			"The package sources have no version $1 of $2.", "See what there is: apt-cache madison $2; then correct the setting packageVersion.", none},
		// E: Package 'aadsshlogin' has no installation candidate
		{`^E: Package '([^']+)' has no installation candidate`, fault.PackageUnavailable,
			"No version of $1 may be installed on this machine.", "See what forbids it (a pin in /etc/apt/preferences.d, or no such package): apt-cache policy $1.", widen},
		// E: Unable to locate package aadsshlogin
		{`^E: Unable to locate package (\S+)`, fault.PackageUnavailable,
			"The package sources have no $1 for this release and architecture.", "See what there is: apt-cache policy $1; docs/distributions.md lists the releases that have it.", widen},

		// dpkg: error processing package aadsshlogin (--configure):
		//  installed aadsshlogin package post-installation script subprocess returned error exit status 1
		{`^dpkg: error processing (?:package|archive) (?:/\S*/)?(\S+) \(--(\S+)\):\n\s*([^\n]+)`, fault.PackageManagerFailed,
			"dpkg --$2 of $1 failed: $3", "Repair what its messages in " + transactionLog + " name, run sudo dpkg --configure -a, then set the extension again.", none},
		// dpkg-query: error: parsing file '/var/lib/dpkg/status' near line 5668:
		// E: Unable to parse package file /var/lib/dpkg/status (1)
		{`parsing file '(/var/lib/dpkg/[^']+)'|^E: Unable to parse package file (/var/lib/dpkg/\S+)`, fault.PackageManagerFailed,
			"The package database $1$2 is damaged.", "Put back a copy from /var/backups (dpkg.status.*), then set the extension again.", none},
		// E: The package aadsshlogin needs to be reinstalled, but I can't find an archive for it.
		{`^E: The package (\S+) needs to be reinstalled`, fault.PackageManagerFailed,
			"$1 is half installed, and its package file cannot be found.", "Install it by hand (sudo apt-get install --reinstall $1), then set the extension again.", none},
	}
}
