package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"aadssh/internal/fault"
	"aadssh/internal/host/hosttest"
	"aadssh/test/lib/golden"
)

const (
	armored    = `-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: GnuPG v2.0.22 (GNU/Linux)\n\nmQENBFYxWIwBCAC=\n=J6gr\n-----END PGP PUBLIC KEY BLOCK-----`
	privateKey = `-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nhunter2\n-----END PGP PRIVATE KEY BLOCK-----`
)

// example is public settings with the expected fault; "": they are valid.
type example struct{ settings, wrong string }

func examples() []example {
	good := []string{
		`{}`, `null`, `{"unknown": {"x": 1}}`,
		`{"packageVersion": "1.0.027980001"}`, `{"packageVersion": "1:2.3-4~rc1+b_2^x"}`, `{"packageVersion": "1.0.027980001-1.el9"}`, `{"packageVersion": ""}`, `{"packageVersion": null}`,
		`{"repository": {}}`, `{"repository": null}`, `{"repository": {"unknown": 1}}`,
		`{"repository": {"mode": "default"}}`, `{"repository": {"mode": "existing"}}`, `{"repository": {"mode": ""}}`, `{"repository": {"mode": null, "baseUrl": ""}}`,
		`{"repository": {"mode": "mirror", "baseUrl": "https://mirror.example.com"}}`,
		`{"repository": {"mode": "mirror", "baseUrl": "http://10.0.0.1:8080/a/b-c/%7Ed/"}}`,
		`{"repository": {"mode": "mirror", "baseUrl": "https://[fd00::1]:8443/x"}}`,
		`{"repository": {"trustedKeys": []}}`, `{"repository": {"trustedKeys": ["` + armored + `"]}}`,
		`{"repository": {"trustedKeys": ["\n` + armored + `\r\n", "` + armored + `"], "mode": "existing"}}`,
		`{"proxy": "http://proxy:3128"}`, `{"proxy": "https://10.0.0.1:65535/"}`, `{"proxy": "http://[fd00::1]:1"}`, `{"proxy": ""}`,
		`{"monitor": 5}`, `{"monitor": 1440}`, `{"monitor": 15.0}`, `{"monitor": 6e1}`, `{"monitor": "off"}`, `{"monitor": "5"}`, `{"monitor": "1440"}`, `{"monitor": ""}`,
	}
	bad := []example{
		{`{"packageVersion": 1.0}`, `"packageVersion" is 1.0,`}, {`{"packageVersion": true}`, `is true,`},
		{`{"packageVersion": "latest"}`, `is "latest",`}, {`{"packageVersion": "1.0; reboot"}`, `is "1.0; reboot",`},
		{`{"packageVersion": " 1.0"}`, "packageVersion"}, {`{"packageVersion": "1.0\n"}`, `is "1.0\n",`}, {`{"packageVersion": "*"}`, "packageVersion"},
		// apt treats a sign at the end as an order to remove or to install the package.
		{`{"packageVersion": "1.0-"}`, `is "1.0-",`}, {`{"packageVersion": "1.0+"}`, `is "1.0+",`}, {`{"packageVersion": "1.0_"}`, `is "1.0_",`},
		{`{"packageVersion": "1.0--1"}`, `is "1.0--1",`}, {`{"packageVersion": "1.0."}`, `is "1.0.",`}, {`{"packageVersion": "1:"}`, `is "1:",`},
		{`{"packageVersion": "1.0:amd64"}`, `is "1.0:amd64",`}, {`{"packageVersion": "1:2:3"}`, `is "1:2:3",`}, {`{"packageVersion": "~1.0"}`, `is "~1.0",`},
		{`{"packageVersion": "1` + strings.Repeat("0", 64) + `"}`, "packageVersion"}, {`{"packageVersion": ["1.0"]}`, "is a list,"}, {`{"packageVersion": {"a": 1}}`, "is an object,"},
		{`{"repository": "existing"}`, `"repository" is "existing", which cannot be used: it must be an object such as {"mode": "existing"}`},
		{`{"repository": ["mirror"]}`, `"repository" is a list`}, {`{"repository": 0}`, `"repository" is 0`},
		{`{"repository": {"mode": "Mirror"}}`, `"repository.mode" is "Mirror", which cannot be used: it must be "default", "existing" or "mirror"`},
		{`{"repository": {"mode": false}}`, "is false"},
		{`{"repository": {"mode": "mirror"}}`, `"repository.baseUrl" cannot be used: it is missing`},
		{`{"repository": {"mode": "mirror", "baseUrl": ""}}`, "it is missing"},
		{`{"repository": {"mode": "mirror", "baseUrl": null}}`, "it is missing"},
		{`{"repository": {"baseUrl": "https://mirror.example.com"}}`, `no effect with repository.mode "default"`},
		{`{"repository": {"mode": "existing", "baseUrl": "https://mirror.example.com"}}`, `no effect with repository.mode "existing"`},
		{`{"repository": {"mode": "mirror", "baseUrl": "ftp://mirror.example.com"}}`, `is "ftp://mirror.example.com"`},
		{`{"repository": {"mode": "mirror", "baseUrl": "file:///srv/mirror"}}`, "file:///srv/mirror"},
		{`{"repository": {"mode": "mirror", "baseUrl": "mirror.example.com"}}`, "baseUrl"},
		{`{"repository": {"mode": "mirror", "baseUrl": "https://"}}`, "baseUrl"},
		{`{"repository": {"mode": "mirror", "baseUrl": "https://m/a b"}}`, "baseUrl"},
		{`{"repository": {"mode": "mirror", "baseUrl": "https://m/$(reboot)"}}`, "baseUrl"},
		{`{"repository": {"mode": "mirror", "baseUrl": "https://m/a\nenabled=1"}}`, "baseUrl"},
		{`{"repository": {"mode": "mirror", "baseUrl": "https://m:70000/"}}`, "baseUrl"},
		{`{"repository": {"mode": "mirror", "baseUrl": "https://u:hunter2@mirror.example.com"}}`, `"repository.baseUrl" cannot be used: it must be`},
		{`{"repository": {"mode": "mirror", "baseUrl": "https://mirror.example.com/?sig=hunter2"}}`, `"repository.baseUrl" cannot be used`},
		{`{"repository": {"trustedKeys": "` + armored + `"}}`, `"repository.trustedKeys" cannot be used: it must be a list`},
		{`{"repository": {"trustedKeys": ["BC528686B50D79E339D3721CEB3E94ADBE1229CF"]}}`, "entry 1 is not an armored"},
		{`{"repository": {"trustedKeys": ["` + armored + `", ""]}}`, "entry 2 is not an armored"},
		{`{"repository": {"trustedKeys": [null]}}`, "entry 1 is not an armored"},
		{`{"repository": {"trustedKeys": [5]}}`, "trustedKeys"},
		{`{"repository": {"trustedKeys": ["` + armored + `\n` + armored + `"]}}`, "entry 1"},
		{`{"repository": {"trustedKeys": ["` + privateKey + `"]}}`, "entry 1 is a private key"},
		{`{"repository": {"trustedKeys": ["` + armored + `\n` + privateKey + `"]}}`, "entry 1 is a private key"},
		{`{"repository": {"trustedKeys": [` + strings.Repeat(`"`+armored+`",`, 16) + `"` + armored + `"]}}`, "at most 16"},
		{`{"repository": {"trustedKeys": ["` + strings.Replace(armored, "mQE", strings.Repeat("mQE", 30_000), 1) + `"]}}`, "entry 1"},
		// A secret that was pasted into the wrong place does not appear in a status or a
		// log.
		{`{"packageVersion": "ghp_hunter2aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}`, `"packageVersion" cannot be used: it must be`},
		{`{"repository": {"mode": "SharedAccessSignature sig=hunter2"}}`, `"repository.mode" cannot be used: it must be`},
		{`{"repository": {"mode": "mirror", "baseUrl": "https://mirror.example.com/#hunter2"}}`, `"repository.baseUrl" cannot be used: it must be`},
		{`{"repository": "AccountKey=hunter2"}`, `"repository" cannot be used: it must be`}, {`{"monitor": "hunter2%40"}`, `"monitor" cannot be used: it must be`},
		{`{"proxy": "proxy:3128"}`, `"proxy" cannot be used: it must be http://HOST:PORT or https://HOST:PORT`},
		{`{"proxy": "http://proxy"}`, "http://HOST:PORT"}, {`{"proxy": "socks5://proxy:1080"}`, "http://HOST:PORT"}, {`{"proxy": "http://proxy:0"}`, "http://HOST:PORT"},
		{`{"proxy": "http://proxy:65536"}`, "http://HOST:PORT"}, {`{"proxy": "http://proxy:80/path"}`, "http://HOST:PORT"}, {`{"proxy": "http://pro xy:80"}`, "http://HOST:PORT"},
		{`{"proxy": "http://proxy:80\n"}`, "http://HOST:PORT"}, {`{"proxy": 3128}`, "http://HOST:PORT"}, {`{"proxy": {"host": "h", "password": "hunter2"}}`, "http://HOST:PORT"},
		{`{"proxy": "http://user:hunter2@proxy:3128"}`, `move it to the protected settings`}, {`{"proxy": "http://hunter2@proxy:3128"}`, "protected settings"},
		{`{"proxy": "http://user:hunt%zzer2@proxy:3128"}`, "http://HOST:PORT"}, {`{"proxy": "http://user:hunter2 proxy:3128"}`, "http://HOST:PORT"},
		{`{"monitor": 4}`, `"monitor" is 4, which cannot be used: it must be "off" or a whole number of minutes from 5 to 1440`},
		{`{"monitor": 0}`, "is 0,"}, {`{"monitor": 1441}`, "is 1441,"}, {`{"monitor": -15}`, "is -15,"}, {`{"monitor": 15.5}`, "is 15.5,"}, {`{"monitor": 1e99}`, "monitor"},
		{`{"monitor": "4"}`, `is "4",`}, {`{"monitor": "1441"}`, "monitor"}, {`{"monitor": "015"}`, "monitor"}, {`{"monitor": "15 "}`, "monitor"}, {`{"monitor": "OFF"}`, "monitor"},
		{`{"monitor": "15m"}`, "monitor"}, {`{"monitor": false}`, "is false,"}, {`{"monitor": [15]}`, "is a list,"},
	}
	for _, g := range good {
		bad = append(bad, example{g, ""})
	}
	return bad
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	must(t, err)
	c := jsonschema.NewCompiler()
	must(t, c.AddResource("settings.schema.json", document))
	s, err := c.Compile("settings.schema.json") // also against the schema of schemas
	must(t, err)
	return s
}

