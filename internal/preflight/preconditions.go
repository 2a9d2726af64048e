package preflight

import (
	"errors"
	"strconv"
	"strings"

	"aadssh/distro"
	"aadssh/internal/agent"
	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/identity"
	"aadssh/internal/names"
	"aadssh/internal/trust"
)

func settings(f *facts.Facts) []check.Result {
	if errors.Is(f.Refused, agent.ErrProtected) {
		// The proxy may be missing; what was installed through it still works.
		r := fault.Of(f.Refused)
		return []check.Result{{Answer: check.Unknown, Text: r.What, Next: r.Next, Code: r.Code}}
	}
	if f.Refused != nil {
		r := fault.Of(f.Refused)
		return []check.Result{{Answer: check.Fail, Text: r.What, Next: r.Next, Code: r.Code}}
	}
	if weak := trust.Weak(f.Settings.Repository.KeyFiles()); weak != nil {
		r := check.Result{Answer: check.Fail, Text: weak.What, Next: weak.Remedy(), Code: weak.Code}
		if InPlace(f) { // nothing is installed for it now
			r.Answer, r.Code = check.Warn, fault.OK
			r.Text += " The packages are in place; nothing more is installed by it."
		}
		return []check.Result{r}
	}
	if bad := fault.Of(trust.Damaged(f.Settings.Repository.KeyFiles())); bad != nil {
		return []check.Result{{Answer: check.Fail, Text: bad.What, Next: bad.Next, Code: bad.Code}}
	}
	if len(f.Unknown) > 0 {
		return []check.Result{{Answer: check.Warn,
			Text: "These settings have no meaning and were ignored: " + strings.Join(f.Unknown, ", ") + ".",
			Next: fault.WhereSet + "compare their names with docs/settings.md, or with what \"explain settings\" lists."}}
	}
	return nil
}

func folders(f *facts.Facts) []check.Result {
	var why *fault.Fault
	switch {
	case f.StatusErr != nil:
		why = facts.StatusUnwritable(f.StatusErr)
	case f.LockErr != nil:
		why = facts.Unlockable(f.LockErr)
	default:
		return nil
	}
	return []check.Result{{Answer: check.Fail, Text: why.What, Next: why.Remedy(), Code: why.Code}}
}

func distribution(f *facts.Facts) []check.Result {
	if u := (*distro.Unsupported)(nil); errors.As(f.TargetErr, &u) {
		return []check.Result{{Answer: check.Fail, Code: fault.DistroUnsupported,
			Text: u.Found + " on " + u.Arch + " is not supported: " + strings.TrimSuffix(u.Reason, ".") + ".",
			Next: instead(u)}}
	}
	if why := f.UnreadRelease(); why != nil {
		return []check.Result{{Answer: check.Fail, Code: why.Code, Text: why.What, Next: why.Remedy()}}
	}
	if f.TargetErr != nil {
		return []check.Result{{Answer: check.Fail, Code: fault.DistroUnsupported,
			Text: "The distribution of this machine cannot be told: " + f.TargetErr.Error() + ".",
			Next: "See what is there (ls -lL /etc/os-release; cat /etc/os-release), restore it from the distribution's base package" + fault.ThenAgain}}
	}
	if f.Image != "" {
		return []check.Result{image(f)}
	}
	if !f.Target.Tested {
		return []check.Result{{Answer: check.Warn, Text: f.Target.Name + " is not on the list of tested releases: " + strings.TrimSuffix(f.Target.Note, ".") + "."}}
	}
	return []check.Result{{Text: f.Target.Name + " is supported."}}
}

// instead is what can be used instead of an unsupported release.
func instead(u *distro.Unsupported) string {
	if len(u.Supported) == 0 {
		return "There is no supported release for " + u.Arch + ": use a machine of another architecture."
	}
	return "Ask whoever keeps this machine to use one of: " + strings.Join(u.Supported, "; ") + "."
}

