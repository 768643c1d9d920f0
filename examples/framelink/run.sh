#!/usr/bin/env bash
# Reads the same generated files of a sandbox of Figma with Framelink's MCP server
# (npm figma-developer-mcp) and with fluxmcp, and compares sizes and times.
#
#   examples/framelink/run.sh bin/fluxmcp
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../npm.sh"

bin=$(realpath "${1:-$root/bin/fluxmcp}")
out=$root/out/framelink
mkdir -p "$out"
(cd "$root" && go build -o "$out/framelink" ./examples/framelink)
exec "$out/framelink" -fluxmcp "$bin" -node "$NODE" -framelink "$MODULES/figma-developer-mcp/dist/bin.js" -preload "$root/examples/framelink/sandboxed.mjs"
