// Package words has the words of scripts about what is around a machine. The scripts of
// test/suite/enable and of test/suite/e2e both have them.
package words

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/pkghost"
)

// Offer reads the packages of a repository: NAME=VERSION, with variants behind commas:
// noise=N, sleep=DURATION, hold=PATH, failpost. See fixtures.Spec.
func Offer(args []string) ([]fixtures.Spec, error) {
	var all []fixtures.Spec
	for _, arg := range args {
		fields := strings.Split(arg, ",")
		name, version, named := strings.Cut(fields[0], "=")
		if !named {
			return nil, fmt.Errorf("NAME=VERSION, not %q", arg)
		}
		spec := fixtures.Spec{Name: name, Version: version}
		for _, f := range fields[1:] {
			key, value, _ := strings.Cut(f, "=")
			var err error
			switch key {
			case "noise":
				spec.Noise, err = strconv.Atoi(value)
			case "sleep":
				spec.Sleep, err = time.ParseDuration(value)
			case "hold":
				spec.Hold = value
			case "failpost":
				spec.FailPost = true
			default:
				err = fmt.Errorf("no such variant: %q", f)
			}
			if err != nil {
				return nil, err
			}
		}
		all = append(all, spec)
	}
	return all, nil
}

// Host makes the package host reachable, or not.
func Host(h *pkghost.Host, args []string) error {
	switch strings.Join(args, " ") {
	case "up":
		return h.Up()
	case "down":
		h.Down()
		return nil
	}
	return fmt.Errorf("up or down, not %q", args)
}

// Identity makes the metadata service answer questions about the VM's identity with:
// system, user (only a user-assigned one), none, garbage, page (of a guest network).
func Identity(service *metadata.Service, group, vm string, args []string) error {
	answer, known := map[string]metadata.Answer{
		"system":  metadata.TokenOf(metadata.VMID(group, vm)),
		"user":    metadata.TokenOf(metadata.UserAssignedID(group, "build-agents")),
		"none":    metadata.NoIdentity(),
		"garbage": metadata.Text(200, "text/plain", "garbage"),
		"page":    metadata.Page(200),
	}[strings.Join(args, " ")]
	if !known {
		return fmt.Errorf("system, user, none, garbage or page, not %q", args)
	}
	service.Always(metadata.TokenPath, answer)
	return nil
}
