// aadsshlogin-handler as a VM application: a gallery, the application and one version of it. It installs this
// project's handler by its command setup, not Microsoft's extension.

@description('Name of the gallery.')
param galleryName string

@description('Region of the gallery; the version is kept there.')
param location string = resourceGroup().location

@description('Version of the application: three numbers.')
param version string

@description('URL of the package (make release: aadsshlogin-handler-VERSION.vm-application.tar.gz) in a storage account, with a SAS or readable by everybody.')
param packageUrl string

@description('URL of a JSON file with settings (docs/settings.md); empty: none.')
param settingsUrl string = ''

resource gallery 'Microsoft.Compute/galleries@2024-03-03' = {
  name: galleryName
  location: location
}

resource application 'Microsoft.Compute/galleries/applications@2024-03-03' = {
  parent: gallery
  name: 'aadsshlogin-handler'
  location: location
  properties: {
    supportedOSType: 'Linux'
    description: 'Sign-in with Microsoft Entra ID over SSH: aadsshlogin-handler setup'
  }
}

resource applicationVersion 'Microsoft.Compute/galleries/applications/versions@2024-03-03' = {
  parent: application
  name: version
  location: location
  properties: {
    publishingProfile: {
      source: {
        mediaLink: packageUrl
        defaultConfigurationLink: empty(settingsUrl) ? null : settingsUrl
      }
      manageActions: {
        install: loadTextContent('install')
        update: loadTextContent('update')
        remove: loadTextContent('remove')
      }
      targetRegions: [
        {
          name: location
        }
      ]
    }
  }
}

output versionId string = applicationVersion.id

// What goes into a VM's own resource (properties.applicationProfile) and a scale set's
// (properties.virtualMachineProfile.applicationProfile). Without treatFailureAsDeploymentFailure a command that fails
// is reported as a success.
output applicationProfile object = {
  galleryApplications: [
    {
      packageReferenceId: applicationVersion.id
      order: 1
      treatFailureAsDeploymentFailure: true
    }
  ]
}
