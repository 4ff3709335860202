#!/bin/sh
# Builds the page: TypeScript to ES modules, its style as one file, static files and uPlot beside them, into build/services/config/www/.
set -eu
cd "$(dirname "$0")"
root=../../..
out=$root/build/services/config/www
mkdir -p "$out"
"$root/node_modules/.bin/tsc" -p tsconfig.build.json
cp index.html ./*.svg "$out/"
# In this order: what comes later wins.
for part in ground controls layout ask running notices panel plot legend cards welcome wall small; do
  cat "style/$part.css"
done >"$out/page.css"
cp "$root/node_modules/uplot/dist/uPlot.esm.js" "$root/node_modules/uplot/dist/uPlot.min.css" "$out/"
