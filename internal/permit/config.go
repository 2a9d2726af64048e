package permit

import (
	"regexp"
	"strings"
)

// OSRelease permits the keys of os-release(5) that identify a release.
func OSRelease(text string) Text {
	keys := regexp.MustCompile(`^(ID|ID_LIKE|NAME|PRETTY_NAME|VERSION|VERSION_ID|VERSION_CODENAME|UBUNTU_CODENAME|VARIANT|VARIANT_ID|PLATFORM_ID|BUILD_ID|IMAGE_ID)=(["']?)([A-Za-z0-9 ._:()/+-]{0,64})(["']?)$`)
	return lines(text, func(line string) (string, bool) { return line, keys.MatchString(line) })
}

// NSS permits databases and their services (nsswitch.conf(5)).
func NSS(text string) Text {
	database := regexp.MustCompile(`^\s*(passwd|group|shadow|gshadow|initgroups|sudoers|netgroup|hosts|services):((?:\s+(?:[a-z][a-z0-9_]{0,19}|\[[A-Za-z!= ]{1,40}\]))*)\s*(?:#.*)?$`)
	return lines(text, func(line string) (string, bool) {
		part := database.FindStringSubmatch(line)
		if part == nil {
			return "", false
		}
		return part[1] + ":" + part[2], true
	})
}

// sshdKeywords are the keywords of sshd_config(5) that decide about a sign-in. Banner,
// SetEnv and others do not.
const sshdKeywords = ` acceptenv addressfamily allowgroups allowusers authenticationmethods authorizedkeyscommand authorizedkeyscommanduser authorizedkeysfile authorizedprincipalscommand authorizedprincipalscommanduser authorizedprincipalsfile casignaturealgorithms challengeresponseauthentication chrootdirectory ciphers denygroups denyusers exposeauthinfo forcecommand gssapiauthentication hostbasedacceptedalgorithms hostcertificate hostkey hostkeyagent hostkeyalgorithms include kbdinteractiveauthentication kexalgorithms listenaddress logingracetime loglevel macs match maxauthtries maxsessions maxstartups passwordauthentication permitrootlogin permittty permituserrc persourcemaxstartups persourcenetblocksize persourcepenalties pidfile port pubkeyacceptedalgorithms pubkeyacceptedkeytypes pubkeyauthentication pubkeyauthoptions rdomain refuseconnection requiredrsasize revokedkeys strictmodes subsystem syslogfacility trustedusercakeys usedns usepam useprivilegeseparation version `

// SSHD permits the deciding keywords and the usual values: words, names of algorithms,
// users, groups, addresses and paths. Of a command it permits only the program and the
// tokens that sshd replaces: an argument may be anything.
func SSHD(text string) Text {
	values := sshdValues{
		value: regexp.MustCompile(`^[A-Za-z0-9@._*?!:%/+^~,\[\]-]{1,160}$`),
		list:  regexp.MustCompile(`^[+^-]?` + algorithm + `(?:,` + algorithm + `)*$`),
	}
	return lines(text, func(line string) (string, bool) {
		fields := strings.Fields(strings.Replace(strings.TrimSpace(line), "=", " ", 1))
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") || !strings.Contains(sshdKeywords, " "+strings.ToLower(fields[0])+" ") {
			return "", false
		}
		fields, commented := values.mask(fields)
		indent := ""
		if !commented && (line[0] == ' ' || line[0] == '\t') {
			indent = "    "
		}
		return indent + strings.Join(fields, " "), true
	})
}

// algorithm matches the name of an algorithm, or a pattern of names: known beginnings (ssh
// -Q), and short parts.
const algorithm = `(?:3des|aes|arcfour|blowfish|cast|chacha|curve|diffie|ecdh|ecdsa|ext-info|gss|hmac|kex|mlkem|none|rijndael|rsa|sk-|sntrup|ssh|umac|webauthn|x509|\*)` +
	`[a-z0-9*]{0,16}(?:[@._-][a-z0-9*]{1,16}){0,8}`

// sshdValues describes possible values of sshd's keywords.
type sshdValues struct {
	value, list *regexp.Regexp // list: of algorithms, longer than other values
}

// mask masks the values of a keyword that are not permitted, in place. A comment after them
// is left out.
func (v sshdValues) mask(fields []string) (permitted []string, commented bool) {
	keyword, anything := strings.ToLower(fields[0]), false
	for i, f := range fields[1:] {
		f = strings.Trim(f, `"`)
		anything = anything || keyword == "match" && i > 0 && strings.EqualFold(fields[i], "exec")
		switch {
		case anything:
			fields[i+1] = Masked
		case strings.HasPrefix(f, "#"):
			return fields[:i+1], true
		case i > 0 && strings.HasSuffix(keyword, "command") && !strings.HasPrefix(f, "%"), i > 1 && keyword == "subsystem":
			fields[i+1] = Masked
		case strings.HasSuffix(keyword, "algorithms") || keyword == "ciphers" || keyword == "macs":
			if !v.list.MatchString(f) {
				fields[i+1] = Masked
			}
		case !v.value.MatchString(f) || strings.Contains(f, "://") || byChance(f):
			fields[i+1] = Masked
		}
	}
	return fields, false
}

