# aadsshlogin-handler as a VM application: gallery, application, version, and the assignment to VMs. It installs this
# project's handler by its command setup, not Microsoft's extension.

terraform {
  required_version = ">= 1.5"
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.0, < 5.0"
    }
    azapi = {
      source  = "azure/azapi"
      version = ">= 2.0, < 3.0"
    }
  }
}

variable "resource_group" {
  description = "Name of the resource group."
  type        = string
}

variable "location" {
  description = "Region of the gallery; the version is kept there."
  type        = string
}

variable "gallery_name" {
  description = "Name of the gallery."
  type        = string
}

variable "application_version" {
  description = "Version of the application: three numbers."
  type        = string
  validation {
    condition     = can(regex("^[0-9]+\\.[0-9]+\\.[0-9]+$", var.application_version))
    error_message = "A version of a VM application is three numbers, as in 1.0.1."
  }
}

variable "package_url" {
  description = "URL of the package (aadsshlogin-handler-VERSION.vm-application.tar.gz) in a storage account."
  type        = string
}

variable "settings_url" {
  description = "URL of a JSON file with settings (docs/settings.md); null: none."
  type        = string
  default     = null
}

variable "virtual_machines" {
  description = "Resource ids of Linux VMs with a system-assigned identity, by any key."
  type        = map(string)
  default     = {}
}

variable "scale_sets" {
  description = "Resource ids of Linux scale sets with a system-assigned identity, by any key."
  type        = map(string)
  default     = {}
}

variable "other_applications" {
  description = "The other applications of these machines, as in their applicationProfile: the list is set as a whole, so what is not here is taken off them."
  type        = list(any)
  default     = []
}

resource "azurerm_shared_image_gallery" "this" {
  name                = var.gallery_name
  resource_group_name = var.resource_group
  location            = var.location
}

resource "azurerm_gallery_application" "this" {
  name              = "aadsshlogin-handler"
  gallery_id        = azurerm_shared_image_gallery.this.id
  location          = var.location
  supported_os_type = "Linux"
}

resource "azurerm_gallery_application_version" "this" {
  name                   = var.application_version
  gallery_application_id = azurerm_gallery_application.this.id
  location               = var.location

  manage_action {
    install = file("${path.module}/install")
    update  = file("${path.module}/update")
    remove  = file("${path.module}/remove")
  }

  source {
    media_link                 = var.package_url
    default_configuration_link = var.settings_url
  }

  target_region {
    name                   = var.location
    regional_replica_count = 1
  }
}

locals {
  # Without treatFailureAsDeploymentFailure a command that fails is reported as a success.
  profile = {
    galleryApplications = concat(var.other_applications, [{
      packageReferenceId              = azurerm_gallery_application_version.this.id
      order                           = 1
      treatFailureAsDeploymentFailure = true
    }])
  }
}

# azurerm has treatFailureAsDeploymentFailure in the VM's own resource only, and not for scale sets. A machine that is
# taken out of the map here keeps the application (azapi_update_resource): set its list anew.
resource "azapi_update_resource" "virtual_machine" {
  for_each    = var.virtual_machines
  type        = "Microsoft.Compute/virtualMachines@2024-07-01"
  resource_id = each.value
  body        = { properties = { applicationProfile = local.profile } }
}

resource "azapi_update_resource" "scale_set" {
  for_each    = var.scale_sets
  type        = "Microsoft.Compute/virtualMachineScaleSets@2024-07-01"
  resource_id = each.value
  body        = { properties = { virtualMachineProfile = { applicationProfile = local.profile } } }
}

output "version_id" {
  value = azurerm_gallery_application_version.this.id
}
