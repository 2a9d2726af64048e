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
func (s *stage) upload(ctx context.Context, ok func(fabric.Status) string) error {
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
func (s *stage) tails() string {
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

func (s *stage) log(name string) string { return "/var/log/azure/" + agentrun.Handler + "/" + name }

func reported(ctx context.Context, s *stage, _ *testscript.TestScript, args []string) error {
	return s.verdict(ctx, agentrun.Handler, args)
}

func other(ctx context.Context, s *stage, _ *testscript.TestScript, args []string) error {
	return s.verdict(ctx, args[0], args[1:])
}

func (s *stage) verdict(ctx context.Context, name string, args []string) error {
	if len(args) == 1 && args[0] == "gone" {
		return s.upload(ctx, func(st fabric.Status) string {
			if h := st.Handler(name); h != nil {
				return fmt.Sprintf("%s is %s", name, h.Status)
			}
			return ""
		})
	}
	if len(args) < 2 {
		return errors.New("STATUS CODE [REGEXP]")
	}
	pattern, err := regexp.Compile("(?s)" + strings.Join(args[2:], " "))
	if err != nil {
		return err
	}
	return s.upload(ctx, func(st fabric.Status) string {
		h := st.Handler(name)
		switch {
		case h == nil:
			return name + " is not reported"
		case h.Status != args[0] || strconv.Itoa(h.Code) != args[1] || !pattern.MatchString(h.Formatted.Message):
			return fmt.Sprintf("%s is %s %d: %s", name, h.Status, h.Code, h.Formatted.Message)
		}
		return ""
	})
}

// extension checks the status that "reported" found.
func extension(_ context.Context, s *stage, _ *testscript.TestScript, args []string) error {
	h := s.last.Handler(agentrun.Handler)
	if h == nil {
		return errors.New("the extension is not reported")
	}
	if len(args) == 1 && args[0] == "none" {
		if h.Runtime != nil {
			return fmt.Errorf("it says %+v", h.Runtime.Settings.Status)
		}
		return nil
	}
	if h.Runtime == nil {
		return errors.New("it says nothing of itself")
	}
	st := h.Runtime.Settings.Status
	return compare(fmt.Sprintf("it is %s %d: %s", st.Status, st.Code, st.Formatted.Message), st.Status, st.Code, st.Formatted.Message, args)
}

func substatus(_ context.Context, s *stage, _ *testscript.TestScript, args []string) error {
	h := s.last.Handler(agentrun.Handler)
	if h == nil || h.Runtime == nil {
		return errors.New("it says nothing of itself")
	}
	var names []string
	for _, sub := range h.Runtime.Settings.Status.Substatus {
		if sub.Name == args[0] {
			return compare(fmt.Sprintf("%s is %s %d: %s", sub.Name, sub.Status, sub.Code, sub.Formatted.Message), sub.Status, sub.Code, sub.Formatted.Message, args[1:])
		}
		names = append(names, sub.Name)
	}
	return fmt.Errorf("there are only %q", names)
}

func compare(found, level string, code int, message string, args []string) error {
	if len(args) < 2 {
		return errors.New("LEVEL CODE [REGEXP]")
	}
	pattern, err := regexp.Compile("(?s)" + strings.Join(args[2:], " "))
	if err != nil {
		return err
	}
	if level != args[0] || strconv.Itoa(code) != args[1] || !pattern.MatchString(message) {
		return errors.New(found)
	}
	return nil
}
