#!/usr/bin/env bash
# Changes conditions, boundaries and arithmetic of a package one at a time and tells which
# changes no test of that package notices. Fails where fewer than 95 % are noticed, and
# where one goes unnoticed that scripts/mutate-survivors.txt does not explain.
#   mutate.sh                            every package that decides about a login
#   mutate.sh ./internal/protocol/dpop   one
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C # columns are bytes

bar=95
survivors=$PWD/scripts/mutate-survivors.txt
packages=("$@")
[ $# -gt 0 ] || mapfile -t packages < <(sed -n 's/^package //p' "$survivors")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/source"
git ls-files -coz --exclude-standard | while IFS= read -r -d '' file; do
  [ ! -f "$file" ] || printf '%s\0' "$file" # listed, and deleted since
done >"$work/files"
tar --null -T "$work/files" -cf - | tar -xf - -C "$work/source"

# Gremlins calls go; what it calls is this, which knows better. What does not compile has
# not been noticed. The cover tool knows nothing of the conditions of a case and of
# constants, so every line counts as covered. What is left to chance, or is there for the
# load, stays out: it takes minutes and notices nothing that the rest does not. And only
# the tests have a time limit, ten times what they need: how long the compiler takes on a
# busy machine says nothing.
cat >"$work/bin/go" <<'END'
#!/usr/bin/env bash
[ "$1" = test ] || exec "$GO" "$@"
shift
slow='Threat37|Threat34|Threat22|Threat01|Threat63|Race|Linearizable|EveryPageInEveryLanguage|/postgres$'
for ((i = 1; i < $#; i++)); do
  [ "${!i}" = -coverprofile ] && next=$((i + 1)) && profile=${!next}
done
out=$("$GO" test -vet=off -ldflags=-w -count=1 -skip "$slow" "${@:1:$#-1}" -timeout "$(cat "$WORK/limit")s" "${!#}" 2>&1)
status=$?
printf '%s\n' "$out"
case $out in *'[build failed]'* | *'[setup failed]'*) exit 2 ;; esac
if [ -n "${profile:-}" ] && [ $status = 0 ]; then
  awk '$1 == "ok" { print int(20 + 10 * $3) }' <<<"$out" >"$WORK/limit"
  folder=${!#}
  { echo 'mode: set'; for file in "${folder%/...}"/*.go; do echo "avain/${file#./}:1.1,999999.1 1 1"; done; } >"$profile"
fi
exit $status
END
chmod +x "$work/bin/go"
GO=$(command -v go) && export GO WORK=$work

# marked prints each change of the log as it is told: the file, the kind, and the line with
# the sign that was changed between « and ».
marked() { # package
  grep -oE "^ *$wanted [A-Z_]+ at [^ ]+:[0-9]+:[0-9]+" "$work/log" | sed 's/^ *//; s/NOT COVERED/LIVED/' | sort -u |
    while read -r _ kind _ at; do
      IFS=: read -r file line column <<<"$at"
      awk -v n="$line" -v c="$column" -v what="$1/$file $kind" 'NR == n {
        sign = substr($0, c); match(sign, /^(&&|\|\||[=!<>]=|\+\+|--|<<|>>|.)/)
        line = substr($0, 1, c - 1) "«" substr(sign, 1, RLENGTH) "»" substr(sign, RLENGTH + 1)
        gsub(/^[ \t]+|[ \t]+$/, "", line); print what ": " line }' "$work/source/$1/$file"
    done | sort -u
}

mutate() { # package
  local package=$1 killed lived percent unexplained stale wanted
  echo 600 >"$work/limit"
  if ! PATH="$work/bin:$PATH" .cache/bin/gremlins unleash "$work/source/$package" --workers 1 --timeout-coefficient 1000 \
    --invert-logical --exclude-files '(^|/)(previews|doc)\.go$' --exclude-files '/' >"$work/log" 2>&1; then
    cat "$work/log"
    return 1
  fi
  killed=$(grep -cE '^ *(KILLED|TIMED OUT) ' "$work/log" || true)
  lived=$(grep -cE '^ *(LIVED|NOT COVERED) ' "$work/log" || true)
  percent=$(awk -v k="$killed" -v l="$lived" 'BEGIN { print k + l ? sprintf("%.1f", 100 * k / (k + l)) : "0.0" }')
  printf '%-34s %5s %% of %d changes noticed\n' "$package" "$percent" "$((killed + lived))"
  wanted='(LIVED|NOT COVERED)' marked "$package" >"$work/lived"
  grep "^$package/[^/]* " "$survivors" | sort -u >"$work/explained" || true
  unexplained=$(comm -23 "$work/lived" "$work/explained")
  stale=$(comm -13 "$work/lived" "$work/explained")
  [ -z "$unexplained" ] || printf 'no test notices:\n%s\n' "$unexplained"
  [ -z "$stale" ] || printf 'explained in %s, but noticed or gone:\n%s\n' "${survivors#"$PWD"/}" "$stale"
  [ -z "$unexplained$stale" ] && awk -v p="$percent" -v bar=$bar 'BEGIN { exit p < bar }'
}

failed=()
for package in "${packages[@]}"; do
  package=${package#./}
  mutate "${package%/}" || failed+=("$package")
done
[ ${#failed[@]} = 0 ] || { echo "below the bar or unexplained: ${failed[*]}"; exit 1; }
