package agent

import (
	"os"
	"strings"
	"testing"

	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/logging"
)

// TestConsider: a file that is not given leaves its settings as they are, and {} removes
// them. Equal settings have the same number, whatever their format. Invalid ones are not
// saved.
func TestConsider(t *testing.T) {
	h := &host.Host{Root: t.TempDir(), Log: logging.Discard()}
	give := func(public, protected string) *Offer {
		t.Helper()
		var g Given
		if public != "-" {
			g.Public = []byte(public)
		}
		if protected != "-" {
			g.Protected = []byte(protected)
		}
		o, err := Consider(h, g)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Keep(h); err != nil {
			t.Fatal(err)
		}
		return o
	}
	const secret = `{"proxy": "http://user:s3cret@proxy.example.com:3128"}`
	for i, c := range []struct {
		public, protected string
		sequence, monitor int
		proxy             bool
	}{
		{"-", "-", 0, 15, false},
		{`{"monitor": 30}`, "-", 1, 30, false},
		{"{\n \"monitor\" : 30 }", "-", 1, 30, false},
		{"-", secret, 2, 30, true},
		{"-", "-", 2, 30, true},
		{"{}", "-", 3, 15, true},
		{"-", "{}", 4, 15, false},
		{"\ufeff{\r\n}\r\n", "-", 4, 15, false},
	} {
		o := give(c.public, c.protected)
		if o.Sequence != c.sequence || o.Settings.Monitor != c.monitor || (o.Settings.Proxy.URL != "") != c.proxy {
			t.Errorf("%d: sequence %d, %+v", i, o.Sequence, o.Settings)
		}
	}
	give("-", secret)
	dir := h.Path(StandaloneDir + "/config/")
	info, err := os.Stat(dir + "/5.protected")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the secret is kept as %v, %v", info, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
	public := func(s string) Given { return Given{Public: []byte(s)} }
	for _, bad := range []struct {
		given Given
		says  string
	}{
		{public(`{"monitor": "x"}`), `"monitor"`}, {public("[]"), "not a JSON object"}, {public("{"), "not JSON, from line 1 on"},
		{public("\n{\n \"monitor\": 30,\n}\n"), "not JSON, from line 4 on"}, {public("\xff\xfe{\x00}\x00"), "not JSON"},
		{public(`{"monitor": 30, "monitor": 60}`), `it is ambiguous: "monitor" is there twice`},
		{Given{Protected: []byte(`{"proxy": "http://u:s3cret@x", "proxy": null}`)}, `"proxy" is there twice`},
		{public(`{"repository": {"mode": "existing", "mode": "default"}}`), `The setting "repository" is an object, which cannot be used: ambiguous: "mode" is there twice`},
		{public(""), "it is empty"}, {public(" \n"), "it is empty"}, {public("\ufeff"), "it is empty"},
		{Given{Protected: []byte(`{"proxy": "ftp://user:s3cret@x"}`)}, "proxy"},
		{Given{Protected: []byte("{\"proxy\":\n s3cret}")}, "not JSON, from line 2 on"},
		{Given{Protected: []byte{}}, "it is empty"},
	} {
		o, err := Consider(h, bad.given)
		f := fault.Of(err)
		if f == nil || f.Code != fault.SettingsInvalid || o.Sequence != 5 || strings.Contains(f.What+f.Next, "s3cret") || !strings.Contains(f.What, bad.says) {
			t.Errorf("%q: %v, sequence %d, want %s", bad.given, err, o.Sequence, bad.says)
		}
	}
	if left, err := kept(h, 5); err != nil || string(left.Public) != none || !strings.Contains(string(left.Protected), "s3cret") {
		t.Errorf("what cannot be used took settings away: %s, %s", left.Public, left.Protected)
	}
}
