package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"aadssh/internal/grammar"
	"aadssh/internal/proxy"
)

// row is one setting: its documentation, its schema, and how its value is read.
type row struct {
	Name    string // group.name if it is within a group
	Type    string
	Default string
	Allowed string // completes "it must be ..."
	Meaning string
	Example string // the whole settings object
	Schema  schema
	Secret  bool // its value is never shown
	take    func(*Settings, json.RawMessage) error
}

// schema is a part of a JSON schema.
type schema map[string]any

// errAllowed means that a value is not what its row allows, with no better explanation.
var errAllowed = errors.New("not allowed")

const (
	baseURLPattern = `https?://` + grammar.HostPattern + `(:` + grammar.PortPattern + `)?(/[A-Za-z0-9._~%+-]+)*/?`
	minutesPattern = `off|[5-9]|[1-9][0-9]|[1-9][0-9]{2}|1[0-3][0-9]{2}|14[0-3][0-9]|1440`
	keyPattern     = `[\t\n\r ]*-----BEGIN PGP PUBLIC KEY BLOCK-----(-{0,4}[\t\n\r -,.-~])+-----END PGP PUBLIC KEY BLOCK-----[\t\n\r ]*`

	fewestMinutes, mostMinutes = 5, 1440
	mostKeys, keyLimit         = 16, 64 << 10 // number, and bytes of one
)

// SettingsText lists the settings for a person at a terminal.
func SettingsText() string {
	var b strings.Builder
	for _, r := range append(rows(), protectedRows()...) {
		fmt.Fprintf(&b, "%s: %s\n  For example: %s\n", r.Name, strings.ReplaceAll(r.Meaning, "`", ""), r.Example)
	}
	return b.String()
}

// rows are the public settings, in the order in which they are documented and
// in which mistakes are reported.
func rows() []*row {
	return []*row{
		{
			Name: "packageVersion", Type: "text", Default: "the newest version",
			Allowed: `a package version such as "1.0.027980001"`,
			Meaning: "Install exactly this version of the package `aadsshlogin`, as the package manager writes it.",
			Example: `{"packageVersion": "1.0.027980001"}`,
			Schema:  textSchema(grammar.VersionPattern),
			take: func(s *Settings, v json.RawMessage) error {
				return takeText(v, grammar.VersionPattern, &s.PackageVersion)
			},
		},
		{
			Name: "repository.mode", Type: "text", Default: "`default`",
			Allowed: `"default", "existing" or "mirror"`,
			Meaning: "Where the packages come from. `default`: the vendor's repository. `existing`: what the machine has configured; the handler adds neither a repository nor a key. `mirror`: a copy of the vendor's repository at `repository.baseUrl`.",
			Example: `{"repository": {"mode": "existing"}}`,
			Schema:  schema{"enum": []any{"default", "existing", "mirror", "", nil}},
			take: func(s *Settings, v json.RawMessage) error {
				mode := string(s.Repository.Mode)
				err := takeText(v, "default|existing|mirror", &mode)
				s.Repository.Mode = Mode(mode)
				return err
			},
		},
		{
			Name: "repository.baseUrl", Type: "text", Default: "none",
			Allowed: `http:// or https:// with a host and a path, without user, password, query or fragment`,
			Meaning: "With `repository.mode` `mirror` only, and needed there: what stands in the place of `https://packages.microsoft.com`. Below it the mirror has the vendor's paths. Both `https` and `http` are accepted, because signatures are checked and the connection is not trusted. A folder of the machine itself is configured in the package manager and used by the mode `existing`.",
			Example: `{"repository": {"mode": "mirror", "baseUrl": "https://mirror.example.com/microsoft"}}`,
			Schema:  textSchema(baseURLPattern),
			take: func(s *Settings, v json.RawMessage) error {
				err := takeText(v, baseURLPattern, &s.Repository.BaseURL)
				s.Repository.BaseURL = strings.TrimSuffix(s.Repository.BaseURL, "/")
				return err
			},
		},
		{
			Name: "repository.trustedKeys", Type: "list of texts", Default: "none",
			Allowed: "a list of at most " + strconv.Itoa(mostKeys) + " armored OpenPGP public keys, each from -----BEGIN PGP PUBLIC KEY BLOCK----- to -----END PGP PUBLIC KEY BLOCK-----",
			Meaning: "Further public keys whose signatures are accepted, in the modes `default` and `mirror` (an entry for the repository that the machine has of its own, and every one with `existing`, says itself whom it trusts): for a mirror that signs by itself, and for a key of the vendor that is newer than the handler. `jq -Rs '{repository: {trustedKeys: [.]}}' key.asc` writes such settings.",
			Example: `{"repository": {"trustedKeys": ["-----BEGIN PGP PUBLIC KEY BLOCK-----\n...\n-----END PGP PUBLIC KEY BLOCK-----"]}}`,
			Schema: schema{"type": []string{"array", "null"}, "maxItems": mostKeys,
				"items": schema{"type": "string", "maxLength": keyLimit, "pattern": "^(" + keyPattern + ")$"}},
			Secret: true, // somebody will paste a private key
			take:   takeKeys,
		},
		{
			Name: "proxy", Type: "text", Default: "the one in the environment of the agent, else the package manager's own",
			Allowed: "http://HOST:PORT or https://HOST:PORT",
			Meaning: "The proxy on the way to the package repository. It is used for this handler's own transactions and downloads; nothing is written into the configuration of the machine. One with a user or password belongs in the protected settings.",
			Example: `{"proxy": "http://proxy.example.com:3128"}`,
			Schema:  textSchema(proxy.Pattern), Secret: true, // somebody will put the password here
			take: func(s *Settings, v json.RawMessage) error {
				p, err := takeProxy(v)
				if err == nil && len(p.Secrets()) > 0 {
					return errors.New("it has a user or password in it: move it to the protected settings, and change the password, for public settings are shown to everybody who may see the VM")
				}
				if err == nil {
					s.Proxy = p
				}
				return err
			},
		},
		{
			Name: "monitor", Type: "number or text", Default: "15",
			Allowed: `"off" or a whole number of minutes from ` + strconv.Itoa(fewestMinutes) + ` to ` + strconv.Itoa(mostMinutes),
			Meaning: "How many minutes lie between two checks of the machine, which find and repair what breaks sign-in; or `off`.",
			Example: `{"monitor": 60}`,
			Schema: schema{"type": []string{"integer", "string", "null"},
				"minimum": fewestMinutes, "maximum": mostMinutes, "pattern": "^(" + minutesPattern + ")?$"},
			take: takeMinutes,
		},
	}
}

