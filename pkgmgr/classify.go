package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// rule says what one message of a package manager means. The first row that matches wins,
// so causes are listed before their consequences.
type rule struct {
	match string // regular expression for the whole output; (?m) is set
	what  string // one line; $1 ... are the captured groups of match
	// next is one line; if it does not end with a full stop, fault.ThenAgain is appended.
	// Empty: the next step from the catalogue.
	next string
	code fault.Code
	step step
	said bool // a script failed: its own last lines are shown too
	// refusal is the captured group with the host of a Refusal, before that with its path;
	// 0: it is none.
	refusal int8
	// signature is the captured group with the package of a BadSignature; 0: it is none.
	signature int8
	unsigned  bool // BadSignature.Missing
	// look finds on the machine what the message does not name; said is what match
	// captured. It returns nil if it finds nothing, and may be nil itself.
	look func(ctx context.Context, h *host.Host, s Source, said []string) *fault.Fault
}

// step is what can be tried before a diagnosis is final.
type step int8

const (
	none        step = iota
	repair           // an interrupted run must be finished first: Manager.Repair
	widen            // dependencies or files were not found: use other sources, fresh metadata, an older version
	narrow           // another source of the machine is broken: use only ours
	later            // the server is overloaded: try the same again after a pause
	scripts          // a package's script failed, although the database lists the package as installed
	refetch          // there is a damaged file in the manager's cache: remove it and try again after a pause
	unexplained      // no cause is named: it may be a lock that another process holds
)

// compiled is a rule with its compiled regular expression.
type compiled struct {
	rule
	re *regexp.Regexp
}

// once compiles a table when it is first needed, which never happens on a healthy machine.
func once(table func() []rule) func() []compiled {
	return sync.OnceValue(func() []compiled {
		var rows []compiled
		for _, row := range slices.Concat(starvation(), table(), atLast()) {
			rows = append(rows, compiled{row, regexp.MustCompile("(?m)" + row.match)})
		}
		return rows
	})
}

// starvation are the messages of all managers about exhausted limits of a process, whatever
// it was about to do.
func starvation() []rule {
	return []rule{
		// Failed to store expired repos cache: [Errno 24] Too many open files: '/var/cache/dnf/expired_repos.json'
		{match: `(?i)^(?:[EW]: |error|failed|fatal|dpkg: |cannot |can't )[^\n]*Too many open files`, code: fault.Resources,
			what: "The package manager could not open a file: too many are open.",
			next: "See the limits: ulimit -n; cat /proc/sys/fs/file-nr"},
		// fork: Cannot allocate memory
		// E: Could not fork - fork (12: Cannot allocate memory)
		// Out of memory allocating 4194304 bytes!
		// ImportError: libunistring.so.2: failed to map segment from shared object
		{match: `(?i)^(?:[EW]: |error|failed|fatal|dpkg: |cannot |can't |fork)[^\n]*Cannot allocate memory|^terminate called after throwing an instance of 'std::bad_alloc'|^MemoryError|^Out of memory allocating|: failed to map segment from shared object`, code: fault.Resources,
			what: "The package manager got no memory.",
			next: "See what uses it: free -m; ps aux --sort=-rss | head"},
		// Curl error (6): Couldn't resolve host name for https://... [getaddrinfo() thread failed to start]
		// RuntimeError: can't start new thread
		// terminate called after throwing an instance of 'std::system_error'
		//   what():  Resource temporarily unavailable
		{match: `thread failed to start|^RuntimeError: can't start new thread|^terminate called [^\n]*'std::system_error'\n +what\(\): +Resource temporarily unavailable`, code: fault.Resources,
			what: "The package manager could not start a thread: there is no memory, or there are no more processes.",
			next: "See what uses them: free -m; ulimit -u; ps -eLf | wc -l"},
	}
}

// whoEnded is the next step for a program that was ended by a signal.
const whoEnded = "See who ended it: the kernel does where memory runs out (sudo dmesg | grep -iE 'oom|killed' | tail; free -m)"

