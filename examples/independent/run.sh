#!/usr/bin/env bash
# Connects accounts at providers that other people wrote: oauth2-mock-server,
# which fluxmcp only knows from generic.yaml, and emulate, as Slack and as GitHub;
# asks Prism, which knows Figma's OpenAPI alone, what the client of Figma asks, and
# emulate what the client of Slack asks.
#
#   examples/independent/run.sh
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../npm.sh"

here=$root/examples/independent
out=$root/out/independent
rm -rf "$out"
mkdir -p "$out"
(cd "$root" && go build -o "$out/independent" ./examples/independent)

# Four ports that are free at the same moment.
read -r generic slack github figma < <("$NODE" -e '
	const { createServer } = require("net")
	const listening = [1, 2, 3, 4].map(() => new Promise(done => { const s = createServer().listen(0, "127.0.0.1", () => done(s)) }))
	Promise.all(listening).then(all => { console.log(all.map(s => s.address().port).join(" ")); all.forEach(s => s.close()) })')

servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true; wait "${servers[@]}" 2>/dev/null || true' EXIT
serve() { # name, command...
	local name=$1
	shift
	(cd "$out" && exec "$NODE" "$@" >"$out/$name.log" 2>&1) &
	servers+=($!)
}
serve generic "$MODULES/oauth2-mock-server/dist/oauth2-mock-server.mjs" -a 127.0.0.1 -p "$generic"
serve slack "$MODULES/emulate/dist/index.js" start --service slack --port "$slack" --base-url "http://127.0.0.1:$slack" --seed "$here/emulate.yaml"
serve github "$MODULES/emulate/dist/index.js" start --service github --port "$github" --seed "$here/emulate.yaml"
serve figma "$MODULES/@stoplight/prism-cli/dist/index.js" mock --host 127.0.0.1 --port "$figma" "$root/examples/sandbox/testdata/figma/openapi.yaml"

await() { # name, port, process
	for _ in $(seq 1800); do # Prism makes examples of all of Figma's API before it listens
		(: >"/dev/tcp/127.0.0.1/$2") 2>/dev/null && return
		kill -0 "$3" 2>/dev/null || { echo "$1 ended:" >&2; cat "$out/$1.log" >&2; exit 1; }
		sleep 0.1
	done
	echo "$1 does not listen" >&2
	exit 1
}
await generic "$generic" "${servers[0]}"
await slack "$slack" "${servers[1]}"
await github "$github" "${servers[2]}"
await figma "$figma" "${servers[3]}"

"$out/independent" -generic "http://127.0.0.1:$generic" -slack "http://127.0.0.1:$slack" -github "http://127.0.0.1:$github" -figma "http://127.0.0.1:$figma"
