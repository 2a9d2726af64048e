package decide

import "fmt"

// String is the kind in one stable word.
func (k Kind) String() string {
	switch k {
	case Transport:
		return "transport"
	case FetchKey:
		return "fetch-key"
	case DropFile:
		return "drop-file"
	case WriteFile:
		return "write-file"
	case ImportKey:
		return "import-key"
	case Refresh:
		return "refresh"
	case Repair:
		return "repair"
	case Install:
		return "install"
	case PutBack:
		return "put-back"
	case Replace:
		return "replace"
	case Reinstall:
		return "reinstall"
	case Reload:
		return "reload"
	}
	return fmt.Sprintf("kind-%d", int(k))
}
