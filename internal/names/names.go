// Package names is the one table of the handlers that the program knows: its
// own, Microsoft's, and the older one that both replace. It imports nothing.
package names

// Handler is a VM extension as the platform names it.
type Handler struct{ Publisher, Type string }

// Full is the name by which the agent calls a handler, and the first part of its
// folder's name (waagent exthandlers.py, get_full_name).
func (h Handler) Full() string { return h.Publisher + "." + h.Type }

// Who publishes this build, set by the linker (make PUBLISHER=... TYPE=...) for
// those who publish it under their own name.
var publisher, extensionType string

// Ours is the name under which this build is published: Microsoft's where the
// build was given none, for that is the name that machines ask for.
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

// Older is the preview that the public documentation says must go first.
func Older() Handler {
	return Handler{"Microsoft.Azure.ActiveDirectory.LinuxSSH", "AADLoginForLinux"}
}

// Current are the handlers that bring the login packages: ours and Microsoft's,
// once where they have the same name.
func Current() []Handler {
	if Ours() == Microsoft() {
		return []Handler{Microsoft()}
	}
	return []Handler{Ours(), Microsoft()}
}

// Of takes a full name apart: the type is what stands behind the last dot.
func Of(full string) Handler {
	for i := len(full) - 1; i > 0; i-- {
		if full[i] == '.' {
			return Handler{full[:i], full[i+1:]}
		}
	}
	return Handler{Type: full}
}
