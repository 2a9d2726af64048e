package doctor

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"aadssh/distro"
	"aadssh/internal/agent"
	"aadssh/internal/az"
	"aadssh/internal/check"
	"aadssh/internal/decide"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/names"
	"aadssh/internal/preflight"
	"aadssh/internal/text"
	"aadssh/pkgmgr"
)

// legacyPackage: if a removal script of the legacy package fails, the package stays half
// removed; the public documentation describes the way out.
func legacyPackage(m *machine) []check.Result {
	for _, name := range m.LegacyPackages() {
		p := m.Packages[name]
		if p.State != pkgmgr.Broken {
			continue
		}
		next := "sudo rpm -e --noscripts " + name
		if m.Target.Manager == distro.Apt {
			next = "sudo dpkg --purge " + name + "; where its own script fails: sudo mv /var/lib/dpkg/info/" + name + ".prerm /root/ && sudo dpkg --purge " + name
		}
		return []check.Result{{Answer: check.Fail, Code: fault.LegacyInstalled,
			Text: "The removal of the older package " + name + " stopped half-way (" + p.Detail + ").",
			Next: "See that nobody is signed in through it (who -u), then run: " + next + ". Then " + fault.Again + "."}}
	}
	return nil
}

// scaleSet reports what is different for instances of scale sets.
func scaleSet(m *machine) []check.Result {
	mine := m.Identity.Machine
	if mine.ScaleSet == "" {
		return nil
	}
	// AKS names its sets aks-<pool>-<number>-vmss, in groups MC_<...> (Microsoft
	// Learn, aks/node-pool; azure-linux-extensions#1909).
	if strings.HasPrefix(mine.ScaleSet, "aks-") && strings.HasPrefix(strings.ToUpper(mine.Group), "MC_") {
		return []check.Result{{Answer: check.Warn,
			Text: "The scale set " + mine.ScaleSet + " belongs to AKS, which takes extensions away again that it did not set.",
			Next: "Have AKS do it (" + az.EntraSSH() + ", where your AKS offers it), or use: kubectl debug node/NAME."}}
	}
	if m.root && (m.extension == nil || !m.extension.state.Active()) && !preflight.InPlace(&m.Facts) {
		return []check.Result{{Answer: check.Fail, Code: fault.PackageManagerFailed,
			Text: "This instance of the scale set " + mine.ScaleSet + " has no extension " + names.Ours().Type + ": the set does not have it, or this instance runs an old model of the set.",
			Next: "Check whether the set has it: " + mine.ListExtensions() + ". Where it is listed: " + mine.UpdateInstances()}}
	}
	return []check.Result{{Text: "This is an instance of the scale set " + mine.ScaleSet + "."}}
}

// setItUp is the next step if the handler has to run.
func (of *machine) setItUp() string {
	switch {
	case of.alone():
		return "Run: " + of.command()
	case of.unset():
		return "Set it up: " + of.eitherWay()
	case of.lacksProgram():
		return "Have the agent fetch the extension again: " + of.command()
	}
	return fault.AgainFirst + ": " + of.command()
}

// unset: there is an agent, but nothing has been set up on this machine.
func (of *machine) unset() bool { return of.root && of.extension == nil && !of.alone() }

// eitherWay are the two ways to set a machine up, and who can use them.
func (of *machine) eitherWay() string {
	return of.setExtension() + " (whoever manages the machine in Azure); or: " + setup() + " (root, on the machine)"
}

// done is the command that carries out the plan.
func (of *machine) done() string {
	if of.foreign() {
		return setup()
	}
	return of.command()
}

// setup is the command that sets the machine up with this program, whoever else manages it.
func setup() string { return "sudo " + host.Program() + " setup" }

// command is the command that sets the machine up, with the program that manages it.
func (of *machine) command() string {
	switch {
	case of.alone():
		return setup()
	case of.lacksProgram(): // of a version without HandlerState the agent fetches the package, and runs install and enable
		return "sudo rm " + agent.StateFile(of.extension.env.BaseDir) + " && " + fault.RestartAgent
	}
	return of.setExtension()
}

