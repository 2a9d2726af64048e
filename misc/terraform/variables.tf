# Objects, so that null is seen in a plan also where the id is not known yet.
variable "virtual_machine" {
  description = "Resource id of a Linux VM with a system-assigned identity; null: none."
  type        = object({ id = string })
  default     = null
}

variable "scale_set" {
  description = "Resource id of a Linux scale set with a system-assigned identity; null: none."
  type        = object({ id = string })
  default     = null
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
