package permit

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"aadssh/internal/names"
)

// Handler permits the lines of our own log, whose fields are known.
func Handler(text string) Text {
	words := WordFilter()
	ours := regexp.MustCompile(`^time="[0-9TZ:.+-]{1,40}" level=[a-z]{1,10} msg="`)
	return those(text, ours, words)
}

// transaction are beginnings of lines that package managers print, in contrast to the
// scripts of packages.
const transaction = `^(?:(?:Get|Hit|Ign|Err):\d+ |[EWN]: |(?:dpkg|dpkg-deb|apt-get|rpm|dnf|yum|zypper|tdnf): | installed \S+ package \S+ |Reading |Building |Fetched |Need to get |After this operation|Selecting |Preparing |Unpacking |Setting up |Removing |Purging |Processing triggers |Errors were encountered|The following |\d+ upgraded|` +
	`(?i:error|errors|warning|problem|failed|failure)\b|\s*- (?:Curl error|Status code|nothing provides|package |conflicting |cannot install)|\s*(?:Installing|Installed|Upgrading|Upgraded|Removed|Erasing|Running|Verifying|Cleanup|Downloading|Transaction|Total|Retrieving|Loading repository|Resolving|Checking|Repository|Package|No match|Nothing|Complete|Public key|Import|GPG|Abort|Skipping|Last metadata|Reinstalling|Reinstalled)\b|### |--- )`

// Transaction permits what package managers themselves print.
func Transaction(text string) Text {
	words := WordFilter()
	theirs := regexp.MustCompile(transaction)
	return those(text, theirs, words)
}

// ourPackages are names of which a line about packages must have one.
const ourPackages = `\b(?:aadsshlogin|aadlogin|openssh-server)\b`

// Packages permits entries of package managers' logs about the packages that matter, but no
// command lines.
func Packages(text string) Text {
	words := WordFilter()
	history := regexp.MustCompile(`^(?:Start-Date|End-Date): |^(?:Install|Upgrade|Downgrade|Reinstall|Remove|Purge|Error): `)
	entry := regexp.MustCompile(`\b(?:Installed|Updated|Upgraded|Upgrade|Install|Removed|Erased|Erase|Reinstalled|install|upgrade|remove|purge|status|half-configured|half-installed)\b`)
	ours := regexp.MustCompile(ourPackages)
	list := regexp.MustCompile(`(?:^|, )([a-z0-9.+-]+(?::[a-z0-9]+)?(?: \([^)]*\))?)`)
	return lines(text, func(line string) (string, bool) {
		head := history.FindString(line)
		switch {
		case strings.HasSuffix(head, "-Date: "), head == "Error: ":
			return words(line), true
		case head != "":
			var kept []string
			for _, m := range list.FindAllStringSubmatch(line[len(head):], -1) {
				if ours.MatchString(m[1]) {
					kept = append(kept, words(m[1]))
				}
			}
			return head + strings.Join(kept, ", "), len(kept) > 0
		}
		if len(line) > 300 || strings.HasPrefix(line, "Commandline:") || !ours.MatchString(line) || !entry.MatchString(line) {
			return "", false
		}
		return words(line), true
	})
}

// Agent permits the agent's lines about this extension, and about itself.
func Agent(text string) Text {
	var handlers []string
	for _, n := range names.Current() {
		handlers = append(handlers, regexp.QuoteMeta(n.Full()))
	}
	words := WordFilter()
	ours := regexp.MustCompile(`^\d{4}[-/]\d\d[-/]\d\d[T ][\d:.]+Z? (?:INFO|WARNING|ERROR|VERBOSE) (?:\S+ )?(?:\S+ )?(?:\[(?:` + strings.Join(handlers, "|") + `)-[\d.]+\] |Agent WALinuxAgent|Azure Linux Agent|OS: |Python: |ProcessExtensionsGoalState|GoalState |Fetched |Extension status: |Handler status: )`)
	return those(text, ours, func(line string) string {
		if head, _, ok := strings.Cut(line, " with environment variables: "); ok {
			line = head
		}
		return words(line)
	})
}

// Table permits the words of a command's output.
func Table(text string) Text {
	words := WordFilter()
	return lines(text, func(line string) (string, bool) { return words(line), true })
}

// Mounts permits mount points, types and the options that can make a program fail; others
// may contain a password (mount.cifs(8)).
func Mounts(text string) Text {
	words := WordFilter()
	options := regexp.MustCompile(`^(?:ro|rw|nosuid|nodev|noexec|suid|dev|exec|relatime|noatime|bind|size=\d+[kmg]?|mode=\d+)$`)
	return lines(text, func(line string) (string, bool) {
		fields := strings.Fields(line)
		if len(fields) < 3 {
			return "", false
		}
		var kept []string
		for _, o := range strings.Split(fields[len(fields)-1], ",") {
			if options.MatchString(o) || o == "OPTIONS" {
				kept = append(kept, o)
			}
		}
		return words(fields[0]) + " " + words(fields[len(fields)-2]) + " " + strings.Join(kept, ","), true
	})
}

// Firewall permits rules without the comments that people added.
func Firewall(text string) Text {
	words := WordFilter()
	comment, rule := regexp.MustCompile(`--comment (?:"(?:\\.|[^"\\])*"|\S+)`), regexp.MustCompile(`^-[APNI] `)
	return those(text, rule, func(line string) string {
		line = strings.ReplaceAll(line, " -p ", " --protocol ") // -p precedes a password elsewhere
		return words(comment.ReplaceAllString(line, "--comment "+Masked))
	})
}

// JSON permits the named keys of a document and their values: numbers, and the permitted
// words of texts. "*" means every key that is a plain word or path.
func JSON(keys ...string) Filter {
	known := map[string]bool{}
	for _, k := range keys {
		known[k] = true
	}
	return func(text string) Text {
		var document any
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&document); err != nil {
			return Text{"", 1}
		}
		p := pruning{known: known, secret: regexp.MustCompile(secretName), words: WordFilter()}
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(p.prune(document)); err != nil {
			return Text{"", 1}
		}
		return Text{out.String(), p.left}
	}
}

// pruning walks a document.
type pruning struct {
	known  map[string]bool
	secret *regexp.Regexp
	words  func(string) string
	left   int
}

// prune is a value reduced to what is permitted.
func (p *pruning) prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, value := range v {
			if !p.known[key] && (!p.known["*"] || p.words(key) != key || p.secret.MatchString(key)) {
				p.left++
				continue
			}
			out[key] = p.prune(value)
		}
		return out
	case []any:
		for i := range v {
			v[i] = p.prune(v[i])
		}
		return v
	case string:
		var kept []string
		for _, line := range strings.Split(v, "\n") {
			kept = append(kept, p.words(line))
		}
		return strings.Join(kept, "\n")
	}
	return v
}
