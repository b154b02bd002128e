#!/usr/bin/env bash
# Installs what the tests need and this machine lacks; says nothing when all is there.
#   install-test-tools.sh           everything that the gate needs
#   install-test-tools.sh lint      only the linters, which go to .cache/bin
#   install-test-tools.sh mutate    only what make mutate needs
#   install-test-tools.sh interop   the clients of make interop, into .cache/bin and .cache/interop
set -euo pipefail
cd "$(dirname "$0")/.."

# Pinned here and not in go.mod: what they depend on is none of the program's.
golangci=v2.15.0
govulncheck=v1.9.0
gotestsum=v1.13.0
gremlins=v0.6.0
oauth2_proxy=v7.15.6

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

# install_debian package…: brings Debian's packages.
install_debian() {
  [ $# = 0 ] && return
  say "installing $*"
  if ! have apt-get; then
    echo "please install: $* (names of Debian's packages)" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  local log=.cache/apt.log
  if ! { as_root apt-get update -q && as_root apt-get install -q -y --no-install-recommends "$@"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "could not install $*; do it by hand, as root: apt-get install $*" >&2
    exit 1
  fi
}

install_packages() {
  local missing=()
  have gcc || missing+=(gcc libc6-dev) # the race detector needs cgo
  have chromium || have chromium-browser || have google-chrome || missing+=(chromium)
  have initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
  have pgbouncer || [ -x /usr/sbin/pgbouncer ] || missing+=(pgbouncer)
  local shell
  for shell in zsh fish mandoc; do # completions and manual pages
    have $shell || missing+=($shell)
  done
  have man || missing+=(man-db)
  compgen -G '/usr/share/fonts/truetype/*/*.ttf' >/dev/null || missing+=(fonts-dejavu-core)
  install_debian "${missing[@]}"
}

# install_tool module version: builds a program into .cache/bin unless that version is there.
install_tool() {
  local binary
  binary=.cache/bin/$(basename "${1%/v[0-9]*}")
  if [ -x "$binary" ] && go version -m "$binary" 2>/dev/null | awk '$1 == "mod" { print $3 }' | grep -qx "$2"; then
    return
  fi
  say "building $(basename "$binary") $2 (once, about a minute)"
  local log=.cache/go-install.log
  if ! GOFLAGS=-mod=mod GOBIN="$PWD/.cache/bin" go install "$1@$2" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    exit 1
  fi
}

# made target source… -- command…: runs the command when a source is newer than what it
# makes, in silence unless it fails.
made() {
  local target=$1 sources=()
  shift
  while [ "$1" != -- ]; do
    sources+=("$1")
    shift
  done
  shift
  [ -e "$target" ] && [ -z "$(find "${sources[@]}" -newer "$target" -print -quit)" ] && return
  say "$title"
  local log=.cache/interop/install.log
  if ! "$@" >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "failed: $*" >&2
    exit 1
  fi
  touch "$target"
}

python_clients() {
  python3 -m venv --clear .cache/interop/python &&
    .cache/interop/python/bin/pip install --quiet --disable-pip-version-check --require-hashes -r test/interop/python/requirements.txt
}

# install_clients installs and builds what test/interop runs beside Go and npm clients.
install_clients() {
  mkdir -p .cache/interop
  local missing=() title
  [ -x /usr/sbin/apache2 ] || missing+=(apache2)
  [ -e /usr/lib/apache2/modules/mod_auth_openidc.so ] || missing+=(libapache2-mod-auth-openidc)
  have python3 || missing+=(python3)
  python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
  have javac || missing+=(default-jdk-headless)
  have mvn || missing+=(maven)
  install_debian "${missing[@]}"
  require cargo "install Rust 1.88 or newer, https://rustup.rs/"
  require node "install Node 20.19 or newer, https://nodejs.org/"
  install_tool github.com/oauth2-proxy/oauth2-proxy/v7 "$oauth2_proxy"
  title="installing the Python clients"
  made .cache/interop/python/pyvenv.cfg test/interop/python/requirements.txt -- python_clients
  title="building the Java client (once, downloads Spring)"
  made .cache/interop/java/shop.jar test/interop/java -- mvn -B -q -f test/interop/java/pom.xml package
  title="building the Rust client (once, a few minutes)"
  made .cache/interop/rust/debug/shop test/interop/rust -- \
    env CARGO_TARGET_DIR="$PWD/.cache/interop/rust" cargo build --locked --manifest-path test/interop/rust/Cargo.toml
}

mkdir -p .cache/bin
require go "install Go 1.26 or newer, https://go.dev/dl/"
if [ "${1:-}" = interop ]; then
  install_clients
  exit
fi
if [ "${1:-}" = mutate ]; then
  install_tool github.com/go-gremlins/gremlins/cmd/gremlins "$gremlins"
  exit
fi
install_tool github.com/golangci/golangci-lint/v2/cmd/golangci-lint "$golangci"
install_tool golang.org/x/vuln/cmd/govulncheck "$govulncheck"
[ "${1:-}" = lint ] && exit
install_tool gotest.tools/gotestsum "$gotestsum"
require node "install Node 20.19 or newer, https://nodejs.org/"
require npm "it comes with Node"
install_packages
