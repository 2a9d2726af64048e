package firewall

import (
	"net/netip"
	"strconv"
	"strings"
)

// manager is a program that manages rules.
type manager int

// The managers that are known.
const (
	byHand manager = iota
	firewalld
	panicking // firewalld, while everything is cut off (firewall-cmd(1), --panic-on)
	ufw
	fail2ban // whose rules keep out single addresses that failed to sign in
)

// Step is the command that lets connections to a port in before the rule stops them:
// those from one address if it is valid, otherwise all. It lasts where a known program manages the rules.
func (r Rule) Step(port int, from netip.Addr) string {
	p, family, version := strconv.Itoa(port), "ip", "4"
	if from.Is6() {
		family, version = "ip6", "6"
	}
	all := !from.IsValid() || from.IsLoopback()
	switch {
	case r.manager == panicking:
		return "sudo firewall-cmd --panic-off"
	case r.manager == fail2ban:
		who := "--all"
		if !all {
			who = from.String()
		}
		return "sudo fail2ban-client unban " + who
	case r.manager == firewalld:
		// What has a priority of its own stands before all that denies (firewalld.richlanguage(5)).
		add := "port=" + p + "/tcp"
		if !all || r.early {
			add = "rich-rule='rule priority=-32768"
			if !all {
				add += " family=ipv" + version + " source address=" + from.String()
			}
			add += " port port=" + p + " protocol=tcp accept'"
		}
		return "sudo firewall-cmd --permanent" + r.zone + " --add-" + add + " && sudo firewall-cmd --reload"
	case r.file != "":
		return "sudoedit " + r.file + " && sudo ufw reload; take that rule out of it"
	case r.manager == ufw:
		allow := "allow " + p + "/tcp"
		if !all {
			allow = "allow proto tcp from " + from.String() + " to any port " + p
		}
		if r.early { // a rule that is there is not moved, and one that denies the same is changed in its place
			allow += " && sudo ufw delete " + allow + " && sudo ufw prepend " + allow
		}
		return "sudo ufw " + allow
	case r.allow == "":
		return "sudo nft list ruleset, and let port " + p + " in where these rules come from"
	}
	step := strings.Replace(r.allow, "PORT", p, 1)
	if !all {
		step = strings.NewReplacer(" -p tcp", " -s "+from.String()+" -p tcp", " tcp dport", " "+family+" saddr "+from.String()+" tcp dport").Replace(step)
	}
	return step + "; put it where these rules come from as well, so that it lasts"
}

// firewalldRule are the parts that follow from the name of a chain of firewalld's (its
// nftables.py and ipXtables.py): filter_IN_public, filter_IN_public_deny,
// filter_IN_policy_site, IN_public.
func (r *Rule) firewalldRule(chain string) bool {
	name, of := strings.CutPrefix(strings.TrimPrefix(chain, "filter_"), "IN_")
	if !of || !plain(name) {
		return strings.HasPrefix(chain, "INPUT_ZONES")
	}
	for _, part := range []string{"_pre", "_log", "_deny", "_allow", "_post"} {
		if whole, cut := strings.CutSuffix(name, part); cut {
			name, r.early = whole, part == "_pre" || part == "_deny"
		}
	}
	if policy, is := strings.CutPrefix(name, "policy_"); is {
		r.zone = " --policy=" + policy
	} else {
		r.zone = " --zone=" + name
	}
	return true
}

// ufwRule are the parts that follow from the name of a chain of ufw's: what comes behind "ufw", such as
// -user-input, 6-before-input (ufw-framework(8)).
func (r *Rule) ufwRule(chain string) {
	r.manager = ufw
	six, part := "", strings.TrimPrefix(chain, "6")
	if part != chain {
		six = "6"
	}
	r.early = strings.HasPrefix(part, "-user")
	if strings.HasPrefix(part, "-before") {
		r.file = "/etc/ufw/before" + six + ".rules"
	}
}
