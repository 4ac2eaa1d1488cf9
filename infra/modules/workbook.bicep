// The workbook, in the portal under the Application Insights component and in the resource group.
param name string
param location string
param tags { *: string }
param insightsName string

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

// Replaces the placeholders <portal> and <insights> of the file, so that queries and links use this component.
var template = loadTextContent('../workbook.json')
var here = replace(template, '<portal>', environment().portal)
var linked = replace(here, '<insights-encoded>', uriComponent(insights.id))

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, name, 'workbook') // a workbook's name must be a guid
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'iTwin Job Watch'
    category: 'workbook'
    sourceId: insights.id
    serializedData: replace(linked, '<insights>', insights.id)
  }
}

output url string = '${environment().portal}/#@${tenant().tenantId}/resource${workbook.id}/workbook'
