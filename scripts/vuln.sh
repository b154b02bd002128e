#!/usr/bin/env bash
# Looks for known vulnerabilities in what we depend on. Without its database it cannot
# know, and says so loudly instead of passing in silence.
set -euo pipefail
cd "$(dirname "$0")/.."

log=.cache/vuln.log
if timeout 180 .cache/bin/govulncheck ./... >"$log" 2>&1; then
  echo "· govulncheck: no known vulnerabilities"
  exit
fi
if grep -q '^Vulnerability #' "$log"; then
  cat "$log"
  exit 1
fi
if grep -qiE 'vuln\.go\.dev|fetching vulnerabilit|no such host|dial tcp|timeout' "$log" || [ ! -s "$log" ]; then
  cat <<'END'
!! govulncheck did NOT run: its database, https://vuln.go.dev, cannot be reached from
!! here. Nothing is known about vulnerabilities in our dependencies. Run `make vuln`
!! where the network allows it.
END
  exit
fi
cat "$log"
exit 1
