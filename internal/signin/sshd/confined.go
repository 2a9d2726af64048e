package sshd

import (
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/host"
	"aadssh/internal/text"
)

// readConfined are the settings of sshd's unit by which systemd keeps something from sshd, and
// those of the slices that it and people's sessions are in (systemd.exec(5),
// systemd.resource-control(5), pam_systemd(8)).
func readConfined(h *host.Host, unit string) []setting {
	all := confining(h, unitFiles(h, unit), "[Service]")
	for _, slice := range []string{"system.slice", "user.slice", "user-.slice"} {
		all = append(all, confining(h, dropins(h, []string{slice}), "[Slice]")...)
	}
	return all
}

// confining is the last setting of each kind in the files of a unit that takes away what a
// sign-in may need. ProtectSystem=yes leaves /etc as it is. What does not concern a sign-in,
// like ProtectHome=, without which people are in all the same, is left out.
func confining(h *host.Host, files []string, section string) (all []setting) {
	for _, file := range files {
		eachSetting(h, file, section, func(key, value string, line int) {
			if !confines(key) {
				return
			}
			all = slices.DeleteFunc(all, func(s setting) bool { return s.key == key })
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
