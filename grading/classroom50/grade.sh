#!/usr/bin/env bash
# Grades the student's checkout in the current folder, and writes result.json and release-body.md into it.
# Exit code 0: graded. Any other: the check could not be done, which is not the student's fault.
set -euo pipefail

# The lesson of this assignment.
LESSON="${LESSON:-01}"
# The kit: a repository, and the full hash of a commit.
KIT_REPOSITORY="${KIT_REPOSITORY:-https://github.com/OWNER/hello-rabbit}"
KIT_COMMIT="${KIT_COMMIT:-0000000000000000000000000000000000000000}"

checkout=$PWD
# A submission may bring files with these names.
rm --recursive --force "$checkout/result.json" "$checkout/release-body.md"

work=$(mktemp --directory)
trap 'rm --recursive --force "$work"' EXIT
# No command below runs in the student's folder, where settings of git, rustup and cargo may lie.
cd "$work"

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  as_root=(sudo)
fi
if ! command -v bwrap > /dev/null || ! command -v cc > /dev/null; then
  "${as_root[@]}" apt-get update
  "${as_root[@]}" apt-get install --yes --no-install-recommends bubblewrap gcc libc6-dev
fi
# Ubuntu from 23.10 on forbids sandboxes of ordinary users.
restriction=kernel.apparmor_restrict_unprivileged_userns
if [ "$(id -u)" -ne 0 ] && [ -e "/proc/sys/${restriction//.//}" ]; then
  sudo sysctl --write "$restriction=0"
fi

kit="${KIT:-$work/kit}"
if [ ! -d "$kit" ]; then
  git init --quiet "$kit"
  git -C "$kit" fetch --quiet --depth 1 "$KIT_REPOSITORY" "$KIT_COMMIT"
  git -C "$kit" checkout --quiet --detach FETCH_HEAD
fi

# A class with one entry. The history comes along, because the time of the last commit is in it.
mkdir "$work/class"
cp --archive "$checkout" "$work/class/submission"

# Names in a submission may look like commands of GitHub Actions.
token=$(od -An -N 16 -t x1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$token"
code=0
cd "$kit"
cargo xtask grade "$work/class" --layout classroom50 --lesson "$LESSON" --out "$work/grades" --jobs 1 \
  --report classroom50="$work/results/" 2>&1 || code=$?
echo "::$token::"

if [ "$code" -ne 0 ]; then
  echo "::error::The submission was not checked (exit code $code), which is not a score of 0. Grade it again."
  exit 1
fi
cp "$work/results/result.json" "$work/results/release-body.md" "$checkout/"
