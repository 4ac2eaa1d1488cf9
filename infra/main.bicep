// iTwin Job Watch in one resource group: keyless, monitored, and scaled to zero while it waits.
//
//   az deployment group create --resource-group <group> --parameters infra/main.bicepparam
//
// Modules are in dependency order.  The app needs its role assignments, its queues and tables and the container of its
// package; it waits for them through the outputs of the modules that create them.  Its workbook and alerts follow it.
targetScope = 'resourceGroup'

@description('Prefix of every resource name.')
@minLength(3)
@maxLength(10)
param name string = 'jobwatch'

@description('Region of all resources. It must offer Flex Consumption: az functionapp list-flexconsumption-locations.')
param location string = resourceGroup().location

// Values that only you know

@description('Client id of a service application of the iTwin Platform. Put its secret into the key vault by hand.')
@minLength(1)
param itwinClientId string

@description('E-mail address for alerts; empty: alerts appear only in the portal.')
param alertEmail string = ''

@description('Object id of the user or, better, group that may read the results and the workbook; empty: no one is added.')
param readerPrincipalId string = ''

@description('Object id of the principal that may set the client secret; empty: whoever deploys.')
param secretSetterPrincipalId string = ''

// The iTwin Platform

param itwinApiUrl string = 'https://api.bentley.com'
param itwinTokenUrl string = 'https://ims.bentley.com/connect/token'
param itwinScope string = 'itwin-platform'

@description('The platform\'s limits for your client, shared by all its APIs; 0: unknown.')
@minValue(0)
param itwinRequestsPerMinute int = 0

@minValue(0)
param itwinRequestsPerHour int = 0

@description('Replaces the polling schedules of single APIs, by their names in the README: { reporting: \'30,60,120\' }')
param polling object = {}

@description('Days that the row of an ended watch stays in the watches table. Results are kept for ever.')
@minValue(1)
@maxValue(36500)
param watchRetentionDays int = 30

@description('Grid in seconds: delays are rounded up to the next multiple, so that watches wake together. 0: off.')
@minValue(0)
@maxValue(30)
param dueGrid int = 15

@description('For trials: multiplies the delays of all schedules.')
param waitScale string = '1'

// The queues and the tables.  Further ticket queues have a number appended, callbacks have one queue of their own, and
// each queue has a poison queue.

@minLength(3)
@maxLength(46)
param ticketsQueue string = 'tickets'
param watchesTable string = 'Watches'
param resultsTable string = 'Results'
param gatesTable string = 'Gates'
param openTable string = 'OpenWatches'
param callbacksTable string = 'Callbacks'

// Callbacks

@description('Comma-separated hosts that may receive callbacks; empty: callbacks are off. Put the secret that signs them into the key vault by hand.')
param callbackHosts string = ''

// Scale

// One queue takes 2,000 messages a second, put, fetched and deleted: about 650 turns, more than any tier of the platform
// allows.  You can add queues at any time; publish the app again afterwards, so that Azure knows their triggers.  After
// you remove queues, `tend_watches` finds their watches, ten minutes late.
@description('Number of ticket queues.')
@minValue(1)
@maxValue(16)
param ticketsQueues int = 1

@description('Python version of the app.')
@allowed(['3.11', '3.12', '3.13'])
param pythonVersion string = '3.13'

// Flex bills at least one second of the whole instance per active period, so a poll that wakes alone costs four times as
// much on 2,048 MB as on 512.  Turns wait and do not compute: one small instance runs 256 concurrently.
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 512

// The host scales out to the queue length divided by 256 (batchSize + newBatchThreshold), and counts invisible messages
// too: ten thousand waiting watches look like a backlog of ten thousand.  The minimum of Flex is a good bound: 40
// instances run 10,240 concurrent turns.
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

// Python's default is one concurrent request per instance; ours wait for storage, so many can run concurrently.
// https://learn.microsoft.com/azure/azure-functions/functions-concurrency#http-trigger-concurrency
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 32

// Security

@description('Reach storage and the key vault only through a virtual network.')
param privateNetworking bool = false

@description('With private networking: public IPv4 addresses or ranges that may also reach storage and the key vault, for users who set the secret or read the results.')
param allowedAddresses array = []

@description('Client id of an app registration: callers then need a token of your tenant for it, in addition to the function key. Empty: only the key.')
param entraClientId string = ''

param tags object = {}

