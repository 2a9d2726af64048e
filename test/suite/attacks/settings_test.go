package attacks

import (
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/repo"
	"aadssh/internal/trust"
)

// shell: a step that builds a line for a shell runs commands in a value.
func shell(value string) func(*world) bool {
	return func(w *world) bool {
		c := exec.Command("sh", "-c", "echo install aadsshlogin="+value)
		c.Dir = w.dir
		_ = c.Run()
		_, err := os.Stat(filepath.Join(w.dir, "owned"))
		return err == nil
	}
}

// splits: a step that joins words and splits them again installs another package too.
func splits(value string) func(*world) bool {
	return func(*world) bool { return len(strings.Fields("aadsshlogin="+value)) > 1 }
}

// newLine: a step that writes a value into a file of lines writes two lines.
func newLine(value string) func(*world) bool {
	return func(w *world) bool {
		full := w.put("x.list", "deb [signed-by=/k] "+value+" jammy main\n")
		return strings.Count(strings.TrimSpace(w.read(full)), "\n") > 0
	}
}

// option: a step that passes a value as a separate word passes an option.
func option(value string) func(*world) bool {
	return func(*world) bool { return strings.HasPrefix(strings.TrimSpace(value), "-") }
}

// glob: a package manager that accepts patterns treats the value as one, for every version.
func glob(value string) func(*world) bool {
	return func(*world) bool {
		ok, err := path.Match("aadsshlogin-"+value, "aadsshlogin-0.0.1.evil")
		return err == nil && ok
	}
}

// signed: apt treats a plus or minus at the end of a name as an instruction.
func signed(value string) func(*world) bool {
	return func(*world) bool { return strings.HasSuffix(value, "-") || strings.HasSuffix(value, "+") }
}

