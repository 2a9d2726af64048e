package proxy

import (
	"net/url"
	"testing"
)

func TestExcepts(t *testing.T) {
	for _, c := range []struct {
		list, address string
		want          bool
	}{
		{"", "https://mirror.corp", false},
		{"*", "https://mirror.corp", true},
		{"other.corp,*", "https://mirror.corp", true},
		{"mirror.corp", "https://mirror.corp/rpm", true},
		{"Mirror.CORP", "https://mirror.corp", true},
		{"mirror.corp", "https://MIRROR.corp.", true},
		{"mirror.corp.", "https://mirror.corp", true},
		{"corp", "https://mirror.corp", true},
		{".corp", "https://mirror.corp", true},
		{".mirror.corp", "https://mirror.corp", true}, // curl; Go's has to have a name before it
		{"*.corp", "https://mirror.corp", true},
		{"*.mirror.corp", "https://mirror.corp", false},
		{"orp", "https://mirror.corp", false},
		{"mirror.corp.example", "https://mirror.corp", false},
		{"localhost,127.0.0.1 mirror.corp", "https://mirror.corp", true},
		{"localhost\tmirror.corp\n", "https://mirror.corp", true},
		{", ,", "https://mirror.corp", false},
		{".", "https://mirror.corp", false},
		{"*.", "https://mirror.corp.", false},

		{"mirror.corp:443", "https://mirror.corp", true},
		{"mirror.corp:443", "http://mirror.corp", false},
		{"mirror.corp:80", "http://mirror.corp", true},
		{"mirror.corp:8443", "https://mirror.corp:8443/rpm", true},
		{"mirror.corp:443", "https://mirror.corp:8443", false},
		{".corp:443", "https://mirror.corp", true},

		{"10.0.0.0/8,mirror.corp:443 other.corp", "https://10.1.2.3/ms", true},
		{"10.0.0.0/8", "https://11.1.2.3", false},
		{"10.0.0.0/8", "https://mirror.corp", false},
		{"10.0.0.0/99", "https://10.1.2.3", false},
		{"10.1.2.3", "https://10.1.2.3", true},
		{"10.1.2.3:443", "https://10.1.2.3", true},
		{"2.3", "https://10.1.2.3", false}, // nothing is below an address
		{"fd00::1", "https://[fd00::1]:8443", true},
		{"[fd00::1]", "https://[fd00::1]", true},
		{"[fd00::1]:443", "https://[fd00:0::1]", true},
		{"[fd00::1]:443", "https://[fd00::1]:8443", false},
		{"fd00::/8", "https://[fd00::1]", true},
		{"[", "https://mirror.corp", false},
		{"*", "", false},
	} {
		address, err := url.Parse(c.address)
		if err != nil {
			t.Fatal(err)
		}
		if got := Excepts(c.list, address); got != c.want {
			t.Errorf("%q and %s: %v", c.list, c.address, got)
		}
	}
}

func TestJoin(t *testing.T) {
	if got := Join("localhost,127.0.0.1", " .corp  127.0.0.1,10.0.0.0/8 ", ""); got != "localhost,127.0.0.1,.corp,10.0.0.0/8" {
		t.Error(got)
	}
}
