# shellcheck shell=bash disable=SC2154
# A server under load, for benches/measure, benches/instructions and ./release, which source this file.
#
#   target_directory          where cargo puts what it builds
#   listen_on ADDRESS         from now on servers listen there, on HOST:PORT or unix:PATH; `url` is how they are called
#   start NAME [ARGUMENT…]    a server on the data of that name
#   is_ready                  whether it answers
#   stop                      ends it, where there is one
#   figure NAME ARGUMENT…     one run of `ordain load` against a fresh server with the settings in `serve`
#
# `ordain` is the program and `work` a folder for data and logs, both set by whoever sources this.

server=
serve=()

target_directory() {
  cargo metadata --format-version 1 --no-deps --locked | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'
}

listen_on() {
  listen=$1
  case $listen in
    unix:*) url=$listen ;;
    *) url=http://$listen ;;
  esac
}

start() {
  local name=$1
  shift
  ORDAIN__TELEMETRY__LOG_FORMAT=json "$ordain" serve --data "$work/$name" --listen "$listen" "$@" 2>>"$work/$name.log" &
  server=$!
  until is_ready; do
    kill -0 "$server" || { cat "$work/$name.log" >&2; exit 1; }
  done
}

is_ready() {
  case $url in
    unix:*) curl --silent --fail --output /dev/null --unix-socket "${url#unix:}" http://localhost/readyz ;;
    *) curl --silent --fail --output /dev/null "$url/readyz" ;;
  esac
}

stop() {
  if [ -n "$server" ]; then
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
  fi
}

figure() {
  local name=$1
  shift
  start "$name" "${serve[@]}"
  printf '\n## %s: ordain load %s %s\n' "$name" "${url%%:*}" "$*"
  "$ordain" load "$url" "$@"
  printf 'server: '
  grep -E 'VmRSS|VmHWM' "/proc/$server/status" | tr '\n' ' '
  echo
  stop
  "$ordain" verify --data "$work/$name" | tail -n 1
  rm -rf "${work:?}/$name"
}
