package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/machine"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// asked are questions about a machine, as a person would ask them: the package database,
// what sshd does with a person and with a service principal, and the metadata service.
// enable starts the same programs for them. (It also asks systemd, and reads some files.)
const asked = `dpkg-query -W -f '${Package}\t${Version}\t${Status}\n' aadsshlogin aadsshlogin-selinux aadlogin aadlogin-selinux
sshd -T -C user=someone@example.com,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22
sshd -T -C user=00000000-0000-0000-0000-000000000000,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22
curl -sS -H Metadata:true 'http://169.254.169.254/metadata/instance/compute?api-version=2021-02-01' 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F'
`

// byHand is the fixed list that the goals refer to: asked, whether sshd accepts its
// configuration, and its version. enable derives the first from the answers above, and asks
// for the second only if something depends on it.
const byHand = "sshd -V\nsshd -t\n" + asked

// checks measures the watch's checks of a healthy machine with systemd, and counts the
// processes of the product in between.
func checks(ctx context.Context) (figures []figure, err error) {
	m, err := watchedMachine(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	const rounds = 25 // the medians of nine differed by a tenth from one run to the next
	var check, hand, some, enable effort
	for range rounds { // in turns, so that this machine's other load affects both
		if err := check.add(ctx, m, "/usr/local/bin/aadsshlogin-handler watch"); err != nil {
			return nil, err
		}
		if err := hand.add(ctx, m, byHand); err != nil {
			return nil, err
		}
		if err := some.add(ctx, m, asked); err != nil {
			return nil, err
		}
		if err := enable.add(ctx, m, "ConfigSequenceNumber=0 "+agentrun.Dir(scene.HandlerVersion)+"/bin/aadsshlogin-handler enable"); err != nil {
			return nil, err
		}
	}
	between := 0
	for range 20 {
		r, err := m.Run(ctx, "sh", "-c", "systemctl is-active -q aadsshlogin-handler.timer aadsshlogin-handler.path || exit 1; pgrep -c ^aadsshlogin || true")
		if err != nil || r.ExitCode != 0 {
			return nil, fmt.Errorf("the watch is not there: %v, %s", err, r.Output())
		}
		n, err := strconv.Atoi(strings.TrimSpace(r.Output()))
		if err != nil {
			return nil, err
		}
		between = max(between, n)
		time.Sleep(100 * time.Millisecond)
	}
	return []figure{
		{fmt.Sprintf("processor time of enable on a healthy machine, median of %d", rounds), milliseconds(median(enable.processor)), "", false},
		{"processor time of one check run of the watch, likewise", milliseconds(median(check.processor)), "", false},
		{"processor time of the list of questions by hand, likewise", milliseconds(median(hand.processor)), "", false},
		ratio("enable / the list by hand, processor time", median(enable.processor), median(hand.processor), 1.3),
		ratio("check run / the list by hand, processor time", median(check.processor), median(hand.processor), 1.3),
		{"enable / what of the list it starts itself, processor time", quotient(median(enable.processor), median(some.processor)), "", false},
		{"wall time of one check run, of which 1000 ms are waiting for quiet", milliseconds(median(check.wall)), "", false},
		ratio("check run / the list by hand, wall time beyond the waiting", median(check.wall)-time.Second, median(hand.wall), 2),
		{"processes of the product between two check runs", strconv.Itoa(between), "0", between > 0},
	}, nil
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

// effort is the time that several runs of one script took.
type effort struct{ wall, processor []time.Duration }

// add runs a script once. bash measures it and everything that it starts.
func (e *effort) add(ctx context.Context, m *machine.Machine, script string) error {
	r, err := m.Run(ctx, "bash", "-c", "TIMEFORMAT='%R %U %S'; time { "+script+"\n} > /root/said 2>&1")
	if err != nil || r.ExitCode != 0 {
		said, _ := m.ReadFile("/root/said")
		return fmt.Errorf("%s: %v, exit %d\n%s%s", script, err, r.ExitCode, r.Output(), said)
	}
	var wall, user, system float64
	if _, err := fmt.Sscan(string(r.Stderr), &wall, &user, &system); err != nil {
		return fmt.Errorf("what bash says is no time: %q: %w", r.Stderr, err)
	}
	e.wall = append(e.wall, time.Duration(wall*float64(time.Second)))
	e.processor = append(e.processor, time.Duration((user+system)*float64(time.Second)))
	return nil
}

// watchedMachine is a machine with systemd on which enable has passed.
func watchedMachine(ctx context.Context) (*machine.Machine, error) {
	b, err := scene.Boot(ctx, roots.Ubuntu("22.04"))
	if err != nil {
		return nil, err
	}
	if err := passed(ctx, b); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b.Machine, nil
}

// passed runs the operations as the agent does, and waits until the checks that the changes
// started have ended.
func passed(ctx context.Context, b *scene.Booted) error {
	if err := b.Deliver(ctx, scene.HandlerVersion, agentrun.Public("{}")); err != nil {
		return err
	}
	if err := agentrun.Record(b.Machine, scene.HandlerVersion, "Enabled"); err != nil {
		return err
	}
	script := "export ConfigSequenceNumber=0; p=" + agentrun.Dir(scene.HandlerVersion) + "/bin/aadsshlogin-handler; $p install && $p enable && " +
		"while systemctl list-jobs | grep -q aadssh || systemctl is-active -q aadsshlogin-handler.service || [ $(systemctl is-active aadsshlogin-handler.service) = activating ]; do sleep 0.1; done"
	r, err := b.Run(ctx, "sh", "-c", script)
	if err == nil && r.ExitCode != 0 {
		err = fmt.Errorf("install and enable: exit %d\n%s", r.ExitCode, r.Output())
	}
	return err
}
