#!/usr/bin/env bash
# Installs the Debian/Ubuntu packages that building, running the example, testing, linting or
# packaging need. Does nothing, and needs no root, when they are all there.
#
#   scripts/install-deps.sh [GROUP...]     groups: build run test ci bench package (default: build run test)
set -euo pipefail

packages_of() {
  case $1 in
    build)
      echo g++ cmake ninja-build ccache pkgconf libcurl4-openssl-dev libssl-dev \
        nlohmann-json3-dev libyaml-cpp-dev libcli11-dev libspdlog-dev libfmt-dev \
        libsqlite3-dev libsqlitecpp-dev libre2-dev libhowardhinnant-date-dev libmicrohttpd-dev \
        prometheus-cpp-dev
      ;;
    run) echo docker-registry curl tzdata ;;
    test)
      echo libgtest-dev libgmock-dev docker-registry skopeo apache2-utils openssl curl tzdata nodejs
      # Ubuntu has Chromium as a snap only, from which the files of a test are hidden.
      [[ $(system_id) == ubuntu ]] || echo chromium chromium-driver
      ;;
    ci) echo clang-format clang-tidy shellcheck ;;
    bench) echo docker-registry skopeo apache2-utils curl openssl time socat pv jq ;;
    package) echo dpkg-dev file ;;
    *)
      echo "install-deps: unknown group '$1' (known: build run test ci bench package)" >&2
      return 2
      ;;
  esac
}

system_id() {
  local ID=''
  # shellcheck source=/dev/null
  [[ ! -r /etc/os-release ]] || . /etc/os-release
  echo "$ID"
}

is_installed() {
  dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

# Debian 12 or later, Ubuntu 24.04 or later: there the names above are known to be right.
is_supported_system() {
  [[ -r /etc/os-release ]] || return 1
  local ID='' VERSION_ID=''
  # shellcheck source=/dev/null
  . /etc/os-release
  case $ID in
    debian) [[ -z $VERSION_ID || ${VERSION_ID%%.*} -ge 12 ]] ;;  # testing has no VERSION_ID
    ubuntu) [[ ${VERSION_ID%%.*} -ge 24 ]] ;;
    *) return 1 ;;
  esac
}

explain_elsewhere() {
  cat >&2 <<TXT
install-deps: packages are installed automatically on Debian 12 or later and Ubuntu 24.04 or later only.
Please install what corresponds to these Debian packages:
$(printf '  %s\n' "$@")
then run make again with SKIP_DEPS=1.
TXT
}

# The docker-registry package starts a service on port 5000 and enables it at boot. We only want the
# program, so both are prevented, but only for a package that was not there before: a registry that
# the machine's owner runs is left alone, and so is a policy that the owner has put in place.
policy=/usr/sbin/policy-rc.d
hold_registry_service() {
  [[ ! -e $policy ]] || return 0
  # shellcheck disable=SC2064  # the path as it is now
  trap "rm -f '$policy'" EXIT
  cat >"$policy" <<'SH'
#!/bin/sh
for argument; do
  case $argument in docker-registry | docker-registry.service) exit 101 ;; esac
done
exit 0
SH
  chmod 755 "$policy"
}

disable_registry_service() {
  if command -v systemctl >/dev/null; then
    systemctl --quiet disable docker-registry.service
  else
    update-rc.d docker-registry disable
  fi || echo "install-deps: docker-registry may start at boot; that is not needed here" >&2
}

install_as_root() {
  local new_registry=false
  if [[ " $* " == *" docker-registry "* ]]; then
    new_registry=true
    hold_registry_service
  fi
  # NEEDRESTART_MODE=l: list services that use an old library, restart none.
  export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
  local options=(-q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  # One broken third-party source must not stop us: what is missing shows in the next step.
  apt-get "${options[@]}" update </dev/null || echo "install-deps: apt-get update had errors" >&2
  apt-get "${options[@]}" install -y --no-install-recommends "$@" </dev/null
  if $new_registry; then
    disable_registry_service
  fi
}

main() {
  if [[ ${1:-} == --as-root ]]; then
    shift
    install_as_root "$@"
    return
  fi
  [[ $# -gt 0 ]] || set -- build run test

  local group name packages missing=()
  for group in "$@"; do
    packages=$(packages_of "$group")
    for name in $packages; do
      if ! is_installed "$name" && [[ " ${missing[*]} " != *" $name "* ]]; then
        missing+=("$name")
      fi
    done
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0

  if ! is_supported_system; then
    explain_elsewhere "${missing[@]}"
    return 1
  fi
  echo "install-deps: installing ${missing[*]}"
  if [[ $(id -u) -eq 0 ]]; then
    install_as_root "${missing[@]}"
  elif command -v sudo >/dev/null; then
    sudo -- "$BASH" "${BASH_SOURCE[0]}" --as-root "${missing[@]}"
  else
    echo "install-deps: needs root or sudo; as root run: apt-get install ${missing[*]}" >&2
    return 1
  fi
}

main "$@"