// atLast are messages of all managers that are only used if no other rule matches: scripts
// of packages print them too.
func atLast() []rule {
	return []rule{
		// E: Sub-process /usr/bin/dpkg received signal 9.
		// Error: Subprocess failed. Error: RPM failed: Command was killed by signal 9 (Killed).
		{match: `^E: Sub-process (\S+) ((?:received |exited un)[^\n]+?)\.?$|(RPM failed): (Command was killed by signal[^\n]+?)\.?$`, code: fault.PackageManagerFailed,
			what: "What the package manager had started did not end by itself: $1$3: $2$4.",
			next: whoEnded},
		// Error: This bootc system is configured to be read-only. For more information, run `bootc --help`.
		// This is a transactional-server, please use transactional-update to update or modify the system.
		// The target filesystem is mounted as read-only. Please make sure the target filesystem is writeable.
		{match: `(This bootc system is configured to be read-only|This is a transactional-server|The target filesystem is mounted as read-only)`, code: fault.Disk,
			what: "The package manager changes nothing here: $1.",
			next: "Have the packages put into the machine's image (docs/distributions.md), or make its file system writable (findmnt -T /usr)" + andAgain},
		// zypper: error while loading shared libraries: libzypp.so.1722: cannot open shared object file: No such file or directory
		// /bin/sh: /usr/bin/dnf: /usr/libexec/platform-python: bad interpreter: No such file or directory
		// ModuleNotFoundError: No module named 'dnf'
		// required to run yum. The error leading to this problem was:
		//
		//    libcurl.so.4: cannot open shared object file: No such file or directory
		{match: `^((?:[^\s:]+: )+(?:error while loading shared libraries|symbol lookup error|bad interpreter): [^\n]+|(?:ModuleNotFoundError|ImportError|SyntaxError): [^\n]+)|^required to run yum\. [^\n]*\n\s+([^\n]+)`, code: fault.PackageManagerFailed,
			what: "The package manager itself cannot start: $1$2.",
			next: "Put back what it lacks: a library, or the Python of the distribution under its own name (ls -l /usr/bin/python* /usr/libexec/platform-python*)"},
	}
}

// readOnlyScript matches what the shell prints for a script, in a line that begins with the
// script's name.
func readOnlyScript() rule {
	return rule{match: `: (?:\d+: cannot create|line \d+:) (/[^\n:]+): Read-only file system`, code: fault.Disk,
		what: "The file system of $1 is read-only.",
		next: "See why it is (findmnt -T $1; dmesg), make it writable" + andAgain}
}

// diagnosis is a fault together with what can be tried against it.
type diagnosis struct {
	fault  *fault.Fault // nil: nothing is wrong
	step   step
	look   func(context.Context, *host.Host, Source) *fault.Fault // finds a more exact fault; may be nil, and may return nil
	result host.Result                                            // of the command that it is about, if one was run
}

// ErrInterrupted is wrapped by a fault that Session.Repair may cure: a run of the package
// manager was interrupted and left something behind.
var ErrInterrupted = errors.New("an interrupted run of the package manager stands in the way")

// Refusal is wrapped by a fault about a file that its server does not have, or refuses to
// serve: what the package manager said of it.
type Refusal struct{ Host, Path string }

func (r *Refusal) Error() string { return r.Host + " does not serve " + r.Path }

// BadSignature is wrapped by a fault about the signature of a package, or of an index of
// which the signers were read.
type BadSignature struct {
	Package string   // its file as rpm names it, without folders and ".rpm"; "": an index
	Missing bool     // it has no signature, says the package manager
	Signers []string // the keys of the signature that is there, where it was read
}

func (b *BadSignature) Error() string { return "signature by " + strings.Join(b.Signers, ", ") }

// Classify returns what is wrong according to the output of a command: nil if neither the
// output nor the exit code shows a failure. An exit code of 0 is not trusted, because
// apt-get update, dnf and zypper return it after failures; a caller that sees the wanted
// effect may ignore the result.
func (m *Manager) Classify(c host.Command, r host.Result) *fault.Fault {
	return m.diagnose(c, r).fault
}

// cause adds to how a command ended what a caller asks of it with errors.Is or errors.As;
// said is what match captured.
func (r *rule) cause(ended error, said []string) error {
	switch {
	case r.step == repair:
		return errors.Join(ErrInterrupted, ended)
	case r.refusal > 0:
		return errors.Join(&Refusal{Host: said[r.refusal], Path: said[r.refusal+1]}, ended)
	case r.signature > 0:
		return errors.Join(&BadSignature{Package: strings.TrimSuffix(said[r.signature], ".rpm"), Missing: r.unsigned}, ended)
	}
	return ended
}

func (m *Manager) diagnose(c host.Command, r host.Result) diagnosis {
	// On a terminal, dpkg ends lines with \r\n and progress bars with \r.
	output := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(mask(ends(r.Output()), c.Secrets))
	if m.noise != nil {
		output = m.noise(c, r.ExitCode, output)
	}
	for _, row := range m.rules() {
		re := row.re
		at := re.FindStringSubmatchIndex(output)
		if at == nil {
			continue
		}
		if row.step == scripts {
			at = ours(c, output, re)
			if at == nil {
				continue // a script of another package
			}
		}
		if row.code == fault.OK {
			return diagnosis{} // the exit code looks worse than the result is
		}
		expand := func(template string) string {
			line := string(re.ExpandString(nil, template, output, at))
			return message(strings.ReplaceAll(line, " ()", "")) // the reason in parentheses is empty
		}
		what := expand(row.what)
		if said := scriptSaid(output, at[0]); row.said && said != "" {
			what = message(what + " It said: " + said)
		}
		d := diagnosis{
			fault: fault.Wrap(row.cause(ended(c, r), captured(output, at)), row.code, what, advice(what, asAsked(expand(row.next), output))),
			step:  row.step,
		}
		if row.look != nil {
			d.look = func(ctx context.Context, h *host.Host, s Source) *fault.Fault {
				return row.look(ctx, h, s, captured(output, at))
			}
		}
		return d
	}
	if m.succeeded(r.ExitCode) {
		return diagnosis{}
	}
	what := fmt.Sprintf("%s failed with exit code %d", c.Name, r.ExitCode)
	if r.Signal != "" {
		what = c.Name + " " + r.Ending()
	}
	if line := lastWords(output); line != "" {
		what += ": " + line
	}
	if r.Signal != "" {
		return diagnosis{fault: fault.Wrap(ended(c, r), fault.PackageManagerFailed, what,
			thenAgain(whoEnded))}
	}
	return diagnosis{step: unexplained, fault: fault.Wrap(ended(c, r), fault.PackageManagerFailed, what,
		"See the whole output ("+readLog+"), and repeat the command by hand.")}
}

