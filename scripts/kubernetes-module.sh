#!/bin/sh
# Writes the Go module of another version of Kubernetes: scripts/kubernetes-module.sh v1.37.2. The folder's go.mod pins the version,
# its staging modules and the Go version that it was written for. Add the folder to e2e/cluster/kubernetes-version.ts.
set -eu
version=${1:?"usage: $0 v1.MINOR.PATCH"}
minor=$(echo "$version" | cut -d. -f2)
folder=$(dirname "$0")/../e2e/cluster/tools/kubernetes-1.$minor
mkdir -p "$folder"
cp "$folder/../kubernetes/main.go" "$folder/"
cd "$folder"
export GOWORK=off
# Outside of the folder: its old go.mod would decide.
upstream=$(cd / && go mod download -json "k8s.io/kubernetes@$version" | sed -n 's/^\t"GoMod": "\(.*\)",$/\1/p')
go_version=$(sed -n 's/^go //p' "$upstream")
# Tool lines require Go 1.24. The programs keep the behaviour of the Go version that they were written for.
oldest=$(printf '%s\n1.24.0\n' "$go_version" | sort -V | tail -n 1)
cat >go.mod <<END
module gpumedia.io/e2e/cluster/tools/kubernetes-1.$minor

go $oldest

godebug default=go${go_version%.*}
END

# Prints the version of a staging module. The module proxy lacks some patches of some modules: then the newest patch before it.
release() {
  patch=${version##*.}
  until go mod download "$1@v0.$minor.$patch" 2>/dev/null; do
    [ "$patch" -gt 0 ] || { echo "no version of $1 is available" >&2; return 1; }
    patch=$((patch - 1))
  done
  echo "v0.$minor.$patch"
}

for module in $(sed -nE 's#^\s*(k8s.io/[a-z-]+) => \./staging.*#\1#p' "$upstream" | sort -u); do
  go mod edit -replace="$module=$module@$(release "$module")"
done
go mod edit -require="k8s.io/kubernetes@$version"
for program in kube-apiserver kube-controller-manager kube-proxy kube-scheduler kubectl kubelet; do
  go mod edit -tool="k8s.io/kubernetes/cmd/$program"
done
rm -f go.sum
go mod tidy
