// Stores the client secret of the iTwin service application, the secret that signs callbacks, and those that sign events of
// iTwin webhooks.  The app reads them, and one principal may set them; the template never sees them.
param name string
param location string
param tags { *: string }
param appPrincipalId string
param vaultOfficerPrincipalId string
param workspaceId string
param network { enabled: bool, name: string, allowedAddresses: string[] }

var secretsUser = '4633458b-17de-408a-b874-0445c86b69e6' // Key Vault Secrets User: reads secrets
var secretsOfficer = 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7' // Key Vault Secrets Officer: sets them too

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true // cannot be turned off again: a deleted vault keeps its name for those 90 days
    publicNetworkAccess: network.enabled && empty(network.allowedAddresses) ? 'disabled' : 'enabled'
    networkAcls: {
      defaultAction: network.enabled ? 'Deny' : 'Allow'
      bypass: 'AzureServices'
      ipRules: map(network.allowedAddresses, address => { value: address })
    }
  }
}

resource reads 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, appPrincipalId, secretsUser)
  scope: vault
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

resource sets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, vaultOfficerPrincipalId, secretsOfficer)
  scope: vault
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsOfficer)
    principalId: vaultOfficerPrincipalId
  }
}

// Who read or set the secret, and when.
resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
  }
}

output name string = vault.name
output secretName string = 'itwin-client-secret'
output callbackSecretName string = 'callback-secret'
output webhookSecretsName string = 'webhook-secrets'
