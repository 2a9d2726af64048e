package decide

import "fmt"

// String is the kind in one stable word.
func (k Kind) String() string {
	words := [...]string{Await: "await", Transport: "transport", FetchKey: "fetch-key", DropFile: "drop-file", WriteFile: "write-file", ImportKey: "import-key", Refresh: "refresh", Repair: "repair", Install: "install", PutBack: "put-back", Replace: "replace", Reinstall: "reinstall", Reload: "reload"}
	if k < 0 || int(k) >= len(words) {
		return fmt.Sprintf("kind-%d", int(k))
	}
	return words[k]
}
