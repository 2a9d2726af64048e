package state

import (
	"reflect"
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/logging"
)

func TestNewer(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"1.0.1.0", "1.0.0.0", true}, {"1.0.0.0", "1.0.1.0", false}, {"1.0.0.0", "1.0.0.0", false},
		{"1.0.10.0", "1.0.9.0", true}, {"1.0.1", "1.0.1.0", false}, {"1.0.1.1", "1.0.1", true}, {"1", "0.0.0-dev", true}, {"0.0.0-dev", "0.0.0", false},
	} {
		if got := Newer(c.a, c.b); got != c.want {
			t.Errorf("%s is newer than %s: %v", c.a, c.b, got)
		}
	}
}

// TestGiveBack: what setup installed was there before the extension; what the extension
// installed was not, and setup gets its own receipt back.
func TestGiveBack(t *testing.T) {
	h := &host.Host{Root: t.TempDir(), Log: logging.Discard()}
	if found, err := GiveBack(h); found || err != nil {
		t.Errorf("without setup: %v, %v", found, err)
	}
	setup := Receipt{Machine: hardwareID(h), Folders: []string{"/etc/x"},
		Packages: map[string]Package{"login": {Kept: "a.deb", KeptVersion: "1", SHA256: "1"}, "owners": {Before: "0.9"}},
		Files:    map[string]File{"/etc/ours": {SHA256: "abc"}, "/etc/owners": {Before: "old", SHA256: "def"}}}
	if err := setup.Write(h); err != nil {
		t.Fatal(err)
	}
	if err := SetAsideFor(h); err != nil {
		t.Fatal(err)
	}
	if err := SetAsideFor(h); err != nil { // killed before it owned the machine, and set again
		t.Fatal(err)
	}
	now, err := ReadReceipt(h)
	if err != nil {
		t.Fatal(err)
	}
	if now.Packages["login"].Before != AsFound || now.Packages["owners"].Before != "0.9" || now.Files["/etc/ours"].Before == "" || now.Files["/etc/owners"].Before != "old" || len(now.Folders) > 0 {
		t.Errorf("the extension would remove what it found: %+v", now)
	}
	now.Packages["login"] = Package{Before: AsFound, Kept: "b.deb", KeptVersion: "2", SHA256: "2"}
	now.Packages["selinux"] = Package{}
	if err := now.Write(h); err != nil {
		t.Fatal(err)
	}
	if found, err := GiveBack(h); !found || err != nil {
		t.Fatalf("%v, %v", found, err)
	}
	setup.Packages["login"] = Package{Kept: "b.deb", KeptVersion: "2", SHA256: "2"}
	if got, err := ReadReceipt(h); err != nil || !reflect.DeepEqual(got, setup) {
		t.Errorf("setup has %+v, %v; want %+v", got, err, setup)
	}
	if found, err := GiveBack(h); found || err != nil {
		t.Errorf("a second time: %v, %v", found, err)
	}
}

// TestDisown: what another handler has removed no longer belongs to it when it is installed
// again.
func TestDisown(t *testing.T) {
	h := &host.Host{Root: t.TempDir(), Log: logging.Discard()}
	r := Receipt{Machine: hardwareID(h), Packages: map[string]Package{"login": {Before: AsFound, Kept: "a.deb", KeptVersion: "1", SHA256: "1"}}, Files: map[string]File{}}
	if err := r.Write(h); err != nil {
		t.Fatal(err)
	}
	if err := Disown(h); err != nil {
		t.Fatal(err)
	}
	r.Packages["login"] = Package{Kept: "a.deb", KeptVersion: "1", SHA256: "1"}
	if got, err := ReadReceipt(h); err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("the receipt is %+v, %v; want %+v", got, err, r)
	}
}
