// iTwin Job Watch in one resource group: keyless, monitored, and asleep while it waits.
//
//   az deployment group create --resource-group <group> --parameters infra/main.bicepparam
//
// Modules are in the order in which they depend on each other.  The app comes last but for what watches it: it needs
// its role grants, its queues and tables and the container of its package, and waits for them through the outputs of
// the modules that make these.
targetScope = 'resourceGroup'

@description('Begins the name of every resource.')
@minLength(3)
@maxLength(10)
param name string = 'jobwatch'

@description('Where everything lies. It must offer Flex Consumption: az functionapp list-flexconsumption-locations.')
param location string = resourceGroup().location

// What only you know

@description('Client id of a service application of the iTwin Platform. Its secret goes into the key vault, by hand.')
@minLength(1)
param itwinClientId string

@description('Who gets an e-mail when something is wrong; empty: nobody does, and the alerts only show in the portal.')
param alertEmail string = ''

@description('Object id of the user or, better, group that may read the results and the workbook; empty: nobody beyond those who may already.')
param readerPrincipalId string = ''

@description('Object id of who may set the client secret; empty: whoever deploys.')
param secretSetterPrincipalId string = ''

// The iTwin Platform

param itwinApiUrl string = 'https://api.bentley.com'
param itwinTokenUrl string = 'https://ims.bentley.com/connect/token'
param itwinScope string = 'itwin-platform'

@description('The platform\'s limits for your client, shared by all its APIs; 0: not known.')
@minValue(0)
param itwinRequestsPerMinute int = 0

@minValue(0)
param itwinRequestsPerHour int = 0

@description('Replaces the schedules between reports of single APIs, by their names in the README: { reporting: \'30,60,120\' }')
param polling object = {}

@description('How long the row of an ended watch stays in the table of watches. Results stay for ever.')
@minValue(1)
@maxValue(36500)
param watchRetentionDays int = 30

@description('Seconds: watches that wait are woken together, at the next multiple of this. 0 for each at its own time.')
@minValue(0)
@maxValue(30)
param dueGrid int = 15

@description('Multiplies the delays of all schedules, for trials.')
param waitScale string = '1'

// The queues and the tables.  Further queues of tickets have numbers, callbacks one queue of their own, and each queue
// has another for its poison.

@minLength(3)
@maxLength(46)
param ticketsQueue string = 'tickets'
param watchesTable string = 'Watches'
param resultsTable string = 'Results'
param gatesTable string = 'Gates'
param openTable string = 'OpenWatches'
param callbacksTable string = 'Callbacks'

// Callbacks

@description('Hosts that the app may tell of ends, with commas between; empty: none. The secret they are signed with goes into the key vault, by hand.')
param callbackHosts string = ''

// Scale

// One queue takes 2,000 messages a second, put, fetched and deleted: some 650 turns, more than any tier of the platform
// allows.  More queues may be added at any time; publish the app again afterwards, so that Azure knows their triggers.
// When there are fewer, watches whose queue is gone are found by `tend_watches`, ten minutes late.
@description('How many queues of tickets there are.')
@minValue(1)
@maxValue(16)
param ticketsQueues int = 1

@description('The Python that runs the app.')
@allowed(['3.11', '3.12', '3.13'])
param pythonVersion string = '3.13'

// Flex bills at least one second of the whole instance for each active period, so a poll that wakes alone costs four
// times as much on 2,048 MB as on 512.  Turns wait and do not compute: one small instance holds 256 at once.
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 512

// The host scales out to the queue's length divided by 256 (batchSize + newBatchThreshold), and counts messages that
// still sleep: ten thousand sleeping watches look like a backlog of ten thousand.  The least that Flex allows bounds it
// well: 40 instances are 10,240 turns at once.
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

// Python's default is one request at a time in an instance; ours wait for storage, so that many may wait together.
// https://learn.microsoft.com/azure/azure-functions/functions-concurrency#http-trigger-concurrency
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 32

// Guards

@description('Reach storage and the key vault through a virtual network alone.')
param privateNetworking bool = false

@description('With private networking: public IPv4 addresses or ranges that may still reach storage and the key vault, for those who set the secret and read the results.')
param allowedAddresses array = []

@description('Client id of an app registration: callers then need a token of your tenant for it, besides the function key. Empty: the key alone.')
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
        // Bytes.  The host reads a body whole before the app sees it, and where no key is asked for, anybody's: with the
        // default of 100 MB a few at once take more memory than an instance has.  A longer one is not read, and answered
        // with an empty 500.  This is more than the largest batch that the app takes, which answers a 413.
        // https://learn.microsoft.com/azure/azure-functions/functions-app-settings#functions_request_body_size_limit
        FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '262144'
        // Microsoft's welcome page of 150 KB at `/`, which tells of nothing but what runs here; without it there is a 204.
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
