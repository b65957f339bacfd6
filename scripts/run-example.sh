#!/usr/bin/env bash
# The whole of `make run` after the build: two real registries on loopback, example images in the
# first, one sync to the second with the files in example/, a comparison that does not ask
# image-syncer, and a second sync that finds nothing to do. Leaves nothing running and, apart from
# the cached images in build/example, nothing on disk.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export no_proxy=127.0.0.1 NO_PROXY=127.0.0.1 # a proxy has no business here

readonly source_port=15801 target_port=15802 # as in example/*.yaml
readonly images=build/example/images
readonly accept='Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json'
work=''
registries=()

say() { printf '\n== %s\n' "$*"; }

die() {
  printf 'make run: %s\n' "$*" >&2
  exit 1
}

clean_up() {
  if [[ ${#registries[@]} -gt 0 ]]; then
    kill "${registries[@]}" 2>/dev/null || true
    wait "${registries[@]}" 2>/dev/null || true
  fi
  [[ -z $work ]] || rm -rf "$work"
}

# The first port from the given one that nothing listens on.
free_port() {
  local port=$1
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    port=$((port + 2))
    [[ $port -lt $(($1 + 100)) ]] || die "no free port from $1 on 127.0.0.1"
  done
  echo "$port"
}

start_registry() { # NAME PORT
  local dir=$work/$1 attempt
  mkdir "$dir"
  cat >"$dir/config.yml" <<CONFIG
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: "$PWD/$dir/data"}, delete: {enabled: true}}
http: {addr: "127.0.0.1:$2"}
CONFIG
  # pdeathsig: not even kill -9 of this script leaves a registry behind.
  setpriv --pdeathsig KILL docker-registry serve "$dir/config.yml" >"$dir/access.log" 2>"$dir/error.log" </dev/null &
  registries+=($!)
  for ((attempt = 0; attempt < 100; ++attempt)); do
    kill -0 $! 2>/dev/null || die "the $1 registry did not start: $(tail -n 3 "$dir/error.log")"
    if curl -fs -o /dev/null "http://127.0.0.1:$2/v2/"; then
      return
    fi
    sleep 0.1
  done
  die "the $1 registry on port $2 does not answer: $(tail -n 3 "$dir/error.log")"
}

push_blob() { # REGISTRY REPOSITORY HEX
  local location
  location=$(curl -fsS -X POST -H 'Content-Length: 0' -o /dev/null -w '%header{location}' "http://$1/v2/$2/blobs/uploads/")
  curl -fsS -o /dev/null -T "$images/blobs/$3" -H 'Content-Type: application/octet-stream' "$location&digest=sha256:$3"
}

push_images() { # REGISTRY
  local kind repository reference media_type hex
  while read -r kind repository reference media_type hex; do
    if [[ $kind == blob ]]; then
      push_blob "$1" "$repository" "$reference"
    else
      curl -fsS -o /dev/null -T "$images/blobs/$hex" -H "Content-Type: $media_type" "http://$1/v2/$repository/manifests/$reference"
      printf '  %-36s sha256:%s\n' "$repository:$reference" "$hex"
    fi
  done <"$images/contents"
}

# The sha256 of what a registry serves: of the bytes, whatever its headers say.
served() { # REGISTRY REPOSITORY KIND REFERENCE
  curl -fsS -H "$accept" "http://$1/v2/$2/$3/$4" | sha256sum | cut -d ' ' -f 1
}

compare_tag() { # SOURCE-REPOSITORY:TAG TARGET-REPOSITORY:TAG
  local from to result=equal
  from=$(served "$source" "${1%:*}" manifests "${1##*:}") || die "$source/$1 cannot be read"
  to=$(served "$target" "${2%:*}" manifests "${2##*:}") || die "$target/$2 is not there"
  [[ $from == "$to" ]] || result=DIFFERS
  printf '  %-24s sha256:%s…  %-7s  %s\n' "$1" "${from:0:16}" "$result" "$2"
  [[ $result == equal ]] || die "$target/$2 is sha256:$to, the source sha256:$from"
}

# Reads every manifest and blob of a source repository from a target repository.
compare_content() { # SOURCE-REPOSITORY TARGET-REPOSITORY
  local kind repository reference hex
  while read -r kind repository reference _ hex; do
    [[ $repository == "$1" ]] || continue
    [[ $kind == manifest ]] || hex=$reference
    [[ $(served "$target" "$2" "${kind}s" "sha256:$hex") == "$hex" ]] || die "$target/$2: sha256:$hex is missing or differs"
    compared=$((compared + 1))
  done <"$images/contents"
}

# What example/images.yaml should have led to.
compare_all() {
  local version tag compared=0
  version=$(awk '$1 == "manifest" && $3 ~ /^[0-9]/ { print $3 }' "$images/contents")
  for tag in amd64 arm64 latest "$version"; do
    compare_tag "examples/busybox:$tag" "mirror/busybox:$tag"
  done
  compare_tag "examples/busybox:$version" "archive/busybox:$version"
  compare_tag "examples/busybox:$version" "team/tools/busybox:$version"
  compare_tag examples/hello:latest mirror/hello:stable

  compare_content examples/busybox mirror/busybox
  compare_content examples/busybox archive/busybox
  compare_content examples/busybox team/tools/busybox
  compare_content examples/hello mirror/hello
  echo "  behind them $compared manifests, configs and layers, all equal"
}

run_syncer() {
  printf '$ %s\n' "$*"
  "$@"
}

# Requests in an access log after its first N lines, and those of them that change something.
requests_since() { tail -n +$(($2 + 1)) "$work/$1/access.log" | grep -c '^127' || true; }
writes_since() { tail -n +$(($2 + 1)) "$work/$1/access.log" | grep -cE '"(POST|PUT|PATCH|DELETE) ' || true; }
lines() { wc -l <"$work/$1/access.log"; }

[[ -x image-syncer ]] || die "./image-syncer is missing: run make"
for tool in docker-registry curl setpriv; do
  command -v "$tool" >/dev/null || die "$tool is missing: run make deps"
done
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p build/example
work=$(mktemp -d build/example/run.XXXXXX)

if [[ ! $images/contents -nt scripts/example-images.sh ]]; then
  say "Making the example images (once; kept in $images)"
  scripts/example-images.sh "$images"
fi

port=$(free_port $source_port)
ports=("$port")
port=$(free_port $target_port)
ports+=("$port")
readonly source=127.0.0.1:${ports[0]} target=127.0.0.1:${ports[1]}
files=example
if [[ ${ports[*]} != "$source_port $target_port" ]]; then
  files=$work
  for name in auth images; do
    sed "s/:$source_port/:${ports[0]}/g; s/:$target_port/:${ports[1]}/g" "example/$name.yaml" >"$files/$name.yaml"
  done
  echo "Port $source_port or $target_port is taken; $files/*.yaml are the example files with other ports."
fi
start_registry source "${ports[0]}"
start_registry target "${ports[1]}"
say "Two registries run: the source on $source, filled with example images, the target on $target, empty"
push_images "$source"

command=(./image-syncer --auth "$files/auth.yaml" --images "$files/images.yaml" --db "$work/example.db")
say "Syncing"
run_syncer "${command[@]}"

say "Comparing what both registries serve (SHA-256 of the bytes)"
compare_all

say "Syncing again: there should be nothing left to do"
before=("$(lines source)" "$(lines target)")
run_syncer "${command[@]}"
writes=$(writes_since target "${before[1]}")
[[ $writes -eq 0 ]] || die "the second sync wrote to the target $writes times"
echo "The registries' own logs: $(requests_since source "${before[0]}") requests to the source, $(requests_since target "${before[1]}") to the target, no uploads."
echo
echo "OK: every digest is equal. Stopping the registries."
