#!/usr/bin/env bash
# Builds everything in Release and runs all tests. Installs what the tests need besides the .NET SDK: node, npm, chromium,
# iproute2, buildah and PostgreSQL from Debian's packages, nsqjs from npm. --storage=postgres lets all tests keep messages there instead of in files. Other
# arguments go to `dotnet test`, for example: ./test.sh --filter FullyQualifiedName~Conformance
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# Brokers that are started for seconds spend them on compiling. What the profile would gain comes too late for them.
export DOTNET_TieredPGO=0
# Compiled code that is never writable and executable at once (W^X) costs a twelfth of the suite's time.
export DOTNET_EnableWriteXorExecute=0
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

while [[ "${1:-}" == --storage=* ]]; do
  export BROKER_TEST_STORAGE="${1#--storage=}"
  shift
done

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

install() {
  as_root apt-get update -qq >/dev/null
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then install nodejs npm; fi

# Silos that are cut off from each other run in networks of their own.
if ! command -v ip >/dev/null; then install iproute2; fi

# The browser that the admin web's tests drive is Debian's; Playwright is to fetch none of its own.
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1
if ! command -v chromium >/dev/null; then install chromium; fi

# Builds the image. Where it cannot be had, that one test is skipped and says so.
if ! command -v buildah >/dev/null; then install buildah || true; fi

# The tests run servers of their own: the package is not to make and start one.
if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
  no_cluster=/etc/postgresql-common/createcluster.d/no-main-cluster.conf
  as_root mkdir -p "$(dirname "$no_cluster")"
  echo 'create_main_cluster = false' | as_root tee "$no_cluster" >/dev/null
  install postgresql
  as_root rm "$no_cluster"
fi

# npm leaves a copy of the lock file when it is done; an older one belongs to another lock file, or to other options than below.
client=Broker.Tests/NodeClient
installed=$client/node_modules/.package-lock.json
if [ ! "$installed" -nt "$client/package-lock.json" ] || [ ! "$installed" -nt test.sh ]; then
  npm ci --prefix "$client" --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null >/dev/null
fi

# Nothing that was started here may outlive the run: no build nodes, no compiler server.
dotnet build Broker.sln --configuration Release -nodeReuse:false -p:UseSharedCompilation=false --verbosity quiet
dotnet test Broker.sln --configuration Release --no-build "$@"
