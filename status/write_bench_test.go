package status

import "testing"

// BenchmarkWrite is the only write of an enable that has nothing to do, besides
// the log.
func BenchmarkWrite(b *testing.B) {
	folder := b.TempDir()
	r := Report{Operation: "Enable", Level: Success, Message: "People can sign in to this machine."}
	for _, name := range []string{"distro", "memory", "identity", "packages", "sshd", "pam", "nss"} {
		r.Substatuses = append(r.Substatuses, Substatus{Name: name, Level: Success, Message: "All that was looked at is as it should be."})
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := Write(folder, 0, r); err != nil {
			b.Fatal(err)
		}
	}
}
