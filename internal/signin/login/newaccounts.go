package login

import (
	"aadssh/internal/check"
	"aadssh/internal/host"
	"aadssh/internal/signin/gate"
)

// accountRoom is the space that a new account needs in /etc, in bytes: the files of
// accounts are written anew, and they are short.
const accountRoom = 64 << 10

// unwritable is why no account can be written to /etc; empty if one can, or if that is not
// known.
func unwritable(h *host.Host) string {
	switch r, err := h.Room("/etc"); {
	case err != nil:
		return ""
	case r.ReadOnly && !h.ReadOnlyHereAlone("/etc"):
		return "is mounted read-only"
	case r.Sized && r.Bytes < accountRoom, r.Counted && r.Files == 0:
		return "is full"
	}
	return ""
}

// WritableAgain is what to do about a file system that was mounted read-only.
func WritableAgain(folder string) string {
	return "See why with: findmnt -T " + folder + "; sudo dmesg | grep -i 'remount\\|i/o error'. Then: " + Remount(folder)
}

// Remount is the command that makes the file system of a file or folder, as a word for the
// shell, writable.
func Remount(name string) string {
	return "sudo mount -o remount,rw \"$(findmnt -no TARGET -T " + name + ")\""
}

// newAccounts answers whether the first sign-in of a person can make an account for them.
// Those who have one do not need it.
func (f *Facts) newAccounts() check.Result {
	program := f.Files.AddUser.assess("no account is made at the first sign-in", true, false)
	if program.Answer != check.Pass || f.Unwritable == "" || f.One != nil && f.One.Account.Known {
		return program
	}
	a := gate.Answer{Outcome: gate.Out, File: "/etc", Text: "The file system of /etc " + f.Unwritable + ", so no account is made at the first sign-in.",
		Next: WritableAgain("/etc")}
	if f.Unwritable == "is full" {
		a.Next = "Make room: df -h /etc; df -i /etc; sudo du -xh --max-depth=2 / | sort -h | tail"
	}
	switch {
	case f.One != nil && f.One.Account.Err != nil:
		a.Outcome, a.Decides = gate.NotKnown, "whether "+f.One.Name+" has an account here, which is not known"
	case f.One == nil && f.Accounts.Count > 0:
		a.Whom = "people who sign in here for the first time"
	}
	return a.Result()
}
