#!/usr/bin/env bash
# Before a commit: format, lint and tests of what has changed, in a minute or so. What
# it leaves out it says; the gate (make test) has all of it.
#   check.sh [COMMIT]   what has changed since then, new files too; without: since HEAD
set -uo pipefail
cd "$(dirname "$0")/.."

since=${1:-HEAD}
changed=$(git diff --name-only --diff-filter=d "$since" && git ls-files --others --exclude-standard) || exit 2
failed=0

# run name command…: runs a command and remembers that it failed.
run() {
  local start=$SECONDS name=$1
  shift
  if "$@"; then
    echo "ok      $name ($((SECONDS - start)) s)"
  else
    echo "FAILED  $name"
    failed=1
  fi
}

formatted() {
  local wrong
  wrong=$(.cache/bin/golangci-lint fmt --diff $go_files 2>&1) && [ -z "$wrong" ] && return
  echo "$wrong" | head -n 40
  echo "run: make fmt"
  return 1
}

app() { (cd app && npm run --silent check && npm run --silent lint && npm run --silent test); }

# Lists of words, not arrays: the bash of macOS is old, and no path here has a space.
go_files=$(grep '\.go$' <<<"$changed")
folders=$([ -z "$go_files" ] || dirname $go_files | sort -u | sed 's,^,./,')
quick='' slow=''
for folder in $folders; do
  case $folder in
    ./test/server | ./test/browser | ./test/interop | ./internal/platform/store | ./internal/core/attempt | ./cmd/avain) slow="$slow $folder" ;;
    *) quick="$quick $folder" ;;
  esac
done

if [ -n "$folders" ]; then
  scripts/install-test-tools.sh lint
  run "format" formatted
  run "lint" env GOLANGCI_LINT_CACHE="$PWD/.cache/golangci" .cache/bin/golangci-lint run $folders
  [ -z "$quick" ] || run "tests" go test $quick
  run "imports" go test ./internal/testkit/archtest
fi
grep -qE '\.md$|^docs/' <<<"$changed" && run "documents" go test ./test/docs
grep -q '^app/' <<<"$changed" && run "app" app
[ -z "$slow" ] || echo "left to make test:$slow"
[ -n "$changed" ] || echo "nothing has changed since $since"
exit $failed
