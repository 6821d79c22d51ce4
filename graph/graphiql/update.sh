#!/bin/sh
# Fetches the pinned browser bundles again and writes their checksums to assets/VERSIONS. To move to
# another version change its pin here, run this and the tests, and look at the page once.
set -eu
cd "$(dirname "$0")/assets"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# package@version, file in the package, name here (with the version, since browsers keep it for a year)
pins='
graphiql@3.9.0    graphiql.min.js                  graphiql-3.9.0.min.js
graphiql@3.9.0    graphiql.min.css                 graphiql-3.9.0.min.css
graphiql@3.9.0    LICENSE                          graphiql.LICENSE
graphql-ws@5.16.2 umd/graphql-ws.min.js            graphql-ws-5.16.2.min.js
graphql-ws@5.16.2 LICENSE.md                       graphql-ws.LICENSE
react@18.3.1      umd/react.production.min.js      react-18.3.1.min.js
react@18.3.1      LICENSE                          react.LICENSE
react-dom@18.3.1  umd/react-dom.production.min.js  react-dom-18.3.1.min.js
react-dom@18.3.1  LICENSE                          react-dom.LICENSE
'

fetch() { # once a package
	[ -d "$work/$1" ] && return
	mkdir "$work/$1"
	tarball=$(npm pack --silent --pack-destination "$work" "$1")
	tar -xzf "$work/$tarball" -C "$work/$1" --strip-components=1
}

rm -f -- *.min.js *.min.css *.LICENSE
echo '# sha256, file, package@version, file in the package. Written by update.sh.' >VERSIONS
echo "$pins" | while read -r package from to; do
	[ -n "$package" ] || continue
	fetch "$package"
	cp "$work/$package/$from" "$to"
	echo "$(sha256sum "$to" | cut -d' ' -f1)  $to  $package  $from" >>VERSIONS
done