// inNoFile corrects the next step for a command that is no transaction: its output is in no
// file.
func (d *diagnosis) inNoFile(c host.Command) {
	if d.step == unexplained {
		d.fault = fault.Wrap(d.fault, d.fault.Code, d.fault.What, "See the whole output: sudo "+brief(c)+fault.ThenAgain)
	}
}

// asAsked changes the scheme of the address in a next step to the one that the output shows
// was used: a mirror may use http.
func asAsked(next, output string) string {
	at := regexp.MustCompile(`(curl -\w+ http)s(://[^/;\s]*[^/;\s.])`).FindStringSubmatch(next)
	if at == nil || !strings.Contains(output, "http"+at[2]) || strings.Contains(output, "https"+at[2]) {
		return next
	}
	return strings.Replace(next, at[0], at[1]+at[2], 1)
}

// thenAgain completes the next step of a row, see rule.
func thenAgain(next string) string {
	if next == "" || strings.HasSuffix(next, ".") {
		return next
	}
	return next + fault.ThenAgain
}

// advice is thenAgain, preceded by a hint where an operation was not permitted.
func advice(what, next string) string {
	if strings.Contains(what, "Operation not permitted") {
		return fault.Protected + " " + thenAgain(next)
	}
	return thenAgain(next)
}

// captured returns a match and its groups.
func captured(output string, at []int) []string {
	var said []string
	for i := 0; i+1 < len(at); i += 2 {
		group := ""
		if at[i] >= 0 {
			group = output[at[i]:at[i+1]]
		}
		said = append(said, group)
	}
	return said
}

func (m *Manager) succeeded(exit int) bool {
	if exit == 0 {
		return true
	}
	return slices.Contains(m.Fine, exit)
}

// ended is the cause for the log: the command and its exit code or signal.
func ended(c host.Command, r host.Result) error {
	return fmt.Errorf("%s %s", c, r.Ending())
}

// ours finds the first match that concerns a package of the command.
func ours(c host.Command, output string, re *regexp.Regexp) []int {
	for _, at := range re.FindAllStringSubmatchIndex(output, -1) {
		if concerns(c, output[at[2]:at[3]]) {
			return at
		}
	}
	return nil
}

// concerns reports whether a package of the command is the one that a message names,
// possibly followed by version and architecture.
func concerns(c host.Command, named string) bool {
	for _, arg := range c.Args {
		arg = arg[strings.LastIndexByte(arg, '/')+1:]
		if arg == "" || strings.HasPrefix(arg, "-") {
			continue
		}
		name, _, _ := strings.Cut(arg, "=")
		if strings.HasPrefix(named, name) || strings.HasPrefix(name, named) {
			return true
		}
	}
	return false
}

// lastWords is the line of the output that most likely says what is wrong: the last error,
// or else the last line.
func lastWords(output string) string {
	marked := regexp.MustCompile(`(?i)^(E:|error\b|dpkg: error|problem:)`)
	last := ""
	isError := false
	for _, line := range strings.Split(output, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "Please see the above error message") { // zypper prints this after the actual error
			continue
		}
		isMarked := marked.MatchString(line)
		if line != "" && (isMarked || !isError) {
			last, isError = line, isError || isMarked
		}
	}
	return message(last)
}

// message is a program's message, cut to a readable length.
func message(s string) string { return text.Message(s, 400) }

// ends are the beginning and the end of a long output: the cause is in one of them, while a
// package's script may write megabytes in between.
func ends(output string) string {
	const head, tail = 16 << 10, 48 << 10
	if len(output) <= head+tail {
		return output
	}
	return output[:head] + "\n" + output[len(output)-tail:]
}

// after is the part of the output after the last match of a pattern.
func after(output, pattern string) string {
	all := regexp.MustCompile("(?m)"+pattern).FindAllStringIndex(output, -1)
	if len(all) == 0 {
		return output
	}
	return output[all[len(all)-1][1]:]
}

func mask(s string, secrets []string) string {
	for _, secret := range secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "***")
		}
	}
	return s
}

// transactionLog is the file with the output of the last transactions.
const transactionLog = host.TransactionLog
