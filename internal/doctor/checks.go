package doctor

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"aadsshlogin-handler/distro"
	"aadsshlogin-handler/internal/agent"
	"aadsshlogin-handler/internal/az"
	"aadsshlogin-handler/internal/fault"
	"aadsshlogin-handler/internal/host"
	"aadsshlogin-handler/internal/names"
	"aadsshlogin-handler/internal/preflight"
	"aadsshlogin-handler/internal/text"
	"aadsshlogin-handler/pkgmgr"
)

// legacyPackage: a removal script of the legacy package that fails leaves it
// half removed, and the public documentation has the way out.
func legacyPackage(m machine) []preflight.Result {
	for _, name := range m.LegacyPackages() {
		p := m.Packages[name]
		if p.State != pkgmgr.Broken {
			continue
		}
		next := "sudo rpm -e --noscripts " + name
		if m.Target.Manager == distro.Apt {
			next = fmt.Sprintf("sudo dpkg --purge %s; where its own script fails: sudo mv /var/lib/dpkg/info/%s.prerm /root/ and again", name, name)
		}
		return []preflight.Result{{Name: "legacy-package", Answer: preflight.Fail, Code: fault.LegacyInstalled,
			Text: fmt.Sprintf("The removal of the older package %s stopped half-way (%s).", name, p.Detail),
			Next: "See that nobody is signed in through it (who -u), then run: " + next + ". Then set the extension again."}}
	}
	return nil
}

// scaleSet has what is special for instances of scale sets.
func scaleSet(m machine) []preflight.Result {
	const name = "scale-set"
	mine := m.Identity.Machine
	if mine.ScaleSet == "" {
		return nil
	}
	// AKS names its sets aks-<pool>-<number>-vmss, in groups MC_<...> (Microsoft
	// Learn, aks/node-pool; azure-linux-extensions#1909).
	if strings.HasPrefix(mine.ScaleSet, "aks-") && strings.HasPrefix(strings.ToUpper(mine.Group), "MC_") {
		return []preflight.Result{{Name: name, Answer: preflight.Warn,
			Text: "The scale set " + mine.ScaleSet + " belongs to AKS, which takes extensions away again that it did not set.",
			Next: "Have AKS do it (" + az.EntraSSH() + ", where your AKS offers it), or use: kubectl debug node/NAME."}}
	}
	if m.root && (m.extension == nil || !m.extension.state.Active()) && !preflight.InPlace(m.Facts) {
		return []preflight.Result{{Name: name, Answer: preflight.Fail, Code: fault.PackageManagerFailed,
			Text: "This instance of the scale set " + mine.ScaleSet + " has no extension " + names.Ours().Type + ": the set does not have it, or this instance runs an old model of the set.",
			Next: "Look: " + mine.ListExtensions() + ". Where it is listed: " + mine.UpdateInstances()}}
	}
	return []preflight.Result{{Name: name, Text: "This is an instance of the scale set " + mine.ScaleSet + "."}}
}

// setItUp is the next step where the handler has to run.
func (of machine) setItUp() string {
	if of.extension.standalone() {
		return "Run: sudo " + host.Program() + " setup"
	}
	return "Set the extension again: " + of.setExtension()
}

// setExtension is the command that sets the extension on this machine, with the
// settings that it has: without any they would be dropped.
func (of machine) setExtension() string {
	there := names.Ours()
	if of.extension != nil {
		there = of.extension.name
	}
	if of.noSettings() {
		return of.Identity.Machine.SetExtension(there, az.NoSettings).String()
	}
	return of.Identity.Machine.SetExtension(there, az.SettingsFile).String() + " (settings.json: all of this machine's settings, {} where there are none)"
}

// noSettings: it can be seen that nothing was asked for. Without root the
// extension is not seen.
func (of machine) noSettings() bool {
	e := of.extension
	if e == nil {
		return of.root
	}
	asked := e.settings
	asked.Sent = false
	return e.refused == nil && len(e.unknown) == 0 && reflect.DeepEqual(asked, agent.Defaults())
}

// packageManager says who is using it.
func packageManager(m machine) []preflight.Result {
	const name = "package-manager"
	if t := m.Transaction; t != nil {
		return []preflight.Result{{Name: name, Answer: preflight.Warn,
			Text: fmt.Sprintf("A package transaction of this handler has been running since %s (process %d).", t.Since.Format("15:04:05 MST"), t.PID),
			Next: "Wait for it: sudo tail -f /var/lib/aadsshlogin-handler/transaction.log"}}
	}
	if m.holder == nil {
		return nil
	}
	r := preflight.Result{Name: name, Answer: preflight.Warn,
		Text: fmt.Sprintf("Another program is using %s: %s holds %s.", m.Target.Manager, *m.holder, m.holder.File),
		Next: fmt.Sprintf("Wait until it has ended (ps -fp %d), then set the extension again.", m.holder.PID)}
	if !preflight.InPlace(m.Facts) {
		r.Answer, r.Code = preflight.Fail, fault.PackageManagerBusy
	}
	return []preflight.Result{r}
}