// image is the result on a machine whose packages come with its image: such a machine is
// never changed.
func image(f *facts.Facts) check.Result {
	r := check.Result{Answer: check.Fail, Code: fault.DistroUnsupported,
		Next: "Have whoever builds the image put " + strings.Join(f.Wanted(), " and ") + " into it (docs/distributions.md), or use a release whose packages can be installed" + fault.ThenAgain}
	if !InPlace(f) {
		r.Text = f.Target.Name + " is built as an image (" + f.Image + "), to which nothing can be added on a running machine, and the packages are not in it."
		return r
	}
	for _, found := range f.Findings() {
		if found.Answer == check.Fail {
			r.Text = f.Target.Name + " is built as an image (" + f.Image + ") and cannot be repaired on a running machine: " + found.Text
			return r
		}
	}
	return check.Result{Text: f.Target.Name + " is built as an image (" + f.Image + "), and the packages are in it."}
}

// least is the smallest memory that passes, depending on what the figure lacks. 1 GB means
// the bought size (the public documentation: "at least 1 GB of memory"): every VM of 1 GiB
// passes, every VM of 768 MiB fails.
func least(s facts.MemorySource) int64 {
	switch s {
	case facts.Blocks, facts.RAMMap: // some firmware keeps a few MiB, also of whole blocks
		return 896 * facts.MiB
	}
	// The kernel keeps up to 150 MiB of 1 GiB, and at least 40 MiB of 768 MiB.
	return 800 * facts.MiB
}

func memory(f *facts.Facts) []check.Result {
	m := f.Memory
	if m.Known == facts.NoMemory {
		return []check.Result{{Answer: check.Unknown, Text: "The size of this machine's memory could not be read."}}
	}
	size := strconv.Itoa(int(m.Bytes/facts.MiB)) + " MiB of memory (" + string(m.Known) + ")"
	if m.Bytes >= least(m.Known) {
		return []check.Result{{Text: size + "."}}
	}
	r := check.Result{Answer: check.Fail, Code: fault.MemoryTooSmall,
		Text: "This machine has " + size + "; the sign-in packages need 1 GB.",
		Next: "Use a size with 1 GiB or more: \"" + f.Identity.Machine.Resize().String() + "\"" + fault.ThenAgain}
	if f.Identity.Machine.Arc {
		r.Next = "Have whoever runs the machine give it 1 GiB of memory or more" + fault.ThenAgain
	}
	if InPlace(f) {
		r.Answer, r.Text = check.Warn, r.Text+" They are installed, so they were left in place."
	}
	return []check.Result{r}
}

// SignedIn is why an older package is not removed while people are signed in through it;
// nil: nobody is.
func SignedIn(older string, people []facts.Session) *fault.Fault {
	if len(people) == 0 {
		return nil
	}
	var who []string
	for _, s := range people {
		who = append(who, s.User+" (process "+strconv.Itoa(s.PID)+", "+s.Command+")")
	}
	return fault.New(fault.LegacyInstalled, "People are signed in through the older package "+older+", so it was not removed: "+strings.Join(who, ", ")+".",
		"Ask them to sign out (who -u lists them), and "+fault.ThisAgain+".")
}

func legacy(f *facts.Facts) []check.Result {
	if f.Legacy.Extension != "" {
		return []check.Result{{Answer: check.Fail, Code: fault.LegacyInstalled,
			Text: "The older extension " + names.Older().Type + " is still on this machine (" + f.Legacy.Extension + "), and its agent would put back what we remove.",
			Next: "Delete it: \"" + f.Identity.Machine.DeleteExtension(names.Older().Type).String() + "\"; then " + fault.ThisAgain + "."}}
	}
	packages := f.LegacyPackages()
	if len(packages) == 0 {
		return nil
	}
	if f := SignedIn(packages[0], f.Legacy.Sessions); f != nil {
		return []check.Result{{Answer: check.Fail, Code: f.Code, Text: f.What, Next: f.Remedy()}}
	}
	return []check.Result{{Answer: check.Warn, Text: "The older package " + strings.Join(packages, " and ") + " is on this machine; it makes room for the new one."}}
}

func identityOf(f *facts.Facts) []check.Result {
	a := f.Identity
	if a.Kind == identity.SystemAssigned {
		return []check.Result{{Text: "The machine has a system-assigned identity."}}
	}
	if a.Fault == nil { // nobody asked
		return []check.Result{{Answer: check.Unknown, Code: fault.IdentityUnknown, Text: "The machine's identity was not looked at."}}
	}
	r := check.Result{Answer: check.Fail, Text: a.Fault.What, Next: a.Fault.Remedy(), Code: a.Fault.Code}
	if a.Kind == identity.Unknown {
		r.Answer = check.Unknown
	}
	return []check.Result{r}
}
