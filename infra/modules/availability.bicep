// A test from outside: every quarter of an hour Azure asks the app from two places for its health.
param name string
param location string
param tags { *: string }
param insightsName string
param healthUrl string
param actionGroupId string

// Readers of the test can see it.  So it is a key of the function `health` alone, which opens nothing else.
@secure()
param healthKey string

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

// Two of https://learn.microsoft.com/previous-versions/azure/azure-monitor/app/monitor-web-app-availability#location-population-tags
var places = ['emea-nl-ams-azr', 'us-va-ash-azr']

resource test 'Microsoft.Insights/webtests@2022-06-15' = {
  name: '${name}-health'
  location: location
  tags: union(tags, {
    'hidden-link:${insights.id}': 'Resource' // shows it under the component
  })
  kind: 'standard'
  properties: {
    SyntheticMonitorId: '${name}-health'
    Name: 'iTwin Job Watch: health'
    Enabled: true
    Frequency: 900 // seconds
    Timeout: 60 // seconds; an app that sleeps takes some to wake
    Kind: 'standard'
    RetryEnabled: true
    Locations: map(places, place => { Id: place })
    Request: {
      RequestUrl: healthUrl
      HttpVerb: 'GET'
      Headers: [
        {
          key: 'x-functions-key'
          value: healthKey
        }
      ]
    }
    ValidationRules: {
      ExpectedHttpStatusCode: 200
      SSLCheck: true
      SSLCertRemainingLifetimeCheck: 7 // days
    }
  }
}

resource alarm 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: '${name}-unhealthy'
  location: 'global'
  tags: tags
  properties: {
    description: 'Health does not answer, or is not ok, as seen from outside. docs/operate.md says what its answers mean.'
    severity: 1
    enabled: true
    scopes: [test.id, insights.id]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT30M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: test.id
      componentId: insights.id
      failedLocationCount: length(places)
    }
    actions: empty(actionGroupId) ? [] : [{ actionGroupId: actionGroupId }]
  }
}
