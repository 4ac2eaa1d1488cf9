#!/bin/sh
# Before `azd provision`: asks once for what only its user knows, and keeps it in azd's environment.
# No secret is among it: postprovision.sh asks for that one, once there is a vault for it.
set -eu

stop() {
    printf '%s\n' "$@" >&2
    exit 1
}

ask() { # a question; prints the answer without blanks
    printf '%s ' "$1" >&2
    IFS= read -r answer || stop '' 'Nothing was answered.'
    printf '%s' "$answer" | tr -d '[:space:]'
}

file="$(dirname "$0")/../../.azure/${AZURE_ENV_NAME:-}/.env"
! grep -qs '^ITWIN_CLIENT_SECRET=' "$file" ||
    stop "The client secret is in a file.  Remove its line from $file, and answer when you are asked for it."

command -v az >/dev/null || stop 'The Azure CLI is missing, which puts the client secret into the key vault: https://aka.ms/azcli'
if [ -n "${AZURE_SUBSCRIPTION_ID:-}" ]; then # azd provision asks for it only after this
    az account show --subscription "$AZURE_SUBSCRIPTION_ID" --output none
else
    az account show --output none
fi || stop 'The Azure CLI is signed in nowhere, or not to the subscription of this environment: az login'

if [ -z "${ITWIN_CLIENT_ID:-}" ]; then
    [ -t 0 ] || stop 'The client id is missing: azd env set ITWIN_CLIENT_ID <client id of a service application>'
    id=$(ask 'Client id of a service application of the iTwin Platform:')
    [ -n "$id" ] || stop 'It does not work without: https://developer.bentley.com/my-apps/'
    azd env set ITWIN_CLIENT_ID "$id"
fi

# The other two may be empty.  Once they are set, even to nothing, nobody asks again.
if [ -t 0 ] && [ -z "${ALERT_EMAIL+set}" ]; then
    azd env set ALERT_EMAIL "$(ask 'E-mail address for alerts (Enter: none):')"
fi
if [ -t 0 ] && [ -z "${READER_PRINCIPAL_ID+set}" ]; then
    reader=$(ask 'Object id of the group that may read the results (Enter: you alone):')
    azd env set READER_PRINCIPAL_ID "${reader:-$(az ad signed-in-user show --query id --output tsv)}"
fi
