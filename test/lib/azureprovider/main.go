// Command azureprovider stands in for the Terraform providers azurerm and azapi: it has the
// schemas of the resources that our modules use, as the providers publish them, so that the
// real terraform checks types and references and evaluates preconditions. It only plans and
// creates nothing.
//
// Sources of the schemas, at azurerm 4.31 and azapi 2: website/docs/r of
// hashicorp/terraform-provider-azurerm (virtual_machine_extension,
// virtual_machine_scale_set_extension, arc_machine_extension, shared_image_gallery,
// gallery_application, gallery_application_version), docs/resources/update_resource.md of
// Azure/terraform-provider-azapi.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func main() {
	// terraform starts it under a file name that ends with the provider's.
	if err := serve(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(ctx context.Context) error {
	name := os.Getenv("STANDIN")
	if name == "" {
		return errors.New("start it by a script that sets STANDIN to azurerm or azapi")
	}
	return providerserver.Serve(ctx, func() provider.Provider { return standin(name) }, providerserver.ServeOpts{Address: "registry.terraform.io/standin/" + name})
}

// standin is the provider of this name.
type standin string

func (s standin) Metadata(_ context.Context, _ provider.MetadataRequest, r *provider.MetadataResponse) {
	r.TypeName = string(s)
}
func (standin) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse)          {}
func (standin) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}
func (standin) DataSources(context.Context) []func() datasource.DataSource                        { return nil }

func (s standin) Resources(context.Context) (all []func() resource.Resource) {
	for name, of := range schemas(string(s)) {
		all = append(all, func() resource.Resource { return planned{name, of} })
	}
	return all
}

// text are text attributes; a list's elements are texts too.
func text(required bool, names ...string) map[string]schema.Attribute {
	all := map[string]schema.Attribute{}
	for _, n := range names {
		all[n] = schema.StringAttribute{Required: required, Optional: !required}
	}
	return all
}

func flags(names ...string) map[string]schema.Attribute {
	all := map[string]schema.Attribute{}
	for _, n := range names {
		all[n] = schema.BoolAttribute{Optional: true}
	}
	return all
}

func lists(names ...string) map[string]schema.Attribute {
	all := map[string]schema.Attribute{}
	for _, n := range names {
		all[n] = schema.ListAttribute{Optional: true, ElementType: types.StringType}
	}
	return all
}

func tags() map[string]schema.Attribute {
	return map[string]schema.Attribute{"tags": schema.MapAttribute{Optional: true, ElementType: types.StringType}}
}

// of is a schema with these attributes, and the id that every resource has.
func of(blocks map[string]schema.Block, parts ...map[string]schema.Attribute) schema.Schema {
	all := map[string]schema.Attribute{"id": schema.StringAttribute{Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}}}
	for _, p := range parts {
		for name, a := range p {
			all[name] = a
		}
	}
	return schema.Schema{Attributes: all, Blocks: blocks}
}

func block(parts ...map[string]schema.Attribute) schema.Block {
	s := of(nil, parts...)
	delete(s.Attributes, "id")
	return schema.ListNestedBlock{NestedObject: schema.NestedBlockObject{Attributes: s.Attributes}}
}

func schemas(provider string) map[string]schema.Schema {
	vault := map[string]schema.Block{"protected_settings_from_key_vault": block(text(true, "secret_url", "source_vault_id"))}
	if provider == "azapi" {
		return map[string]schema.Schema{"azapi_update_resource": of(nil, text(true, "type"), text(false, "resource_id", "name", "parent_id"),
			flags("ignore_casing", "ignore_missing_property"), lists("locks"), map[string]schema.Attribute{"body": schema.DynamicAttribute{Optional: true}})}
	}
	return map[string]schema.Schema{
		"azurerm_virtual_machine_extension": of(vault, text(true, "name", "virtual_machine_id", "publisher", "type", "type_handler_version"),
			text(false, "settings", "protected_settings"), flags("auto_upgrade_minor_version", "automatic_upgrade_enabled", "failure_suppression_enabled"),
			lists("provision_after_extensions"), tags()),
		"azurerm_virtual_machine_scale_set_extension": of(vault, text(true, "name", "virtual_machine_scale_set_id", "publisher", "type", "type_handler_version"),
			text(false, "settings", "protected_settings", "force_update_tag"), flags("auto_upgrade_minor_version", "automatic_upgrade_enabled", "failure_suppression_enabled"),
			lists("provision_after_extensions")),
		"azurerm_arc_machine_extension": of(nil, text(true, "name", "arc_machine_id", "location", "publisher", "type"),
			text(false, "type_handler_version", "settings", "protected_settings", "force_update_tag"), flags("automatic_upgrade_enabled"), tags()),
		"azurerm_shared_image_gallery": of(nil, text(true, "name", "resource_group_name", "location"), text(false, "description"), tags()),
		"azurerm_gallery_application": of(nil, text(true, "name", "gallery_id", "location", "supported_os_type"),
			text(false, "description", "end_of_life_date", "eula", "privacy_statement_uri", "release_note_uri"), tags()),
		"azurerm_gallery_application_version": of(map[string]schema.Block{
			"manage_action": block(text(true, "install", "remove"), text(false, "update")),
			"source":        block(text(true, "media_link"), text(false, "default_configuration_link")),
			"target_region": block(text(true, "name"), map[string]schema.Attribute{"regional_replica_count": schema.Int64Attribute{Required: true}}, text(false, "storage_account_type"), flags("exclude_from_latest")),
		}, text(true, "name", "gallery_application_id", "location"), text(false, "config_file", "end_of_life_date", "package_file"), flags("enable_health_check", "exclude_from_latest"), tags()),
	}
}

// planned is a resource that can be planned but not created.
type planned struct {
	name string
	of   schema.Schema
}

func (p planned) Metadata(_ context.Context, _ resource.MetadataRequest, r *resource.MetadataResponse) {
	r.TypeName = p.name
}
func (p planned) Schema(_ context.Context, _ resource.SchemaRequest, r *resource.SchemaResponse) {
	r.Schema = p.of
}
func (planned) Create(_ context.Context, _ resource.CreateRequest, r *resource.CreateResponse) {
	r.Diagnostics.AddError("a stand-in creates nothing", "")
}
func (planned) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}
func (planned) Update(_ context.Context, _ resource.UpdateRequest, r *resource.UpdateResponse) {
	r.Diagnostics.AddError("a stand-in changes nothing", "")
}
func (planned) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
