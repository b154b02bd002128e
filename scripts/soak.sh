#!/usr/bin/env bash
# Runs every test with the race detector once, which the gate does only where there is
# something to race. Then repeats what is left to chance: races for one-time secrets and
# crashes under load, on both databases, until the time is over (30m, 2h) or something
# breaks. Guesses, confirmed links and floods of starts come in the numbers of the threat
# model. docs/testing.md says when it last ran.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-30m} in
  *h) seconds=$((${1%h} * 3600)) ;;
  *m) seconds=$((${1%m} * 60)) ;;
  *s) seconds=${1%s} ;;
  *) echo "soak: the time must look like 90s, 30m or 2h" >&2; exit 2 ;;
esac

echo "· every test with the race detector"
go test -race -count=1 -timeout 2h ./... | { grep -v 'no test files' || true; }

end=$((SECONDS + seconds)) round=0
while [ "$SECONDS" -lt "$end" ]; do
  round=$((round + 1))
  echo "· round $round, $(((end - SECONDS) / 60)) minutes left"
  AVAIN_RACE_ROUNDS=${AVAIN_RACE_ROUNDS:-1000} go test -count=1 -timeout 2h -run 'Threat05|Race|Crash|Concurren|Conform|Model' \
    ./internal/platform/store/... ./internal/core/attempt/... ./test/...
  AVAIN_LINKS=${AVAIN_LINKS:-10000} AVAIN_GUESSES=${AVAIN_GUESSES:-1000000} AVAIN_GUESSED_LOGINS=${AVAIN_GUESSED_LOGINS:-30000} \
    AVAIN_STARTS=${AVAIN_STARTS:-1000000} go test -count=1 -timeout 2h -run 'Threat01|Threat22|Threat34' ./internal/core/attempt/...
done
echo "$round rounds, nothing broke"
