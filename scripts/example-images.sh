#!/usr/bin/env bash
# Makes the example images of `make run` out of Debian's (or Ubuntu's) busybox-static packages:
#   examples/busybox  :amd64 :arm64   one platform each (OCI manifests)
#                     :latest :X.Y.Z  both platforms (an OCI index), X.Y.Z being busybox's version
#   examples/hello    :latest         two layers, linux/amd64 (Docker schema 2), the first shared with busybox:amd64
# Each platform holds the binary of its own architecture. The same packages give the same bytes.
#
#   scripts/example-images.sh DIR
# leaves in DIR: blobs/HEX (every blob and manifest by its sha256) and contents, in pushing order:
#   blob REPOSITORY HEX
#   manifest REPOSITORY REFERENCE MEDIA-TYPE HEX        REFERENCE: a tag, or sha256:HEX
set -euo pipefail
umask 022

readonly oci=application/vnd.oci.image
readonly docker=application/vnd.docker
readonly architectures=(amd64 arm64)

[[ $# -eq 1 ]] || { echo "usage: $0 DIR" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
cache=$out/packages

# Apt with state of its own, so that another architecture needs no change to this machine's settings.
# Sources, keys and proxies are the machine's; hooks of the machine are not run.
write_apt_conf() { # ARCHITECTURE DIR
  local arch=$1 dir=$2
  mkdir -p "$dir"/{lists,archives}/partial
  : >"$dir/status"
  cat >"$dir/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::Contents-deb;
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State "$dir";
Dir::State::lists "$dir/lists";
Dir::State::status "$dir/status";
Dir::Cache "$dir";
Dir::Cache::archives "$dir/archives";
CONF
}

# For an architecture that the machine's mirrors do not carry (Ubuntu keeps arm64 elsewhere).
write_default_sources() {
  local arch=$1 file=$2 ID VERSION_CODENAME
  # shellcheck source=/dev/null
  . /etc/os-release
  case $ID/$arch in
    ubuntu/amd64 | ubuntu/i386) echo "deb http://archive.ubuntu.com/ubuntu $VERSION_CODENAME main" ;;
    ubuntu/*) echo "deb http://ports.ubuntu.com/ubuntu-ports $VERSION_CODENAME main" ;;
    *) echo "deb http://deb.debian.org/debian ${VERSION_CODENAME:-stable} main" ;;
  esac >"$file"
}

# Downloads busybox-static into DIR, with what write_apt_conf left there.
download_busybox() { # DIR [APT-OPTION...]
  local apt=(apt-get -q -c "$1/apt.conf" "${@:2}")
  # A source that lacks the architecture is no reason to stop: what counts is the package.
  (cd "$1" && { "${apt[@]}" update || true; } && "${apt[@]}" download busybox-static) >"$1/log" 2>&1 </dev/null
}

# Leaves busybox-static of the architecture in the cache and prints its path.
fetch_busybox() {
  local arch=$1 dir=$work/apt-$1 found
  found=$(find "$cache" -maxdepth 1 -name "busybox-static_*_$arch.deb" -print -quit)
  if [[ -z $found ]]; then
    echo "fetching busybox-static for $arch" >&2
    write_apt_conf "$arch" "$dir"
    write_default_sources "$arch" "$dir/default.list"
    download_busybox "$dir" ||
      download_busybox "$dir" -o "Dir::Etc::SourceList=$dir/default.list" -o Dir::Etc::SourceParts=/dev/null || {
      echo "$0: could not download busybox-static for $arch: $(tail -n 1 "$dir/log")" >&2
      return 1
    }
    mv "$dir"/busybox-static_*.deb "$cache/"
    found=$(find "$cache" -maxdepth 1 -name "busybox-static_*_$arch.deb" -print -quit)
  fi
  echo "$found"
}

# Keeps a file as a blob and prints its sha256.
keep() {
  local hex
  hex=$(sha256sum "$1" | cut -d ' ' -f 1)
  mv "$1" "$out/blobs/$hex"
  echo "$hex"
}

keep_text() {
  printf '%s' "$1" >"$work/text"
  keep "$work/text"
}

descriptor() { # MEDIA-TYPE HEX [MORE-JSON]
  printf '{"mediaType":"%s","digest":"sha256:%s","size":%s%s}' "$1" "$2" "$(stat -c %s "$out/blobs/$2")" "${3:-}"
}

# Sets `layer` (the compressed layer) and `diff_id` (its content) from a folder.
make_layer() {
  tar --sort=name --mtime="@$timestamp" --owner=0 --group=0 --numeric-owner -C "$1" -cf "$work/tar" .
  diff_id=$(sha256sum "$work/tar" | cut -d ' ' -f 1)
  gzip -9 -n "$work/tar"
  layer=$(keep "$work/tar.gz")
}

config_json() { # ARCHITECTURE COMMAND DIFF-ID...
  local arch=$1 command=$2 ids
  shift 2
  ids=$(printf ',"sha256:%s"' "$@")
  printf '{"created":"%s","architecture":"%s"%s,"os":"linux","config":{"Env":["PATH=/usr/local/bin:/bin"],"Cmd":["%s"]},"rootfs":{"type":"layers","diff_ids":[%s]}}' \
    "$(date -u -d "@$timestamp" +%FT%TZ)" "$arch" "$(variant "$arch")" "$command" "${ids:1}"
}

variant() { # of an architecture, as more JSON
  if [[ $1 == arm64 ]]; then
    printf ',"variant":"v8"'
  fi
}

# The files of one busybox image: the binary, the usual names for it, and its licence.
make_rootfs() {
  local package=$1 root=$2 name
  rm -rf "$work/deb" "$root"
  dpkg-deb -x "$package" "$work/deb"
  mkdir -p "$root"/{bin,etc,tmp,root,usr/local/bin,usr/share/doc/busybox-static}
  chmod 1777 "$root/tmp"
  cp "$(find "$work/deb" -type f -path '*bin/busybox')" "$root/bin/busybox"
  cp "$work/deb/usr/share/doc/busybox-static/copyright" "$root/usr/share/doc/busybox-static/"
  for name in sh ls cat cp mv rm ln mkdir echo printf env id ps grep sed awk sort head tail wc date \
    sleep test true false tar gzip wget vi uname; do
    ln -s busybox "$root/bin/$name"
  done
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  echo 'root:x:0:' >"$root/etc/group"
}

# Adds examples/busybox:ARCHITECTURE and appends its descriptor to `children`.
add_busybox() {
  local arch=$1 config manifest
  make_rootfs "$2" "$work/root-$arch"
  make_layer "$work/root-$arch"
  [[ $arch != amd64 ]] || base_layer=$layer base_diff_id=$diff_id
  config=$(keep_text "$(config_json "$arch" sh "$diff_id")")
  manifest=$(keep_text "$(printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":%s,"layers":[%s]}' \
    "$oci" "$(descriptor $oci.config.v1+json "$config")" "$(descriptor $oci.layer.v1.tar+gzip "$layer")")")
  children+=("$(descriptor $oci.manifest.v1+json "$manifest" \
    ",\"platform\":{\"architecture\":\"$arch\",\"os\":\"linux\"$(variant "$arch")}")")
  printf '%s\n' "blob examples/busybox $layer" "blob examples/busybox $config" \
    "manifest examples/busybox $arch $oci.manifest.v1+json $manifest" >>"$work/contents"
}

add_index() { # VERSION
  local joined index tag
  joined=$(printf ',%s' "${children[@]}")
  index=$(keep_text "$(printf '{"schemaVersion":2,"mediaType":"%s.index.v1+json","manifests":[%s]}' "$oci" "${joined:1}")")
  for tag in "$1" latest; do
    echo "manifest examples/busybox $tag $oci.index.v1+json $index" >>"$work/contents"
  done
}

add_hello() {
  local config manifest
  mkdir -p "$work/hello/usr/local/bin"
  # shellcheck disable=SC2016  # for the image'\''s shell, not this one
  printf '#!/bin/sh\necho "hello from $(uname -m)"\n' >"$work/hello/usr/local/bin/hello"
  chmod 755 "$work/hello/usr/local/bin/hello"
  make_layer "$work/hello"
  config=$(keep_text "$(config_json amd64 hello "$base_diff_id" "$diff_id")")
  manifest=$(keep_text "$(printf '{"schemaVersion":2,"mediaType":"%s.distribution.manifest.v2+json","config":%s,"layers":[%s,%s]}' \
    "$docker" "$(descriptor $docker.container.image.v1+json "$config")" \
    "$(descriptor $docker.image.rootfs.diff.tar.gzip "$base_layer")" \
    "$(descriptor $docker.image.rootfs.diff.tar.gzip "$layer")")")
  printf '%s\n' "blob examples/hello $base_layer" "blob examples/hello $layer" "blob examples/hello $config" \
    "manifest examples/hello latest $docker.distribution.manifest.v2+json $manifest" >>"$work/contents"
}

mkdir -p "$out/blobs" "$cache"
work=$(mktemp -d "$out/tmp.XXXXXX")
trap 'rm -rf "$work"' EXIT
declare -A package=()
for arch in "${architectures[@]}"; do
  package[$arch]=$(fetch_busybox "$arch")
done
# The packages' own time stamp, so that building again gives the same digests.
timestamp=$(dpkg-deb --fsys-tarfile "${package[amd64]}" | tar -tv --full-time --utc | awk '$6 ~ /copyright$/ { print $4, $5 }')
timestamp=$(date -u -d "$timestamp" +%s)
version=$(dpkg-deb -f "${package[amd64]}" Version | sed -E 's/^[0-9]+://; s/-.*//')

children=()
for arch in "${architectures[@]}"; do
  add_busybox "$arch" "${package[$arch]}"
done
add_index "$version"
add_hello
mv "$work/contents" "$out/contents"