// TestSchemaAndDecoderAgree: editors and the handler have the same result for each example,
// and the handler says what is wrong without the secret in it.
func TestSchemaAndDecoderAgree(t *testing.T) {
	schema := compile(t)
	for _, e := range examples() {
		name := fmt.Sprintf("%.60s", e.settings)
		_, _, err := readBothWays(t, settingsFile(e.settings))
		if e.wrong != "" {
			t.Run(name, func(t *testing.T) {
				refused(t, err, e.wrong)
				if f := fault.Of(err); strings.Contains(f.What+f.Next+f.Error(), "hunter2") {
					t.Errorf("the secret is shown: %s", f.What)
				}
			})
		} else if err != nil {
			t.Errorf("%s: the handler refuses it: %v", name, err)
		}
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(e.settings))
		must(t, err)
		switch err := schema.Validate(document); {
		case err == nil && e.wrong != "":
			t.Errorf("%s: the schema accepts it", name)
		case err != nil && e.wrong == "":
			t.Errorf("%s: the schema refuses it: %v", name, err)
		}
	}
}

// TestRowExamples: the examples work.
func TestRowExamples(t *testing.T) {
	schema := compile(t)
	for _, r := range rows() {
		if _, unknown, err := readBothWays(t, settingsFile(r.Example)); err != nil || unknown != nil {
			t.Errorf("%s: %v, %q", r.Name, err, unknown)
		}
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(r.Example))
		must(t, err)
		if err := schema.Validate(document); err != nil {
			t.Errorf("%s: %v", r.Name, err)
		}
	}
	for _, r := range protectedRows() {
		s := Defaults()
		fields, err := object(json.RawMessage(r.Example))
		must(t, err)
		if unknown, bad := decode(fields, protectedRows(), &s); unknown != nil || bad != nil || s.Proxy.URL == "" {
			t.Errorf("protected %s: %q, %v, %+v", r.Name, unknown, bad, s)
		}
	}
}

