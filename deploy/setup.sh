#!/usr/bin/env bash
# Installs what a build needs and does not find. Further arguments ask for more: `broker` for what a real Kafka
# broker needs (tests, `make demo-kafka`), `tests` for the programs that read the files of deploy/ in tests.
# Debian and its kin: by apt-get. Elsewhere: names it.
set -euo pipefail
cd "$(dirname "$0")/.."

# Where tools lie that are not installed: tests look here, too.
tools=${CARGO_TARGET_DIR:-target}/tools
packages=()
# Tool, package, and path in it of what is only taken out of its package.
taken=()
wants() { [[ " $arguments " == *" $1 "* ]]; }
has() { command -v "$1" >/dev/null 2>&1; }
need() { has "$1" || packages+=("$2"); }
# nginx and prometheus would start servers on this machine if they were installed. Only the program is wanted.
take() { has "$1" || [ -x "/usr/sbin/$1" ] || [ -x "$tools/$1" ] || taken+=("$*"); }
arguments=$*

need cc build-essential
need c++ build-essential
need clang clang
need curl curl
need make make
need pkg-config pkg-config
# docs/verify_draw.py is held against `spillway verify-draw`.
need python3 python3
if wants broker; then
  need java openjdk-17-jre-headless
  need mvn maven
fi
if wants tests; then
  need openssl openssl
  need systemd-analyze systemd
  docker compose version >/dev/null 2>&1 || need docker-compose docker-compose
  take nginx nginx usr/sbin/nginx
  take promtool prometheus usr/bin/promtool
fi
# bindgen reads RocksDB's headers through libclang.
has_libclang() {
  local place
  for place in /usr/lib/llvm-*/lib /usr/lib/* /usr/lib64; do
    compgen -G "$place/libclang*.so*" >/dev/null && return
  done
  return 1
}
has_libclang || packages+=(libclang-dev)
# librdkafka speaks TLS and SASL through the system's OpenSSL.
pkg-config --exists libssl 2>/dev/null || packages+=(libssl-dev)
has cargo || [ -x "$HOME/.cargo/bin/cargo" ] || packages+=(rustup)

[ $((${#packages[@]} + ${#taken[@]})) -eq 0 ] && exit 0

if ! has apt-get; then
  for line in ${taken[@]+"${taken[@]}"}; do
    read -r _ package _ <<<"$line"
    packages+=("$package")
  done
  mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
  echo "spillway needs these (Debian's names), install them and try again: ${packages[*]}" >&2
  exit 3
fi

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
"${as_root[@]}" apt-get update -qq
if [ ${#packages[@]} -gt 0 ]; then
  mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
  echo "installing: ${packages[*]}" >&2
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends \
    "${packages[@]}" >/dev/null
fi
for line in ${taken[@]+"${taken[@]}"}; do
  read -r tool package path <<<"$line"
  echo "taking $tool out of the package $package, into $tools" >&2
  unpacked=$(mktemp -d)
  (cd "$unpacked" && apt-get download -qq "$package" >/dev/null 2>&1 &&
    dpkg-deb --fsys-tarfile ./*.deb | tar -x "./$path")
  mkdir -p "$tools"
  install -m 0755 "$unpacked/$path" "$tools/$tool"
  rm -rf "$unpacked"
done
