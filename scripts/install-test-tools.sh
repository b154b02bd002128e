#!/usr/bin/env bash
# Installs what the tests need and this machine lacks; says nothing when all is there.
#   install-test-tools.sh        everything
#   install-test-tools.sh lint   only the linters, which go to .cache/bin
set -euo pipefail
cd "$(dirname "$0")/.."

# Pinned here and not in go.mod: what they depend on is none of the program's.
golangci=v2.15.0
govulncheck=v1.9.0

say() { echo "· $*"; }
have() { command -v "$1" >/dev/null 2>&1; }

require() { # name, purpose
  have "$1" && return
  echo "$1 is missing: $2" >&2
  exit 1
}

# as_root runs a command as root, if there is a way.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif have sudo; then
    sudo -n "$@"
  else
    return 1
  fi
}

install_packages() {
  local missing=()
  have gcc || missing+=(gcc libc6-dev) # the race detector needs cgo
  have chromium || have chromium-browser || have google-chrome || missing+=(chromium)
  have initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
  compgen -G '/usr/share/fonts/truetype/*/*.ttf' >/dev/null || missing+=(fonts-dejavu-core)
  [ ${#missing[@]} = 0 ] && return
  say "installing ${missing[*]}"
  if ! have apt-get; then
    echo "please install: ${missing[*]} (names of Debian's packages)" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  local log=.cache/apt.log
  if ! { as_root apt-get update -q && as_root apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "could not install ${missing[*]}; do it by hand, as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
}

# install_tool module version: builds a program into .cache/bin unless that version is there.
install_tool() {
  local binary
  binary=.cache/bin/$(basename "$1")
  if [ -x "$binary" ] && go version -m "$binary" 2>/dev/null | awk '$1 == "mod" { print $3 }' | grep -qx "$2"; then
    return
  fi
  say "building $(basename "$1") $2 (once, about a minute)"
  local log=.cache/go-install.log
  if ! GOFLAGS=-mod=mod GOBIN="$PWD/.cache/bin" go install "$1@$2" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    exit 1
  fi
}

mkdir -p .cache/bin
require go "install Go 1.26 or newer, https://go.dev/dl/"
install_tool github.com/golangci/golangci-lint/v2/cmd/golangci-lint "$golangci"
install_tool golang.org/x/vuln/cmd/govulncheck "$govulncheck"
[ "${1:-}" = lint ] && exit
require node "install Node 20.19 or newer, https://nodejs.org/"
require npm "it comes with Node"
install_packages
