# Sign-in with Microsoft Entra ID on one VM, one scale set and one Arc-enabled
# server: whichever is named. The machines themselves need
#   identity { type = "SystemAssigned" }
# and the resource that has it must be done first: depends_on, or its id here.

resource "azurerm_virtual_machine_extension" "sign_in" {
  count                      = var.virtual_machine == null ? 0 : 1
  name                       = var.extension_name
  virtual_machine_id         = var.virtual_machine.id
  publisher                  = var.publisher
  type                       = var.extension_type
  type_handler_version       = "1.0"
  auto_upgrade_minor_version = true
  settings                   = jsonencode(var.settings)

  lifecycle {
    precondition {
      condition     = var.virtual_machine.identity_type == null ? true : strcontains(var.virtual_machine.identity_type, "SystemAssigned")
      error_message = "The VM has no system-assigned identity, without which sign-in cannot work (code 22): identity { type = \"SystemAssigned\" }."
    }
    precondition {
      condition     = coalesce(var.virtual_machine.provision_vm_agent, true)
      error_message = "The VM has no agent (provision_vm_agent = false), so no extension arrives on it: see docs/install.md for setup."
    }
    precondition {
      condition     = coalesce(var.virtual_machine.allow_extension_operations, true)
      error_message = "The VM does not allow extensions (allow_extension_operations = false): see docs/install.md for setup."
    }
  }
}

resource "azurerm_virtual_machine_scale_set_extension" "sign_in" {
  count                        = var.scale_set == null ? 0 : 1
  name                         = var.extension_name
  virtual_machine_scale_set_id = var.scale_set.id
  publisher                    = var.publisher
  type                         = var.extension_type
  type_handler_version         = "1.0"
  auto_upgrade_minor_version   = true
  provision_after_extensions   = var.provision_after_extensions
  settings                     = jsonencode(var.settings)

  lifecycle {
    precondition {
      condition     = var.scale_set.identity_type == null ? true : strcontains(var.scale_set.identity_type, "SystemAssigned")
      error_message = "The scale set has no system-assigned identity, without which sign-in cannot work (code 22): identity { type = \"SystemAssigned\" }."
    }
    precondition {
      condition     = coalesce(var.scale_set.provision_vm_agent, true)
      error_message = "The scale set has no agent (provision_vm_agent = false), so no extension arrives on it: see docs/install.md for setup."
    }
    precondition {
      condition     = coalesce(var.scale_set.extension_operations_enabled, true)
      error_message = "The scale set does not allow extensions (extension_operations_enabled = false): see docs/install.md for setup."
    }
  }
}

resource "azurerm_arc_machine_extension" "sign_in" {
  count                = var.arc_machine == null ? 0 : 1
  name                 = var.extension_name
  arc_machine_id       = var.arc_machine.id
  location             = var.arc_machine.location
  publisher            = var.publisher
  type                 = var.extension_type
  type_handler_version = "1.0"
  settings             = jsonencode(var.settings)
}
