# shellcheck shell=bash
# What the benchmarks share: real registries on loopback, images written into a registry's storage, and measured runs.
# Source it; `make bench` installs what it needs.
set -euo pipefail

bench_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binary=${IMAGE_SYNCER:-$bench_dir/../image-syncer}
work=$(mktemp -d "${TMPDIR:-/tmp}/image-syncer-bench.XXXXXX")
registry_pids=()
first_port=${BENCH_PORT:-15710}

cleanup() {
  for pid in "${registry_pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

[[ -x $binary ]] || { echo "bench: $binary is missing: run make first" >&2; exit 1; }

storage() { echo "$work/storage$1"; }
host() { echo "127.0.0.1:$((first_port + $1))"; }

# Starts registry N over its storage and waits until it answers.
start_registry() { # N
  local config=$work/registry$1.yml
  mkdir -p "$(storage "$1")"
  cat >"$config" <<CONF
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $(storage "$1")}, delete: {enabled: true}}
http: {addr: "$(host "$1")", secret: bench}
CONF
  docker-registry serve "$config" >"$work/registry$1.log" 2>&1 &
  registry_pids+=($!)
  for _ in $(seq 200); do
    curl -sf -o /dev/null "http://$(host "$1")/v2/" && return 0
    sleep 0.05
  done
  echo "bench: registry $1 does not answer" >&2
  exit 1
}

# Empties a target registry. Its cache of blob descriptors is its own, so it is restarted by the caller.
clear_registry() { rm -rf "$(storage "$1")"/*; }

# Reproducible bytes that do not compress.
random_bytes() { # SEED SIZE
  head -c "$2" /dev/zero | openssl enc -aes-128-ctr -K "$(printf '%s' "$1" | md5sum | cut -c1-32)" -iv 0 2>/dev/null
}

# Moves FILE into registry N's storage as a blob; prints its hex digest.
store_blob() { # N FILE
  local hex dir
  hex=$(sha256sum "$2" | cut -d' ' -f1)
  dir=$(storage "$1")/docker/registry/v2/blobs/sha256/${hex:0:2}/$hex
  mkdir -p "$dir"
  mv "$2" "$dir/data"
  echo "$hex"
}

link() { # N PATH HEX
  local dir
  dir=$(storage "$1")/docker/registry/v2/repositories/$2
  mkdir -p "$dir"
  printf 'sha256:%s' "$3" >"$dir/link"
}

# A layer of SIZE random bytes in registry N; prints "HEX SIZE".
make_layer() { # N SEED SIZE
  random_bytes "$2" "$3" >"$work/layer"
  echo "$(store_blob "$1" "$work/layer") $3"
}

# An image of the given layers ("HEX SIZE" each) under REPOSITORY:TAG in registry N.
make_image() { # N REPOSITORY TAG LAYER...
  local n=$1 repository=$2 tag=$3 layers="" config config_size manifest layer
  shift 3
  printf '{"architecture":"amd64","os":"linux","id":"%s:%s","rootfs":{"type":"layers","diff_ids":[]}}' "$repository" "$tag" >"$work/config"
  config_size=$(stat -c %s "$work/config")
  config=$(store_blob "$n" "$work/config")
  link "$n" "$repository/_layers/sha256/$config" "$config"
  for layer in "$@"; do
    link "$n" "$repository/_layers/sha256/${layer% *}" "${layer% *}"
    layers+="${layers:+,}{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:${layer% *}\",\"size\":${layer#* }}"
  done
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%s},"layers":[%s]}' \
    "$config" "$config_size" "$layers" >"$work/manifest"
  manifest=$(store_blob "$n" "$work/manifest")
  link "$n" "$repository/_manifests/revisions/sha256/$manifest" "$manifest"
  link "$n" "$repository/_manifests/tags/$tag/current" "$manifest"
  link "$n" "$repository/_manifests/tags/$tag/index/sha256/$manifest" "$manifest"
}

write_auth() { # N...
  local n
  for n in "$@"; do echo "$(host "$n"): {insecure: true}"; done >"$work/auth.yaml"
}

# Runs a command; prints "WALL CPU RSS" in seconds, seconds and MiB. Its output goes to $work/out.
measure() {
  local status=0
  /usr/bin/time -o "$work/time" -f '%e %U %S %M' "$@" >"$work/out" 2>&1 || status=$?
  [[ $status -eq 0 ]] || { echo "bench: $* ended with $status:" >&2; tail -5 "$work/out" >&2; exit 1; }
  awk 'END { printf "%.2f %.2f %.1f\n", $1, $2 + $3, $4 / 1024 }' "$work/time"
}

sync_images() { measure "$binary" --auth "$work/auth.yaml" --images "$work/images.yaml" --db "$work/record.db" --progress never; }

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
row() { printf '%-58s %10s %10s %10s\n' "$@"; }
