//go:build rig

package e2e

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/fabric"
)

// upload waits for the agent's report about the newest goal state.
func (s *scenario) upload(ctx context.Context, ok func(fabric.Status) string) error {
	status, err := s.fabric.WaitStatus(ctx, func(st fabric.Status) string {
		if len(s.fabric.Statuses()) <= s.seen {
			return "nothing was uploaded since"
		}
		return ok(st)
	})
	if err != nil {
		return fmt.Errorf("%w\nThe last status: %s", err, status.Raw)
	}
	s.last = status
	return nil
}

// tails are the ends of the logs that explain a failure.
func (s *scenario) tails() string {
	var b strings.Builder
	for _, name := range []string{"/var/log/waagent.log", s.log("CommandExecution.log"), s.log("handler.log")} {
		content, err := s.ReadFile(name)
		if err != nil {
			content = []byte(err.Error())
		}
		fmt.Fprintf(&b, "--- %s\n%s\n", name, content[max(0, len(content)-3000):])
	}
	return b.String()
}

func (s *scenario) log(name string) string { return "/var/log/azure/" + agentrun.Handler + "/" + name }

func reported(ctx context.Context, s *scenario, _ *testscript.TestScript, args []string) error {
	return s.verdict(ctx, agentrun.Handler, args)
}

func other(ctx context.Context, s *scenario, _ *testscript.TestScript, args []string) error {
	return s.verdict(ctx, args[0], args[1:])
}

func (s *scenario) verdict(ctx context.Context, name string, args []string) error {
	if len(args) == 1 && args[0] == "gone" {
		return s.upload(ctx, func(st fabric.Status) string {
			if h := st.Handler(name); h != nil {
				return fmt.Sprintf("%s is %s", name, h.Status)
			}
			return ""
		})
	}
	want, err := parse(args)
	if err != nil {
		return err
	}
	return s.upload(ctx, func(st fabric.Status) string {
		h := st.Handler(name)
		if h == nil {
			return name + " is not reported"
		}
		return want.differs(name, h.Status, h.Code, h.Formatted.Message)
	})
}

// extension checks the status that "reported" found.
func extension(_ context.Context, s *scenario, _ *testscript.TestScript, args []string) error {
	h := s.last.Handler(agentrun.Handler)
	switch {
	case h == nil:
		return errors.New("the extension is not reported")
	case len(args) == 1 && args[0] == "none" && h.Runtime != nil:
		return fmt.Errorf("it says %+v", h.Runtime.Settings.Status)
	case len(args) == 1 && args[0] == "none":
		return nil
	case h.Runtime == nil:
		return errors.New("the extension reported nothing")
	}
	st := h.Runtime.Settings.Status
	return compare("it", st.Status, st.Code, st.Formatted.Message, args)
}

func substatus(_ context.Context, s *scenario, _ *testscript.TestScript, args []string) error {
	h := s.last.Handler(agentrun.Handler)
	if h == nil || h.Runtime == nil {
		return errors.New("the extension reported nothing")
	}
	var names []string
	for _, sub := range h.Runtime.Settings.Status.Substatus {
		if sub.Name == args[0] {
			return compare(sub.Name, sub.Status, sub.Code, sub.Formatted.Message, args[1:])
		}
		names = append(names, sub.Name)
	}
	return fmt.Errorf("there are only %q", names)
}

// wanted is what a script says of a status: LEVEL CODE [REGEXP].
type wanted struct {
	level, code string
	message     *regexp.Regexp
}

func parse(args []string) (w wanted, err error) {
	if len(args) < 2 {
		return w, errors.New("LEVEL CODE [REGEXP]")
	}
	w.level, w.code = args[0], args[1]
	w.message, err = regexp.Compile("(?s)" + strings.Join(args[2:], " "))
	return w, err
}

// differs says what something is, unless that is what the script wants.
func (w wanted) differs(what, level string, code int, message string) string {
	if level == w.level && strconv.Itoa(code) == w.code && w.message.MatchString(message) {
		return ""
	}
	return fmt.Sprintf("%s is %s %d: %s", what, level, code, message)
}

func compare(what, level string, code int, message string, args []string) error {
	want, err := parse(args)
	if err != nil {
		return err
	}
	if said := want.differs(what, level, code, message); said != "" {
		return errors.New(said)
	}
	return nil
}