// protectedRows are the settings that may also be protected; the protected value then wins
// over the public one.
func protectedRows() []*row {
	return []*row{{
		Name: "proxy", Type: "text", Default: "the public one",
		Allowed: "http://USER:PASSWORD@HOST:PORT, where special characters of the password are written as %40 and the like",
		Meaning: "The proxy on the way to the package repository, with user and password. It wins over the public setting and is shown nowhere.",
		Example: `{"proxy": "http://USER:PASSWORD@proxy.example.com:3128"}`,
		Schema:  textSchema(proxy.WithUserPattern), Secret: true,
		take: func(s *Settings, v json.RawMessage) error {
			p, err := takeProxy(v)
			if err == nil && p.URL != "" {
				s.Proxy = p
			}
			return err
		},
	}}
}

// textSchema is text that matches pattern, or is empty: for a template it is easier to pass
// "" than to leave a setting out.
func textSchema(pattern string) schema {
	return schema{"type": []string{"string", "null"}, "pattern": "^(" + pattern + ")?$"}
}

// takeText sets to if v is text that matches pattern, and leaves it if v is empty.
func takeText(v json.RawMessage, pattern string, to *string) error {
	var text string
	if json.Unmarshal(v, &text) != nil || (text != "" && !matches(pattern, text)) {
		return errAllowed
	}
	if text != "" {
		*to = text
	}
	return nil
}

func takeProxy(v json.RawMessage) (proxy.Proxy, error) {
	var text string
	if json.Unmarshal(v, &text) != nil {
		return proxy.Proxy{}, errAllowed
	}
	if text == "" {
		return proxy.Proxy{}, nil
	}
	parsed, err := proxy.Parse(text)
	if err != nil {
		return proxy.Proxy{}, errAllowed
	}
	return parsed, nil
}

func takeKeys(s *Settings, v json.RawMessage) error {
	var keys []string
	if json.Unmarshal(v, &keys) != nil || len(keys) > mostKeys {
		return errAllowed
	}
	for i, key := range keys {
		if strings.Contains(key, "PRIVATE KEY BLOCK") {
			return fmt.Errorf("entry %d is a private key: remove it, and regard it as known to others from now on", i+1)
		}
		if len(key) > keyLimit || !matches(keyPattern, key) {
			return fmt.Errorf("entry %d is not an armored OpenPGP public key", i+1)
		}
	}
	s.Repository.TrustedKeys = keys
	return nil
}

func takeMinutes(s *Settings, v json.RawMessage) error {
	var text string
	if json.Unmarshal(v, &text) == nil {
		switch {
		case text == "":
		case text == "off":
			s.Monitor = 0
		case matches(minutesPattern, text):
			s.Monitor, _ = strconv.Atoi(text)
		default:
			return errAllowed
		}
		return nil
	}
	var n float64 // 15.0 is a whole number to JSON
	if json.Unmarshal(v, &n) != nil || n != math.Trunc(n) || n < fewestMinutes || n > mostMinutes {
		return errAllowed
	}
	s.Monitor = int(n)
	return nil
}

// matches reports whether the whole text matches pattern.
func matches(pattern, text string) bool {
	return regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(text)
}
