// Sign-in with Microsoft Entra ID on a Linux scale set. Where its upgrade policy is manual, update the instances afterwards.

@description('Name of the scale set. It must have a system-assigned identity.')
param scaleSetName string

@description('Names of extensions of the scale set that must be done before.')
param provisionAfterExtensions array = []

@description('Settings of the extension; {} is enough for the agent to read its status. See docs/settings.md.')
param settings object = {}

@description('Publisher of the extension. The default is Microsoft\'s, so Microsoft\'s handler is installed; name yours where you publish this one.')
param publisher string = 'Microsoft.Azure.ActiveDirectory'

@description('Type of the extension at that publisher.')
param extensionType string = 'AADSSHLoginForLinux'

@description('Name of the extension\'s resource. One machine cannot have two resources of the same type: the portal names its own AADSSHLogin.')
param extensionName string = 'AADSSHLoginForLinux'

resource scaleSet 'Microsoft.Compute/virtualMachineScaleSets@2024-07-01' existing = {
  name: scaleSetName
}

resource signIn 'Microsoft.Compute/virtualMachineScaleSets/extensions@2024-07-01' = {
  parent: scaleSet
  name: extensionName
  properties: {
    publisher: publisher
    type: extensionType
    typeHandlerVersion: '1.0'
    autoUpgradeMinorVersion: true
    settings: settings
    provisionAfterExtensions: provisionAfterExtensions
  }
}

output extensionId string = signIn.id
