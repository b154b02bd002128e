#!/usr/bin/env bash
# Logs in with every client that we did not write, each a process of its own against a
# running service, and prints a line for each: name, language, version, ok or FAILED.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-test-tools.sh interop
log=.cache/interop/test.log
echo "· logging in with every client (all output in $log)"
AVAIN_INTEROP=1 go test -count=1 -v -timeout "$((20 * ${AVAIN_TEST_PATIENCE:-1}))m" ./test/interop/ >"$log" 2>&1 &
tests=$! code=0
tail -n +1 -f --pid=$tests "$log" | grep --line-buffered -E '^client ' || true
wait $tests || code=$?
if [ $code != 0 ]; then
  echo "· what failed:"
  grep -nE -B 40 -A 6 '^[[:space:]]*--- FAIL|^panic:|build failed' "$log" | grep -vE -- '--- PASS|=== (RUN|PAUSE|CONT)' | tail -n 200
fi
echo "$(grep -cE '^client .* ok$' "$log") clients ok, $(grep -cE '^client .* FAILED$' "$log") failed"
exit $code
