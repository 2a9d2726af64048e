package doctor

import (
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/standalone"
	"aadssh/internal/text"
)

// handlersCheck says whose handler is on the machine, with publisher and version: commands
// and texts depend on it.
func handlersCheck(m *machine) []check.Result {
	if m.lacksProgram() {
		e := m.extension
		return []check.Result{{Answer: check.Warn, Next: m.setItUp(),
			Text: "The VM extension " + e.name.Full() + ", version " + e.env.Version + ", is " + string(e.state) + " for the agent, but its program is gone: " + e.missing + ". Whatever is set in Azure fails, a deletion too."}}
	}
	var there []string
	for _, h := range m.registered {
		whose := "another program's"
		if h.Own {
			whose = "this program's"
		}
		if h.Active() {
			there = append(there, "the VM extension "+h.Name.Full()+", version "+h.Version+" ("+whose+" handler)")
		}
	}
	if m.extension.standalone() {
		said := "setup of version " + text.Or(m.extension.env.Version, "unknown")
		if m.setupOwns {
			said += " owns this machine"
		} else {
			said += " was run on this machine"
		}
		if len(there) > 0 {
			said += "; the agent also has " + strings.Join(there, " and ") + ", whose packages setup never removes"
		}
		return []check.Result{{Text: text.Capital(said) + "."}}
	}
	if len(there) == 0 {
		return nil
	}
	return []check.Result{{Text: text.Capital(strings.Join(there, " and ")) + ", is installed."}}
}

// foreign reports whether the extension is another program's, with its own settings, proxy
// and steps.
func (m *machine) foreign() bool {
	return m.extension != nil && !m.extension.standalone() && !m.extension.own
}

// alone reports whether no extension can be set here: setup set this machine up, or there
// is neither an extension nor an agent that could bring one. Without root an extension is
// not visible.
func (m *machine) alone() bool {
	return m.extension.standalone() || m.root && m.extension == nil && m.agentDir == "" && m.agentProc == 0 && len(m.agentUnits) == 0
}

// lacksProgram reports whether the agent cannot run the extension that it has.
func (m *machine) lacksProgram() bool {
	return m.extension != nil && m.extension.missing != "" && m.extension.state.Active()
}

// commands is the next step of a result with this machine's commands in place of words.
func (m *machine) commands(r *check.Result) string {
	next, by := m.Commands(r), m.setItUp()
	if m.foreign() { // what another program's handler does when its extension is set again is not known
		by = "Run: " + m.done()
	}
	for _, anew := range []string{facts.Refetch, text.Small(facts.Refetch)} {
		next = strings.Replace(next, anew, by+" (no source of this machine has the package)", 1)
	}
	return next
}

// words adapts a text to whoever sets this machine up: the agent, or a person.
func (m *machine) words(of string) string {
	if lacks := m.lacksProgram(); lacks || m.unset() {
		again := "set the extension or run setup"
		if lacks {
			again = text.Small(m.setItUp())
		}
		return strings.NewReplacer(","+fault.OrRestartAgent, "", fault.OrRestartAgent, "", // there is nothing for it to run
			fault.Again+": az", fault.Again+": az", // with other settings
			fault.Again, again, fault.AgainFirst, text.Capital(again)).Replace(of)
	}
	if !m.alone() {
		return of
	}
	speaker := standalone.Setup()
	speaker.First = m.extension == nil
	return speaker.Words(of)
}
