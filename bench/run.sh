#!/bin/sh
# Every bench, one after the other. Each can be run alone, with arguments: see README.md beside this file.
cd "$(dirname "$0")/.." || exit 1
failed=0
for bench in hub hub-spawns proxy terminal-smoke; do
  printf '\n== %s\n' "$bench"
  node "bench/$bench.mjs" || failed=1
done
exit "$failed"
