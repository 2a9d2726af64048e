// Sign-in with Microsoft Entra ID on an Arc-enabled Linux server, which has its identity from being connected.

@description('Name of the Arc-enabled server.')
param machineName string

@description('Region of the server\'s resource.')
param location string = resourceGroup().location

@description('Settings of the extension; {} is enough for the agent to read its status. See docs/settings.md.')
param settings object = {}

resource machine 'Microsoft.HybridCompute/machines@2024-07-10' existing = {
  name: machineName
}

resource signIn 'Microsoft.HybridCompute/machines/extensions@2024-07-10' = {
  parent: machine
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
