// Sign-in with Microsoft Entra ID on one Linux VM. Its resource needs identity: { type: 'SystemAssigned' }.

@description('Name of the VM. It must have a system-assigned identity.')
param vmName string

@description('Region of the VM.')
param location string = resourceGroup().location

@description('Settings of the extension; {} is enough for the agent to read its status. See docs/settings.md.')
param settings object = {}

resource vm 'Microsoft.Compute/virtualMachines@2024-07-01' existing = {
  name: vmName
}

resource signIn 'Microsoft.Compute/virtualMachines/extensions@2024-07-01' = {
  parent: vm
  name: 'AADSSHLoginForLinux'
  location: location
  properties: {
    publisher: 'Microsoft.Azure.ActiveDirectory'
    type: 'AADSSHLoginForLinux'
    typeHandlerVersion: '1.0'
    autoUpgradeMinorVersion: true
    settings: settings
  }
}

output extensionId string = signIn.id
