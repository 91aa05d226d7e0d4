#!/bin/sh
# Installs what building needs (Debian 12), builds dv, and runs the demo.
# usage: contrib/quickstart.sh
set -eu
cd "$(dirname "$0")/.."

contrib/install-deps.sh build
make -j"$(nproc)"
contrib/demo.sh
