# shellcheck shell=bash
# What the measurements of the daemon share: one of it between registry 0 (the source) and registry 1 (the target), calls to
# it, and a look at what it holds. Source it.
# shellcheck source=bench/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

daemon_port=$((first_port + 9))
daemon_url=http://127.0.0.1:$daemon_port
daemon_pid=''

# The sync file: pushed images of registry 0's namespace bench go to TARGET under pushed/; no run by itself. The rules are
# added by the caller, below `images:`.
write_sync_file() { # TARGET_HOST
  cat >"$work/sync.yaml" <<CONF
app: {port: "127.0.0.1:$daemon_port", shutdownGrace: 5s}
db: {file: $work/daemon.db}
sync: {interval: 100h, runAtStart: false}
registry: {reg: [{sourceName: "$(host 0)", namespace: bench, destinationName: "$1/pushed"}]}
registries:
  $(host 0): {insecure: true}
  $1: {insecure: true}
images:
CONF
}

start_daemon() { # LOG_LEVEL
  rm -f "$work"/daemon.db*
  "$binary" -c "$work/sync.yaml" --log-level "$1" >"$work/daemon.log" 2>&1 &
  daemon_pid=$!
  registry_pids+=("$daemon_pid") # ends with them
  for _ in $(seq 200); do
    curl -sf -o /dev/null "$daemon_url/readyz" && return 0
    sleep 0.05
  done
  echo "bench: the daemon does not answer:" >&2
  tail -5 "$work/daemon.log" >&2
  exit 1
}

stop_daemon() {
  kill "$daemon_pid"
  wait "$daemon_pid" || true
}

# One request over a kept connection, without a process of its own for each; leaves `status` and `answer`.
# shellcheck disable=SC2034
call() { # METHOD TARGET
  local line length=0
  { printf '%s %s HTTP/1.1\r\nHost: localhost\r\n\r\n' "$1" "$2" >&7; } 2>/dev/null || connect "$1" "$2"
  IFS= read -r line <&7 || { connect "$1" "$2"; IFS= read -r line <&7; }
  status=${line:9:3}
  while IFS= read -r line <&7 && [[ $line != $'\r' ]]; do
    [[ ${line,,} != content-length:* ]] || length=${line//[!0-9]/}
  done
  IFS= read -r -N "$length" answer <&7
}

trap "" PIPE # the daemon closes what was idle for a while

connect() { # METHOD TARGET
  exec 7<>"/dev/tcp/127.0.0.1/$daemon_port"
  printf '%s %s HTTP/1.1\r\nHost: localhost\r\n\r\n' "$1" "$2" >&7
}

hook_target() { echo "/images/sync/hook?name=$(host 0)/$1&tag=$2"; } # REPOSITORY TAG

# How many images are queued or being copied.
queue_depth() {
  curl -sf "$daemon_url/metrics" | awk '/^image_syncer_queue_images\{state="(queued|claimed)"\}/ { sum += $2 } END { print sum + 0 }'
}

await_empty_queue() {
  # The metrics count once a second.
  sleep 1.2
  while [[ $(queue_depth) -gt 0 ]]; do sleep 0.2; done
}

# "RSS ANON DESCRIPTORS THREADS RECORD TICKS": KiB, KiB, counts, KiB with the write-ahead log, processor time in 1/100 s.
daemon_holds() {
  local descriptors=(/proc/"$daemon_pid"/fd/*) record stat
  record=$(stat -c %s "$work"/daemon.db "$work"/daemon.db-wal 2>/dev/null | awk '{ sum += $1 } END { print int(sum / 1024) }')
  read -r -a stat <"/proc/$daemon_pid/stat"
  awk -v fds=${#descriptors[@]} -v record="$record" -v ticks=$((stat[13] + stat[14])) '
    /^VmRSS/ { rss = $2 } /^RssAnon/ { anon = $2 } /^Threads/ { threads = $2 }
    END { print rss, anon, fds, threads, record, ticks }' /proc/"$daemon_pid"/status
}
