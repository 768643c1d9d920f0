#!/usr/bin/env bash
# Runs the official MCP conformance suite against the fixture server here, for
# both frozen sets of requirements. Fails unless every required scenario passes.
#
#   examples/conformance/run.sh
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../npm.sh"

out=$root/out/conformance
rm -rf "$out"
mkdir -p "$out"
(cd "$root" && go build -o "$out/server" ./examples/conformance)

"$out/server" --listen 127.0.0.1:0 >"$out/url" 2>"$out/server.log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true' EXIT
for _ in $(seq 100); do
	[ -s "$out/url" ] && break
	kill -0 "$server" || { cat "$out/server.log" >&2; exit 1; }
	sleep 0.1
done
url=$(cat "$out/url")

failed=0
suite=$MODULES/@modelcontextprotocol/conformance/dist/index.js
check() { # revision, number of required server scenarios
	local log=$out/$1.log rc=0 passed=0 scenario
	"$NODE" "$suite" server --url "$url" --requirements "$1" -o "$out/$1" >"$log" 2>&1 || rc=$?
	# The suite also runs scenarios that it does not score.
	"$NODE" "$suite" list --requirements "$1" |
		sed -n '/^Server scenarios/,/^$/s/^  - //p' >"$out/$1.required"
	while read -r scenario; do
		if grep -q "^✓ $scenario:" "$log"; then
			passed=$((passed + 1))
		else
			grep "^✗ $scenario:" "$log" >&2 || echo "✗ $scenario: not run" >&2
		fi
	done <"$out/$1.required"
	echo "$1: $passed of $2"
	if [ "$rc" -ne 0 ] || [ "$passed" -ne "$2" ]; then
		failed=1
	fi
}
check 2025-11-25 30
check 2026-07-28 37
exit "$failed"
