#!/bin/sh
# After `azd deploy`: says where everything is.
# azd sets the template's outputs as variables.
# shellcheck disable=SC2154
set -eu

cat <<END

The app runs.  Its first minutes may be slow: roles take effect, and the host starts for the first time.

  Page       ${startUrl%/watches}/
  Start      POST $startUrl
  Health     $healthUrl
  Workbook   $workbookUrl
  Results    $resultsUrl  (Tables, Results)

  Key        az functionapp keys list --resource-group "$AZURE_RESOURCE_GROUP" --name "$appName" --query functionKeys.default --output tsv
             (none yet?  The host makes it when it first starts: again in some minutes)

END
