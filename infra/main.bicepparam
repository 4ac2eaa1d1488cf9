using 'main.bicep'

// Values that only you know.  Set these in your shell, or with `azd env set`, or write the values here.
param itwinClientId = readEnvironmentVariable('ITWIN_CLIENT_ID')
param alertEmail = readEnvironmentVariable('ALERT_EMAIL', '')
param readerPrincipalId = readEnvironmentVariable('READER_PRINCIPAL_ID', '')

// azd finds what it deployed by this tag; for others it is just a tag.
param tags = {
  'azd-env-name': readEnvironmentVariable('AZURE_ENV_NAME', 'job-watch')
}

// Optional.  main.bicep explains all parameters.
// param itwinRequestsPerMinute = 500
// param itwinRequestsPerHour = 5000
// param polling = { reporting: '30,60,120', 'reality-modeling': '60' }
// param callbackHosts = 'hooks.example.com'
// param webhooks = true
// param privateNetworking = true
// param allowedAddresses = ['203.0.113.7']
// param entraClientId = '<client id of an app registration>'
// param entraAllowedApplications = ['<client id of an application that may call>']
// param alarms = false
// param monthlyBudget = 20
// param budgetStart = '2026-12-01'
// param dailyCapGB = 1
// param healthKey = readEnvironmentVariable('HEALTH_KEY')
// param maximumInstanceCount = 1
// param alwaysReady = [{ name: 'function:poll_watch', instanceCount: 1 }]
// param zoneRedundant = true
