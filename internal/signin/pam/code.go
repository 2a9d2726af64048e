package pam

// Code is the answer of a module: Linux-PAM's _pam_types.h.
type Code int8

// The answers that this package names; the others have names in codeNames.
const (
	Success         Code = 0
	serviceErr      Code = 3
	systemErr       Code = 4
	permDenied      Code = 6
	authErr         Code = 7
	authinfoUnavail Code = 9
	userUnknown     Code = 10
	newAuthtok      Code = 12
	acctExpired     Code = 13
	sessionErr      Code = 14
	ignore          Code = 25
	abort           Code = 26
	authtokExpired  Code = 27
	moduleUnknown   Code = 28
	incomplete      Code = 31

	codes = 32 // _PAM_RETURN_VALUES
)

// codeNames are the names of the answers in a control in brackets (libpam/pam_tokens.h),
// each at its number; the last one is not an answer.
func codeNames() []string {
	return []string{
		"success", "open_err", "symbol_err", "service_err", "system_err", "buf_err", "perm_denied", "auth_err",
		"cred_insufficient", "authinfo_unavail", "user_unknown", "maxtries", "new_authtok_reqd", "acct_expired",
		"session_err", "cred_unavail", "cred_expired", "cred_err", "no_module_data", "conv_err", "authtok_err",
		"authtok_recover_err", "authtok_lock_busy", "authtok_disable_aging", "try_again", "ignore", "abort",
		"authtok_expired", "module_unknown", "bad_item", "conv_again", "incomplete", "default",
	}
}

// String is the name of the answer in a control in brackets.
func (c Code) String() string { return codeNames()[c] }

// action is what a control does with an answer; above zero it is the number of lines to
// jump over (libpam/pam_private.h).
type action int32

const (
	actIgnore action = -iota
	actOK
	actDone
	actBad
	actDie
	actReset
	actUndefined
)

// actionNames are the names of the actions, each at its negated number.
func actionNames() []string { return []string{"ignore", "ok", "done", "bad", "die", "reset"} }

// control is the action for each answer.
type control [codes]action

// rest sets the actions that are not set yet (_pam_set_default_control).
func (c *control) rest(a action) {
	for i := range c {
		if c[i] == actUndefined {
			c[i] = a
		}
	}
}

func undefined() (c control) {
	for i := range c {
		c[i] = actUndefined
	}
	return c
}
