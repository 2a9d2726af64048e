// Sign-in with Microsoft Entra ID on an Arc-enabled Linux server, which has its identity from being connected.

@description('Name of the Arc-enabled server.')
param machineName string

@description('Region of the server\'s resource.')
param location string = resourceGroup().location

@description('Settings of the extension; {} is enough for the agent to read its status. See docs/settings.md.')
param settings object = {}

@description('Publisher of the extension. The default is Microsoft\'s, so Microsoft\'s handler is installed; name yours where you publish this one.')
param publisher string = 'Microsoft.Azure.ActiveDirectory'

@description('Type of the extension at that publisher.')
param extensionType string = 'AADSSHLoginForLinux'

@description('Name of the extension\'s resource. One machine cannot have two resources of the same type: the portal names its own AADSSHLogin.')
param extensionName string = 'AADSSHLoginForLinux'

resource machine 'Microsoft.HybridCompute/machines@2024-07-10' existing = {
  name: machineName
}

resource signIn 'Microsoft.HybridCompute/machines/extensions@2024-07-10' = {
  parent: machine
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
