package distro

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseHostile(t *testing.T) {
	ubuntu := Release{ID: "ubuntu", VersionID: "22.04", Codename: "jammy"}
	named := func(r Release, name string) Release { r.PrettyName = name; return r }
	tests := []struct {
		file    string
		want    Release
		wantErr string
	}{
		{file: "crlf", want: named(ubuntu, "Ubuntu 22.04.5 LTS")},
		{file: "bom", want: ubuntu},
		{file: "single-quotes", want: named(ubuntu, `Ubuntu "22.04" LTS \n`)},
		{file: "escapes", want: Release{ID: "ubuntu", VersionID: "22.04", PrettyName: "a \"quoted\" $name `x` \\ and=equals=signs"}},
		{file: "junk-lines", want: ubuntu},
		{file: "upper-case-no-newline", want: ubuntu},
		{file: "twice", want: Release{ID: "debian", VersionID: "12"}},
		{file: "terminal-escape", want: Release{ID: "debian", VersionID: "12", PrettyName: "Debian[31m red"}},
		{file: "no-version", want: Release{ID: "ubuntu", PrettyName: "Ubuntu without a version"}},
		{file: "no-id", wantErr: ErrNoID.Error()},
		{file: "empty-id", wantErr: ErrNoID.Error()},
		{file: "empty", wantErr: ErrNoID.Error()},
		{file: "binary", wantErr: "os-release is not a text file"},
		{file: "not-utf8", wantErr: "os-release is not a text file"},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			got, err := Parse(fixture(t, "hostile", test.file))
			if test.wantErr != "" {
				if err == nil || err.Error() != test.wantErr {
					t.Fatalf("error %v, want %q", err, test.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %#v\nwant %#v", got, test.want)
			}
		})
	}
}

func TestParseBounds(t *testing.T) {
	line := []byte("ID=ubuntu\n")
	if _, err := Parse(bytes.Repeat(line, 1<<20/len(line))); err == nil || !strings.Contains(err.Error(), "bytes long") {
		t.Errorf("1 MB: error %v, want one that names the size", err)
	}
	r, err := Parse([]byte("ID=ubuntu\nPRETTY_NAME=\"" + strings.Repeat("ü", 5000) + "\"\n"))
	if err != nil || len(r.PrettyName) > maxValue || !utf8.ValidString(r.PrettyName) || r.PrettyName == "" {
		t.Errorf("long value: %d bytes, error %v", len(r.PrettyName), err)
	}
	if _, err := Parse(nil); !errors.Is(err, ErrNoID) {
		t.Errorf("nothing: error %v, want ErrNoID", err)
	}
}

// FuzzParse: whatever the file contains, Parse ends, its result can be shown to people, and
// Lookup only puts characters that are safe in a path into a path.
func FuzzParse(f *testing.F) {
	for _, dir := range []string{"os-release", "hostile"} {
		files, err := os.ReadDir(filepath.Join("testdata", dir))
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			b, err := os.ReadFile(filepath.Join("testdata", dir, file.Name()))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse(b)
		if err != nil {
			return
		}
		if r.ID == "" || r.ID != strings.ToLower(r.ID) {
			t.Fatalf("ID %q", r.ID)
		}
		for _, s := range []string{r.ID, r.VersionID, r.Codename, r.PrettyName, r.Variant} {
			if len(s) > maxValue || !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\x1b\n\r") {
				t.Fatalf("value %q", s)
			}
		}
		target, err := Lookup(r, "amd64")
		if err != nil {
			var unsupported *Unsupported
			if !errors.As(err, &unsupported) || unsupported.Reason == "" || len(unsupported.Supported) == 0 {
				t.Fatalf("error %#v", err)
			}
			return
		}
		const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./"
		if s := target.Repository.Path + target.Repository.Suite; strings.Trim(s, plain) != "" || strings.Contains(s, "..") {
			t.Fatalf("path and suite %q", s)
		}
	})
}

func fixture(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
