#!/usr/bin/env bash
# The gate: everything that must hold before a change goes in. Steps go on after a
# failure, so that one run shows all that is wrong; the summary at the end says which.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p .cache

results=() failed=0

# step name command…: runs a command, shows what it prints, and remembers how it went.
step() {
  local name=$1 start=$SECONDS word=ok
  shift
  echo
  echo "== $name"
  if ! "$@"; then
    word=FAILED
    failed=1
  fi
  results+=("$(printf '%-8s %-24s %4d s' "$word" "$name" $((SECONDS - start)))")
}

app_packages() {
  make app/node_modules/.package-lock.json && node_packages test/interop/node && node_packages test/browser/node
}

# node_packages folder: installs what its lock file names, unless it is there.
node_packages() {
  [ -f "$1/package-lock.json" ] || return 0
  [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ] && return
  echo "· installing the packages of $1"
  (cd "$1" && npm ci --no-audit --no-fund --loglevel=error) && touch "$1/node_modules/.package-lock.json"
}

app_checks() { (cd app && npm run --silent check && npm run --silent lint && npm run --silent test); }

app_build() { rm -f app/dist/index.html && make app/dist/index.html; }

formatted() {
  local wrong
  wrong=$(.cache/bin/golangci-lint fmt --diff ./... 2>&1) && [ -z "$wrong" ] && return
  echo "$wrong" | head -n 60
  echo "not formatted; run: make fmt"
  return 1
}

# go_tests prints one line per package as it ends, and everything about a failure.
go_tests() {
  local log=.cache/test.log code=0
  local limit=$((60 * ${AVAIN_TEST_PATIENCE:-1}))m # as much longer as the tests wait (internal/testkit/patience)
  echo "· go test -race (packages appear as they end; all output in $log)"
  go test -race -v -timeout "$limit" ./... >"$log" 2>&1 &
  local tests=$!
  tail -n +1 -f --pid=$tests "$log" | grep --line-buffered -E '^(ok|FAIL)[[:space:]]|^[[:space:]]*--- FAIL|^panic:|WARNING: DATA RACE|\[build failed\]' || true
  wait $tests || code=$?
  passed=$(grep -cE '^[[:space:]]*--- PASS' "$log")
  broken=$(grep -cE '^[[:space:]]*--- FAIL' "$log")
  skipped=$(grep -cE '^[[:space:]]*--- SKIP' "$log")
  echo "· $passed tests passed, $broken failed, $skipped skipped"
  if [ $code != 0 ]; then
    echo "· what failed, and what the tests say of it:"
    said_by_failed "$log"
    echo "· the lines around it:"
    grep -nE -B 30 -A 6 '^[[:space:]]*--- FAIL|^panic:|DATA RACE|^#|build failed|setup failed' "$log" | grep -vE -- '--- PASS|=== (RUN|PAUSE|CONT)' | tail -n 300
  fi
  if [ "$skipped" != 0 ]; then
    echo "· a test that is skipped proves nothing:"
    grep -E '^[[:space:]]*--- SKIP' "$log"
    code=1
  fi
  return $code
}

# said_by_failed log: the words of each failed test, without the service's log.
said_by_failed() {
  awk '
    /^=== (RUN|CONT|NAME)/ { test = $3; more = 0; next }
    /^ *[A-Za-z0-9_]+_test\.go:[0-9]+: / { said[test] = said[test] $0 "\n"; more = 20; next }
    more > 0 && /^        [^{]/ { said[test] = said[test] $0 "\n"; more--; next }
    /--- FAIL: / { print; printf "%s", said[$3]; delete said[$3] }
  ' "$1" | cut -c1-400 | head -n 200
}

step "tools" scripts/install-test-tools.sh || exit 1
if [ $failed = 1 ]; then exit 1; fi
step "npm packages" app_packages
step "app: check, lint, test" app_checks
step "app: build" app_build
step "format" formatted
step "lint" make lint
step "vulnerabilities" make vuln
step "build" make build
step "go test -race" go_tests

echo
echo "== summary"
printf '%s\n' "${results[@]}"
echo "${passed:-0} Go tests passed, ${broken:-0} failed; $((SECONDS / 60)) min $((SECONDS % 60)) s in all"
exit $failed
