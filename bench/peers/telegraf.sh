#!/bin/sh
# Builds Telegraf with the two plugins that bench/capture.ts needs, from the Go module proxy: bench/peers/telegraf.sh TARGET [VERSION]
# Takes some minutes and 1 GB of Go's caches.
set -eu
target=$(realpath -m "$1")
version=${2:-v1.37.2}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
source=$(go mod download -json "github.com/influxdata/telegraf@$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
cp -r "$source" "$folder/telegraf"
chmod -R u+w "$folder/telegraf"
cd "$folder/telegraf"
CGO_ENABLED=0 nice -n 19 go build -p 1 -trimpath \
  -ldflags "-s -w -X github.com/influxdata/telegraf/internal.Version=${version#v}" \
  -tags custom,inputs.file,outputs.file,parsers.value,serializers.json -o "$target" ./cmd/telegraf
