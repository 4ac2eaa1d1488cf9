// iTwin Job Watch in one resource group: keyless, monitored, and scaled to zero while it waits.
//
//   az deployment group create --resource-group <group> --parameters infra/main.bicepparam
//
// Modules are in dependency order.  The app needs its role assignments, its queues and tables and the container of its
// package; it waits for them through the outputs of the modules that create them.  Its workbook and alerts follow it.
import { checkedAddresses, checkedGroups, checkedIds, checkedPrefix, checkedQueue, checkedStart, checkedTables, polled } from 'names.bicep'

targetScope = 'resourceGroup'

@description('Prefix of every resource name: letters, digits and single hyphens; starts with a letter, and does not end with a hyphen.')
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
param vaultOfficerPrincipalId string = ''

// The iTwin Platform

param itwinApiUrl string = 'https://api.bentley.com'
param itwinTokenUrl string = 'https://ims.bentley.com/connect/token'
param itwinScope string = 'itwin-platform'

@description('The platform\'s limits for your client, shared by all its APIs; 0: unknown.')
@minValue(0)
param itwinRequestsPerMinute int = 0

@minValue(0)
param itwinRequestsPerHour int = 0

@description('Replaces the polling schedules of single APIs, by their names in docs/apis.md: { reporting: \'30,60,120\', \'reality-modeling\': \'60\' }')
param polling { *: string } = {}

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

@description('Lowercase letters, digits and single hyphens.')
@minLength(3)
@maxLength(46)
param ticketsQueue string = 'tickets'

// Letters and digits, starting with a letter.
@minLength(3)
@maxLength(63)
param watchesTable string = 'Watches'
@minLength(3)
@maxLength(63)
param resultsTable string = 'Results'
@minLength(3)
@maxLength(63)
param gatesTable string = 'Gates'
@minLength(3)
@maxLength(63)
param openTable string = 'OpenWatches'
@minLength(3)
@maxLength(63)
param callbacksTable string = 'Callbacks'

// Callbacks

@description('Comma-separated hosts that may receive callbacks; empty: callbacks are off. Put the secret that signs them into the key vault by hand.')
param callbackHosts string = ''

// Events

