package handler

import "testing"

// TestNamed: a manager's name of a key is replaced by its full fingerprint.
func TestNamed(t *testing.T) {
	const key = "22C3281A92D14003FB53BBE8155C3D5C17105335"
	for said, want := range map[string]string{
		"Signed with key 155C3D5C17105335, which is not one.":                                  "Signed with key " + key + ", which is not one.",
		"Signed with key 22C3 281A 92D1 4003 FB53 BBE8 155C 3D5C 1710 5335, which is not one.": "Signed with key " + key + ", which is not one.",
		"It is not signed with a key that is accepted.":                                        "It is not signed with a key that is accepted. The signature there is by the key " + key + ".",
	} {
		if got := named(said, []string{key}); got != want {
			t.Errorf("%q: %q", said, got)
		}
	}
}