// setExtension is the command that sets the extension again with its current settings:
// without them they would be dropped.
func (of *machine) setExtension() string {
	there := names.Ours()
	if of.extension != nil {
		there = of.extension.name
	}
	if of.noSettings() {
		return of.Identity.Machine.SetExtension(there, az.NoSettings).String()
	}
	return of.Identity.Machine.SetExtension(there, az.SettingsFile).String() + " (settings.json: all of this machine's settings, {} where there are none)"
}

// noSettings reports that the extension is known to have no settings. Without root it is
// not known.
func (of *machine) noSettings() bool {
	e := of.extension
	if e == nil {
		return of.root
	}
	asked := e.settings
	asked.Sent = false
	return e.refused == nil && len(e.unknown) == 0 && reflect.DeepEqual(asked, agent.Defaults())
}

// packageManager says which process is using it.
func packageManager(m *machine) []check.Result {
	if m.OtherRun != "" {
		return []check.Result{{Answer: check.Warn, Code: fault.StillRunning,
			Text: "Another run of this handler is changing this machine now (" + m.OtherRun + "), so what is found here may soon be otherwise.",
			Next: "See what it does (pgrep -fa aadsshlogin-handler), let it finish, and look again."}}
	}
	if t := m.Transaction; t != nil {
		return []check.Result{{Answer: check.Warn, Code: fault.StillRunning,
			Text: fmt.Sprintf("A package transaction of this handler has been running since %s (process %d).", t.Since.Format("15:04:05 MST"), t.PID),
			Next: "Wait for it: sudo tail -f /var/lib/aadsshlogin-handler/transaction.log"}}
	}
	if m.holder == nil {
		return []check.Result{{Text: "No other program is seen at work with packages."}}
	}
	r := check.Result{Answer: check.Warn, Code: fault.PackageManagerBusy,
		Text: fmt.Sprintf("Another program is using %s: %s holds %s.", m.Target.Manager, *m.holder, m.holder.File),
		Next: fmt.Sprintf("Wait until it has ended (ps -fp %d), then "+fault.Again+".", m.holder.PID)}
	if !preflight.InPlace(&m.Facts) {
		r.Answer = check.Fail
	}
	return []check.Result{r}
}

// lastRunCheck repeats the last report of the extension. Whether it is still true follows
// from the decision about the machine, which is the same as in enable.
func lastRunCheck(m *machine) []check.Result {
	if m.extension == nil {
		return nil
	}
	if m.extension.torn != nil {
		return []check.Result{{Answer: check.Warn, Text: "What was said last cannot be read, so the portal does not show it: " + text.OneLine(m.extension.torn.Error()) + ".", Next: m.setItUp()}}
	}
	if m.extension.report == nil {
		return nil
	}
	report := *m.extension.report
	when := "at " + m.extension.said.UTC().Format("2006-01-02 15:04 UTC")
	if report.Code == 0 {
		return []check.Result{{Text: report.Operation + " " + when + " said: " + text.Clip(report.Message, 300)}}
	}
	if m.OtherRun != "" && fault.Code(report.Code) == fault.StillRunning { // it has not ended
		return nil
	}
	var r check.Result
	said, since := report.Message, ""
	what, next := firstSentence(said)
	switch code := fault.Code(report.Code); {
	case m.decision.Outlook() != nil, m.OtherRun != "": // the current state has checks of its own
	case m.resolved(code):
		r.Answer, r.Next = check.Warn, m.setItUp()
		said, since = what, " That is not so now." // without its next step, which must not be taken again
	case preflight.InPlace(&m.Facts):
		r.Answer, r.Next = check.Warn, m.setItUp()
	case m.foreign(): // its codes have other meanings
		r.Answer, r.Next = check.Warn, fmt.Sprintf("Run: %s explain %d", host.Program(), report.Code)
	default:
		r.Answer, r.Code = check.Fail, code
		r.Next = text.Or(text.Clip(next, 1200), m.setItUp())
		said = what
	}
	r.Text = fmt.Sprintf("%s ended %s with code %d: %s%s", report.Operation, when, report.Code, text.Clip(said, 400), since)
	return []check.Result{r}
}

