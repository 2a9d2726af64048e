package pkgmgr

import "aadssh/internal/fault"

// aptHost captures only the host of a URL: the rest may contain a password.
const aptHost = `[a-z+]+://(?:[^\s']*@)?([^/\s']+)`

// aptFetch is the beginning of apt's messages about a host, on one line or two.
const aptFetch = `^(?:[EW]: Failed to fetch|Err:\d+) ` + aptHost + `[^\n]*(?:\n [^\n]*)?`

// aptStatus is the beginning of apt's messages about the status that a server answered
// with.
const aptStatus = `^[EW]: Failed to fetch ` + aptHost + `(\S*)\s+`

// aptSourceRules are the messages of apt-get about a source: what its lists are signed with,
// and what answered for its server.
func aptSourceRules() []rule {
	return []rule{
		// E: Repository 'https://host/debian buster InRelease' changed its 'Suite' value from 'stable' to 'oldstable'
		{match: `^E: Repository '` + aptHost + `(\S*) [^'\n]*' changed its '([^']+)' value from '([^']*)' to '([^']*)'`, code: fault.RepositoryUntrusted,
			what: "The package lists of $1 call themselves something else than before ($3 was $4 and is $5), which apt takes from a person only.",
			next: "If that is right, say so: sudo apt-get update --allow-releaseinfo-change",
			step: narrow},
		//   gnupg, gnupg2 and gnupg1 do not seem to be installed, but one of them is required for this operation
		//   gpgv, gpgv2 or gpgv1 required for verification, but neither seems installed
		{match: `gnupg1 do not seem to be installed|gpgv1 required for verification`, code: fault.PackageManagerFailed,
			what: "apt cannot verify signatures: this machine has no gpg.",
			next: "Install it: sudo apt-get install gnupg gpgv"},
		// E: Release file for http://127.0.0.1:8081/notyet/./InRelease is not valid yet (invalid for another 2d 23h 59min 46s).
		{match: `^[EW]: Release file for ` + aptHost + `\S* is not valid yet \(invalid for another (.*?)\)`, code: fault.RepositoryUntrusted,
			what: "The package lists of $1 are dated $2 in the future: the clock of this machine is wrong.",
			next: "Set the clock: timedatectl status"},
		// E: Release file for http://127.0.0.1:8081/expired/./InRelease is expired (invalid since 112d 21h 20min 23s).
		{match: `^[EW]: Release file for ` + aptHost + `\S* is expired \(invalid since (.*?)\)`, code: fault.RepositoryUntrusted,
			what: "The package lists of $1 expired $2 ago, by the clock of this machine.",
			next: "Check the clock (timedatectl status) and that no proxy or mirror serves old files" + andAgain},
		// The following signatures were invalid: EXPKEYSIG EB3E94ADBE1229CF Microsoft (Release signing)
		{match: `(EXPKEYSIG|KEYEXPIRED|REVKEYSIG) ([0-9A-F]+)`, code: fault.RepositoryUntrusted,
			what: "The package lists are signed with key $2, which has expired or was revoked ($1).",
			next: "Check the clock (timedatectl status) and " + fault.Newest + "."},
		// The following signatures couldn't be verified because the public key is not available: NO_PUBKEY D341D9D95F48AA8E
		// Sub-process /usr/bin/sqv returned an error code (1), error message is: Missing key 7A69...AA8E, which is needed to verify signature.
		{match: `(?:NO_PUBKEY|Missing key) ([0-9A-F]+)`, code: fault.RepositoryUntrusted,
			what: "The package lists are signed with key $1, which is not one that this machine trusts for them.",
			next: trustKey},
		// The following signatures were invalid: BADSIG D341D9D95F48AA8E Rig Signing Key
		// Verifying signature: Message has been manipulated
		{match: `BADSIG ([0-9A-F]+)|Message has been manipulated`, code: fault.RepositoryUntrusted,
			what: "The package lists do not match their signature: they were changed on the way or at their source.",
			next: leaveProxy},
		// E: The repository 'https://mirror.example/prod jammy InRelease' provides only weak security information.
		// Error: Policy rejects signing key ... because: SHA1 is not considered secure since 2026-02-01T00:00:00Z
		{match: `SHA-?1 is not considered secure|Policy rejects|digest algorithm is considered weak|provides only weak security information`, code: fault.RepositoryUntrusted,
			what: "The package lists are signed in a way that this release no longer accepts.",
			next: fault.UpdateWhereSet + ", which brings the current copy of the key."},
		// error message is: Error: Failed to parse keyring "/usr/share/keyrings/x.gpg" Caused by: 0: Reading "...": No such file or directory (os error 2)
		{match: `Failed to parse keyring "([^"]+)"`, code: fault.RepositoryUntrusted,
			what: "The key file $1, which the definition of the repository names, is not there, or holds no key.",
			next: rewriteKeyFile},
		// Sub-process /usr/bin/sqv returned an error code (1), error message is: Verifying signature: Expired on 2025-11-05T00:00:00Z
		{match: `sqv returned an error code \(\d+\), error message is: ([^\n]+)`, code: fault.RepositoryUntrusted,
			what: "The signature of the package lists does not hold: $1.",
			next: "Check the clock (timedatectl status) and " + fault.Newest + "."},
		// E: There were unauthenticated packages and -y was used without --allow-unauthenticated
		{match: `unauthenticated packages|(?:cannot|could not) be authenticated`, code: fault.RepositoryUntrusted,
			what: "apt has no valid signature for a package that it would install.",
			next: "Run: sudo apt-get update; repair the source that it warns about" + andAgain},

		// Invalid response from proxy: HTTP/1.1 407 Proxy Authentication Required
		// Received HTTP code 407 from proxy after CONNECT
		{match: `\b407\s+Proxy Authentication Required|HTTP code 407 from proxy`, code: fault.RepositoryUnreachable,
			what: "The proxy wants a user and a password, or does not accept the ones that it got.",
			next: givePassword},
		// Invalid response from proxy: HTTP/1.1 403 Forbidden
		// Received HTTP code 403 from proxy after CONNECT
		{match: `Invalid response from proxy: HTTP/\S+ (\d{3})|Received HTTP code (\d{3}) from proxy`, code: fault.RepositoryUnreachable,
			what: "The proxy refuses the way to the package repository with HTTP $1$2.",
			next: "Have whoever runs the proxy allow the repository's host" + andAgain},
		// E: Failed to fetch http://127.0.0.1:8081/status/429/./InRelease  429  Too Many Requests [IP: 127.0.0.1 8081]
		{match: aptStatus + `429 `, code: fault.RepositoryUnreachable,
			what: "$1 has had too many requests from this network address (HTTP 429).",
			next: tenMinutes,
			step: later},
		// E: Failed to fetch http://127.0.0.1:8081/status/503/./InRelease  503  Service Unavailable [IP: 127.0.0.1 8081]
		{match: aptStatus + `(5\d\d) +([A-Za-z -]+)`, code: fault.RepositoryUnreachable,
			what: "$1 answered $3 $4 for $2.",
			next: ifItStays + "curl -sSI https://$1$2.",
			step: later},
		// E: Failed to fetch http://127.0.0.1:8081/status/403/./InRelease  403  Forbidden [IP: 127.0.0.1 8081]
		{match: aptStatus + `(4(?:0[0-35-9]|[1-9]\d)) +([A-Za-z -]+)`, code: fault.RepositoryUnreachable,
			what: "$1 answered $3 $4 for $2.",
			next: lookAndAllow,
			step: widen, refusal: 1},
		// Could not resolve host: packages.microsoft.com
		// Err:1 https://x InRelease
		//   Temporary failure resolving 'packages.example.invalid'
		{match: `(?:Temporary failure resolving|Could not resolve|Something wicked happened resolving) '([^':]+)|Could not resolve (?:host|proxy): ([A-Za-z0-9._-]+)`, code: fault.RepositoryUnreachable,
			what: "The name $1$2 cannot be resolved.",
			next: "See what answers on this machine: getent hosts $1$2; resolvectl status"},
		// Certificate verification failed: The certificate is NOT trusted. The certificate issuer is unknown.
		// SSL certificate problem: unable to get local issuer certificate
		// SSL: no alternative certificate subject name matches target host name 'packages.microsoft.com'
		// No system certificates available. Try installing ca-certificates.
		// server certificate verification failed. CAfile: /etc/ssl/certs/ca-certificates.crt CRLfile: none (curl's lib/vtls/gtls.c)
		{match: aptFetch + `(?:Certificate verification failed|No system certificates available|certificate verify failed|SSL certificate problem|SSL: (?:no alternative )?certificate subject name|server certificate (?:verification failed|expiration date has passed|not activated yet))`, code: fault.RepositoryUnreachable,
			what: "The certificate that $1 shows is not trusted: something on the way takes TLS apart, or the machine's certificates or clock are wrong.",
			next: "See who issued it: curl -skvI https://$1 2>&1 | grep issuer; update ca-certificates, and check the clock."},
		// Could not handshake: An unexpected TLS packet was received.
		// SSL connection failed: error:0A00010B:SSL routines::wrong version number / Success
		// gnutls_handshake() failed: An unexpected TLS packet was received.
		// OpenSSL SSL_connect: Connection reset by peer
		{match: aptFetch + `(?:Could not handshake|SSL connection failed|gnutls_handshake\(\) failed|OpenSSL SSL_connect): ([^\n\[]+)`, code: fault.RepositoryUnreachable,
			what: "$1 could not be spoken to over TLS: $2",
			next: "See what answers there: curl -sSvI https://$1"},
		// Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)
		// Unable to connect to 127.0.0.1:9:
		// Cannot initiate the connection to 198.51.100.1:80 (198.51.100.1). - connect (101: Network is unreachable)
		// Cannot initiate the connection to x:443 (2603::1). - connect (101: Network is unreachable) Could not connect to x:443 (13.80.99.124), connection timed out
		{match: `(?:Could not connect to|Unable to connect to|Cannot initiate the connection to) (\S+?):?(?:\s|$)(?:[^\n]*(?:\(\d+: |\), )([^)\n\[]*[^)\n\[ ]))?`, code: fault.RepositoryUnreachable,
			what: "No connection to $1 ($2).",
			next: openFirewall},
		// Failed to connect to packages.microsoft.com port 443: Connection refused
		{match: `Failed to connect to (\S+) port (\d+): ([^\n]+)`, code: fault.RepositoryUnreachable,
			what: "No connection to $1:$2 ($3).",
			next: openFirewall},
		// Connection timed out after 20001 milliseconds
		{match: aptFetch + `(?:Connection|Operation) timed out after`, code: fault.RepositoryUnreachable,
			what: "No connection to $1: it does not answer.",
			next: openFirewall},
		// OpenSSL SSL_read: Connection reset by peer, errno 104
		// Error reading from server. Remote end closed connection
		// Undetermined Error
		// transfer closed with 315 bytes remaining to read
		{match: aptFetch + `((?:[^\n]*Connection reset by peer|Error reading from server|Undetermined Error|transfer closed|Empty reply from server)[^\n\[]*)`, code: fault.RepositoryUnreachable,
			what: "$1, or something on the way to it, broke off: $2",
			next: ifItStays + "curl -sSvI https://$1.",
			step: later},
		// Clearsigned file isn't valid, got 'NOSPLIT' (does the network require authentication?)
		// E: GPG error: https://packages.microsoft.com/ubuntu/22.04/prod jammy InRelease: Signed file isn't valid, got 'NODATA' (does the network require authentication?)
		// E: GPG error: https://packages.microsoft.com/rig/prod rig InRelease: The following signatures were invalid: NODATA 3  NODATA 4
		{match: `^[EW]: (?:GPG error:|Failed to fetch) ` + aptHost + `\S* [^\n]*(?:[Ss]igned file isn't valid|The following signatures were invalid: NODATA)`, code: fault.RepositoryUnreachable,
			what: "What came in the place of the signed package lists of $1 is no signed file: a proxy or portal answered, or something on the way changes files.",
			next: "See what answers: curl -sSvI https://$1",
			step: widen},
		// File has unexpected size (565 != 564). Mirror sync in progress? [IP: 127.0.0.1 8081]
		// E: Failed to fetch http://127.0.0.1:8081/corrupt/./aadsshlogin_1.0.2_amd64.deb  Hash Sum mismatch
		{match: `^[EW]: Failed to fetch ` + aptHost + `\S*\s+(?:Hash Sum mismatch|File has unexpected size|Writing more data than expected)`, code: fault.RepositoryUnreachable,
			what: "$1 served a file that does not match its index: the mirror is being updated, or something on the way changes files.",
			next: waitForMirror,
			step: widen},
		// E: The method 'https' is explicitly disabled via configuration.
		{match: `^E: The method '([^']+)' is explicitly disabled via configuration`, code: fault.PackageManagerFailed,
			what: "apt's configuration forbids it to fetch over $1.",
			next: "See what does, and lift it: grep -rn '::Methods' /etc/apt/apt.conf /etc/apt/apt.conf.d"},
		// apt says that there is no Release file, whatever kept it from reading that file.
		// E: Failed to fetch https://host/dists/jammy/Release  Could not load certificates from /etc/ssl/corp.pem (CaInfo option): Error while reading file. [IP: 10.77.0.1 443]
		{match: `^[EW]: Failed to fetch ` + aptHost + `\S*\s+((?:Could not load |The option |TLS support has been disabled|Unsupported proxy configured)[^\n\[]+?)[ .]*(?:\[[^\n]*)?$`, code: fault.PackageManagerFailed,
			what: "apt's configuration keeps it from asking $1: $2.",
			next: "Correct what it names, or take it out: grep -rnE 'Acquire|Ssl|Ca(Info|Path)' /etc/apt/apt.conf /etc/apt/apt.conf.d"},
		// E: Failed to fetch https://host/dists/jammy/Release  Bad header data [IP: 10.77.0.1 443]
		{match: `^[EW]: Failed to fetch ` + aptHost + `\S*/Release\s+((?:[^4F\s]|4[^0]|40[^4])[^\n\[]+)`, code: fault.RepositoryUnreachable,
			what: "$1 could not be read: $2",
			next: "See what answers on this machine: curl -sSvI https://$1",
			step: widen},
		// E: The repository 'http://127.0.0.1:8081/status/404 ./ Release' does not have a Release file.
		{match: `^[EW]: The repository '` + aptHost + `(\S*) ([^']*?)' (?:does not have a Release file|no longer has a Release file)`, code: fault.PackageUnavailable,
			what: "$1 has no repository $2 $3.",
			next: "See what there is for this release: curl -sSI https://$1$2/dists/; correct repository.baseUrl if it is set."},
		// E: The repository 'http://127.0.0.1:8081/unsigned ./ Release' is not signed.
		{match: `^[EW]: The repository '` + aptHost + `[^']*' is not signed`, code: fault.RepositoryUntrusted,
			what: "The package lists of $1 are not signed.",
			next: leaveProxy},
		{match: aptStatus + `(404) +([A-Za-z -]+)`, code: fault.RepositoryUnreachable,
			what: "$1 answered $3 $4 for $2.",
			next: lookAndAllow,
			step: widen, refusal: 1},
		// E: Failed to fetch http://127.0.0.1:8081/hang/./InRelease  Connection failed [IP: 127.0.0.1 8081]
		{match: `^[EW]: Failed to fetch ` + aptHost + `\S*\s+([^\n\[]+)`, code: fault.RepositoryUnreachable,
			what: "$1 could not be read: $2",
			next: "See what answers on this machine: curl -sSvI https://$1"},
	}
}
