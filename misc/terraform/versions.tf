terraform {
  required_version = ">= 1.5"
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.31, < 5.0" # before it an identity and an extension in one apply could fail (azurerm #29717)
    }
  }
}
