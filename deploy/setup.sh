#!/usr/bin/env bash
# Installs what a build needs and does not find; with `broker` as argument also what a real Kafka broker
# needs, for the tests and `make demo-kafka`. Debian and its kin: by apt-get. Elsewhere: names it.
set -euo pipefail

packages=()
need() { command -v "$1" >/dev/null 2>&1 || packages+=("$2"); }

need cc build-essential
need c++ build-essential
need clang clang
need curl curl
need make make
need pkg-config pkg-config
# docs/verify_draw.py is held against `spillway verify-draw`.
need python3 python3
if [ "${1:-}" = broker ]; then
  need java openjdk-17-jre-headless
  need mvn maven
fi
# bindgen reads RocksDB's headers through libclang.
if ! ls /usr/lib/llvm-*/lib/libclang*.so* /usr/lib/*/libclang*.so* /usr/lib64/libclang*.so* \
  >/dev/null 2>&1; then
  packages+=(libclang-dev)
fi
# librdkafka speaks TLS and SASL through the system's OpenSSL.
pkg-config --exists libssl 2>/dev/null || packages+=(libssl-dev)
command -v cargo >/dev/null 2>&1 || [ -x "$HOME/.cargo/bin/cargo" ] || packages+=(rustup)

[ ${#packages[@]} -eq 0 ] && exit 0
mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)

if command -v apt-get >/dev/null 2>&1; then
  echo "installing: ${packages[*]}" >&2
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends \
    "${packages[@]}" >/dev/null
else
  echo "spillway needs these (Debian's names), install them and try again: ${packages[*]}" >&2
  exit 3
fi
