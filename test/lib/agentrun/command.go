package agentrun

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"aadssh/test/lib/box"
)

// limit is how long the agent lets a command run: exthandlers.py.
func (a *Agent) limit(operation string) time.Duration {
	if d, ok := a.Limits[operation]; ok {
		return d
	}
	switch operation {
	case "enable", "uninstall":
		return 300 * time.Second
	}
	return 900 * time.Second
}

// command runs one command of a version. If it fails the session stops, and the handler's
// status reports that with the code.
func (s *session) command(version, operation string, code int, env ...string) Run {
	run := Run{Operation: operation, Version: version, ExitCode: -1}
	if s.stopped() {
		return run
	}
	manifest, err := s.manifest(version)
	if err != nil {
		s.failed = err
		return run
	}
	line, ok := manifest.command(operation)
	if !ok {
		s.failed = fmt.Errorf("the manifest of %s has no %sCommand", version, operation)
		return run
	}
	dir := Dir(version)
	line = dir + "/" + strings.TrimLeft(line, "/")
	limit := s.limit(operation)
	ctx, cancel := context.WithTimeout(s.ctx, limit)
	defer cancel()
	after := func(Run) {}
	if s.Before != nil {
		after = s.Before(operation, version)
	}
	began := time.Now()
	// subprocess.Popen(shell=True, preexec_fn=os.setsid)
	result, err := s.Box.Session(ctx, s.environment(version, env), dir, "/bin/sh", "-c", line)
	run.Elapsed = time.Since(began)
	run.TimedOut = ctx.Err() != nil && s.ctx.Err() == nil
	if err != nil && !run.TimedOut {
		s.failed = err
		return run
	}
	run.ExitCode, run.Stdout, run.Stderr = result.ExitCode, string(result.Stdout), string(result.Stderr)
	run.Captured = capture(result.Stdout, result.Stderr)
	s.report.Runs = append(s.report.Runs, run)
	after(run)
	switch {
	case run.TimedOut:
		s.stop = true
		s.report.Handler = HandlerStatus{"NotReady", timedOut, fmt.Sprintf("[ExtensionError] Timeout(%d): %s\n%s", int(limit.Seconds()), line, run.Captured)}
	case run.ExitCode != 0:
		s.stop = true
		s.report.Handler = HandlerStatus{"NotReady", code, fmt.Sprintf("[ExtensionOperationError] Non-zero exit code: %d, %s\n%s", run.ExitCode, line, run.Captured)}
	}
	s.failed = s.Box.AppendFile(logDir()+"/CommandExecution.log", []byte(line+"\n"+run.Captured+"\n"))
	return run
}

// environment is the complete environment of a command. The agent's own wins if both set a
// variable.
func (s *session) environment(version string, more []string) []string {
	env := append([]string{
		"AZURE_GUEST_AGENT_EXTENSION_PATH=" + Dir(version),
		"AZURE_GUEST_AGENT_EXTENSION_VERSION=" + version,
		"AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS=" + box.WireServer,
		"ConfigSequenceNumber=" + strconv.Itoa(s.goal.Sequence),
		`AZURE_GUEST_AGENT_EXTENSION_SUPPORTED_FEATURES=[{"Key": "ExtensionTelemetryPipeline", "Value": "1.0"}]`,
	}, more...)
	own := s.Env
	if own == nil {
		own = []string{"LANG=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"} // no HOME: systemd.exec(5)
	}
	return append(env, own...) // os/exec passes the last of two values
}

// capture is the part of a command's output that the agent keeps: the first 3,200 bytes of
// each stream, and of those the end if both together are too long (extensionprocessutil.py,
// read_output and format_stdout_stderr).
func capture(stdout, stderr []byte) string {
	const limit, frame = 3200, len("[stdout]\n\n\n[stderr]\n")
	const each = (limit - frame) / 2
	out, errs := text(stdout, limit), text(stderr, limit)
	switch {
	case len(out)+len(errs) < limit:
	case len(out) < each:
		errs = end(errs, 2*each-len(out))
	case len(errs) < each:
		out = end(out, 2*each-len(errs))
	default:
		out, errs = end(out, each), end(errs, each)
	}
	return "[stdout]\n" + string(out) + "\n\n[stderr]\n" + string(errs)
}

// text is the first bytes as characters, with bytes that are not UTF-8 escaped.
func text(b []byte, limit int) []rune {
	b = b[:min(len(b), limit)]
	var out []rune
	for i, r := range string(b) {
		if r == '\uFFFD' && b[i] != 0xEF {
			out = append(out, []rune(fmt.Sprintf(`\x%02x`, b[i]))...)
			continue
		}
		out = append(out, r)
	}
	return out
}

func end(r []rune, n int) []rune { return r[len(r)-min(n, len(r)):] }
