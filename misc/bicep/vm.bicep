// Sign-in with Microsoft Entra ID on one Linux VM. Its resource needs identity: { type: 'SystemAssigned' }.

@description('Name of the VM. It must have a system-assigned identity.')
param vmName string

@description('Region of the VM.')
param location string = resourceGroup().location

@description('Settings of the extension; {} is enough for the agent to read its status. See docs/settings.md.')
param settings object = {}

@description('Publisher of the extension. The default is Microsoft\'s, so Microsoft\'s handler is installed; name yours where you publish this one.')
param publisher string = 'Microsoft.Azure.ActiveDirectory'

@description('Type of the extension at that publisher.')
param extensionType string = 'AADSSHLoginForLinux'

@description('Name of the extension\'s resource. One machine cannot have two resources of the same type: the portal names its own AADSSHLogin.')
param extensionName string = 'AADSSHLoginForLinux'

resource vm 'Microsoft.Compute/virtualMachines@2024-07-01' existing = {
  name: vmName
}

resource signIn 'Microsoft.Compute/virtualMachines/extensions@2024-07-01' = {
  parent: vm
  name: extensionName
  location: location
  properties: {
    publisher: publisher
    type: extensionType
    typeHandlerVersion: '1.0'
    autoUpgradeMinorVersion: true
    settings: settings
  }
}

output extensionId string = signIn.id
