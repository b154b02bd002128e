#!/usr/bin/env bash
# The gate: everything that must hold before a change goes in. Steps go on after a
# failure, so that one run shows all that is wrong; the summary at the end says which,
# and how long each took.
#   gate.sh           all steps, one after the other
#   gate.sh STEP…     only these; .github/workflows/ci.yml runs them beside each other
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p .cache

export GOGC=${GOGC:-400} # short programs on a machine with memory: a tenth of the time went to collecting
everything=(app format lint vulnerabilities build raced raced-journeys journeys browser)
results=() failed=0 tests=0

# in_memory lets tests keep their databases in memory where there is room for it: a commit
# waits for the disk, which costs the store's tests more than all else. (GOTMPDIR stays
# where programs may be run from.)
in_memory() {
  local folder
  [ -w /dev/shm ] && [ "$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')" -gt 4000000 ] || return 0
  folder=$(mktemp -d /dev/shm/avain.XXXX)
  chmod 1777 "$folder" # as /tmp: PostgreSQL refuses to run as root, and comes and goes as somebody else
  trap "rm -rf '$folder'" EXIT
  if install -m 700 /dev/stdin "$folder/run" <<<'#!/bin/sh' && "$folder/run" 2>/dev/null; then
    export GOTMPDIR=${GOTMPDIR:-${TMPDIR:-/tmp}} TMPDIR=$folder
  fi
}

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
  results+=("$(printf '%-8s %-44s %4d s' "$word" "$name" $((SECONDS - start)))")
}

npm_packages() {
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

# go_tests name arguments…: runs tests, prints one line per package as it ends, and at the
# end what failed tests said, without the service's log, which .cache/test-NAME.json has. A
# test that is skipped proves nothing, so it counts as failed.
go_tests() {
  local report=.cache/test-$1 code=0 done_line
  local limit=$((60 * ${AVAIN_TEST_PATIENCE:-1}))m # as much longer as the tests wait (internal/testkit/patience)
  shift
  .cache/bin/gotestsum --format pkgname --format-hide-empty-pkg --jsonfile "$report.json" -- -timeout "$limit" "$@" 2>&1 |
    sed -u -E '/^ *\{"time":/d; s/^(.{400}).+/\1 …/' | tee "$report.log"
  code=${PIPESTATUS[0]}
  done_line=$(grep -E '^DONE ' "$report.log" | tail -n 1)
  tests=$((tests + $(said "$done_line" tests)))
  if [ "$(said "$done_line" skipped)" != 0 ]; then
    echo "a test that is skipped proves nothing"
    code=1
  fi
  return "$code"
}

# said line what: the number before a word of gotestsum's last line, 0 when it is not there.
said() {
  local n
  n=$(grep -oE "[0-9]+ $2" <<<"$1") && echo "${n%% *}" || echo 0
}

# journeys are the tests of whole programs; test/raced.txt names those that do several
# things at once, and internal/testkit/archtest holds it to that.
journeys=(./test/server ./cmd/avain ./cmd/bench)

raced_journeys() { go_tests raced-journeys -race -run "^($(paste -sd'|' test/raced.txt))\$" "${journeys[@]}"; }

other_packages() { go list ./internal/... ./cmd/... | grep -vxE 'avain/cmd/(avain|bench)'; }

run() {
  case $1 in
    app)
      step "npm packages" npm_packages
      step "app: check, lint, test" app_checks
      step "app: build" app_build
      ;;
    format) step "format" formatted ;;
    lint) step "lint" make lint ;;
    vulnerabilities) step "vulnerabilities" make vuln ;;
    build) step "build" make build ;;
    raced) step "go test -race: packages" go_tests raced -race $(other_packages) ;;
    raced-journeys) step "go test -race: journeys that race" raced_journeys ;;
    journeys) # four at once on two cores: many wait, for a clock or an answer that comes late
      step "go test: journeys, clients, documents" go_tests journeys -parallel 4 "${journeys[@]}" ./test/interop ./test/docs
      ;;
    browser) step "go test: browsers" go_tests browser ./test/browser ;;
    *)
      echo "gate: there is no step $1; there are: ${everything[*]}" >&2
      exit 2
      ;;
  esac
}

in_memory
step "tools" scripts/install-test-tools.sh
if [ $failed = 1 ]; then exit 1; fi
[ $# = 0 ] && set -- "${everything[@]}"
for name; do run "$name"; done

echo
echo "== summary"
printf '%s\n' "${results[@]}"
echo "$tests Go tests; $((SECONDS / 60)) min $((SECONDS % 60)) s in all"
exit $failed
