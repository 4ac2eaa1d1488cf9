# After `azd deploy`: says where everything is.
$ErrorActionPreference = 'Stop'

Write-Host @"

The app runs.  Its first minutes may be slow: roles take effect, and the host starts for the first time.

  Page       $($env:startUrl -replace '/watches$', '')/
  Start      POST $env:startUrl
  Health     $env:healthUrl
  Workbook   $env:workbookUrl
  Results    $env:resultsUrl  (Tables, Results)

  Key        az functionapp keys list --resource-group "$env:AZURE_RESOURCE_GROUP" --name "$env:appName" --query functionKeys.default --output tsv
             (none yet?  The host makes it when it first starts: again in some minutes)

"@
