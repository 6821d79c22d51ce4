#!/usr/bin/env bash
# Generates into a copy and compares, so that the work tree stays as it is.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

git ls-files -z --cached --others --exclude-standard | xargs -0 -I{} sh -c 'test -e "$1" && printf "%s\0" "$1"' _ {} |
	tar --null -T - -cf - | tar -xf - -C "$copy"
(cd "$copy" && "$root/.bin/sqlc" generate && go tool gqlgen generate)

stale=0
for dir in internal/db graph; do
	diff -r "$dir" "$copy/$dir" || stale=1
done
[ $stale = 0 ] || { echo "Generated code is stale: run make generate." >&2; exit 1; }

unformatted=$(git ls-files '*.go' | xargs gofmt -l)
[ -z "$unformatted" ] || { printf 'Not formatted, run make fmt:\n%s\n' "$unformatted" >&2; exit 1; }

go mod tidy -diff >/dev/null || { echo "go.mod is stale: run go mod tidy." >&2; exit 1; }
echo "generated code, formatting and go.mod are fresh"