// lastRunCheck repeats what the extension said last, unless the machine shows
// that it was mended since.
func lastRunCheck(m machine) []preflight.Result {
	const name = "last-run"
	if m.extension == nil || m.extension.report == nil {
		return nil
	}
	report := *m.extension.report
	when := "at " + m.extension.said.UTC().Format("2006-01-02 15:04 UTC")
	if report.Code == 0 {
		return []preflight.Result{{Name: name, Text: fmt.Sprintf("%s %s said: %s", report.Operation, when, text.Clip(report.Message, 300))}}
	}
	r := preflight.Result{Name: name, Code: fault.Code(report.Code), Answer: preflight.Fail,
		Text: fmt.Sprintf("%s ended %s with code %d: %s", report.Operation, when, report.Code, text.Clip(report.Message, 400)),
		Next: fmt.Sprintf("Run: %s explain %d", host.Program(), report.Code)}
	if preflight.InPlace(m.Facts) || m.mended(fault.Code(report.Code)) {
		r.Answer, r.Code = preflight.Warn, fault.OK
		r.Text += " What it complains of is not so now."
		r.Next = m.setItUp()
	}
	return []preflight.Result{r}
}

// mended says whether the check behind a code passes now.
func (m machine) mended(code fault.Code) bool {
	passes := func(results []preflight.Result) bool {
		return preflight.FirstFailure(results) == nil && preflight.Undecided(results) == nil
	}
	byName := func(name string) bool {
		i := slices.IndexFunc(preflight.Preconditions(), func(c preflight.Check) bool { return c.Name == name })
		return i >= 0 && passes(preflight.Preconditions()[i].Run(m.Facts))
	}
	switch code {
	case fault.IdentityMissing, fault.IdentityUnknown:
		return byName("identity")
	case fault.LegacyInstalled:
		return byName("legacy")
	case fault.MemoryTooSmall:
		return byName("memory")
	case fault.DistroUnsupported:
		return byName("distro")
	case fault.SettingsInvalid:
		return byName("settings")
	case fault.RepositoryUnreachable:
		return len(m.of(forPackages)) > 0 && passes(repositoryAnswers(m))
	case fault.PackageManagerBusy:
		return m.holder == nil
	case fault.StillRunning:
		return m.Transaction == nil
	case fault.Disk:
		return passes(disk(m))
	}
	return false
}

// planCheck says what enable would change where no check says why.
func planCheck(m machine) []preflight.Result {
	const name = "plan"
	if f := m.decision.PlanErr; f != nil {
		return []preflight.Result{{Name: name, Answer: preflight.Fail, Code: f.Code, Text: f.What, Next: f.Remedy()}}
	}
	if m.TargetErr != nil || m.PackagesErr != nil && m.decision.Plan.Empty() {
		return nil
	}
	if m.decision.Plan.Empty() {
		return []preflight.Result{{Name: name, Text: "enable would change nothing."}}
	}
	return []preflight.Result{{Name: name, Answer: preflight.Warn,
		Text: m.planText(),
		Next: "See all: sudo " + host.Program() + " plan. To have it done: " + m.setExtension()}}
}

func (m machine) planText() string {
	steps := m.decision.Plan.Steps
	last := steps[max(len(steps)-2, 0):]
	var words []string
	for _, s := range last {
		words = append(words, s.Text)
	}
	return fmt.Sprintf("enable would change this machine in %d steps, ending with: %s.", len(steps), strings.Join(words, ", "))
}

// nologin: while the file is there only root gets in (pam_nologin(8)).
func nologin(m machine) []preflight.Result {
	if m.nologin == "" {
		return nil
	}
	return []preflight.Result{{Name: "nologin", Answer: preflight.Fail, Code: fault.VerificationFailed,
		Text: m.nologin + " is there: nobody but root can sign in.",
		Next: "systemd removes it when the machine has booted or its shutdown was cancelled (sudo shutdown -c); else: sudo rm " + m.nologin}}
}

// ago is a time for people.
func ago(now, at time.Time) string {
	d := now.Sub(at)
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d minutes ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
}
