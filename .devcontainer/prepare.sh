#!/usr/bin/env bash
# What the container needs besides its features: the page's browser, `func`, and the environment of `python3 -m local`.
set -euo pipefail
sudo apt-get update
sudo apt-get install --yes --no-install-recommends chromium chromium-driver
npm install --global azure-functions-core-tools@4
python3 -m local test --version
