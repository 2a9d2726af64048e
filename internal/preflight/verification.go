package preflight

import (
	"context"
	"errors"
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/pkgmgr"
)

// InPlace reports whether the packages of the product are installed completely.
func InPlace(f *facts.Facts) bool {
	return f.TargetErr == nil && f.PackagesErr == nil && f.Packages.Present(f.Wanted()...)
}

// Silent reports whether the package database did not answer in time, while everything else
// that can be read of the product is in order. Then it is not known what is installed, and
// nothing indicates that something is missing.
func Silent(f *facts.Facts) bool {
	return errors.Is(f.PackagesErr, context.DeadlineExceeded) && FirstFailure(f.Findings()) == nil
}

// Undecided is the unknown result that prevents changes, or nil. It does not matter if
// there is nothing to change.
func Undecided(results []check.Result) *fault.Fault {
	for _, r := range results {
		if r.Answer == check.Unknown && r.Code != fault.OK {
			return r.Fault()
		}
	}
	return nil
}

func packages(f *facts.Facts) []check.Result {
	return append(installed(f), notices(f)...)
}

func installed(f *facts.Facts) []check.Result {
	if f.PackagesErr != nil {
		e, code := fault.ByCause(fault.Of(f.PackagesErr)), fault.PackageManagerFailed
		if Silent(f) {
			return []check.Result{{Answer: check.Unknown, Text: e.What, Next: e.Remedy(), Decides: "the packages, which are not known: " + strings.TrimSuffix(e.What, ".")}}
		}
		if e.Code.Is(fault.Short) {
			code = e.Code
		}
		return []check.Result{{Answer: check.Fail, Code: code, Text: e.What, Next: e.Remedy()}}
	}
	if f.TargetErr != nil { // it decides which packages there would be
		return []check.Result{{Answer: check.Unknown, Text: "Whether the packages are installed was not asked, because the distribution is not known or not supported."}}
	}
	var present []string
	for _, n := range f.Wanted() {
		switch p := f.Packages[n]; p.State {
		case pkgmgr.Installed:
			present = append(present, n+" "+p.Version)
		case pkgmgr.Broken:
			return []check.Result{{Answer: check.Fail, Code: fault.PackageManagerFailed, Part: check.Files,
				Text: "The package " + n + " is only half installed: " + p.Detail + "."}}
		default:
			return []check.Result{{Answer: check.Fail, Code: fault.PackageManagerFailed, Part: check.Files,
				Text: "The package " + n + " is not installed."}}
		}
	}
	return []check.Result{{Text: strings.Join(present, ", ") + "."}}
}

// notices repeat why the newest version is not installed, and what is missing from the
// record of the machine.
func notices(f *facts.Facts) []check.Result {
	if fault.Unreadable(f.ReceiptErr) {
		return []check.Result{{Answer: check.Unknown, Text: "The record of what was on this machine before the extension cannot be read: " + f.ReceiptErr.Error() + "."}}
	}
	if f.ReceiptErr != nil {
		return []check.Result{{Answer: check.Warn,
			Text: "The record of what was on this machine before the extension cannot be read, so an uninstall would leave the packages in place: " + f.ReceiptErr.Error() + ".",
			Next: "Nothing is to be done now; when the extension is deleted, remove the packages by hand."}}
	}
	if f.Receipt.Notice == "" {
		return nil
	}
	return []check.Result{{Answer: check.Warn, Text: f.Receipt.Notice}}
}

// signIn is SignIn if the packages are installed. A missing package explains everything;
// its files are not examined.
func signIn(f *facts.Facts) []check.Result {
	if !InPlace(f) && !Silent(f) {
		return nil
	}
	return SignIn(f)
}

// SignIn converts the findings about sshd, PAM, NSS and SELinux to results.
func SignIn(f *facts.Facts) []check.Result {
	var results []check.Result
	for _, r := range f.Findings() {
		if r.Answer == check.Fail {
			r.Code = fault.VerificationFailed
			f.Sealed[r.File].Explain(&r)
		}
		results = append(results, r)
	}
	return results
}
