package sudo

import (
	"path"
	"strings"
)

// settleLogs says what follows where sudo cannot write what it records: without the
// record of a session it runs nothing, unless ignore_iolog_errors is set, and without its
// own log only where ignore_logfile_errors is switched off (sudoers(5)).
func (r *reader) settleLogs() {
	if s, on := r.on("logfile"); on && r.settings["ignore_logfile_errors"].off {
		r.refuse(s.at, "logfile", "ignore_logfile_errors", r.m.Unwritable(s.value, false))
	}
	_, ignored := r.on("ignore_iolog_errors")
	at, recorded := r.out.Rule, r.rule.records
	for _, key := range []string{"log_input", "log_output", "log_stdin", "log_stdout", "log_stderr", "log_ttyin", "log_ttyout"} {
		if s, on := r.on(key); on {
			at, recorded = s.at, true
		}
	}
	if s, remote := r.on("log_servers"); remote { // which get the records in the machine's place
		switch {
		case recorded && !ignored:
			r.ask(s, "ignore_iolog_errors")
		case !recorded && r.settings["ignore_logfile_errors"].off:
			r.ask(s, "ignore_logfile_errors")
		}
		return
	}
	if !recorded || ignored {
		return
	}
	folder := "/var/log/sudo-io"
	if s, on := r.on("iolog_dir"); on {
		folder, at = s.value, s.at
	}
	folder, _, varies := strings.Cut(folder, "%") // "/%{user}": sudo makes what is below
	if varies {
		folder = path.Dir(folder + "x")
	}
	why := r.m.Unwritable(folder, true)
	if count := path.Join(folder, "seq"); why == "" && r.m.File(count).Mode.IsDir() { // of the sessions (sudoreplay(8))
		why = count + " is a folder"
	}
	r.refuse(at, "iolog_dir, for records of sessions", "ignore_iolog_errors", why)
}

// ask: sudo asks the server before it runs anything. That it answers cannot be seen in a
// file.
func (r *reader) ask(server setting, without string) {
	server.at.Text = server.value
	r.out.Depends, r.out.Without = &server.at, without
}

func (r *reader) refuse(at Place, what, without, why string) {
	if why != "" {
		at.Text = what + ": " + why
		r.out.Refuses, r.out.Without = &at, without
	}
}
