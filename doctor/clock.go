package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"aadsshlogin-handler/fault"
	"aadsshlogin-handler/preflight"
)

// How far the clock may be off. Nothing is documented for sign-in; five minutes
// are what those who check tokens and certificates tolerate by custom.
const (
	clockWarns = time.Minute
	clockFails = 5 * time.Minute
)

// clock compares this machine's time with that of the endpoints that answered.
func clock(m machine) []preflight.Result {
	const name = "clock"
	var off []time.Duration
	for _, p := range m.probes {
		if !p.server.IsZero() {
			off = append(off, p.at.Sub(p.server))
		}
	}
	if len(off) == 0 {
		return []preflight.Result{{Name: name, Answer: preflight.Unknown, Text: "No endpoint said what time it is, so the clock was not compared."}}
	}
	slices.Sort(off)
	ahead := off[len(off)/2].Round(time.Second)
	word := "ahead"
	amount := ahead
	if ahead < 0 {
		word, amount = "behind", -ahead
	}
	// Seconds are noise beside minutes: the answers took their time too.
	shown := amount.String()
	if amount >= 2*time.Minute {
		shown = strings.TrimSuffix(amount.Round(time.Minute).String(), "0s")
	}
	if amount <= clockWarns {
		return []preflight.Result{{Name: name, Text: "The clock agrees with that of the endpoints."}}
	}
	r := preflight.Result{Name: name, Answer: preflight.Warn,
		Text: fmt.Sprintf("The clock of this machine is %s %s.", shown, word),
		Next: "Look at: timedatectl; chronyc tracking. Then: sudo chronyc makestep (or sudo systemctl restart systemd-timesyncd)."}
	if amount > clockFails {
		r.Answer, r.Code = preflight.Fail, fault.VerificationFailed
		r.Text = fmt.Sprintf("The clock of this machine is %s %s, so certificates and signatures look expired or not valid yet.", shown, word)
	}
	return []preflight.Result{r}
}
