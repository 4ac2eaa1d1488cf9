#!/bin/sh
# After `azd provision`: puts the client secret into the key vault, unless it is there, and makes the app read it.
#
# The secret comes from ITWIN_CLIENT_SECRET, as a pipeline sets it, or is asked for.  It goes to az through a pipe: no
# file holds it, and no list of processes shows it.
set -eu

vault=${vaultName:?azd has no output vaultName: run azd provision}
name=${secretName:?azd has no output secretName}
app=${appName:?azd has no output appName}
group=${AZURE_RESOURCE_GROUP:?azd has not set it}
subscription=${AZURE_SUBSCRIPTION_ID:?azd has not set it}

stop() {
    printf '%s\n' "$@" >&2
    exit 1
}

# A command on the vault, again while it is forbidden: a role that was just granted takes up to ten minutes to work.
# Fails if the vault does not admit this machine, which no waiting changes.
patiently() {
    tries=0
    until said=$("$@" 2>&1); do
        case $said in
            *ByFirewall* | *ByConnection* | *'Client address'* | *'network access'*) return 1 ;;
            *Forbidden*) ;;
            *) stop "$said" ;;
        esac
        tries=$((tries + 1))
        [ "$tries" -le 20 ] || stop "$said" 'After ten minutes it is still forbidden: may you set secrets of this vault?'
        [ "$tries" -gt 1 ] || printf '%s\n' 'Waiting for the role on the key vault to take effect ...' >&2
        sleep 30
    done
}

names() { az keyvault secret list --vault-name "$vault" --query '[].name' --output tsv --subscription "$subscription"; }

put() {
    printf '%s' "$secret" |
        az keyvault secret set --vault-name "$vault" --name "$name" --file /dev/stdin --output none --subscription "$subscription"
}

secret=${ITWIN_CLIENT_SECRET:-}
if [ -z "$secret" ]; then
    if ! patiently names; then
        printf '%s\n' "The vault does not admit this machine.  If it has no secret $name yet, put it there by hand." >&2
    elif ! printf '%s\n' "$said" | tr -d '\r' | grep -qxF "$name"; then
        [ -t 0 ] || stop 'The client secret is missing: set ITWIN_CLIENT_SECRET for this command, and never with azd env set.'
        trap 'stty echo' EXIT
        trap 'exit 130' INT TERM
        stty -echo
        printf 'Client secret of the service application (it is not shown): ' >&2
        IFS= read -r secret || true
        stty echo
        trap - EXIT INT TERM
        printf '\n' >&2
        [ -n "$secret" ] || stop 'It does not work without.  azd provision asks again.'
    fi
fi
secret=$(printf '%s' "$secret" | tr -d '[:space:]')
[ -z "$secret" ] || patiently put ||
    stop "$said" 'The vault does not admit this machine: see allowedAddresses in docs/deploy.md.'

# The app was created before the secret.  https://learn.microsoft.com/azure/app-service/app-service-key-vault-references
az rest --method post --output none --subscription "$subscription" \
    --url "/subscriptions/$subscription/resourceGroups/$group/providers/Microsoft.Web/sites/$app/config/configreferences/appsettings/refresh?api-version=2022-03-01"
