#!/usr/bin/env bash
# Runs every test. It needs Go, a C compiler for the race detector, npm for the speech model and the real
# next-auth, a Chromium to run it in, and Postgres, which internal/devstack/withpostgres finds or installs.
set -euo pipefail
cd "$(dirname "$0")/.."
started=$SECONDS

need() { # program, Debian package, what for
	command -v "$1" >/dev/null && return
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		echo "installing $2, for $3"
		{ apt-get update -qq && apt-get install -y -qq "$2"; } >/dev/null 2>&1 || true
	fi
	command -v "$1" >/dev/null && return
	echo "There is no $1, for $3: install the package $2 and run make test again." >&2
	exit 1
}

need go golang "everything"
need "${CC:-cc}" gcc "the race detector"
need npm npm "the local speech model and the real next-auth"

browser() {
	for name in "${CHROMIUM:-chromium}" chromium-browser google-chrome google-chrome-stable chrome; do
		command -v "$name" >/dev/null && return
	done
	need chromium chromium "the browser tests (or set CHROMIUM to the path of Chrome)"
}
browser

echo "vet" # of all, so that go test need not do a part of it again
go vet ./...
# Most of a test is waiting for a process or a database: more of them than there are cores fit side by side.
echo "test, with the race detector, on a Postgres of its own"
CGO_ENABLED=1 go run ./internal/devstack/withpostgres go test -race -vet=off -timeout 20m -parallel 6 "$@" ./...
echo "everything passed in $((SECONDS - started)) s"
