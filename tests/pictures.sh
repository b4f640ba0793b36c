#!/usr/bin/env bash
# Makes the README's pictures: whycert draws its own screen. Certificates are minted anew each time,
# so dates and fingerprints differ from run to run.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet
program="${CARGO_TARGET_DIR:-target}/debug/whycert"
home="$(mktemp -d)"
trap 'rm -r "$home"' EXIT

# picture NAME SCENARIO SIZE KEYS
picture() {
    env HOME="$home" XDG_STATE_HOME="$home" XDG_DATA_HOME="$home" XDG_CONFIG_HOME="$home" \
        "$program" lab "$2" --screenshot "$home/$1.svg" --size "$3" --keys "$4"
    mv "$home/$1.svg" "assets/pictures/$1.svg"
    echo "assets/pictures/$1.svg"
}

mkdir -p assets/pictures
picture why missing-intermediate 100x24 ""
