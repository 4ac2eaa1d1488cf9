# Before `azd provision`: asks once for what only its user knows, and keeps it in azd's environment.
# No secret is among it: postprovision.ps1 asks for that one, once there is a vault for it.
$ErrorActionPreference = 'Stop'

function Stop-Hook([string] $why) {
    [Console]::Error.WriteLine($why)
    exit 1
}

function Read-Answer([string] $question) {
    return ([string](Read-Host $question)) -replace '\s', ''
}

function Set-Value([string] $name, [string] $value) {
    azd env set "$name=$value"
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
}

$asks = -not [Console]::IsInputRedirected

$file = Join-Path $PSScriptRoot "../../.azure/$env:AZURE_ENV_NAME/.env"
if ((Test-Path $file) -and (Select-String -Quiet -Path $file -Pattern '^ITWIN_CLIENT_SECRET=')) {
    Stop-Hook "The client secret is in a file.  Remove its line from $file, and answer when you are asked for it."
}

if (-not (Get-Command az -ErrorAction SilentlyContinue)) {
    Stop-Hook 'The Azure CLI is missing, which puts the client secret into the key vault: https://aka.ms/azcli'
}
if ($env:AZURE_SUBSCRIPTION_ID) {
    az account show --subscription $env:AZURE_SUBSCRIPTION_ID --output none
} else {
    az account show --output none
}
if ($LASTEXITCODE -ne 0) {
    Stop-Hook 'The Azure CLI is signed in nowhere, or not to the subscription of this environment: az login'
}

if (-not $env:ITWIN_CLIENT_ID) {
    if (-not $asks) {
        Stop-Hook 'The client id is missing: azd env set ITWIN_CLIENT_ID <client id of a service application>'
    }
    $id = Read-Answer 'Client id of a service application of the iTwin Platform'
    if (-not $id) { Stop-Hook 'It does not work without: https://developer.bentley.com/my-apps/' }
    Set-Value ITWIN_CLIENT_ID $id
}

# The other two may be empty.  Once they are set, even to nothing, nobody asks again.  (Windows itself knows no empty
# variable, so that there an empty one is asked for again.)
if ($asks -and -not (Test-Path Env:ALERT_EMAIL)) {
    Set-Value ALERT_EMAIL (Read-Answer 'E-mail address for alerts (Enter: none)')
}
if ($asks -and -not (Test-Path Env:READER_PRINCIPAL_ID)) {
    $reader = Read-Answer 'Object id of the group that may read the results (Enter: you alone)'
    if (-not $reader) { $reader = az ad signed-in-user show --query id --output tsv }
    Set-Value READER_PRINCIPAL_ID $reader
}
