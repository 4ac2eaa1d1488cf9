// The Flex Consumption plan and the app.
param name string
param location string
param tags { *: string }
param identityName string
param insightsName string
param workspaceId string
param packageContainerUrl string
param pythonVersion string
param instanceMemoryMB int
param maximumInstanceCount int
param alwaysReady { name: string, instanceCount: int }[]
param zoneRedundant bool
param httpConcurrency int
param networkName string
param entra { clientId: string, allowedApplications: string[] }
param settings { *: string }

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: '${name}-plan'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource site 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, {
    'azd-service-name': 'app' // as azure.yaml calls it
    'hidden-link: /app-insights-resource-id': insights.id // links the app to its telemetry in the portal
  })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled' // callers come from anywhere, with a key
    keyVaultReferenceIdentity: identity.id // the default is the system-assigned one, which does not exist
    virtualNetworkSubnetId: empty(networkName)
      ? null
      : resourceId('Microsoft.Network/virtualNetworks/subnets', networkName, 'app')
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: {
        name: 'python'
        version: pythonVersion
      }
      scaleAndConcurrency: {
        alwaysReady: alwaysReady
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        triggers: {
          http: {
            perInstanceConcurrency: httpConcurrency
          }
        }
      }
    }
  }
}

// Not set here and above, because Flex refuses them, in some regions with an error: FUNCTIONS_WORKER_RUNTIME,
// FUNCTIONS_EXTENSION_VERSION, WEBSITE_RUN_FROM_PACKAGE, and ftpsState, since there is no FTP.
// https://learn.microsoft.com/azure/azure-functions/functions-app-settings#flex-consumption-plan-deprecations
resource appSettings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: site
  name: 'appsettings'
  properties: settings
}

// No password for deployments: func and azd publish with your own token.
resource password 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: site
  name: 'scm'
  properties: {
    allow: false
  }
}

// Callers then need a token of this tenant for the app registration, in addition to the function key.
//
// Without a token: what needs no key either, since it has no data; and health and events, which availability tests and the
// iTwin Platform ask for with a key, and cannot get tokens.  A path without `*` is that path alone (https://github.com/MicrosoftDocs/azure-docs/issues/86514).
resource authentication 'Microsoft.Web/sites/config@2024-11-01' = if (!empty(entra.clientId)) {
  parent: site
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      excludedPaths: ['/api', '/api/', '/api/openapi.json', '/api/health', '/api/events']
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: entra.clientId
          // The registration must ask for tokens of version 2 (`requestedAccessTokenVersion`), whose issuer this is.
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: {
          // The audience of version 2 is the client id; the URI is the one to ask for a token with.
          allowedAudiences: [entra.clientId, 'api://${entra.clientId}']
          defaultAuthorizationPolicy: empty(entra.allowedApplications)
            ? null
            : {
                allowedApplications: entra.allowedApplications
              }
        }
      }
    }
    httpSettings: {
      requireHttps: true
    }
  }
}

// The host's log, for when it cannot reach Application Insights.  host.json limits it to warnings, in hosts since late 2025
// (https://github.com/Azure/azure-functions-host/issues/11434; docs/operate.md says how to look).  Requests to the queue
// and the tables are not logged, since a line per request would cost several times the poll.
resource hostLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'host'
  scope: site
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'FunctionAppLogs'
        enabled: true
      }
    ]
  }
}

output name string = site.name
output url string = 'https://${site.properties.defaultHostName}'
