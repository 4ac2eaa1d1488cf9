// Where events, logs and audits go: one workspace, one Application Insights component on it, no keys.
param name string
param location string
param tags { *: string }
param appPrincipalId string
param readerPrincipalId string
param email string
param dailyCapGB int

var metricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb' // Monitoring Metrics Publisher: may send telemetry
var monitoringReader = '43d0d8ad-25c7-4714-9337-8ba259a9fe05' // Monitoring Reader: sees every resource, no key and no secret

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: '${name}-logs'
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: 90 // no extra cost for the tables of Application Insights
    workspaceCapping: {
      dailyQuotaGb: dailyCapGB == 0 ? -1 : dailyCapGB // -1: none
    }
    features: {
      disableLocalAuth: true
    }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: '${name}-insights'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: '${name}-people'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: take(name, 12)
    enabled: true
    emailReceivers: [
      {
        name: 'e-mail'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource sends 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, appPrincipalId, metricsPublisher)
  scope: insights
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsPublisher)
    principalId: appPrincipalId
    principalType: 'ServicePrincipal' // without it Azure may not find a new identity yet
  }
}

// On the whole resource group: the workbook, the alerts and the storage account are resources of their own.
resource reads 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(readerPrincipalId)) {
  name: guid(resourceGroup().id, readerPrincipalId, monitoringReader)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringReader)
    principalId: readerPrincipalId
  }
}

// Saved queries, as a pack that the portal offers under Logs > Queries.
resource pack 'Microsoft.OperationalInsights/queryPacks@2025-02-01' = {
  name: '${name}-queries'
  location: location
  tags: tags
  properties: {}
}

var saved = [
  {
    name: 'Watches that ended badly, newest first'
    body: loadTextContent('../queries/saved/ended-badly.kql')
  }
  {
    name: 'One watch: everything it said'
    body: loadTextContent('../queries/saved/one-watch.kql')
  }
  {
    name: 'The slowest jobs of each API'
    body: loadTextContent('../queries/saved/slowest.kql')
  }
  {
    name: 'Polls, faults and throttling by API'
    body: loadTextContent('../queries/saved/effort.kql')
  }
  {
    name: 'Failing open watches: why, and since when'
    body: loadTextContent('../queries/saved/failing.kql')
  }
  {
    name: 'Success rate by label'
    body: loadTextContent('../queries/saved/labels.kql')
  }
  {
    name: 'Tickets that were rejected or poisoned'
    body: loadTextContent('../queries/saved/tickets.kql')
  }
  {
    name: 'Rate limits: when each API was held back'
    body: loadTextContent('../queries/saved/gates.kql')
  }
  {
    name: 'Events of the platform: what became of them'
    body: loadTextContent('../queries/saved/events.kql')
  }
]

resource queries 'Microsoft.OperationalInsights/queryPacks/queries@2025-02-01' = [
  for query in saved: {
    parent: pack
    name: guid(pack.id, query.name)
    properties: {
      displayName: query.name
      body: query.body
      related: {
        categories: ['applications']
        resourceTypes: ['microsoft.insights/components']
      }
    }
  }
]

output workspaceId string = workspace.id
output insightsName string = insights.name
// Not a secret: with local authentication off it only says where to send, and sending requires the role above.
output connectionString string = insights.properties.ConnectionString
output actionGroupId string = empty(email) ? '' : people.id
