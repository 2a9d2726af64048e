// Package names is the only list of the handlers that the program knows: its own,
// Microsoft's, and the older one that both replace. It imports nothing.
package names

// Handler names a VM extension as the platform does.
type Handler struct{ Publisher, Type string }

// Full is the name by which the agent calls a handler, and the first part of its
// folder's name (waagent exthandlers.py, get_full_name).
func (h Handler) Full() string { return h.Publisher + "." + h.Type }

// The publisher and type of this build, set by the linker (make PUBLISHER=... TYPE=...) by
// those who publish it under their own name.
var publisher, extensionType string

// Ours is the name under which this build is published: Microsoft's by default, because
// machines ask for that name.
func Ours() Handler {
	if publisher == "" || extensionType == "" {
		return Microsoft()
	}
	return Handler{publisher, extensionType}
}

// Microsoft is the handler of the public documentation ("Sign in to a Linux
// virtual machine in Azure by using Microsoft Entra ID and OpenSSH").
func Microsoft() Handler {
	return Handler{"Microsoft.Azure.ActiveDirectory", "AADSSHLoginForLinux"}
}

// Older is the preview that must be removed first, according to the public documentation.
func Older() Handler {
	return Handler{"Microsoft.Azure.ActiveDirectory.LinuxSSH", "AADLoginForLinux"}
}

// Current are the handlers that install the login packages: ours and Microsoft's, without
// duplicates.
func Current() []Handler {
	if Ours() == Microsoft() {
		return []Handler{Microsoft()}
	}
	return []Handler{Ours(), Microsoft()}
}

// Of splits a full name: the type is what follows the last dot.
func Of(full string) Handler {
	for i := len(full) - 1; i > 0; i-- {
		if full[i] == '.' {
			return Handler{full[:i], full[i+1:]}
		}
	}
	return Handler{Type: full}
}
