#!/bin/sh
# Names every program that is missing on this machine, and how to get it; exit 1 if one is needed.
# Plain sh: it runs where there is no Node yet.
missing=0

# need PROGRAM WHAT-FOR HOW
need() {
  command -v "$1" >/dev/null 2>&1 && return 0
  printf 'missing: %s, which %s. Get it: %s\n' "$1" "$2" "$3" >&2
  missing=1
  return 1
}

# too_old NAME FOUND OLDEST HOW
too_old() {
  [ "$(printf '%s\n%s\n' "$2" "$3" | sort -V | head -n 1)" = "$3" ] && return 0
  printf 'too old: %s %s, wanted is %s or newer. Get it: %s\n' "$1" "$2" "$3" "$4" >&2
  missing=1
}

get_node='https://nodejs.org/en/download, or your distribution (any version from 20.19 on: Node 24 for the project itself comes with npm ci)'
get_go='https://go.dev/doc/install, or your distribution (golang-go), or GOTOOLCHAIN=auto with any Go from 1.21 on'
get_git='your distribution: apt-get install git, dnf install git'

need node 'runs everything' "$get_node" && too_old Node "$(node -p process.versions.node)" 20.19 "$get_node"
need npm 'installs the dependencies' 'it comes with Node; some distributions package it apart (apt-get install npm)'
need git 'Go uses to read module versions, and the tests of generated files' "$get_git"
# A Go from 1.21 on fetches the toolchain that a go.mod asks for, unless GOTOOLCHAIN=local forbids it.
need go 'builds the Kubernetes control plane that tests and demo run on' "$get_go" &&
  too_old Go "$(go env GOVERSION | sed 's/^go//; s/[ -].*//')" 1.21 "$get_go"

if ! command -v "${CC:-cc}" >/dev/null 2>&1; then
  printf 'note: no C compiler (cc): tests with the GPU mock are skipped. Get it: apt-get install gcc libc6-dev\n' >&2
fi
exit "$missing"
