#!/bin/sh
# Lists the programs that are missing on this machine, and how to install them; exits with 1 if a required one is missing.
# Plain sh, as it runs before Node is installed.
missing=0

# need PROGRAM PURPOSE HOW
need() {
  command -v "$1" >/dev/null 2>&1 && return 0
  printf 'missing: %s, which %s. To install it: %s\n' "$1" "$2" "$3" >&2
  missing=1
  return 1
}

# too_old NAME FOUND OLDEST HOW
too_old() {
  [ "$(printf '%s\n%s\n' "$2" "$3" | sort -V | head -n 1)" = "$3" ] && return 0
  printf 'too old: %s %s; %s or newer is required. To install it: %s\n' "$1" "$2" "$3" "$4" >&2
  missing=1
}

get_node='https://nodejs.org/en/download, or your distribution (20.19 or newer; npm ci installs the Node 24 that the project runs on)'
get_go='https://go.dev/doc/install, or your distribution (golang-go), or GOTOOLCHAIN=auto with Go 1.21 or newer'
get_git='your distribution: apt-get install git, dnf install git'

need node 'runs everything' "$get_node" && too_old Node "$(node -p process.versions.node)" 20.19 "$get_node"
need npm 'installs the dependencies' 'it is part of Node; some distributions have a separate package (apt-get install npm)'
need git 'Go needs to read module versions, and tests to check generated files' "$get_git"
# Go 1.21 and newer downloads the toolchain that a go.mod requires, unless GOTOOLCHAIN=local forbids it.
need go 'builds the Kubernetes control plane that tests and demo run on' "$get_go" &&
  too_old Go "$(go env GOVERSION | sed 's/^go//; s/[ -].*//')" 1.21 "$get_go"

if ! command -v "${CC:-cc}" >/dev/null 2>&1; then
  printf 'note: without a C compiler (cc), tests with the GPU mock are skipped. To install it: apt-get install gcc libc6-dev\n' >&2
fi
exit "$missing"
