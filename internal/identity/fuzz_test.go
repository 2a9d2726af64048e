package identity

import (
	"path"
	"reflect"
	"strings"
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/test/lib/metadata"
)

// FuzzToken: classifying any text in place of a token ends, says why if the kind is not
// known, and shows nothing that could harm a terminal.
func FuzzToken(f *testing.F) {
	f.Add(metadata.Token(nil))
	f.Add(metadata.Token(map[string]any{"xms_mirid": metadata.VMID("g", "n")}))
	f.Add(metadata.Token(map[string]any{"xms_mirid": metadata.UserAssignedID("g", "n")}))
	f.Add(metadata.Token(map[string]any{"xms_mirid": []any{1, "x", nil}}))
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, token string) {
		id := readClaim(token)
		if (id.kind == Unknown) != (id.problem != "") || (id.kind == Unknown) != (id.resource == "") {
			t.Errorf("inconsistent: %+v", id)
		}
		if id.kind == None {
			t.Error("a token is of some identity")
		}
		for _, r := range id.resource + id.problem {
			if r < ' ' || r == 0x7f {
				t.Errorf("control character in %+v", id)
			}
		}
	})
}

// FuzzCompute: for any instance metadata, the parts that get into a command are harmless
// there.
func FuzzCompute(f *testing.F) {
	f.Add([]byte(`{"azEnvironment":"AzurePublicCloud","name":"web1","resourceGroupName":"rg","subscriptionId":"s","vmScaleSetName":""}`))
	f.Add([]byte(`{"compute":{"name":"db1; reboot"}}`))
	f.Add([]byte(`{"name":"$(id)","vmScaleSetName":"-x","resourceGroupName":"a'b"}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := parseCompute(body)
		if err != nil && !reflect.DeepEqual(d, compute{}) {
			t.Errorf("half a document: %+v", d)
		}
		for _, arc := range []bool{false, true} {
			m := d.machine(arc)
			for _, text := range []string{assign(m), m.ShowIdentity(), redeploy(m), label(m), m.Resize().String(), m.DeleteExtension("AADLoginForLinux").String()} {
				plain := strings.NewReplacer("'*'", "", " && ", " ", "\"", "", "'s ", "", "; ", " ").Replace(text)
				if m.Group != "" {
					plain = strings.ReplaceAll(plain, "'"+m.Group+"'", "")
				}
				if strings.ContainsAny(plain, "$`\\'<>|&;\n\r\x00\x1b") {
					t.Errorf("not harmless: %q", text)
				}
			}
		}
	})
}

// FuzzChallenge: whatever a challenge asks for, only a key in the tokens
// directory is read.
func FuzzChallenge(f *testing.F) {
	f.Add("Basic realm=/var/opt/azcmagent/tokens/1.key")
	f.Add(`basic realm="/var/opt/azcmagent/tokens/../tokens/1.key"`)
	f.Add("Basic realm=../../etc/shadow")
	f.Add("Basic realm=/var/opt/azcmagent/tokens/../../../../etc/x.key")
	f.Add("Bearer x")
	f.Add("")
	root := f.TempDir()
	f.Fuzz(func(t *testing.T, challenge string) {
		name, err := keyFile(challenge)
		if err == nil {
			if name != path.Base(name) || path.Dir(path.Join(himdsTokens, name)) != himdsTokens || !strings.HasSuffix(name, ".key") || strings.ContainsAny(name, "/\x00") {
				t.Errorf("%q gives %q", challenge, name)
			}
		} else if strings.ContainsAny(err.Error(), "\n\r\x1b") || len(err.Error()) > 700 {
			t.Errorf("%q gives an error that is not one line: %q", challenge, err)
		}
		if key, err := answerChallenge(&host.Host{Root: root, Log: logging.Discard()}, challenge); err == nil {
			t.Errorf("read %q where there is no file", key)
		}
	})
}

// FuzzReply: for any answer of a metadata service, people read one short line without a
// token.
func FuzzReply(f *testing.F) {
	f.Add(400, "application/json", []byte(`{"error":"invalid_request","error_description":"Identity not found"}`))
	f.Add(200, "application/json", []byte(`{"access_token":"a.b.c"}`))
	f.Add(502, "text/html", []byte("<html>\x1b[2J</html>"))
	f.Add(403, "", []byte(`{"error":"eyJhbGciOiJub25lIn0.eyJhbGciOiJub25lIn0.eyJhbGciOiJub25lIn0"}`))
	f.Fuzz(func(t *testing.T, status int, media string, body []byte) {
		r := reply{status: status, media: media, body: body}
		r.outcome = r.classify(4096)
		if kind, found := r.missing(true); found != (kind != Unknown) {
			t.Errorf("%s, %v", kind, found)
		}
		said := r.said()
		if len(said) > 300 {
			t.Errorf("%d characters: %q", len(said), said)
		}
		for _, c := range said {
			if c < ' ' || c > '~' {
				t.Errorf("%q in %q", c, said)
			}
		}
		for word := range strings.FieldsSeq(said) {
			if len(word) > 60 { // a token has more
				t.Errorf("the word %q", word)
			}
		}
		if token, err := accessToken(body); (token == "") != (err != nil) {
			t.Errorf("%q, %v", token, err)
		}
	})
}
