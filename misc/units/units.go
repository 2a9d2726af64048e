// Package units holds the systemd units of the watch, as templates.
package units

import "embed"

// Files are the templates, each under the name that the unit has on a machine.
//
//go:embed aadsshlogin-handler*
var Files embed.FS
