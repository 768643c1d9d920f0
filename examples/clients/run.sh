#!/usr/bin/env bash
# Checks that real MCP clients can list a server's tools and run its query tool,
# over stdio, Streamable HTTP in both eras of the protocol, and HTTP+SSE.
#
#   examples/clients/run.sh bin/fluxmcp
#
# The environment, such as DATABASE_URL, is passed on. To check another server,
# set STDIO_COMMAND and HTTP_COMMAND instead; HTTP_COMMAND is run with PORT. The
# checks with bearer tokens are for fluxmcp alone.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../npm.sh"

bin=${1:-$root/bin/fluxmcp}
out=$root/out/clients
rm -rf "$out"
mkdir -p "$out/home"

free_port() {
	"$NODE" -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}
PORT=$(free_port)
export PORT
if [ -n "${STDIO_COMMAND:-}" ]; then
	read -ra stdio <<<"$STDIO_COMMAND"
else
	stdio=("$bin" stdio)
fi
# The Inspector starts a server with little of its own environment, and with the
# HOME that is made for it below. This gives the server what the others get.
(umask 077 && export -p >"$out/environment")
printf '#!/usr/bin/env bash\n. %q\nexec %s\n' "$out/environment" "${stdio[*]@Q}" >"$out/stdio"
chmod +x "$out/stdio"
if [ -n "${HTTP_COMMAND:-}" ]; then
	bash -c "exec $HTTP_COMMAND" >"$out/server.log" 2>&1 &
else
	"$bin" serve --listen "127.0.0.1:$PORT" --auth none >"$out/server.log" 2>&1 &
fi
servers=($!)
trap 'kill "${servers[@]}" 2>/dev/null || true; wait "${servers[@]}" 2>/dev/null || true; rm -f "$out/environment"' EXIT
await() { # port, process, log
	for _ in $(seq 300); do
		(: >"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
		kill -0 "$2" 2>/dev/null || { echo "the server ended:" >&2; cat "$3" >&2; exit 1; }
		sleep 0.1
	done
	echo "the server does not listen" >&2
	exit 1
}
await "$PORT" "${servers[0]}" "$out/server.log"
http=http://127.0.0.1:$PORT/mcp
sse=http://127.0.0.1:$PORT/sse

(cd "$root" && go build -o "$out/gosdk" ./examples/clients/gosdk)

failed=0
check() { # client, way, command...
	local name=$1 way=$2
	shift 2
	if timeout 60 "$@" >"$out/$name-$way.log" 2>&1; then
		echo "ok    $name  $way"
	else
		echo "FAIL  $name  $way"
		sed 's/^/      /' "$out/$name-$way.log" | tail -15
		failed=1
	fi
}

# The Inspector keeps files in HOME; it exits with 0 only when the call worked.
inspector() { # options and target...
	local cli=("$NODE" "$MODULES/@modelcontextprotocol/inspector/clients/launcher/build/index.js" --cli)
	export HOME=$out/home
	"${cli[@]}" "$@" --method tools/list --format json -q | grep '"query"'
	"${cli[@]}" "$@" --method tools/call --tool-name query --tool-arg 'sql=SELECT 1 AS one' --format json -q | tee /dev/stderr | tr -d '\n' |
		grep -v '"isError": *true' | grep -q 'one.*1'
}
# Without a token the Inspector says that it has to sign in, and exits with 3.
inspector_unauthorized() { # target
	local cli=("$NODE" "$MODULES/@modelcontextprotocol/inspector/clients/launcher/build/index.js" --cli) code=0
	export HOME=$out/home
	"${cli[@]}" "$1" --transport http --stored-auth-only --method tools/list --format json -q >"$out/unauthorized" 2>&1 || code=$?
	cat "$out/unauthorized"
	[ "$code" = 3 ] && grep -q auth_required "$out/unauthorized"
}
export -f inspector inspector_unauthorized
export MODULES out

typescript=$root/examples/clients/typescript.mjs
check inspector stdio bash -euo pipefail -c 'inspector "$@"' - "$out/stdio" --transport stdio
check inspector http bash -euo pipefail -c 'inspector "$@"' - "$http" --transport http
check inspector http-2026-07-28 bash -euo pipefail -c 'inspector "$@"' - "$http" --transport http --protocol-era modern
check inspector sse bash -euo pipefail -c 'inspector "$@"' - "$sse" --transport sse
check typescript-v1 stdio "$NODE" "$typescript" v1 stdio "${stdio[@]}"
check typescript-v1 http "$NODE" "$typescript" v1 http "$http"
check typescript-v1 sse "$NODE" "$typescript" v1 sse "$sse"
check typescript-v2 stdio "$NODE" "$typescript" v2 stdio "${stdio[@]}"
check typescript-v2 stdio-2026-07-28 "$NODE" "$typescript" v2 stdio-2026-07-28 "${stdio[@]}"
check typescript-v2 http "$NODE" "$typescript" v2 http "$http"
check typescript-v2 http-2026-07-28 "$NODE" "$typescript" v2 http-2026-07-28 "$http"
check typescript-v2 sse "$NODE" "$typescript" v2 sse "$sse"
check go-sdk stdio "$out/gosdk" stdio "${stdio[@]}"
check go-sdk http "$out/gosdk" http "$http"
check go-sdk sse "$out/gosdk" sse "$sse"

if [ -z "${HTTP_COMMAND:-}" ]; then
	JWT_SECRET=$(od -An -tx1 -N32 /dev/urandom | tr -d ' \n')
	export JWT_SECRET
	port=$(free_port)
	"$bin" serve --listen "127.0.0.1:$port" --auth jwt >"$out/closed.log" 2>&1 &
	servers+=($!)
	await "$port" "${servers[1]}" "$out/closed.log"
	http=http://127.0.0.1:$port/mcp
	sse=http://127.0.0.1:$port/sse
	check inspector http-without-token bash -euo pipefail -c 'inspector_unauthorized "$@"' - "$http"
	TOKEN=$("$bin" token issue --subject clients)
	export TOKEN
	bearer=(--header "Authorization: Bearer $TOKEN")
	check inspector http-token bash -euo pipefail -c 'inspector "$@"' - "$http" --transport http "${bearer[@]}"
	check inspector http-2026-07-28-token bash -euo pipefail -c 'inspector "$@"' - "$http" --transport http --protocol-era modern "${bearer[@]}"
	check typescript-v1 http-token "$NODE" "$typescript" v1 http "$http"
	check typescript-v1 sse-token "$NODE" "$typescript" v1 sse "$sse"
	check typescript-v2 http-token "$NODE" "$typescript" v2 http "$http"
	check typescript-v2 http-2026-07-28-token "$NODE" "$typescript" v2 http-2026-07-28 "$http"
	check go-sdk http-token "$out/gosdk" http "$http"
	check go-sdk sse-token "$out/gosdk" sse "$sse"
fi
exit "$failed"