// firstSentence splits the text of a status after its first sentence. What to do comes at
// the end of the rest; nothing marks where it begins.
func firstSentence(s string) (first, rest string) {
	for i := 0; i+2 < len(s); i++ {
		if s[i] == '.' && s[i+1] == ' ' && unicode.IsUpper(rune(s[i+2])) {
			return s[:i+1], s[i+2:]
		}
	}
	return s, ""
}

// resolved reports whether the problem of a code is over on a machine on which enable would
// now succeed: nothing has to be done, or the check that the catalogue names for the code
// ran and found nothing more.
func (m *machine) resolved(code fault.Code) bool {
	if m.decision.Plan.Empty() {
		return true
	}
	name := code.Check()
	if name == "" {
		return false
	}
	results := m.ask(name)
	return len(results) > 0 && !slices.ContainsFunc(results, func(r check.Result) bool {
		return r.Answer != check.Pass && (r.Answer == check.Fail || r.Code == code)
	})
}

// planCheck says what enable would change if no check says why. On a machine with another
// program's handler, setup would do it.
func planCheck(m *machine) []check.Result {
	who := "enable"
	if m.foreign() {
		who = "setup of this program"
	}
	if f := m.decision.PlanErr; f != nil {
		if m.foreign() { // the machine does not depend on this plan
			return []check.Result{{Answer: check.Warn, Text: "As it is, " + who + " could do nothing here: " + f.What, Next: f.Remedy()}}
		}
		return []check.Result{{Answer: check.Fail, Code: f.Code, Text: f.What, Next: f.Remedy()}}
	}
	if m.TargetErr != nil || m.awaits() || m.PackagesErr != nil && m.decision.Plan.Empty() {
		return nil
	}
	if m.decision.Plan.Empty() {
		return []check.Result{{Text: who + " would change nothing."}}
	}
	text := planText(who, m.decision.Plan.Steps)
	if m.foreign() {
		text += " What the handler of " + m.extension.name.Full() + " would do is not known."
	}
	if stop := m.decision.Stops(); stop != nil {
		return []check.Result{{Answer: check.Warn, Text: text + " As this machine is it would end before that, with " + strconv.Itoa(int(stop.Code)) + " " + nameOf(int(stop.Code)) + ".", Next: stop.Remedy()}}
	}
	done := m.done()
	if m.unset() {
		done = m.eitherWay()
	}
	return []check.Result{{Answer: check.Warn, Text: text, Next: "See all: sudo " + host.Program() + " plan. To have it done: " + done}}
}

// planText counts the steps of a plan, and names the last ones without their reasons, which
// other checks give.
func planText(who string, steps []decide.Step) string {
	var titles []string
	for _, s := range steps[max(len(steps)-2, 0):] {
		titles = append(titles, `"`+cmp.Or(s.Title, s.Text)+`"`)
	}
	return who + " would change this machine in " + text.Counted(len(steps), "step") + " (at the end " + strings.Join(titles, ", ") + ")."
}

// nologin: while the file exists only root can sign in (pam_nologin(8)), if sshd's PAM
// service uses that module.
func nologin(m *machine) []check.Result {
	if m.nologin == "" {
		return nil
	}
	if preflight.InPlace(&m.Facts) && m.passes("pam-account") {
		return []check.Result{{Text: m.nologin + " is there, and sshd's PAM service does not ask for it."}}
	}
	return []check.Result{{Answer: check.Fail, Code: fault.VerificationFailed,
		Text: m.nologin + " is there: nobody but root can sign in.",
		Next: "systemd removes it when the machine has booted or its shutdown was cancelled (sudo shutdown -c); else: sudo rm " + m.nologin}}
}

// ago formats a time for people.
func ago(now, at time.Time) string {
	d := now.Sub(at)
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return text.Counted(int(d.Minutes()), "minute") + " ago"
	case d < 48*time.Hour:
		return text.Counted(int(d.Hours()), "hour") + " ago"
	}
	return text.Counted(int(d.Hours()/24), "day") + " ago"
}
