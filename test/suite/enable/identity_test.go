//go:build rig

package enable

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"aadssh/internal/fault"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/scene"
)

const again = "set the extension again"

// TestIdentity: the verdict names this machine, and nothing is changed. Every answer in the
// unit tests of package identity ends in one of these three verdicts; the texts of those that
// are not about a token are in testdata/bad-input.txt.
func TestIdentity(t *testing.T) {
	assign := "az vm identity assign -g rg-web -n web1 --subscription " + metadata.Subscription
	set := metadata.ScaleSetInstance()
	for _, c := range []struct {
		name    string
		machine metadata.Compute
		token   metadata.Answer
		code    fault.Code
		words   []string
	}{
		{"only user-assigned", metadata.VM(), metadata.TokenOf(metadata.UserAssignedID("rg-ids", "web-id")), fault.IdentityMissing,
			[]string{`only the user-assigned managed identity "web-id"`, assign}},
		{"several user-assigned", metadata.VM(), metadata.SeveralIdentities(), fault.IdentityMissing, []string{"several user-assigned", assign}},
		{"none on a scale set", set, metadata.NoIdentity(), fault.IdentityMissing,
			[]string{"Scale set pool (resource group rg-web) has no managed identity", "az vmss identity assign -g rg-web -n pool", "az vmss update-instances"}},
		{"only user-assigned on a scale set", set, metadata.TokenOf(metadata.UserAssignedID("rg-ids", "web-id")), fault.IdentityMissing, []string{"az vmss identity assign"}},
		{"system-assigned of the scale set", set, metadata.TokenOf(strings.ToUpper(metadata.ScaleSetID("rg-web", "pool"))), fault.OK, nil},
		{"claim of another type", metadata.VM(), metadata.TokenWith(map[string]any{"xms_mirid": 7}), fault.IdentityUnknown, []string{"could not be checked", again}},
		{"no claim", metadata.VM(), metadata.TokenWith(nil), fault.IdentityUnknown, []string{"could not be checked", "az vm identity show"}},
		{"another resource", metadata.VM(), metadata.TokenOf("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a"), fault.IdentityUnknown, []string{"could not be checked"}},
		{"page of a proxy", metadata.VM(), metadata.Page(http.StatusForbidden), fault.IdentityUnknown, []string{"a proxy or portal answered"}},
		{"refused", metadata.VM(), metadata.Status(403, "unknown_source", "who are you"), fault.IdentityUnknown, []string{"refused the question"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newMachine(t, scene.Options{Timeout: time.Minute}, func(s *machine) {
				s.Metadata.Always(metadata.ComputePath, metadata.JSON(c.machine)).Always(metadata.TokenPath, c.token)
			})
			s.Want(c.code, c.words...)
			if c.code != fault.OK {
				s.unchanged(s.before)
				if n := len(s.Packages.Requests()); n != 0 {
					t.Errorf("%d requests to the package host", n)
				}
			}
		})
	}
}

// TestIdentityComesLate: temporary answers are retried as documented.
func TestIdentityComesLate(t *testing.T) {
	for name, first := range map[string]metadata.Answer{
		"throttled": metadata.Throttled("1"), "updating": metadata.Status(410, "gone", "updating"),
		"not there yet": metadata.Status(404, "not_found", "wait"), "failing": metadata.Status(500, "unknown", "x"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newMachine(t, scene.Options{Timeout: 2 * time.Minute}, func(s *machine) {
				s.Metadata.Script(metadata.TokenPath, first)
			})
			s.Want(fault.OK)
			if left := s.Metadata.Unplayed(); len(left) > 0 {
				t.Errorf("not asked: %v", left)
			}
		})
	}
}

// TestClockOfAHealthyMachine: if the clock is years off no certificate is valid, so a
// success would not be true. The service's date shows it.
func TestClockOfAHealthyMachine(t *testing.T) {
	s := newMachine(t, scene.Options{Timeout: time.Minute})
	s.Want(fault.OK)
	before := s.Snapshot()
	token := metadata.TokenOf(metadata.VMID("rg-web", "web1"))
	for _, c := range []struct {
		off  time.Duration
		code fault.Code
		says string
	}{
		{5 * 365 * 24 * time.Hour, fault.VerificationFailed, "behind"},
		{-2 * time.Hour, fault.VerificationFailed, "2h0m ahead"},
		{20 * time.Minute, fault.OK, "20m behind"},
		{0, fault.OK, ""},
	} {
		s.Metadata.Always(metadata.TokenPath, token.At(time.Now().Add(c.off)))
		switch {
		case c.code != fault.OK:
			s.Want(c.code, c.says, "timedatectl")
		case c.says != "":
			s.Want(fault.OK).Warns("clock", c.says)
		default:
			s.Want(fault.OK)
		}
	}
	s.unchanged(before)
}
