//go:build rig

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/fabric"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/wire"
	"aadssh/test/lib/words"
)

// word executes one command of a script.
type word = func(ctx context.Context, s *scenario, ts *testscript.TestScript, args []string) error

// commands are the commands of scripts.
func commands(g *gallery) map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	all := map[string]word{
		// Azure's services.
		"identity": identity, // identity system|none|user
		"offer":    offer,    // offer NAME=VERSION[,noise=N][,sleep=D][,hold=PATH][,failpost]...: the content of the repository
		"host":     host,     // host up|down: the package host
		"proxy":    proxy,    // proxy USER PASSWORD: start a proxy at 10.0.0.1:3128 | proxy used: it got a request
		"uploads":  uploads,  // uploads plugin|blob: where the agent can upload its status | uploads used WAY: where it did
		"publish":  publish,  // publish VERSION [variation...] | VERSION script=FILE | NAME@VERSION script=FILE
		"program":  program,  // program VERSION: writes /root/aadsshlogin-handler, like a person
		"goal":     goal,     // goal [fast] EXTENSION [, EXTENSION]...: see parseGoal
		// What the agent uploaded.
		"reported":  reported,  // reported STATUS CODE [REGEXP] | reported gone: waits for the verdict on the handler
		"extension": extension, // extension LEVEL CODE REGEXP | extension none: the extension's own report
		"substatus": substatus, // substatus NAME LEVEL CODE REGEXP
		"other":     other,     // other NAME STATUS CODE [REGEXP]: the verdict on another extension
		"portal":    g.portal,  // portal NAME: the uploaded JSON is the one in docs/portal.md
		// What the agent ran.
		"ran": ran, // ran OPERATION[@VERSION]...: the commands since the last "ran"
		// The machine.
		"vm":       vm,       // vm COMMAND...: runs it there; its output is stdout and stderr
		"await":    await,    // await COMMAND...: until it succeeds there
		"packages": packages, // packages NAME=VERSION|absent...
		"power":    power,    // power reboot|cut
		"restart":  restart,  // restarts the agent
		"lock":     lock,     // lock take|release: the package manager's lock
		"watch":    watching, // watch start|stop: the packages are there all the time
		"signin":   signin,   // signin USER CERTIFICATE: somebody can sign in; ! signin: they cannot
	}
	maps.Copy(all, machines().words)
	out := map[string]func(ts *testscript.TestScript, neg bool, args []string){}
	for name, c := range all {
		out[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			s := ts.Value(scenarioKey{}).(*scenario)
			ctx, cancel := context.WithTimeout(context.Background(), machines().giveUp)
			defer cancel()
			err := c(ctx, s, ts, args)
			switch {
			case err != nil && (!neg || ctx.Err() != nil):
				ts.Fatalf("%s: %v\n%s", name, err, s.tails())
			case err == nil && neg:
				ts.Fatalf("%s: it should have failed", name)
			case err != nil:
				ts.Logf("%s: %v", name, err)
			}
		}
	}
	return out
}

type scenarioKey struct{}

func identity(_ context.Context, s *scenario, _ *testscript.TestScript, args []string) error {
	return words.Identity(s.Metadata, "rg-web", "web1", args)
}

func host(_ context.Context, s *scenario, _ *testscript.TestScript, args []string) error {
	return words.Host(s.Packages, args)
}

func offer(ctx context.Context, s *scenario, _ *testscript.TestScript, args []string) error {
	packages, err := words.Offer(args)
	if err != nil {
		return err
	}
	return s.Offer(ctx, packages...)
}

func proxy(_ context.Context, s *scenario, _ *testscript.TestScript, args []string) (err error) {
	if len(args) == 2 {
		s.proxy, err = pkghost.StartProxy(s, wire.Gateway+":3128", args[0], args[1])
		return err
	}
	for _, r := range s.proxy.Requests() {
		if r.Authorized {
			return nil
		}
	}
	return fmt.Errorf("nobody used it: %+v", s.proxy.Requests())
}

func uploads(_ context.Context, s *scenario, _ *testscript.TestScript, args []string) error {
	if args[0] == "used" {
		if s.last.Via != args[1] {
			return fmt.Errorf("the status came by %q", s.last.Via)
		}
		return nil
	}
	s.fabric.RefuseStatus(strings.Join(args, " ") == fabric.ViaBlob)
	return nil
}

func program(_ context.Context, s *scenario, _ *testscript.TestScript, args []string) error {
	binary, err := scene.BuildAs(args[0])
	if err == nil {
		err = s.WriteFile("/root/aadsshlogin-handler", binary, 0o755)
	}
	return err
}

func publish(ctx context.Context, s *scenario, ts *testscript.TestScript, args []string) error {
	name, version, other := strings.Cut(args[0], "@")
	if !other {
		name, version = agentrun.Handler, args[0]
	}
	var zip []byte
	var err error
	if script, ok := strings.CutPrefix(strings.Join(args[1:], " "), "script="); ok {
		zip, err = scriptZip(ts.ReadFile(script))
	} else {
		zip, err = handlerZip(ctx, version, args[1:])
	}
	if err == nil {
		s.fabric.Publish(name, version, zip)
	}
	return err
}

// goal sets the goal state. Extensions are separated by commas; each is [NAME@]VERSION with
// any of state=STATE, seq=N, settings=JSON, protected=JSON, level=N. Without arguments it
// is a goal state without extensions.
func goal(_ context.Context, s *scenario, _ *testscript.TestScript, args []string) error {
	fast := len(args) > 0 && args[0] == "fast"
	if fast {
		args = args[1:]
	}
	var all []fabric.Extension
	var e *fabric.Extension
	for _, arg := range args {
		if arg == "," {
			e = nil
			continue
		}
		if e == nil {
			name, version, named := strings.Cut(arg, "@")
			if !named {
				name, version = agentrun.Handler, arg
			}
			all = append(all, fabric.Extension{Name: name, Version: version, State: fabric.Enabled})
			e = &all[len(all)-1]
			continue
		}
		if err := parameter(e, arg); err != nil {
			return err
		}
	}
	if fast {
		return s.fabric.SetFastGoal(all...)
	}
	s.fabric.SetGoal(all...)
	return nil
}

func parameter(e *fabric.Extension, arg string) (err error) {
	key, value, _ := strings.Cut(arg, "=")
	if e.Settings == nil && (key == "settings" || key == "protected") {
		e.Settings = new(fabric.Settings)
	}
	switch key {
	case "state":
		e.State = value
	case "seq":
		e.Sequence, err = strconv.Atoi(value)
	case "level":
		e.Level, err = strconv.Atoi(value)
	case "settings":
		e.Settings.Public = json.RawMessage(value)
	case "protected":
		e.Settings.Protected = json.RawMessage(value)
	default:
		err = fmt.Errorf("no such parameter: %q", arg)
	}
	return err
}
