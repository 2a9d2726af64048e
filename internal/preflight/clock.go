package preflight

import (
	"strconv"
	"strings"
	"time"

	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
)

// How far the clock may be off. Nothing is documented for sign-in; five minutes is the
// usual tolerance for tokens and certificates. The certificates that people sign in with
// are valid for an hour (Microsoft Learn, az ssh cert).
const (
	clockWarns = time.Minute
	clockFails = 5 * time.Minute
	clockEnds  = time.Hour
)

// clock compares the machine's time with that of the metadata service. It has no result if
// nothing is wrong, nor for an answer without a date.
func clock(f *facts.Facts) []check.Result {
	if !f.Identity.Dated {
		return nil
	}
	r := Clock(f.Identity.ClockAhead)
	if r.Answer == check.Pass {
		return nil
	}
	if r.Answer == check.Fail && f.Identity.ClockAhead.Abs() <= clockEnds {
		r.Answer, r.Code = check.Warn, fault.OK
	}
	return []check.Result{r}
}

// Clock judges a clock that is ahead by this much, or behind if it is negative.
func Clock(ahead time.Duration) check.Result {
	word, amount := "ahead", ahead.Round(time.Second)
	if amount < 0 {
		word, amount = "behind", -amount
	}
	// Seconds do not matter compared with minutes: the requests took time too.
	shown := amount.String()
	const day = 24 * time.Hour
	switch {
	case amount >= 2*365*day:
		shown = strconv.Itoa(int(amount/(365*day))) + " years"
	case amount >= 2*day:
		shown = strconv.Itoa(int(amount/day)) + " days"
	case amount >= 2*time.Minute:
		shown = strings.TrimSuffix(amount.Round(time.Minute).String(), "0s")
	}
	if amount <= clockWarns {
		return check.Result{Text: "The clock agrees with that of the endpoints."}
	}
	r := check.Result{Answer: check.Warn,
		Text: "The clock of this machine is " + shown + " " + word + ".",
		Next: "Look at: timedatectl; chronyc tracking. Then: sudo chronyc makestep (or sudo systemctl restart systemd-timesyncd)."}
	if amount > clockFails {
		r.Answer, r.Code = check.Fail, fault.VerificationFailed
		r.Text = "The clock of this machine is " + shown + " " + word + ", so certificates and signatures look expired or not valid yet."
	}
	return r
}