// TestSeveralMistakes: the first of the table is explained, the others named.
func TestSeveralMistakes(t *testing.T) {
	_, _, err := readBothWays(t, settingsFile(`{"monitor": 1, "packageVersion": 5, "proxy": "x", "repository": {"mode": "x"}}`))
	refused(t, err, `"packageVersion" is 5`, `Neither can "repository.mode", "proxy", "monitor".`, `settings.json, as in {"packageVersion"`)
}

// TestBadValueChangesNothing: a setting with a bad value keeps its default, and the other
// settings count.
func TestBadValueChangesNothing(t *testing.T) {
	s, _, err := readBothWays(t, settingsFile(`{"monitor": 1, "packageVersion": "1.0", "repository": {"mode": "x"}}`))
	if err == nil || s.Monitor != Defaults().Monitor || s.PackageVersion != "1.0" || s.Repository.Mode != ModeDefault {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestLongValueIsCut(t *testing.T) {
	_, _, err := readBothWays(t, settingsFile(`{"packageVersion": "x`+strings.Repeat("€ ", 100_000)+`"}`))
	refused(t, err, `"x€ € €`, "...")
}

// TestPages compares the rendered files; UPDATE_GOLDEN=1 rewrites them.
func TestPages(t *testing.T) {
	for path, want := range map[string]string{"../../docs/settings.md": Markdown(), "../../misc/settings.schema.json": string(Schema())} {
		golden.Compare(t, path, want)
	}
}

// TestRows keeps the table fit for its page.
func TestRows(t *testing.T) {
	for _, r := range append(rows(), protectedRows()...) {
		for field, text := range map[string]string{"Name": r.Name, "Type": r.Type, "Default": r.Default, "Allowed": r.Allowed, "Meaning": r.Meaning, "Example": r.Example} {
			if text == "" || strings.ContainsAny(text, "\n|") {
				t.Errorf("%s: %s is empty or would break a table: %q", r.Name, field, text)
			}
		}
		if !strings.HasSuffix(r.Meaning, ".") || strings.HasSuffix(r.Allowed, ".") {
			t.Errorf("%s: full stops", r.Name)
		}
	}
}

// TestCancelled: a context that has ended is no reason not to read a file.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	env := Environment{ConfigFolder: hosttest.Folder(t)}
	write(t, filepath.Join(env.ConfigFolder, "0.settings"), settingsFile(`{"monitor": 30}`))
	if s, _, err := ReadSettings(ctx, hosttest.New(t).Host(), env, 0); err != nil || s.Monitor != 30 || errors.Is(err, context.Canceled) {
		t.Errorf("got %+v, %v", s, err)
	}
}