var token = uniqueString(resourceGroup().id, name)
var appName = '${name}-${token}'
var queuesOfTickets = map(range(0, ticketsQueues), number => number == 0 ? ticketsQueue : '${ticketsQueue}-${number}')
var callbackQueue = '${ticketsQueue}-callbacks'
var network = { enabled: privateNetworking, name: '${name}-network', allowedAddresses: allowedAddresses }

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${name}-identity'
  location: location
  tags: tags
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    name: name
    location: location
    tags: tags
    appPrincipalId: identity.properties.principalId
    readerPrincipalId: readerPrincipalId
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    name: take('${toLower(replace(name, '-', ''))}${token}', 24)
    location: location
    tags: tags
    queues: flatten(map(concat(queuesOfTickets, [callbackQueue]), queue => [queue, '${queue}-poison']))
    tables: [watchesTable, resultsTable, gatesTable, openTable, callbacksTable]
    appPrincipalId: identity.properties.principalId
    readerPrincipalId: readerPrincipalId
    network: network
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  params: {
    name: take('${name}-${token}', 24)
    location: location
    tags: tags
    appPrincipalId: identity.properties.principalId
    secretSetterPrincipalId: empty(secretSetterPrincipalId) ? deployer().objectId : secretSetterPrincipalId
    workspaceId: monitoring.outputs.workspaceId
    network: network
  }
}

module privateNetwork 'modules/network.bicep' = if (privateNetworking) {
  name: 'network'
  params: {
    name: network.name
    location: location
    tags: tags
    storageName: storage.outputs.name
    vaultName: vault.outputs.name
  }
}

module app 'modules/app.bicep' = {
  name: 'app'
  params: {
    name: appName
    location: location
    tags: tags
    identityName: identity.name
    insightsName: monitoring.outputs.insightsName
    workspaceId: monitoring.outputs.workspaceId
    packageContainerUrl: storage.outputs.packageContainerUrl
    pythonVersion: pythonVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    httpConcurrency: httpConcurrency
    networkName: privateNetworking ? network.name : ''
    entraClientId: entraClientId
    settings: union(
      {
        AzureWebJobsStorage__accountName: storage.outputs.name
        AzureWebJobsStorage__clientId: identity.properties.clientId
        AzureWebJobsStorage__credential: 'managedidentity'
        APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connectionString
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
        // Bytes.  The host reads the whole body before it calls the app, even of anonymous requests: with the default of
        // 100 MB a few concurrent requests exceed the memory of an instance.  It does not read a longer body, and responds
        // with an empty 500.  This is more than the largest batch that the app accepts, beyond which the app returns 413.
        // https://learn.microsoft.com/azure/azure-functions/functions-app-settings#functions_request_body_size_limit
        FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '262144'
        // Turns off Microsoft's welcome page at `/`, 150 KB that only reveal what runs here; `/` then returns 204.
        // https://learn.microsoft.com/azure/azure-functions/functions-app-settings#azurewebjobsdisablehomepage
        AzureWebJobsDisableHomepage: 'true'
        ITWIN_API_URL: itwinApiUrl
        ITWIN_TOKEN_URL: itwinTokenUrl
        ITWIN_CLIENT_ID: itwinClientId
        ITWIN_CLIENT_SECRET: '@Microsoft.KeyVault(VaultName=${vault.outputs.name};SecretName=${vault.outputs.secretName})'
        ITWIN_SCOPE: itwinScope
        ITWIN_REQUESTS_PER_MINUTE: itwinRequestsPerMinute == 0 ? '' : string(itwinRequestsPerMinute)
        ITWIN_REQUESTS_PER_HOUR: itwinRequestsPerHour == 0 ? '' : string(itwinRequestsPerHour)
        TICKETS_QUEUE: ticketsQueue
        TICKETS_QUEUES: string(ticketsQueues)
        WATCHES_TABLE: watchesTable
        RESULTS_TABLE: resultsTable
        GATES_TABLE: gatesTable
        OPEN_TABLE: openTable
        CALLBACKS_TABLE: callbacksTable
        CALLBACK_HOSTS: callbackHosts
        CALLBACK_SECRET: empty(callbackHosts) ? '' : '@Microsoft.KeyVault(VaultName=${vault.outputs.name};SecretName=${vault.outputs.callbackSecretName})'
        WATCH_RETENTION_DAYS: string(watchRetentionDays)
        DUE_GRID: string(dueGrid)
        WAIT_SCALE: waitScale
      },
      toObject(items(polling), item => 'POLLING_${toUpper(replace(item.key, '-', '_'))}', item => item.value)
    )
  }
  dependsOn: [privateNetwork]
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  params: {
    name: name
    location: location
    tags: tags
    insightsName: monitoring.outputs.insightsName
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    name: name
    location: location
    tags: tags
    insightsName: monitoring.outputs.insightsName
    email: alertEmail
    workbookUrl: workbook.outputs.url
  }
}

output appName string = app.outputs.name
output startUrl string = '${app.outputs.url}/api/watches'
output healthUrl string = '${app.outputs.url}/api/health'
output vaultName string = vault.outputs.name
output secretName string = vault.outputs.secretName
output storageName string = storage.outputs.name
output insightsName string = monitoring.outputs.insightsName
output workbookUrl string = workbook.outputs.url
output resultsUrl string = '${environment().portal}/#@${tenant().tenantId}/resource${storage.outputs.id}/storagebrowser'
