package pkgmgr

import (
	"slices"

	"aadssh/internal/fault"
)

// tdnfRules are the messages of tdnf 3. Its exit code is the number in "Error(N)" modulo
// 256 and carries no information of its own.
func tdnfRules() []rule {
	return slices.Concat([]rule{
		// Error(1032) : Operation aborted.
		{match: `^Error\(1032\)`, code: fault.OK}, // the end of a simulation
		// Error(1036) : The Cache directory is out of disk space
		{match: `^Error\(1036\)|out of disk space`, code: fault.Disk,
			what: "The file system of /var/cache/tdnf is full.",
			next: "Free space: df -h /var"},
		// waiting for tdnf_instance lock on /var/run/.tdnf-instance-lockfile
		{match: `^waiting for tdnf_instance lock on (\S+)`, code: fault.PackageManagerBusy,
			what: "Another program is using tdnf: it holds $1.",
			next: "See who it is with: fuser -v $1" + whenEnded},
		// No such option: --rpmdefine. Please use /usr/bin/tdnf --help
		{match: `^No such (?:option|command): ([^\n]+?)\. Please use`, code: fault.PackageManagerFailed,
			what: "The tdnf of this machine does not know the word $1.",
			next: fault.NewestFirst + "; tdnf --version shows which tdnf it is."},
		// ERROR: duplicate repo id: aadsshlogin
		{match: `^ERROR: duplicate repo id: (\S+)`, code: fault.PackageManagerFailed,
			what: "The repository $1 is defined twice, so that tdnf does nothing at all.",
			next: "Keep one of the definitions: grep -rnF '[$1]' /etc/yum.repos.d"},
		// Error: 404 when downloading https://host/x/repodata/repomd.xml.asc
		{match: `^Error: 404 when downloading ` + dnfHost + `(\S*)/repodata/repomd\.xml\.asc`, code: fault.RepositoryUntrusted,
			what: "The metadata of $1$2 has no signature.",
			next: leaveProxy},
		// gpg verify failed: No data
		// Error: TDNFVerifySignature 2001
		{match: `^gpg verify failed: No data`, code: fault.RepositoryUnreachable,
			what: "What came in the place of the signature of the repository is no signature: a proxy or portal answered, something on the way changes files, or there was no room for it.",
			next: someMinutes + "look for a proxy in between (tdnf repolist -v has the address), and at df -h /var/cache."},
		// repo md signature check: No public key
		// Error: TDNFVerifySignature 2004
		// Plugin error: repogpgcheck plugin error: failed to verify signature
		// Error: Failed to synchronize cache for repo 'ours'
		{match: `(?:repogpgcheck plugin error: failed|TDNFVerifySignature 2004)[^\n]*(?:\n[^\n]*){0,6}\nError: Failed to synchronize cache for repo '([^']+)'`, code: fault.RepositoryUntrusted,
			what: "The metadata of repository $1 is not signed with a key that this machine accepts for it.",
			next: trustKey,
			step: narrow},
		{match: `repogpgcheck plugin error: failed|TDNFVerifySignature 2004`, code: fault.RepositoryUntrusted,
			what: "The metadata of the repository is not signed with a key that this machine accepts for it.",
			next: trustKey},
		// importing key from file:///etc/pki/rpm-gpg/RPM-GPG-KEY-x
		// Error: Accessing gpgkey at /etc/pki/rpm-gpg/RPM-GPG-KEY-x          (not in 3.5.2)
		// Error processing package: Packages/a/aadsshlogin-1.0-1.x86_64.rpm
		// Error(1602) : No such file or directory
		{match: `^importing key from file://(\S+)\n(?:[^\n]*\n){0,3}?Error\(1602\)`, code: fault.RepositoryUntrusted,
			what: "The key file $1, which the definition of the repository names, is not there.",
			next: rewriteKeyFile},
		// importing key from https://host/keys/x.asc
		// Error: 404 when downloading https://host/keys/x.asc
		// . Please check repo url or refresh metadata with 'tdnf makecache'.
		// Error processing key: https://host/keys/x.asc     (tdnf's client/gpgcheck.c, TDNFFetchRemoteGPGKey)
		{match: `^Error: (404|410) when downloading (https?://\S+)\n[^\n]*\nError processing key: `, code: fault.RepositoryUntrusted,
			what: "The key $2, which the definition of the repository names, is not there (the host answered $1).",
			next: "See which one names it (grep -rnF '$2' /etc/yum.repos.d), correct that" + andAgain},
		// Error(1512) : public key is unavailable. install public key using rpm --import or use --nogpgcheck to ignore.
		// Error(1515) : RPM not signed. Use --nogpgcheck to ignore.
		// Error processing package: Packages/a/aadsshlogin-1.0.2-1.x86_64.rpm
		// Error(1514) : RPM is signed but failed to match with known keys. Use --nogpgcheck to ignore.
		{match: `^Error processing package: (?:\S*/)?(\S+)\.rpm\nError\(15\d\d\) : ((?:public key|RPM not signed|RPM is signed but|RPM failed to parse|rpm signature|GpgKey|gpgkey)[^.\n]*)`, code: fault.RepositoryUntrusted,
			what:      "$1 is not signed with a key that this machine accepts: $2.",
			next:      trustKey,
			signature: 1},
		{match: `^Error\(15\d\d\) : ((?:public key|RPM not signed|RPM is signed but|RPM failed to parse|rpm signature|GpgKey|gpgkey)[^.\n]*)`, code: fault.RepositoryUntrusted,
			what: "A package is not signed with a key that this machine accepts: $1.",
			next: newestExtension},
		// Error processing package: Packages/a/aadsshlogin-1.0.033070001-1.x86_64.rpm
		// Error(1472) : rpm generic failure                 (up to 3.5.2)
		// Error(1471) : rpm generic error - not found (possible corrupt rpm file)
		// Error(1528) : File checksum does not match.
		{match: `^Error processing package: (?:\S*/)?(\S+)\.rpm\nError\((?:1471|1472|1528)\)`, code: fault.RepositoryUnreachable,
			what: "The repository served a damaged file ($1): the mirror is being updated, or something on the way changes files.",
			next: waitForMirror,
			step: later},
		// Error(1527) : Checksum Validation failed for the repomd.xml downloaded using URL from metalink
		{match: `^Error\(\d+\) : (Checksum Validation failed[^\n]*)`, code: fault.RepositoryUnreachable,
			what: "The repository served a file that does not match its index: $1",
			next: waitForMirror,
			step: widen},
		// Error: 407 when downloading https://host/repodata/repomd.xml
		{match: `^Error: 407 when downloading`, code: fault.RepositoryUnreachable,
			what: "The proxy wants a user and a password, or does not accept the ones that it got.",
			next: givePassword},
		// Error: 404 when downloading https://host/repodata/repomd.xml
		{match: `^Error: 404 when downloading ` + dnfHost + `(\S*)/repodata/repomd\.xml`, code: fault.PackageUnavailable,
			what: "$1 has no repository $2.",
			next: "See what there is for this release: curl -sSI https://$1$2/repodata/repomd.xml; correct repository.baseUrl if it is set.",
			step: narrow},
		{match: `^Error: (429|5\d\d) when downloading ` + dnfHost + `(\S*)`, code: fault.RepositoryUnreachable,
			what: "$2 answered $1 for $3.",
			next: ifItStays + "curl -sSI https://$2$3.",
			step: later},
		{match: `^Error: (\d{3}) when downloading ` + dnfHost + `([^\s.]*(?:\.[^\s.]+)*)`, code: fault.RepositoryUnreachable,
			what: "$2 answered $1 for $3.",
			next: "Look at it from this machine: curl -sSI https://$2$3; allow it in the firewall or proxy" + andAgain,
			step: widen},
		// Error(1261) : SSL peer certificate or SSH remote key was not OK
		// Error: Failed to synchronize cache for repo 'ours'
		{match: `^Error\(12(?:52|61|78)\) : ([^\n]*)(?:\nError: Failed to synchronize cache for repo '([^']+)')?`, code: fault.RepositoryUnreachable,
			what: "The certificate that the host of the package repository ($2) shows is not trusted: something on the way takes TLS apart, or the machine's certificates or clock are wrong.",
			next: "Check the clock (date -u) and update ca-certificates; see the address: grep -r baseurl /etc/yum.repos.d",
			step: narrow},
		// Error(1207) : Couldn't resolve host name
		// Error: Failed to synchronize cache for repo 'third'
		{match: `^Error\((1206|1207)\) : [^\n]*\nError: Failed to synchronize cache for repo '([^']+)'`, code: fault.RepositoryUnreachable,
			what: "The name of the host of repository $2, or of the proxy before it, cannot be resolved.",
			next: "See the address (grep -rA3 -F '$2' /etc/yum.repos.d) and what answers: getent hosts NAME; cat /etc/resolv.conf",
			step: narrow},
		// Error(1208) : Couldn't connect to server
		// Error: Failed to synchronize cache for repo 'third'
		{match: `^Error\(12\d\d\) : ([^\n]+)\nError: Failed to synchronize cache for repo '([^']+)'`, code: fault.RepositoryUnreachable,
			what: "Repository $2 could not be read: $1.",
			next: "See the address (grep -rA3 -F '$2' /etc/yum.repos.d) and what answers there: curl -sSvI ADDRESS",
			step: narrow},
		{match: `^Error\(12\d\d\) : ([^\n]+)`, code: fault.RepositoryUnreachable,
			what: "The package repository could not be read: $1",
			next: "See which addresses there are (grep -r baseurl /etc/yum.repos.d) and what answers there (curl -sSvI ADDRESS)"},
		// Warning: The following packages are excluded from tdnf.conf:
		//   aadsshlogin
		// Nothing to do.
		{match: `^Warning: The following packages are excluded from tdnf\.conf:\n((?:  \S+\n)+)Nothing to do\.`, code: fault.PackageManagerFailed,
			what: "The owner of this machine excludes $1 from installation.",
			next: "See what does (grep -n exclude /etc/tdnf/tdnf.conf), lift it" + andAgain},
		// 1. package aadsshlogin-1.0-1.x86_64 is disabled
		{match: `^\d+\. package (\S+) is disabled`, code: fault.PackageManagerFailed,
			what: "The owner of this machine keeps $1 from being installed: a newer version is the least that may be.",
			next: "See which: grep -rn aadsshlogin /etc/tdnf/minversions.d /etc/tdnf/tdnf.conf; correct packageVersion, or lift it" + andAgain},
		// 1. package aadsshlogin-1.0-1.x86_64 conflicts with aadlogin provided by aadlogin-1.0-1.x86_64
		{match: `^\d+\. package (\S+) conflicts with [^\n]* provided by (\S+)`, code: fault.PackageManagerFailed,
			what: "$1 cannot be beside $2, which is installed.",
			next: removeOne("$2")},
		// 1. conflicting requests
		// Found 1 problem(s) while resolving
		{match: `^\d+\. conflicting requests\nFound`, code: fault.PackageManagerFailed,
			what: "tdnf finds no way to install the packages; most likely the owner of this machine has locked one as it is.",
			next: "See the locks (grep -rn . /etc/tdnf/locks.d), lift them" + andAgain},
		// Disabling Repo: 'rig'
		// Error: Failed to synchronize cache for repo 'rig'
		{match: `(?:Disabling Repo:|Failed to synchronize cache for repo) '([^']+)'`, code: fault.RepositoryUnreachable,
			what: "Repository $1 could not be read: its index is damaged, or there is no room for it.",
			next: "See df -h /var/cache, and try it by hand: sudo tdnf --refresh makecache",
			step: narrow},
		// nosuch package not found or not installed
		// Error(1011) : No matching packages
		{match: `^(\S+) package not found or not installed`, code: fault.PackageUnavailable,
			what: "The repositories have no $1 for this release and architecture.",
			next: "See what there is: tdnf list 'aadsshlogin*'; correct packageVersion if it is set.",
			step: widen,
			look: tdnfUndefined},
		{match: `^Error\(1011\)`, code: fault.PackageUnavailable,
			what: "tdnf knows no such package: the repository does not have it, or its definition is not there or cannot be read.",
			next: "See what there is: tdnf repolist all; tdnf list 'aadsshlogin*'",
			step: widen,
			look: tdnfUndefined},
	}, dnfRulesFor("tdnf", "/etc/tdnf/tdnf.conf"), []rule{
		// Error(1613) : Permission denied
		{match: `^Error\(16\d\d\) : ([^\n]+)`, code: fault.PackageManagerFailed,
			what: "tdnf met an error of the system, and does not say over which file: $1.",
			next: "See what it may be: ls -ldZ /var/cache/tdnf /var/lib/rpm " + tdnfFetchDir + "; df -h /var"},
	})
}
