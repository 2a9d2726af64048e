# Objects, so that null is seen in a plan also where the id is not known yet.
variable "virtual_machine" {
  description = "Resource id of a Linux VM with a system-assigned identity; null: none. The others are checked when the plan is made: identity_type = azurerm_linux_virtual_machine.web.identity[0].type, provision_vm_agent, allow_extension_operations."
  type = object({
    id                         = string
    identity_type              = optional(string)
    provision_vm_agent         = optional(bool)
    allow_extension_operations = optional(bool)
  })
  default = null
}

variable "scale_set" {
  description = "Resource id of a Linux scale set with a system-assigned identity; null: none. The others are checked when the plan is made, as with a VM."
  type = object({
    id                           = string
    identity_type                = optional(string)
    provision_vm_agent           = optional(bool)
    extension_operations_enabled = optional(bool)
  })
  default = null
}

variable "arc_machine" {
  description = "Resource id and region of an Arc-enabled Linux server; null: none."
  type        = object({ id = string, location = string })
  default     = null
}

variable "provision_after_extensions" {
  description = "Names of extensions of the scale set that must be done before."
  type        = list(string)
  default     = []
}

variable "settings" {
  description = "Settings of the extension; {} is enough for the agent to read its status. See docs/settings.md."
  type        = any
  default     = {}
}

variable "publisher" {
  description = "Publisher of the extension. The default is Microsoft's, so Microsoft's handler is installed; name yours where you publish this one."
  type        = string
  default     = "Microsoft.Azure.ActiveDirectory"
}

variable "extension_type" {
  description = "Type of the extension at that publisher."
  type        = string
  default     = "AADSSHLoginForLinux"
}

variable "extension_name" {
  description = "Name of the extension's resource. One machine cannot have two resources of the same type: the portal names its own AADSSHLogin."
  type        = string
  default     = "AADSSHLoginForLinux"
}
