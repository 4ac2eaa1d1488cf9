// A budget for this resource group: it stops nothing, and sends e-mail when most of it is spent, or will be.
param name string
param amount int
param start string
param email string

resource budget 'Microsoft.Consumption/budgets@2024-08-01' = {
  name: '${name}-budget'
  properties: {
    category: 'Cost'
    amount: amount
    timeGrain: 'Monthly'
    timePeriod: {
      startDate: start
    }
    notifications: toObject(
      [
        {
          type: 'Actual'
          threshold: 80
        }
        {
          type: 'Forecasted'
          threshold: 100
        }
      ],
      notice => notice.type,
      notice => {
        enabled: true
        operator: 'GreaterThan'
        threshold: notice.threshold // percent
        thresholdType: notice.type
        contactEmails: empty(email) ? [] : [email]
        contactRoles: ['Owner']
      }
    )
  }
}