// pamArguments are arguments that have no value, or one that is a number, a word from a
// list or a path.
const pamArguments = `^(?:[<>]=?|!=|\d{1,10}|(?:nullok|nullok_secure|try_first_pass|use_first_pass|use_authtok|audit|silent|preauth|authfail|authsucc|even_deny_root|quiet|quiet_success|uid|user|group|ingroup|notingroup|in|notin|eq|ne|debug|no_warn|revoke|force|open|close|broken_shadow|no_pass_expiry|sha512|yescrypt|shadow|service|root|noupdate|showfailed|readenv|nodefgroup|noaudit|forward_pass|allow_missing_name|use_uid|conf|seteuid|quiet_fail|expose_authtok|stdout|local_users_only|shell|tty)` +
	`|(?:retry|remember|deny|unlock_time|fail_interval|root_unlock_time|umask|minlen|difok|user_readenv|type|item|sense|onerr|apply|uid|gid|rounds|authtok_type|envfile|accessfile|file|conffile|conf|dir|skel|listsep|fieldsep|motd|noupdate)=(?:[0-9]{1,10}|[a-z]{0,12}|/(?:etc|run|var|usr|lib)(?:/[A-Za-z0-9._-]{1,40}){1,6}))$`

// PAM permits rules: type, control, module and known arguments.
func PAM(text string) Text {
	rule := regexp.MustCompile(`^\s*(?:(-?(?:auth|account|password|session))\s+([a-z]+|\[[a-z_=A-Z0-9 ]{1,200}\])\s+([A-Za-z0-9_./$-]{1,120})|(@include)\s+([A-Za-z0-9_.-]{1,60}))((?:\s+\S+)*)\s*$`)
	argument, folder := regexp.MustCompile(pamArguments), regexp.MustCompile(folders)
	return lines(text, func(line string) (string, bool) {
		part := rule.FindStringSubmatch(line)
		if part == nil {
			return "", false
		}
		if part[4] != "" {
			return part[4] + " " + part[5], true
		}
		out := strings.Join(part[1:4], " ")
		for i, a := range strings.Fields(part[6]) {
			switch {
			case strings.HasPrefix(a, "#"):
				return out, true
			case argument.MatchString(a), i == 0 && strings.HasSuffix(part[3], "pam_exec.so") && folder.MatchString(a):
				out += " " + a
			case !strings.HasSuffix(out, Masked):
				out += " " + Masked
			}
		}
		return out, true
	})
}

// suite matches a word of a source that is not an address.
const suite = `^[A-Za-z0-9./_-]{1,40}$`

// AptList permits sources in the one-line format (sources.list(5)).
func AptList(text string) Text {
	source := regexp.MustCompile(`^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)((?:\s+[^\s#]+)*)\s*(?:#.*)?$`)
	option := regexp.MustCompile(`^(?:arch|trusted|signed-by|lang|target|by-hash|check-valid-until|allow-insecure|allow-weak)[+-]?=(?:[a-z0-9,]{1,30}|/(?:etc|usr|var)(?:/[A-Za-z0-9._-]{1,60}){1,6})$`)
	word := regexp.MustCompile(suite)
	return lines(text, func(line string) (string, bool) {
		part := source.FindStringSubmatch(line)
		if part == nil {
			return "", false
		}
		out := part[1]
		if part[2] != "" {
			out += " [" + strings.Join(permitted(strings.Fields(part[2]), option), " ") + "]"
		}
		return out + " " + URL(part[3]) + " " + strings.Join(permitted(append([]string{part[4]}, strings.Fields(part[5])...), word), " "), true
	})
}

// permitted masks the words that do not have the form.
func permitted(all []string, form *regexp.Regexp) []string {
	for i, s := range all {
		if !form.MatchString(s) || !strings.ContainsAny(s, "/=") && byChance(s) {
			all[i] = Masked
		}
	}
	return all
}

// repositoryKeys of deb822 sources, dnf.conf(5) and zypper's files.
const repositoryKeys = ` enabled types suites components architectures trusted check-valid-until allow-insecure name gpgcheck repo_gpgcheck pkg_gpgcheck skip_if_unavailable priority module_hotfixes autorefresh type path cost timeout retries sslverify metadata_expire exclude excludepkgs includepkgs keeppackages proxy baseurl mirrorlist metalink gpgkey uris signed-by `

