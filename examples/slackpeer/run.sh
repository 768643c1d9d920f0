#!/usr/bin/env bash
# Gives the same tasks to slack-mcp-server (npm slack-mcp-server, a Go program) and
# to fluxmcp, both on a sandbox of Slack, and compares answers, calls, times and
# memory.
#
#   examples/slackpeer/run.sh bin/fluxmcp [-bot] [-latency 50ms] [-channels N -users N -messages N]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../npm.sh"

bin=$(realpath "${1:-$root/bin/fluxmcp}")
shift || true
platform=$(cd "$root" && go env GOOS)-$(cd "$root" && go env GOARCH)
peer=$MODULES/slack-mcp-server-$platform/bin/slack-mcp-server-$platform
[ -x "$peer" ] || { echo "slack-mcp-server 1.3.0 has no program for $platform that npm can install: there is nothing to compare with" >&2; exit 1; }
out=$root/out/slackpeer
mkdir -p "$out"
(cd "$root" && go build -o "$out/slackpeer" ./examples/slackpeer)
exec "$out/slackpeer" -fluxmcp "$bin" -peer "$peer" "$@"
