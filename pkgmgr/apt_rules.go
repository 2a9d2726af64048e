package pkgmgr

import (
	"slices"

	"aadssh/internal/fault"
)

// aptRules are the messages of apt-get 1.2 to 3.0 and dpkg. Above each row is a line that
// it matches; testdata/apt has complete outputs.
func aptRules() []rule {
	return slices.Concat([]rule{
		// E: You don't have enough free space in /var/cache/apt/archives/.
		{match: `enough free space in (\S+?)/?\.$`, code: fault.Disk,
			what: "The file system of $1 has not enough free space for the packages.",
			next: "Free space there: df -h $1"},
		// dpkg: error ... failed to write (No space left on device)
		{match: `No space left on device|Disk quota exceeded`, code: fault.Disk,
			what: "A file system that apt or dpkg writes to is full.",
			next: "Free space: df -h /var /usr /tmp /boot; df -i /var"},
		readOnlyScript(),
		// W: chown to _apt:root of directory /var/lib/apt/lists/partial failed - SetupAPTPartialDirectory (30: Read-only file system)
		{match: `(?:^|[\s'"])(/[^\s'":]+)[^\n]*Read-only file system`, code: fault.Disk,
			what: "The file system of $1 is read-only.",
			next: "See why it is (findmnt -T $1; dmesg), make it writable" + andAgain},
		{match: `Read-only file system`, code: fault.Disk,
			what: "A file system that apt or dpkg writes to is read-only.",
			next: "See which one it is (findmnt -O ro; dmesg), make it writable" + andAgain},

		// E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 314 (perl)
		{match: `^E: Could not get lock (\S+?)\. It is held by process (\d+) \((.+?)\)`, code: fault.PackageManagerBusy,
			what: "Another program is using apt: $3 (process $2) holds $1.",
			next: "Look at it with: ps -fp $2" + whenEnded},
		// E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 314
		{match: `^E: Could not get lock (\S+?)\. It is held by process (\d+)`, code: fault.PackageManagerBusy,
			what: "Another program is using apt: process $2 holds $1.",
			next: "Look at it with: ps -fp $2" + whenEnded},
		// E: Could not open lock file /var/lib/dpkg/lock-frontend - open (21: Is a directory)
		{match: `^E: Could not open lock file (\S+) - open \(\d+: ([^)]+)\)`, code: fault.PackageManagerFailed,
			what: "apt cannot open its lock file $1: $2.",
			next: "See what is there: ls -ld $1; make it a file again" + andAgain},
		// E: Archives directory /var/cache/apt/archives/partial is missing. - Acquire (17: File exists)
		{match: `^E: (?:Archives|Lists?) directory (\S+) is missing\. - Acquire \(\d+: ([^)]+)\)`, code: fault.PackageManagerFailed,
			what: "apt cannot use its folder $1: $2.",
			next: "See what is there: ls -ld $1; make it a folder again" + andAgain},
		// E: Unable to parse package file /etc/apt/preferences.d/x (1)
		{match: `^E: Unable to parse package file (/etc/apt/preferences\S*) \((\d+)\)`, code: fault.PackageManagerFailed,
			what: "apt's pins in $1 cannot be read (its paragraph $2).",
			next: "Correct the file, or move it away: less $1"},
		// dpkg: warning: 'tar' not found in PATH or not executable
		{match: `^dpkg: warning: '([^']+)' not found in PATH or not executable(?:[^\n]*\n)+?dpkg: error: \d+ expected program`, code: fault.PackageManagerFailed,
			what: "dpkg needs the program $1, which is not there or may not be run.",
			next: "Put it back, or make it executable: command -v $1; dpkg -S $1"},
		// dpkg-deb (subprocess): decompressing archive '/repo/./aadsshlogin_1.0.deb' (size=700) member 'control.tar': lzma error: compressed data is corrupt
		// dpkg-deb (subprocess): cannot copy archive member from '/repo/./aadsshlogin_1.0.deb' to decompressor pipe: unexpected end of file or stream
		// dpkg-deb: error: '/var/cache/apt/archives/aadsshlogin_1.0_amd64.deb' is not a Debian format archive
		{match: `^dpkg-deb[^\n]*'(?:[^'\n]*/)?([^'/\n]+\.deb)'[^\n]*(?:lzma error|zlib error|zstd error|unexpected end of file|is not a Debian format archive)`, code: fault.RepositoryUnreachable,
			what: "The package file $1 is damaged.",
			next: waitForMirror,
			step: refetch},
		// E: Could not get lock /var/lib/dpkg/lock - open (11: Resource temporarily unavailable)
		{match: `^E: Could not get lock (\S+)|^E: Unable to acquire the dpkg frontend lock \(([^)]+)\)|^E: Unable to lock the administration directory \(([^)]+)\)`, code: fault.PackageManagerBusy,
			what: "Another program is using apt: $1$2$3 is locked.",
			next: "See which one with: fuser -v $1$2$3" + whenEnded},
		// dpkg: error: dpkg frontend lock was locked by another process with pid 1408
		{match: `^dpkg: error: .* locked by .*process with pid (\d+)`, code: fault.PackageManagerBusy,
			what: "Another program is using dpkg: process $1.",
			next: "Look at it with: ps -fp $1" + whenEnded},
		// dpkg: error: dpkg status database is locked by another process
		{match: `^dpkg: error: .* locked by another process`, code: fault.PackageManagerBusy,
			what: "Another program is using dpkg.",
			next: "See which one with: fuser -v /var/lib/dpkg/lock" + whenEnded},

		// E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.
		{match: `^E: dpkg was interrupted`, code: fault.PackageManagerFailed,
			what: "An earlier run of dpkg was interrupted, and it could not be finished.",
			next: "Run: sudo dpkg --configure -a; repair what it names" + andAgain,
			step: repair},

		// E: Conflicting values set for option Signed-By regarding source http://127.0.0.1:8080/ ./: /a.gpg != /b.gpg
		{match: `^E: Conflicting values set for option Signed-By regarding source ` + aptHost, code: fault.PackageManagerFailed,
			what: "Two entries of apt's sources for $1 name different keys, so that apt reads none of its sources.",
			next: "Keep one of them: grep -rn $1 /etc/apt/sources.list /etc/apt/sources.list.d",
			step: narrow},
		// E: Malformed entry 1 in list file /etc/apt/sources.list.d/zz.list (Component)
		// E: Malformed stanza 1 in source list /etc/apt/sources.list.d/x.sources (type)
		{match: `^E: Malformed \S+ (\d+) in (?:source list|list file|sources file) (\S+)|^E: (?:Type .* is not known on line (\d+) in source list|Unable to parse source list) (\S+)`, code: fault.PackageManagerFailed,
			what: "Entry $1$3 of $2$4 cannot be read, so that apt reads none of its sources.",
			next: "Correct the file, or move it away: less $2$4",
			step: narrow},
		// E: The value 'stable' is invalid for APT::Default-Release as such a release is not available in the sources
		{match: `^E: The value '([^']*)' is invalid for APT::Default-Release`, code: fault.PackageManagerFailed,
			what: "apt's configuration prefers the release $1 (APT::Default-Release), which none of its sources has.",
			next: "Correct it, or take it out: grep -rn Default-Release /etc/apt/apt.conf /etc/apt/apt.conf.d",
			step: narrow},
		// E: The method driver /usr/lib/apt/methods/https could not be found.
		{match: `^E: The method driver (\S+) could not be found`, code: fault.PackageManagerFailed,
			what: "apt cannot fetch what it is to: $1 is not there.",
			next: "Install what has it: sudo apt-get install apt-transport-https ca-certificates",
			step: narrow},
		// E: Dynamic MMap ran out of room. Please increase the size of APT::Cache-Start. Current value: 25165824. (man 5 apt.conf)
		{match: `^E: Dynamic MMap ran out of room\.`, code: fault.PackageManagerFailed,
			what: "apt's configuration gives it less memory than the lists of this machine's sources need (APT::Cache-Start, APT::Cache-Limit).",
			next: "Take it out: grep -rn APT::Cache- /etc/apt/apt.conf /etc/apt/apt.conf.d",
			step: narrow},
		// E: Problem with MergeList /var/lib/apt/lists/host_ubuntu_dists_jammy_main_binary-amd64_Packages
		{match: `^E: Problem with MergeList (/var/lib/apt/lists/[^\s/]+)`, code: fault.PackageManagerFailed,
			what: "apt's copy of a package list, $1, is damaged.",
			next: "Have it fetched anew: sudo rm -f $1; sudo apt-get update",
			step: narrow},
		// E: Invalid record in the preferences file /etc/apt/preferences.d/x, no Package header
		// E: No priority (or zero) specified for pin
		{match: `^E: (Invalid record in the preferences file [^\n]+|No priority \(or zero\) specified for pin)`, code: fault.PackageManagerFailed,
			what: "apt's pins cannot be read: $1.",
			next: "Correct them: grep -rn . /etc/apt/preferences /etc/apt/preferences.d"},
		// E: The list of sources could not be read.
		{match: `^E: The list of sources could not be read`, code: fault.PackageManagerFailed,
			what: "apt cannot read its list of sources.",
			next: "Run: sudo apt-get check; correct the file that it names" + andAgain,
			step: narrow},
	}, aptSourceRules(), []rule{
		// The following held packages will be changed:
		//   aadsshlogin
		// E: Held packages were changed and -y was used without --allow-change-held-packages.
		{match: `^The following held packages will be changed:\n\s+([^\n]+)`, code: fault.PackageManagerFailed,
			what: "The owner of this machine holds a package at its version: $1",
			next: "Release it with: sudo apt-mark unhold $1"},
		// The following packages will be REMOVED:
		//   aadlogin
		// E: Packages need to be removed but remove is disabled.
		{match: `^The following packages will be REMOVED:\n\s+([^\n]+)(?:\n[^\n]*)*\nE: Packages need to be removed but remove is disabled`, code: fault.PackageManagerFailed,
			what: "The installation would remove other packages of this machine: $1",
			next: "Decide about them, see what would happen with: apt-get -s install aadsshlogin"},
		// You might want to run 'apt --fix-broken install' to correct these.
		// The following packages have unmet dependencies:
		//  needs-nothing : Depends: libnosuch (>= 3) but it is not installable
		{match: `(?:fix-broken install|-f install)'[^\n]*\nThe following packages have unmet dependencies:\n\s*([^\n]+)`, code: fault.PackageManagerFailed,
			what: "Packages that are on this machine already lack what they depend on: $1",
			next: "Repair it with: sudo apt-get --fix-broken install",
			step: repair},
		//  aadsshlogin : Conflicts: tar but 1.34+dfsg-1.2+deb12u1 is to be installed
		//  aadsshlogin : Breaks: openssh-server (< 1:9.6) but 1:9.2p1-2 is to be installed
		{match: `^The following packages have unmet dependencies:\n\s*(\S+) : (?:Conflicts|Breaks): ([^\n]+?) but `, code: fault.PackageManagerFailed,
			what: "$1 cannot be beside $2, which is installed or needed.",
			next: "Decide which of the two this machine needs: apt-cache policy $1; apt-get -s install $1",
			step: widen},
		//  aadsshlogin : Depends: libnosuch (>= 3) but it is not installable
		{match: `^The following packages have unmet dependencies:\n\s*(([^\s:]+)[^\n]+)`, code: fault.PackageManagerFailed,
			what: "A dependency cannot be met: $1",
			next: "See where it could come from: apt-cache policy; add the source that has it, or set packageVersion to a version that does not need it.",
			step: widen},
		// E: Unable to correct problems, you have held broken packages.
		{match: `you have held broken packages`, code: fault.PackageManagerFailed,
			what: "Held packages stand in the way of what the installation depends on.",
			next: "See which: apt-mark showhold",
			step: widen},

		// E: Version '9.9.9' for 'aadsshlogin' was not found
		{match: `^E: Version '([^']+)' for '([^']+)' was not found`, code: fault.PackageUnavailable,
			what: "The package sources have no version $1 of $2.",
			next: "See what there is: apt-cache madison $2; then correct the setting packageVersion."},
		// E: Package 'aadsshlogin' has no installation candidate
		// E: Can't select candidate version from package aadsshlogin as it has no candidate
		// E: Can't find a source to download version '1.0.3' of 'aadsshlogin:amd64'
		{match: `^E: Package '([^']+)' has no installation candidate|^E: Can't select candidate version from package (\S+) |^E: Can't find a source to download version '[^']*' of '([^:']+)`, code: fault.PackageUnavailable,
			what: "No version of $1$2$3 may be installed on this machine.",
			next: "See what forbids it, such as a pin: grep -rn . /etc/apt/preferences /etc/apt/preferences.d; apt-config dump | grep -i preferences.",
			step: widen,
			look: aptKeptOut},
		// E: Unable to locate package aadsshlogin
		{match: `^E: Unable to locate package (\S+)`, code: fault.PackageUnavailable,
			what: "The package sources have no $1 for this release and architecture.",
			next: "See what there is: apt-cache policy $1; docs/distributions.md lists the releases that have it.",
			step: widen,
			look: aptKeptOut},

		// debconf: DbDriver "config": /var/cache/debconf/config.dat is locked by another process: Resource temporarily unavailable
		{match: `^debconf: DbDriver "[^"]*": (\S+) is locked by another process(?:[^\n]*\n)+?dpkg: error processing`, code: fault.PackageManagerBusy,
			what: "Another program is using debconf: $1 is locked.",
			next: "See which one with: fuser -v $1" + whenEnded},
		// dpkg (subprocess): unable to execute new x package pre-installation script (/var/lib/dpkg/tmp.ci/preinst): Permission denied
		{match: `unable to execute ([^\n(]+) \((/[^)\n]+)\): Permission denied`, code: fault.PackageManagerFailed,
			what: "dpkg may not run $2, the $1: its file system has the option noexec, or a security module forbids it.",
			next: "Let programs run there: sudo mount -o remount,exec \"$$(findmnt -no TARGET -T $2)\""},
		// E: Unable to satisfy dependencies. Reached two conflicting assignments:
		//    1. aadsshlogin:amd64=1.0 is selected for install
		//    2. aadsshlogin:amd64 Depends libnosuch (>= 3)
		//       but none of the choices are installable:
		{match: `^(?:E: |\s+)Unable to satisfy dependencies\.[^\n]*\n(?:\s+\d+\. [^\n]*\n)*?\s+\d+\. ((\S+) (?:Depends|PreDepends|Conflicts|Breaks) [^\n]+)`, code: fault.PackageManagerFailed,
			what: "A dependency cannot be met: $1",
			next: "See where it could come from: apt-cache policy; add the source that has it, or set packageVersion to a version that does not need it.",
			step: widen},
		// dpkg: error processing archive /var/cache/apt/archives/aadsshlogin_1.0.2_amd64.deb (--unpack):
		//  trying to overwrite '/usr/bin/aad_certhandler', which is also in package others 1.0
		{match: `^dpkg: error processing archive (?:/\S*/)?([^_\s]+)_\S+ \(--\S+\):\n\s*trying to overwrite '([^']+)', which is also in package (\S+)`, code: fault.PackageManagerFailed,
			what: "$2 of $1 belongs to the package $3 already.",
			next: "See what that is for: dpkg -s $3; remove it if it is not needed (sudo apt-get remove $3)"},
		// will not go
		// dpkg: warning: old aadsshlogin package pre-removal script subprocess returned error exit status 5
		// dpkg: trying script from the new package instead ...
		// dpkg: error processing archive /repo/./aadsshlogin_1.1.deb (--unpack):
		{match: `^([^\n]*\S)[ \t]*\ndpkg: warning: (?:old )?(\S+) package ([a-z-]+) script (subprocess [^\n]+)\ndpkg: (?:warning: )?trying script from the new package instead(?:[^\n]*\n)+?dpkg: error processing`, code: fault.PackageManagerFailed,
			what: "The $3 script of the installed $2 failed: $4; its last line: $1",
			next: repairConfigure},
		// dpkg: error processing archive /var/cache/apt/archives/aadsshlogin_1.0_amd64.deb (--unpack):
		//  verification on package /var/cache/apt/archives/aadsshlogin_1.0_amd64.deb failed!
		{match: `^dpkg: error processing archive (?:/\S*/)?([^_\s]+)_\S+ \(--\S+\):\n\s*verification on package \S+ failed!`, code: fault.PackageManagerFailed,
			what: "This machine's dpkg installs only package files with a signature that debsig-verify knows, and $1 has none.",
			next: "Have whoever keeps this machine add no-debsig to its dpkg configuration; apt checks the signature of the repository: grep -rn debsig /etc/dpkg/dpkg.cfg /etc/dpkg/dpkg.cfg.d"},
		// Setting up aadsshlogin (1.0.2) ...
		// dpkg: error processing package aadsshlogin (--configure):
		//  installed aadsshlogin package post-installation script subprocess returned error exit status 1
		{match: `^(?:Setting up|Preparing to unpack|Unpacking|Removing|Purging|\(Reading)[^\n]*\ndpkg: error processing (?:package|archive) (?:/\S*/)?(\S+) \(--(\S+)\):\n\s*([^\n]+)`, code: fault.PackageManagerFailed,
			what: "dpkg --$2 of $1 failed: $3",
			next: repairConfigure},
		// usermod: group 'aad_admins' does not exist
		// dpkg: error processing package aadsshlogin (--configure):
		//  installed aadsshlogin package post-installation script subprocess returned error exit status 1
		{match: `^([^\n]*\S)[ \t]*\ndpkg: error processing (?:package|archive) (?:/\S*/)?(\S+) \(--(\S+)\):\n\s*([^\n]*subprocess[^\n]*)`, code: fault.PackageManagerFailed,
			what: "dpkg --$3 of $2 failed: $4; its last line: $1",
			next: repairConfigure},
		{match: `^dpkg: error processing (?:package|archive) (?:/\S*/)?(\S+) \(--(\S+)\):\n\s*([^\n]+)`, code: fault.PackageManagerFailed,
			what: "dpkg --$2 of $1 failed: $3",
			next: repairConfigure},
		// dpkg: unrecoverable fatal error, aborting:
		//  unknown system group 'gone' in statoverride file; the system group got removed
		//  syntax error: unknown group 'gone' in statoverride file
		{match: `unknown (?:system )?(user|group) '([^']+)' in statoverride file`, code: fault.PackageManagerFailed,
			what: "dpkg cannot work: /var/lib/dpkg/statoverride names the $1 $2, which is not there.",
			next: "See the entry: dpkg-statoverride --list | grep $2; take it out (sudo dpkg-statoverride --remove FILE), or make the $1 again" + andAgain},
		// E: Problem executing scripts DPkg::Pre-Invoke 'exit 1'
		// E: Problem executing scripts APT::Update::Pre-Invoke '/usr/local/bin/snapshot'
		{match: `^E: Problem executing scripts (\S+) '([^\n]*)'$`, code: fault.PackageManagerFailed,
			what: "A command that this machine's apt configuration has run each time fails: $1 \"$2\".",
			next: "See why it fails, or take it out: grep -rn '$1' /etc/apt/apt.conf /etc/apt/apt.conf.d"},
		// E: Failure running script /usr/local/bin/scan-packages
		{match: `^E: Failure running (?:script|hook) ([^\n]+)`, code: fault.PackageManagerFailed,
			what: "A command that this machine's apt configuration has run each time fails: $1",
			next: "See why it fails, or take it out: grep -rn '$1' /etc/apt/apt.conf /etc/apt/apt.conf.d"},
		// E: Syntax error /etc/apt/apt.conf:2: Extra junk at end of file
		{match: `^E: Syntax error (/[^:\s]+):(\d+): ([^\n]+?)\.?$`, code: fault.PackageManagerFailed,
			what: "apt's configuration cannot be read: $1, line $2: $3.",
			next: "Correct the file, or move it away: less +$2 $1"},
		// dpkg-query: error: parsing file '/var/lib/dpkg/updates/0001' near line 0:
		{match: `parsing file '(/var/lib/dpkg/updates/[^']+)'`, code: fault.PackageManagerFailed,
			what: "$1, which dpkg wrote for an interrupted change, is damaged.",
			next: "Move it away, and have dpkg finish what is left: sudo mv $1 /root/ && sudo dpkg --configure -a"},
		// dpkg-query: error: parsing file '/var/lib/dpkg/status' near line 5668:
		// E: Unable to parse package file /var/lib/dpkg/status (1)
		{match: `parsing file '(/var/lib/dpkg/[^']+)'|^E: Unable to parse package file (/var/lib/dpkg/\S+)`, code: fault.PackageManagerFailed,
			what: "The package database $1$2 is damaged.",
			next: lastGoodCopy},
		// dpkg-query: error: reading package info file '/var/lib/dpkg/status': Is a directory
		{match: `^dpkg(?:-query)?: error: (?:reading|failed to (?:open|read|stat)) package info file '([^']+)'[^\n:]*: ([^\n]+)`, code: fault.PackageManagerFailed,
			what: "The package database $1 cannot be read: $2.",
			next: lastGoodCopy},
		// dpkg: error: error executing hook 'exit 3', exit code 768
		{match: `^dpkg: error: error executing hook '([^\n]*)', exit code`, code: fault.PackageManagerFailed,
			what: "A command that this machine's dpkg configuration has run each time fails: $1",
			next: "See why it fails, or take it out: grep -rn invoke /etc/dpkg/dpkg.cfg /etc/dpkg/dpkg.cfg.d"},
		// dpkg: error: unknown option --no-such-option
		{match: `^dpkg: error: (unknown option -\S+)`, code: fault.PackageManagerFailed,
			what: "apt's configuration starts dpkg with an option that it does not have: $1.",
			next: "Correct it, or take it out: grep -rniA3 dpkg::options /etc/apt/apt.conf /etc/apt/apt.conf.d"},
		// dpkg: unrecoverable fatal error, aborting:
		//  files list file for package 'x' is missing final newline
		// dpkg: error: configuration error: /etc/dpkg/dpkg.cfg.d/x:3: unknown option 'y'
		{match: `^dpkg: (?:unrecoverable fatal error, aborting:\n\s*|error: )([^\n]+)`, code: fault.PackageManagerFailed,
			what: "dpkg cannot work: $1",
			next: "Repair what it names (sudo dpkg --audit says it again)" + andAgain},
		// E: The package vendoragent needs to be reinstalled, but I can't find an archive for it.
		{match: `^E: The package (\S+) needs to be reinstalled`, code: fault.PackageManagerFailed,
			what: "$1 is half installed, and no source of this machine has its package file, so that apt does nothing.",
			next: "Install it from its file (sudo dpkg -i FILE), or, if it is not needed, remove it: sudo dpkg --remove --force-remove-reinstreq $1"},
	})
}