// Repository permits sections and keys of repository files, deb822 or INI.
func Repository(text string) Text {
	section := regexp.MustCompile(`^\[([A-Za-z0-9][A-Za-z0-9._-]{0,60})\]$`)
	key := regexp.MustCompile(`^([A-Za-z_-]+)\s*[=:]\s*(.*)$`)
	word := regexp.MustCompile(`^[A-Za-z0-9*$()][A-Za-z0-9 .,/_$*()-]{0,80}$`)
	path := regexp.MustCompile(`^/(?:etc|usr|var)(?:/[A-Za-z0-9._-]{1,60}){1,6}$`)
	return lines(text, func(line string) (string, bool) {
		if id := section.FindStringSubmatch(line); id != nil {
			if byChance(id[1]) {
				return "[" + Masked + "]", true
			}
			return line, true
		}
		part := key.FindStringSubmatch(line)
		if part == nil || !strings.Contains(repositoryKeys, " "+strings.ToLower(part[1])+" ") {
			return "", false
		}
		values := strings.Fields(part[2])
		for i, v := range values {
			switch {
			case strings.Contains(v, "://"):
				values[i] = URL(v)
			case path.MatchString(v):
			case strings.EqualFold(part[1], "proxy"), strings.EqualFold(part[1], "signed-by"), !word.MatchString(v), byChance(v):
				values[i] = Masked
			}
		}
		return part[1] + "=" + strings.Join(values, " "), true
	})
}

// unitKeys are the keys of units that decide whether they start and what they may do.
const unitKeys = ` Description After Before Wants Requires BindsTo PartOf Conflicts ConditionPathExists Type Restart RestartSec RestartForceExitStatus KillMode User Group WantedBy Alias Delegate Slice CPUQuota CPUAccounting MemoryMax MemoryAccounting TimeoutStartSec StartLimitBurst StartLimitIntervalSec ProtectSystem ProtectHome PrivateTmp NoNewPrivileges ReadWritePaths ReadOnlyPaths RuntimeDirectory OnCalendar OnBootSec ListenStream Accept `

// Unit permits the deciding keys of a unit; of commands the program, of variables the
// names, and of proxies the host.
func Unit(text string) Text {
	key := regexp.MustCompile(`^\s*([A-Za-z]+)\s*=\s*(.*)$`)
	word := regexp.MustCompile(`^[A-Za-z0-9/@%:._~+-]{1,80}$`)
	section := regexp.MustCompile(`^\[(?:Unit|Service|Install|Socket|Timer|Path)\]$`)
	return lines(text, func(line string) (string, bool) {
		if section.MatchString(line) {
			return line, true
		}
		part := key.FindStringSubmatch(line)
		switch {
		case part == nil:
			return "", false
		case part[1] == "Environment":
			return "Environment=" + variables(part[2]), true
		case part[1] == "EnvironmentFile" || strings.HasPrefix(part[1], "Exec"):
			program, _, more := strings.Cut(part[2], " ")
			if !word.MatchString(strings.TrimLeft(program, "-+!@:")) {
				program = Masked
			}
			if more {
				program += " " + Masked
			}
			return part[1] + "=" + program, true
		case !strings.Contains(unitKeys, " "+part[1]+" "):
			return "", false
		}
		if part[1] == "Description" {
			return "Description=" + Words(part[2]), true
		}
		return part[1] + "=" + strings.Join(permitted(strings.Fields(part[2]), word), " "), true
	})
}

// variables are the names of a unit's variables, and the hosts of proxies.
func variables(text string) string {
	var out []string
	plain := regexp.MustCompile(`^(?:[A-Z]{1,16}(?:_[A-Z0-9]{1,16}){0,6}|[a-z]{1,16}(?:_[a-z0-9]{1,16}){0,6})$`)
	exceptions := regexp.MustCompile(`^[A-Za-z0-9.,*:/_-]{0,400}$`)
	for _, m := range regexp.MustCompile(`(?:^|[\s"'])([A-Za-z_][A-Za-z0-9_]*)=("?[^\s"']*)`).FindAllStringSubmatch(text, -1) {
		value := Masked
		switch name := strings.ToLower(m[1]); {
		case name == "no_proxy" && exceptions.MatchString(m[2]):
			value = m[2]
		case strings.HasSuffix(name, "_proxy") && strings.Contains(m[2], "://"):
			value = URL(m[2])
		}
		if !plain.MatchString(m[1]) || babble(m[1]) {
			m[1] = Masked
		}
		out = append(out, m[1]+"="+value)
	}
	return strings.Join(out, " ")
}
