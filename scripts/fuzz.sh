#!/usr/bin/env bash
# Runs every fuzz target for the time given (20s, 5m). What it finds stays in the
# package's testdata/fuzz and is then a test for good: commit it.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-20s}

mkdir -p .cache
failed=() count=0
while read -r file target; do
  package=./$(dirname "$file")
  count=$((count + 1))
  echo "· $package $target for $time"
  # Minimising a found input is bounded: by default it eats a minute each time.
  go test "$package" -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 20x >.cache/fuzz.log 2>&1 || {
    failed+=("$package $target")
    grep -v '^fuzz: elapsed' .cache/fuzz.log || true
  }
done < <(grep -rnoE --include='*_test.go' '^func (Fuzz[A-Za-z0-9_]+)' cmd internal test | sed -E 's/:[0-9]+:func / /' | sort)

echo "$count fuzz targets, ${#failed[@]} failed"
[ ${#failed[@]} = 0 ] || { printf '  %s\n' "${failed[@]}"; exit 1; }
