package sshd

import (
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/host"
	"aadssh/internal/text"
)

// readConfined is the last setting of a unit of each kind by which systemd keeps something
// from sshd and the sessions that a sign-in may need (systemd.exec(5),
// systemd.resource-control(5)); the first of them in the unit. ProtectSystem=yes leaves /etc as it is. What does not concern a
// sign-in, like ProtectHome=, without which people are in all the same, is left out.
func readConfined(h *host.Host, unit string) (all []setting) {
	for _, file := range unitFiles(h, unit) {
		eachSetting(h, file, "[Service]", func(key, value string, line int) {
			if !confines(key) {
				return
			}
			before := all
			for all = nil; len(before) > 0; before = before[1:] {
				if before[0].key != key {
					all = append(all, before[0])
				}
			}
			if !generous(value) && (key != "ProtectSystem" || value == "full" || value == "strict") {
				all = append(all, setting{key: key, file: file, line: line, value: value})
			}
		})
	}
	return all
}

// confines reports whether a setting can take something away that a sign-in needs.
func confines(key string) bool {
	return text.OneOf(key, "IPAddressDeny User DynamicUser CapabilityBoundingSet LimitNOFILE LimitNPROC LimitAS LimitDATA LimitFSIZE TasksMax MemoryMax MemoryHigh InaccessiblePaths "+
		"ProtectSystem ReadOnlyPaths PrivateUsers PrivateNetwork SystemCallFilter RestrictAddressFamilies RootDirectory RootImage RuntimeMaxSec TemporaryFileSystem NoExecPaths "+
		"WatchdogSec LimitSTACK LimitCPU SocketBindDeny RestrictNetworkInterfaces NetworkNamespacePath AppArmorProfile DevicePolicy InaccessibleDirectories ReadOnlyDirectories")
}

// generous reports whether a value takes nothing away that a sign-in needs: nothing at all,
// or a number that is far above it.
func generous(value string) bool {
	if slices.Contains([]string{"", "no", "false", "off", "0", "infinity", "root", "auto"}, value) {
		return true
	}
	if text.Begins(value, "/ -/") { // folders
		for _, w := range strings.Fields(value) {
			if !theirs(strings.TrimLeft(w, "-+") + "/") {
				return false
			}
		}
		return true
	}
	first, _, _ := strings.Cut(value, ":")
	n, err := strconv.ParseInt(strings.TrimRight(first, "KMGT%"), 10, 64)
	return err == nil && (n >= enough || strings.HasSuffix(first, "G") || strings.HasSuffix(first, "%"))
}

// theirs reports whether a folder, with a slash at its end, holds what is people's, and nothing that signs them in.
func theirs(folder string) bool {
	return text.Begins(folder, "/home/ /root/ /boot/ /mnt/ /media/ /srv/ /opt/ /tmp/ /var/tmp/")
}

// enough is more files, processes or megabytes than a sign-in takes.
const enough = 256
