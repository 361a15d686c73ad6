#!/usr/bin/env bash
# k8s.io/kube-openapi v0.0.0-20250910181357-589584f1c912 (2026-11-30), which serves `/openapi/v3` of kube-apiserver 1.35: a document that
# cannot be built is answered with 200 and an empty body, not with an error. A client meets that while a CRD is being removed: kube-apiserver
# 1.35.4 answered a read of `/openapi/v3/apis/GROUP/VERSION` so between its documents and its 404.
# Seen: 200 with 0 bytes. Exits with 1 when this changes. Needs Go 1.23 or newer.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >main.go <<'PROGRAM'
package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"k8s.io/kube-openapi/pkg/cached"
	"k8s.io/kube-openapi/pkg/handler3"
	"k8s.io/kube-openapi/pkg/spec3"
)

func main() {
	service := handler3.NewOpenAPIService()
	vanished := func() (*spec3.OpenAPI, string, error) { return nil, "", errors.New("the CRD is being removed") }
	service.UpdateGroupVersionLazy("apis/example.com/v1", cached.Func(vanished))
	response := httptest.NewRecorder()
	service.HandleGroupVersion(response, httptest.NewRequest(http.MethodGet, "/openapi/v3/apis/example.com/v1", nil))
	fmt.Printf("%d with %d bytes\n", response.Code, response.Body.Len())
}
PROGRAM
go mod init finding 2>/dev/null
go get k8s.io/kube-openapi@v0.0.0-20250910181357-589584f1c912 2>/dev/null
go mod tidy 2>/dev/null
seen=$(go run .)
echo "$seen"
[ "$seen" = "200 with 0 bytes" ]
