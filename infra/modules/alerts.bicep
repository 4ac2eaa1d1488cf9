// Every query returns one row per problem, and none if all is well.
param name string
param location string
param tags { *: string }
param insightsName string
param actionGroupId string
param workbookUrl string

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

// `every` is how often it looks: a rule costs $ 1.50 a month at 5 minutes, and $ 0.50 at 15.  Only `failing` is for what
// somebody must hear of within minutes: a wrong secret stops all watches.  `window` must cover the time range of the query.
// An alarm about a single event fires once and never resolves; an alarm
// about a state (`lasts`) fires when it begins, and resolves when it ends.
var alarms = [
  {
    name: 'ended-badly'
    title: 'A watch ended badly'
    description: 'A job failed, or its watch expired, was lost, was refused or was abandoned. docs/operate.md says what to do for each outcome.'
    query: loadTextContent('../queries/alerts/ended-badly.kql')
    every: 'PT15M'
    severity: 2
    window: 'PT1H'
    lasts: false
    dimensions: ['api', 'outcome']
  }
  {
    name: 'callback-failed'
    title: 'A callback was given up'
    description: 'A receiver refused the end of a watch for a day, or answered 410, so nobody there knows of it. The message names the host of the receiver, and its last answer. The watch has the result. docs/operate.md says what to do.'
    query: loadTextContent('../queries/alerts/callback-failed.kql')
    every: 'PT15M'
    severity: 2
    window: 'PT1H'
    lasts: false
    dimensions: ['receiver', 'why']
  }
  {
    name: 'poisoned'
    title: 'A ticket failed for two hours'
    description: 'A turn of a watch failed 120 times in a row: storage, Application Insights or the app itself fails. The watch gets another turn.'
    query: loadTextContent('../queries/alerts/poisoned.kql')
    every: 'PT15M'
    severity: 1
    window: 'PT1H'
    lasts: false
    dimensions: ['api']
  }
  {
    name: 'overdue'
    title: 'Watches fall behind'
    description: 'Watches are repeatedly more than five minutes late: turns do not start, or do not end.'
    query: loadTextContent('../queries/alerts/overdue.kql')
    every: 'PT15M'
    severity: 2
    window: 'PT30M'
    lasts: true
    dimensions: ['api']
  }
  {
    name: 'failing'
    title: 'Watches learn nothing of their jobs'
    description: 'For a quarter of an hour at least half of the open watches of an API were failing; the cause says why. token or 401: check the client and its secret in the key vault. 403: make the service application a member of the iTwins or projects, with permissions. 5xx or network: the platform has an outage, or the app cannot reach it; it heals by waiting. Else read the reason of a failing watch. docs/operate.md says more.'
    query: loadTextContent('../queries/alerts/failing.kql')
    every: 'PT5M'
    severity: 2
    window: 'PT15M'
    lasts: true
    dimensions: ['api', 'cause']
  }
  {
    name: 'row-unreadable'
    title: 'A row cannot be read'
    description: 'A row of a table has a value that the app cannot read, so its watch, callback or gate stands still. Correct the columns that the query names, or stop the watch, or start its job again with restart. docs/operate.md says more.'
    query: loadTextContent('../queries/alerts/row-unreadable.kql')
    every: 'PT15M'
    severity: 2
    window: 'PT30M'
    lasts: true
    dimensions: ['tableName']
  }
  {
    name: 'gate-shut'
    title: 'The platform refuses an API for more than an hour'
    description: 'A 429 or a quota told the app to wait for long. Find out who else uses the client. docs/rate-limits.md says how to lift the gate.'
    query: loadTextContent('../queries/alerts/gate-shut.kql')
    every: 'PT15M'
    severity: 2
    window: 'PT30M'
    lasts: true
    dimensions: ['api']
  }
  {
    name: 'silent'
    title: 'The app is silent'
    description: 'tend_watches reports the number of open watches every five minutes, but has not for half an hour: the app does not run, or cannot send telemetry.'
    query: loadTextContent('../queries/alerts/silent.kql')
    every: 'PT15M'
    severity: 1
    window: 'PT30M'
    lasts: true
    dimensions: []
  }
]

resource rules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alarm in alarms: {
    name: '${name}-${alarm.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'iTwin Job Watch: ${alarm.title}'
      description: alarm.description
      severity: alarm.severity
      enabled: true
      scopes: [insights.id]
      evaluationFrequency: alarm.every
      windowSize: alarm.window
      autoMitigate: alarm.lasts
      skipQueryValidation: true // the first event creates the events table
      criteria: {
        allOf: [
          {
            query: alarm.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            dimensions: map(alarm.dimensions, dimension => { name: dimension, operator: 'Include', values: ['*'] })
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: empty(actionGroupId) ? [] : [actionGroupId]
        customProperties: {
          workbook: workbookUrl
        }
      }
    }
  }
]
