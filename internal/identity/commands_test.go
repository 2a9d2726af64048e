package identity

import "testing"

// What a machine of each kind is told to type.
func TestCommands(t *testing.T) {
	vm := Machine{Name: "web1", Group: "rg", Subscription: "s"}
	instance := Machine{Name: "pool_3", Group: "rg", ScaleSet: "pool"}
	arc := Machine{Name: "db1", Group: "rg", Arc: true}
	const model = `"az vmss update-instances -g rg -n pool --instance-ids '*'"`
	for _, c := range []struct{ got, want string }{
		{vm.Resize(), `"az vm resize -g rg -n web1 --subscription s --size SIZE"`},
		{instance.Resize(), `"az vmss update -g rg -n pool --set sku.name=SIZE", then ` + model},
		{arc.Resize(), "give it more memory where it runs"},
		{vm.redeploy(), `"az vm redeploy -g rg -n web1 --subscription s"`},
		{instance.redeploy(), `"az vmss redeploy" with this instance's id`},
		{arc.redeploy(), "move it to another host where it runs"},
		{instance.DeleteExtension("X"), `"az vmss extension delete -g rg --vmss-name pool -n X", then ` + model},
	} {
		if c.got != c.want {
			t.Errorf("%s\nwant %s", c.got, c.want)
		}
	}
}
