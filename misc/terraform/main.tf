# Sign-in with Microsoft Entra ID on one VM, one scale set and one Arc-enabled
# server: whichever is named. The machines themselves need
#   identity { type = "SystemAssigned" }
# and the resource that has it must be done first: depends_on, or its id here.

resource "azurerm_virtual_machine_extension" "sign_in" {
  count                      = var.virtual_machine == null ? 0 : 1
  name                       = "AADSSHLoginForLinux"
  virtual_machine_id         = var.virtual_machine.id
  publisher                  = "Microsoft.Azure.ActiveDirectory"
  type                       = "AADSSHLoginForLinux"
  type_handler_version       = "1.0"
  auto_upgrade_minor_version = true
  settings                   = jsonencode(var.settings)
}

resource "azurerm_virtual_machine_scale_set_extension" "sign_in" {
  count                        = var.scale_set == null ? 0 : 1
  name                         = "AADSSHLoginForLinux"
  virtual_machine_scale_set_id = var.scale_set.id
  publisher                    = "Microsoft.Azure.ActiveDirectory"
  type                         = "AADSSHLoginForLinux"
  type_handler_version         = "1.0"
  auto_upgrade_minor_version   = true
  provision_after_extensions   = var.provision_after_extensions
  settings                     = jsonencode(var.settings)
}

resource "azurerm_arc_machine_extension" "sign_in" {
  count                = var.arc_machine == null ? 0 : 1
  name                 = "AADSSHLoginForLinux"
  arc_machine_id       = var.arc_machine.id
  location             = var.arc_machine.location
  publisher            = "Microsoft.Azure.ActiveDirectory"
  type                 = "AADSSHLoginForLinux"
  type_handler_version = "1.0"
  settings             = jsonencode(var.settings)
}
