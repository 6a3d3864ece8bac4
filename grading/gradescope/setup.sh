#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image: it installs the sandbox, Rust and the kit, and compiles everything.
set -euo pipefail

AUTOGRADER="${AUTOGRADER:-/autograder}"
KIT="${KIT:-/opt/hello-rabbit}"
# The folder for Rust. If RUST is set to nothing, the Rust on PATH is used.
RUST="${RUST-/opt/rust}"

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install --yes --no-install-recommends bubblewrap ca-certificates curl gcc libc6-dev util-linux
if [ -n "$RUST" ]; then
  export RUSTUP_HOME="$RUST/rustup" CARGO_HOME="$RUST/cargo"
  export PATH="$CARGO_HOME/bin:$PATH"
  curl --proto '=https' --tlsv1.2 --silent --show-error --fail https://sh.rustup.rs |
    sh -s -- -y --no-modify-path --profile minimal --default-toolchain stable
fi

mkdir --parents "$KIT"
cp --archive "$AUTOGRADER/source/kit/." "$KIT"
cd "$KIT"

# The lesson's own program is graded once, so that submissions find the grader and the lessons' crates compiled. It is the kit's
# code, and an image is often built where no sandbox can start.
warm=$(mktemp --directory)
trap 'rm --recursive --force "$warm"' EXIT
mkdir "$warm/class"
cp lessons/01-hello-send/src/main.rs "$warm/class/reference.rs"
cargo xtask grade "$warm/class" --lesson 01 --out "$warm/grades" --unsafe-no-sandbox
