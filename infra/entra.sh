#!/bin/sh
# Makes the app registration for the parameter entraClientId, and prints what to do with it.  Run it again to mend it.
#
#   infra/entra.sh [name]
#
# It issues tokens of version 2, as the app expects (https://learn.microsoft.com/entra/identity-platform/access-tokens),
# for the scope user_impersonation, to the Azure CLI without asking for consent.  You need a role that may register
# applications, such as Application Developer.
set -eu

display=${1:-job-watch}
graph=https://graph.microsoft.com/v1.0/applications
cli=04b07795-8ddb-461a-bbee-02f9e1bf7b46   # the Azure CLI, in every tenant
scope=5f0e9d5c-6a3e-4c1b-8f57-2d9b7c41a6e0 # unique within the registration, and always the same: see "again" above

# An application of that name is taken as it is found.
id=$(az ad app create --display-name "$display" --sign-in-audience AzureADMyOrg --query appId --output tsv)
id=$(printf '%s' "$id" | tr -d '[:space:]')
there=$(az ad sp list --filter "appId eq '$id'" --query '[].id' --output tsv)
[ -n "$there" ] || az ad sp create --id "$id" --output none # without it nobody gets a token

patch() { # what is pre-authorized
    az rest --method patch --url "$graph(appId='$id')" --headers Content-Type=application/json --body "{
        \"identifierUris\": [\"api://$id\"],
        \"api\": {
            \"requestedAccessTokenVersion\": 2,
            \"oauth2PermissionScopes\": [{
                \"id\": \"$scope\", \"value\": \"user_impersonation\", \"type\": \"User\", \"isEnabled\": true,
                \"adminConsentDisplayName\": \"Use the app\", \"adminConsentDescription\": \"Start, list and stop watches.\",
                \"userConsentDisplayName\": \"Use the app\", \"userConsentDescription\": \"Start, list and stop watches.\"
            }],
            \"preAuthorizedApplications\": [$1]
        }
    }"
}

patch ''
patch "{\"appId\": \"$cli\", \"delegatedPermissionIds\": [\"$scope\"]}" # apart: it must name what exists already

cat <<END
Set in infra/main.bicepparam, and deploy again:   param entraClientId = '$id'
A token, for an hour or so:                       az account get-access-token --scope api://$id/.default --query accessToken --output tsv
END
