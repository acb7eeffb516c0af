#!/bin/sh
# What a pilot would bill, forecast and cost, before anything is deployed: five commands, and the answers in one folder.
#
#   examples/pilot.sh FOLDER METERS CURRENT_TARIFF.json OTHER_TARIFF.json…
#
# Tables go through pipes as TSV. A command that fails ends the script; its message is in FOLDER/log.
set -eu
[ $# -ge 4 ] || { echo "usage: $0 FOLDER METERS CURRENT_TARIFF.json OTHER_TARIFF.json…" >&2; exit 2; }
folder=$1 meters=$2 current=$3
shift 2
mkdir -p "$folder"
column() { awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next } { print $at }'; }

electrocloud simulate --place US --meters "$meters" --start 2026-01-01 --days 62 --interval 3600 --solar 0 \
  --out "$folder/readings.csv" 2> "$folder/log"
awk -F, 'NR == 1 || $1 == "US-000000"' "$folder/readings.csv" > "$folder/one.csv"

electrocloud bill batch --tariff "$current" --usage "$folder/readings.csv" --out "$folder/bills.csv" 2>> "$folder/log"
electrocloud compare "$@" --usage "$folder/one.csv" -o tsv > "$folder/tariffs.tsv" 2>> "$folder/log"
electrocloud forecast --input "$folder/one.csv" --zone America/New_York -o tsv > "$folder/forecast.tsv" 2>> "$folder/log"
electrocloud cost --meters "$meters" -o tsv > "$folder/cost.tsv" 2>> "$folder/log"

echo "bills          $(($(wc -l < "$folder/bills.csv") - 1))"
echo "best tariff    $(column tariff < "$folder/tariffs.tsv" | head -1)"
echo "peak, Wh       $(column value < "$folder/forecast.tsv" | sort -n | tail -1)"
echo "AWS, $ a month $(column usd_per_month < "$folder/cost.tsv" | awk '{ sum += $1 } END { printf "%.2f", sum }')"
