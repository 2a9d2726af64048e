package text

import "bytes"

// Interpreter is the program named in the first line of a script; "" if it is no script.
// The kernel ends the name at a blank, so a carriage return is part of it (load_script in
// fs/binfmt_script.c).
func Interpreter(script []byte) string {
	line, _, _ := bytes.Cut(script, []byte("\n"))
	if words := bytes.FieldsFunc(bytes.TrimPrefix(line, []byte("#!")), func(r rune) bool { return r == ' ' || r == '\t' }); bytes.HasPrefix(line, []byte("#!")) && len(words) > 0 {
		return string(words[0])
	}
	return ""
}
