#!/bin/sh
# Builds the page: TypeScript to ES modules, static files and uPlot beside them, into build/services/config/www/.
set -eu
cd "$(dirname "$0")"
root=../../..
out=$root/build/services/config/www
mkdir -p "$out"
"$root/node_modules/.bin/tsc" -p tsconfig.build.json
cp index.html ./*.css ./*.svg "$out/"
cp "$root/node_modules/uplot/dist/uPlot.esm.js" "$root/node_modules/uplot/dist/uPlot.min.css" "$out/"