@description('Take events of iTwin webhooks, which wake watches within seconds. Put the secrets that sign them into the key vault by hand.')
param webhooks bool = false

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
// too: a thousand waiting watches look like a backlog of a thousand.  Instances that are not needed cost money, so this
// bounds them.  It counts for each function group, of which there are five: HTTP together, poll_watch, revive_watch,
// send_callback and tend_watches, and two more for each further ticket queue.  docs/decisions/0006-scale-out.md says how
// many you need; four run 64 turns a second.
@description('Most instances of 512 MB and more that Azure starts for each function group.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 4

@description('Instances that always run, for those who cannot wait for a cold start: [{ name: \'function:poll_watch\', instanceCount: 1 }], or the name http. About $ 5.30 a month for each of 512 MB.')
param alwaysReady { name: string, instanceCount: int }[] = []

@description('Spread the app and its storage over the zones of the region. Azure then keeps two instances of each function group always ready: about $ 53 a month. Choose it at the first deployment.')
param zoneRedundant bool = false

// Python's default is one concurrent request per instance; ours wait for storage, so many can run concurrently.
// https://learn.microsoft.com/azure/azure-functions/functions-concurrency#http-trigger-concurrency
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 32

// Costs.  README.md says what is to be paid with nothing to do.

@description('Raise the alarms, for about $ 5.00 a month. Without them nobody hears of a wrong secret or a silent app.')
param alarms bool = true

@description('Gigabytes a day beyond which the workspace takes in no more, until the next day; 0: no cap. Events are lost then, and alarms fail; results are not lost.')
@minValue(0)
param dailyCapGB int = 0

@description('Budget for this resource group a month, in the currency of your bill; 0: none. It sends e-mail, to the owners too, and stops nothing.')
@minValue(0)
param monthlyBudget int = 0

@description('First day of the month in which the budget begins. Azure lets nobody change it: write it down when you deploy again in another month.')
param budgetStart string = utcNow('yyyy-MM-01')

@description('Key of the function `health` alone, for a test from outside every quarter of an hour; empty: no test. Readers of the resource group can see it.')
@secure()
param healthKey string = ''

// Security

@description('Reach storage and the key vault only through a virtual network.')
param privateNetworking bool = false

@description('With private networking: public IPv4 addresses or ranges that may also reach storage and the key vault, for users who set the secret or read the results.')
param allowedAddresses string[] = []

@description('Client id of an app registration: callers then need a token of your tenant for it, in addition to the function key. Empty: only the key.')
param entraClientId string = ''

@description('With entraClientId: client ids of the applications that may call. Empty: whatever has a token.')
param entraAllowedApplications string[] = []

param tags { *: string } = {}

var prefix = checkedPrefix(name)
var token = uniqueString(resourceGroup().id, name)
var appName = '${prefix}-${token}'
var tables = checkedTables([watchesTable, resultsTable, gatesTable, openTable, callbacksTable])
var queuesOfTickets = map(
  range(0, ticketsQueues),
  number => number == 0 ? checkedQueue(ticketsQueue) : '${ticketsQueue}-${number}'
)
var callbackQueue = '${ticketsQueue}-callbacks'
var network = {
  enabled: privateNetworking
  name: '${prefix}-network'
  allowedAddresses: checkedAddresses(allowedAddresses)
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${prefix}-identity'
  location: location
  tags: tags
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    name: prefix
    location: location
    tags: tags
    appPrincipalId: identity.properties.principalId
    readerPrincipalId: readerPrincipalId
    email: alertEmail
    dailyCapGB: dailyCapGB
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    name: take('${toLower(replace(prefix, '-', ''))}${token}', 24)
    location: location
    tags: tags
    queues: flatten(map(concat(queuesOfTickets, [callbackQueue]), queue => [queue, '${queue}-poison']))
    tables: tables
    zoneRedundant: zoneRedundant
    appPrincipalId: identity.properties.principalId
    readerPrincipalId: readerPrincipalId
    network: network
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  params: {
    name: appName
    location: location
    tags: tags
    appPrincipalId: identity.properties.principalId
    vaultOfficerPrincipalId: empty(vaultOfficerPrincipalId) ? deployer().objectId : vaultOfficerPrincipalId
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
    alwaysReady: checkedGroups(alwaysReady)
    zoneRedundant: zoneRedundant
    httpConcurrency: httpConcurrency
    networkName: privateNetworking ? network.name : ''
    entra: {
      clientId: empty(entraClientId) ? '' : checkedIds('entraClientId', [entraClientId])[0]
      allowedApplications: checkedIds('entraAllowedApplications', entraAllowedApplications)
    }
    settings: union(
      {
        // Not __accountName: with that the host knows Azure's public cloud alone.
        AzureWebJobsStorage__blobServiceUri: storage.outputs.blobUri
        AzureWebJobsStorage__queueServiceUri: storage.outputs.queueUri
        AzureWebJobsStorage__tableServiceUri: storage.outputs.tableUri
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
        CALLBACK_SECRET: empty(callbackHosts)
          ? ''
          : '@Microsoft.KeyVault(VaultName=${vault.outputs.name};SecretName=${vault.outputs.callbackSecretName})'
        WEBHOOK_SECRETS: webhooks
          ? '@Microsoft.KeyVault(VaultName=${vault.outputs.name};SecretName=${vault.outputs.webhookSecretsName})'
          : ''
        WATCH_RETENTION_DAYS: string(watchRetentionDays)
        DUE_GRID: string(dueGrid)
        WAIT_SCALE: waitScale
      },
      polled(polling)
    )
  }
  dependsOn: [privateNetwork]
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  params: {
    name: prefix
    location: location
    tags: tags
    insightsName: monitoring.outputs.insightsName
  }
}

module alerts 'modules/alerts.bicep' = if (alarms) {
  name: 'alerts'
  params: {
    name: prefix
    location: location
    tags: tags
    insightsName: monitoring.outputs.insightsName
    actionGroupId: monitoring.outputs.actionGroupId
    workbookUrl: workbook.outputs.url
  }
}

module availability 'modules/availability.bicep' = if (!empty(healthKey)) {
  name: 'availability'
  params: {
    name: prefix
    location: location
    tags: tags
    insightsName: monitoring.outputs.insightsName
    healthUrl: '${app.outputs.url}/api/health'
    healthKey: healthKey
    actionGroupId: monitoring.outputs.actionGroupId
  }
}

module budget 'modules/budget.bicep' = if (monthlyBudget > 0) {
  name: 'budget'
  params: {
    name: prefix
    amount: monthlyBudget
    start: checkedStart(budgetStart)
    email: alertEmail
  }
}

// Azure returns upper-case names of outputs in letters of its own ("ioT_HUB_CONNECTION_STRING",
// https://github.com/Azure/azure-sdk-for-net/pull/13521), so that no `--query` finds them: these are for `az`, and those
// at the end for azd, which puts them into its environment as they are written.
output appName string = app.outputs.name
output startUrl string = '${app.outputs.url}/api/watches'
// The URL to register with a webhook is this one with `?code=` and a key, which no output has.  This makes it, and another
// in its place when it is done again; `keys list … --query itwin` reads it.
//   az functionapp function keys set --resource-group <group> --name <app> --function-name receive_event --key-name itwin
output eventsUrl string = '${app.outputs.url}/api/events'
output healthUrl string = '${app.outputs.url}/api/health'
output vaultName string = vault.outputs.name
output secretName string = vault.outputs.secretName
output storageName string = storage.outputs.name
output insightsName string = monitoring.outputs.insightsName
output workbookUrl string = workbook.outputs.url
output resultsUrl string = '${environment().portal}/#@${tenant().tenantId}/resource${storage.outputs.id}/storagebrowser'

output AZURE_FUNCTION_APP_NAME string = app.outputs.name
output AZURE_FUNCTION_APP_URL string = app.outputs.url
output AZURE_KEY_VAULT_NAME string = vault.outputs.name
