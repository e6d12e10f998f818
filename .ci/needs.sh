# shellcheck shell=sh disable=SC2154
# What the machine must have, for ./serve, ./test and .ci/run, which source this file: POSIX sh, no output when all is there.
#
#   need_rust                 cargo, at least the rust-version of Cargo.toml
#   need COMMAND PACKAGE      a program, and the Debian package that brings it
#   need_c_compiler           the bundled SQLite, aws-lc and mimalloc are C: a compiler, its headers and an archiver
#   provide                   installs what is missing where that needs no password; otherwise says what it is and exits 1
#
# `root` is the root of the repository, set by whoever sources this.

missing_packages=
missing_reasons=

need() {
  command -v "$1" >/dev/null 2>&1 && return 0
  missing_packages="$missing_packages $2"
  missing_reasons="$missing_reasons
  $1 (Debian package $2)"
}

need_c_compiler() {
  if ! compiles_c; then
    missing_packages="$missing_packages gcc libc6-dev"
    missing_reasons="$missing_reasons
  a C compiler with its headers (Debian packages gcc and libc6-dev)"
  fi
  need ar binutils
}

compiles_c() {
  command -v "${CC:-cc}" >/dev/null 2>&1 || return 1
  printf '#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n' | "${CC:-cc}" -x c -o /dev/null - 2>/dev/null
}

# Debian keeps what `python3 -m venv` needs in a package of its own.
need_python_venv() {
  python3 -c 'import ensurepip, venv' >/dev/null 2>&1 && return 0
  missing_packages="$missing_packages python3-venv"
  missing_reasons="$missing_reasons
  python3 -m venv (Debian package python3-venv)"
}

need_rust() {
  if ! command -v cargo >/dev/null 2>&1 && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
    PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    export PATH
  fi
  rust_wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$root/Cargo.toml")
  if ! command -v cargo >/dev/null 2>&1; then
    echo "missing: cargo, from Rust $rust_wanted or later; https://rustup.rs installs it" >&2
    exit 1
  fi
  rust_found=$(cd "$root" && cargo --version | cut -d ' ' -f 2)
  if [ "$(printf '%s\n%s\n' "$rust_wanted" "${rust_found%%-*}" | sort -V | head -n 1)" != "$rust_wanted" ]; then
    echo "too old: cargo $rust_found; Rust $rust_wanted or later is needed (rustup update stable)" >&2
    exit 1
  fi
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

provide() {
  [ -n "$missing_packages" ] || return 0
  # shellcheck disable=SC2086 # the list is split into its words on purpose
  if command -v apt-get >/dev/null 2>&1 && as_root true 2>/dev/null; then
    echo "installing:$missing_packages" >&2
    install_packages $missing_packages >&2 && return 0
  fi
  echo "missing:$missing_reasons" >&2
  echo "install with: sudo apt-get install$missing_packages" >&2
  exit 1
}

# Package lists may be absent or stale on a fresh machine: refresh them only when the first try fails.
install_packages() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" && return 0
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@"
}