func quoted(value string) string {
	b, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func version(what, value string, works func(*world) bool) attack {
	return attack{by: "settings", what: "packageVersion " + what, holds: "one grammar for versions, before anything is changed: 53", works: works,
		held: func(w *world) error { return w.refused(`{"packageVersion":` + quoted(value) + `}`) }}
}

func mirror(what, value string, works func(*world) bool) attack {
	return attack{by: "settings", what: "repository.baseUrl " + what, holds: "one grammar for addresses, and again where the file is written: 53", works: works,
		held: func(w *world) error {
			if err := w.refused(`{"repository":{"mode":"mirror","baseUrl":` + quoted(value) + `}}`); err != nil {
				return err
			}
			release, err := distro.Parse([]byte("ID=ubuntu\nVERSION_ID=22.04\nVERSION_CODENAME=jammy\n"))
			w.must(err)
			target, err := distro.Lookup(release, "amd64")
			w.must(err)
			files, err := repo.Desired(target, repo.Options{Base: value, Mirror: true, GOARCH: "amd64"})
			if err == nil {
				return holds(strings.Count(string(files[0].Content), "\ndeb ") <= 1 && !strings.Contains(string(files[0].Content), "trusted=yes"), "the file holds %s", files[0].Content)
			}
			return nil
		}}
}

func trusted(what, holdsWhat, says string, key func(w *world) string) attack {
	return attack{by: "settings", what: "repository.trustedKeys with " + what, holds: holdsWhat, held: func(w *world) error {
		k := key(w)
		if _, _, err := w.settings(`{"repository":{"trustedKeys":[` + quoted(k) + `]}}`); err != nil {
			return holds(!strings.Contains(err.Error(), "MII") && fault.Of(err).Code == fault.SettingsInvalid, "%v", err)
		}
		_, err := trust.Accept(nil, nil, [][]byte{[]byte(k)})
		return holds(err != nil && fault.Of(err).Code == fault.SettingsInvalid && strings.Contains(fault.Of(err).What, says), "accepted: %v", err)
	}}
}

func testdata(w *world, name string) string {
	b, err := os.ReadFile("../../../internal/trust/testdata/" + name)
	w.must(err)
	return string(b)
}

func settings() []attack {
	return []attack{
		version("that tells apt to remove the package (1.0-)", "1.0.033070001-", signed("1.0.033070001-")),
		version("that tells apt to install it whatever the version (1.0+)", "1.0.033070001+", signed("1.0.033070001+")),
		version("with a second package behind it, for apt", "1.0 evil", splits("1.0 evil")),
		version("with a command for a shell, $()", "1.0$(touch owned)", shell("1.0$(touch owned)")),
		version("with a command for a shell, ;", "1.0;touch owned", shell("1.0;touch owned")),
		version("with a command for a shell, backticks", "1.0`touch owned`", shell("1.0`touch owned`")),
		version("with a command for a shell, a line end", "1.0\ntouch owned", shell("1.0\ntouch owned")),
		version("that is an option of dnf", "--setopt=gpgcheck=0", option("--setopt=gpgcheck=0")),
		version("that is a pattern, for dnf and yum", "*", glob("*")),
		version("that is a set of characters, for dnf and tdnf", "[0-9]*", glob("[0-9]*")),
		version("that is a relation, for zypper (>=)", ">=1.0", nil),
		version("that is a macro of rpm", "%(touch owned)", nil),
		version("that ends a line of yum's shell", "1.0\nremove openssh-server", func(*world) bool { return strings.Contains("install x-1.0\nremove openssh-server", "\nremove") }),
		version("that is a path, for tdnf and rpm", "/tmp/evil.rpm", nil),
		version("with a zero byte", "1.0\x00", nil),
		version("of 10 MB", strings.Repeat("1", 1<<20), nil),
		mirror("with a second line that apt trusts", "https://h/x\ndeb [trusted=yes] http://evil /", newLine("https://h/x\ndeb [trusted=yes] http://evil /")),
		mirror("with an option of apt after a blank", "https://h/ [trusted=yes]", splits("https://h/ [trusted=yes]")),
		mirror("with a password", "https://u:s3cret@h/x", func(w *world) bool {
			return strings.Contains(w.read(w.put("x.repo", "baseurl=https://u:s3cret@h/x\n")), "s3cret")
		}),
		mirror("that is a folder that everybody can write to", "file:///tmp/x", nil),
		mirror("with a variable of yum", "https://h/$(id)", nil),
		mirror("with gpgcheck=0 on a separate line", "https://h/x\r\ngpgcheck=0", newLine("https://h/x\r\ngpgcheck=0")),
		{by: "settings", what: "proxy with a line of configuration", holds: "one grammar for proxies: 53",
			works: func(w *world) bool {
				return strings.Count(w.read(w.put("p", "Acquire::http::Proxy \"http://h:1\";\nAPT::Get::AllowUnauthenticated \"1\";")), "\n") > 0
			},
			held: func(w *world) error {
				return w.refused(`{"proxy":"http://h:1\";\nAPT::Get::AllowUnauthenticated \"1"}`)
			}},
		{by: "settings", what: "proxy with a password in the public settings", holds: "53, and the refusal does not repeat it",
			held: func(w *world) error {
				_, _, err := w.settings(`{"proxy":"http://u:s3cret@h:1"}`)
				return holds(err != nil && !strings.Contains(err.Error()+fault.Of(err).What+fault.Of(err).Remedy(), "s3cret"), "%v", err)
			}},
		{by: "settings", what: "monitor that never comes, or always", holds: "5 to 1440 minutes",
			works: func(*world) bool { n, err := strconv.Atoi("-1"); return err == nil && time.Duration(n)*time.Minute < 0 },
			held: func(w *world) error {
				for _, v := range []string{"0", "-1", "1e300", "4", `"0 ; reboot"`} {
					if err := w.refused(`{"monitor":` + v + `}`); err != nil {
						return err
					}
				}
				return nil
			}},
		{by: "settings", what: "a name with control characters", holds: "names are shown shortened and without control characters",
			works: func(*world) bool { return strings.Contains("unknown: a\x1b[2J", "\x1b") },
			held: func(w *world) error {
				_, unknown, _ := w.settings(`{"a\u001b[2J\u202e":1,"` + strings.Repeat("x", 5000) + `":2}`)
				s := strings.Join(unknown, " ")
				return holds(!strings.ContainsAny(s, "\x1b\u202e") && len(s) < 2000, "%q", s)
			}},
		{by: "settings", what: "a file of 5 MB", holds: "a limit on what is read",
			works: func(w *world) bool { return len(w.read(w.put("x", strings.Repeat(" ", 5<<20)))) == 5<<20 },
			held:  func(w *world) error { return w.refused(`{"x":"` + strings.Repeat("a", 5<<20) + `"}`) }},
		trusted("a private key", "it is refused, and the message says that it must be considered public", "private", func(w *world) string {
			return "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nMII\n-----END PGP PRIVATE KEY BLOCK-----"
		}),
		trusted("a key that signs itself by SHA-1", "keys are checked for strength before a change: 53", "SHA-1", func(w *world) string { return testdata(w, "sha1.asc") }),
		trusted("an RSA key of 1024 bits", "keys are checked for strength before a change: 53", "1024", func(w *world) string { return testdata(w, "rsa1024.asc") }),
		trusted("a web page", "only armored keys are accepted", "key", func(*world) string { return "<html>login</html>" }),
		trusted("a damaged key", "a key is verified by its own signatures", "", func(w *world) string {
			return strings.Replace(testdata(w, "rsa2048.asc"), "mQ", "mR", 1)
		}),
	}
}
