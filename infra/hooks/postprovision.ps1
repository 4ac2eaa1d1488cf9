# After `azd provision`: puts the client secret into the key vault, unless it is there, and makes the app read it.
#
# The secret comes from ITWIN_CLIENT_SECRET, as a pipeline sets it, or is asked for.  az takes it from a file: Windows
# has no /dev/stdin.  The file is in the user's own directory, and is gone before this script ends.
$ErrorActionPreference = 'Stop'

function Stop-Hook([string] $why) {
    [Console]::Error.WriteLine($why)
    exit 1
}

foreach ($name in 'vaultName', 'secretName', 'appName', 'AZURE_RESOURCE_GROUP', 'AZURE_SUBSCRIPTION_ID') {
    if (-not [Environment]::GetEnvironmentVariable($name)) { Stop-Hook "azd has not set ${name}: run azd provision" }
}
$vault, $name, $app = $env:vaultName, $env:secretName, $env:appName
$subscription = $env:AZURE_SUBSCRIPTION_ID

# A command on the vault, again while it is forbidden: a role that was just granted takes up to ten minutes to work.
# Throws if the vault does not admit this machine, which no waiting changes.
function Invoke-Patiently([scriptblock] $command) {
    for ($tries = 1; ; $tries++) {
        $ErrorActionPreference = 'Continue' # else PowerShell 5 stops at the first line on standard error
        $said = & $command 2>&1 | Out-String
        $ErrorActionPreference = 'Stop'
        if ($LASTEXITCODE -eq 0) { return $said }
        if ($said -match 'ByFirewall|ByConnection|Client address|network access') {
            throw "$said`nThe vault does not admit this machine: see allowedAddresses in docs/deploy.md."
        }
        if ($said -notmatch 'Forbidden') { Stop-Hook $said }
        if ($tries -gt 20) { Stop-Hook "$said`nAfter ten minutes it is still forbidden: may you set secrets of this vault?" }
        if ($tries -eq 1) { Write-Host 'Waiting for the role on the key vault to take effect ...' }
        Start-Sleep -Seconds 30
    }
}

$secret = $env:ITWIN_CLIENT_SECRET
if (-not $secret) {
    try {
        $names = Invoke-Patiently {
            az keyvault secret list --vault-name $vault --query '[].name' --output tsv --subscription $subscription
        }
    } catch {
        Write-Host "The vault does not admit this machine.  If it has no secret $name yet, put it there by hand."
        $names = $name
    }
    if (($names -split '\s+') -notcontains $name) {
        if ([Console]::IsInputRedirected) {
            Stop-Hook 'The client secret is missing: set ITWIN_CLIENT_SECRET for this command, and never with azd env set.'
        }
        $typed = Read-Host 'Client secret of the service application (it is not shown)' -AsSecureString
        $secret = (New-Object Net.NetworkCredential('', $typed)).Password
        if (-not $secret) { Stop-Hook 'It does not work without.  azd provision asks again.' }
    }
}
if ($secret) {
    $file = [IO.Path]::GetTempFileName()
    try {
        [IO.File]::WriteAllText($file, ($secret -replace '\s', ''))
        Invoke-Patiently {
            az keyvault secret set --vault-name $vault --name $name --file $file --output none --subscription $subscription
        } | Out-Null
    } finally {
        Remove-Item -Force $file
    }
}

# The app was created before the secret.  https://learn.microsoft.com/azure/app-service/app-service-key-vault-references
$site = "/subscriptions/$subscription/resourceGroups/$env:AZURE_RESOURCE_GROUP/providers/Microsoft.Web/sites/$app"
az rest --method post --output none --subscription $subscription `
    --url "$site/config/configreferences/appsettings/refresh?api-version=2022-03-01"
exit $LASTEXITCODE
