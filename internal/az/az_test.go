package az

import (
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"aadssh/internal/names"
)

// The commands for a machine of each kind.
func TestCommands(t *testing.T) {
	vm := Machine{Name: "web1", Group: "rg", Subscription: "s"}
	instance := Machine{Name: "pool_3", Group: "rg(prod)", ScaleSet: "pool"}
	arc := Machine{Name: "db1", Group: "rg", Arc: true}
	const model = ` && az vmss update-instances -g 'rg(prod)' -n pool --instance-ids '*'`
	for _, c := range []struct{ got, want string }{
		{vm.Resize().String(), `az vm resize -g rg -n web1 --size SIZE --subscription s`},
		{instance.Resize().String(), `az vmss update -g 'rg(prod)' -n pool --set sku.name=SIZE` + model},
		{vm.Redeploy(), `az vm redeploy -g rg -n web1 --subscription s`},
		{instance.Redeploy(), `az vmss redeploy -g 'rg(prod)' -n pool --instance-ids 3`},
		{instance.DeleteExtension("X").String(), `az vmss extension delete -g 'rg(prod)' --vmss-name pool -n X` + model},
		{arc.DeleteExtension("X").String(), `az connectedmachine extension delete -g rg --machine-name db1 -n X`},
		{Machine{}.AssignIdentity().String(), `az vm identity assign -g GROUP -n NAME`},
		{instance.AssignIdentity().String(), `az vmss identity assign -g 'rg(prod)' -n pool` + model},
		{arc.ShowIdentity(), `az connectedmachine show -g rg -n db1 --query identity`},
		{vm.SetExtension(names.Microsoft(), NoSettings).String(), `az vm extension set --publisher Microsoft.Azure.ActiveDirectory -n AADSSHLoginForLinux -g rg --vm-name web1 --settings '{}' --force-update --subscription s`},
		{arc.SetExtension(names.Microsoft(), SettingsFile).String(), `az connectedmachine extension create --publisher Microsoft.Azure.ActiveDirectory -n AADSSHLoginForLinux -g rg --machine-name db1 --settings settings.json --type AADSSHLoginForLinux --location LOCATION --force-update-tag "$(date +%s)"`},
		{instance.ListExtensions(), `az vmss extension list -g 'rg(prod)' --vmss-name pool -o table`},
		{vm.RunScript("df -h; df -i"), `az vm run-command invoke -g rg -n web1 --command-id RunShellScript --scripts 'df -h; df -i' --subscription s`},
		{vm.SSH("-o", "A=+b"), `az ssh vm -g rg -n web1 --subscription s -- -o A=+b`},
		{arc.SSH(), `az ssh arc -g rg -n db1`},
		{instance.ID(), `/subscriptions/SUBSCRIPTION/resourceGroups/rg(prod)/providers/Microsoft.Compute/virtualMachineScaleSets/pool`},
	} {
		if c.got != c.want {
			t.Errorf("%s\nwant %s", c.got, c.want)
		}
	}
}

// Whatever a name contains, allowed in Azure or not, az gets it unchanged, as one word,
// with the subscription.
func TestEveryArgumentIsQuoted(t *testing.T) {
	const nasty = `it's $(touch x) "rg(prod)" ; & * ~`
	for _, m := range []Machine{
		{Subscription: "s-1", Group: nasty, Name: nasty},
		{Subscription: "s-1", Group: nasty, Name: nasty, ScaleSet: nasty},
		{Subscription: "s-1", Group: nasty, Name: nasty, Arc: true},
		{Subscription: nasty, Group: nasty, Name: nasty},
	} {
		v := reflect.ValueOf(m)
		for i := range v.NumMethod() {
			name, method := v.Type().Method(i).Name, v.Method(i)
			if name == "ID" {
				continue // a word of commands, and quoted there
			}
			var in []reflect.Value
			for j := range method.Type().NumIn() {
				if method.Type().IsVariadic() && j == method.Type().NumIn()-1 {
					break
				}
				if method.Type().In(j) == reflect.TypeFor[names.Handler]() {
					in = append(in, reflect.ValueOf(names.Handler{Publisher: nasty, Type: nasty}))
				} else {
					in = append(in, reflect.ValueOf(nasty))
				}
			}
			commands, many := method.Call(in)[0].Interface().(Commands)
			if !many {
				commands = Commands{method.Call(in)[0].String()}
			}
			for _, c := range commands {
				words := typed(t, c)
				whole := func(w string) bool {
					return w == nasty || w == m.ID() || strings.HasSuffix(w, nasty) || !strings.ContainsAny(w, "'\"$;&")
				}
				for _, w := range words {
					if !whole(w) && !strings.HasPrefix(w, "[?starts_with") {
						t.Errorf("%s: the word %q of %s", name, w, c)
					}
				}
				if at := slices.Index(words, "--subscription"); at < 0 || words[at+1] != m.Subscription {
					t.Errorf("%s names no subscription: %s", name, c)
				}
			}
		}
	}
}

// typed are the words that az gets when a shell runs a command.
func typed(t *testing.T, command string) []string {
	t.Helper()
	out, err := exec.Command("sh", "-c", `az() { printf '%s\0' "$@"; }; `+command).Output()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

func TestCommandsWithoutAMachineAreForAShell(t *testing.T) {
	for _, c := range append(Client(), SignIns(), EntraSSH(), Images()) {
		if words := typed(t, c); len(words) == 0 {
			t.Error(c)
		}
	}
}
