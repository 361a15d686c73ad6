#!/usr/bin/env bash
# k8s.io/dynamic-resource-allocation (2026-11-30), the allocator of kube-scheduler, on a claim that requests a count of 2 shares of
# 20Gi from the only device, which has 80Gi and `allowMultipleAllocations`. 0.35.4 gives it two shares of this device. 0.36.3 gives it
# none, and the pod waits for ever: a request never takes a device twice since then. Two requests of one share each get both shares in
# either version.
# Seen: 0.35.4 count 2: 2 shares, two requests: 2 shares; 0.36.3 count 2: 0 shares, two requests: 2 shares. Exits with 1 when this
# changes. Needs Go 1.25 or newer; builds for some minutes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/main.go" <<'PROGRAM'
package main

import (
	"context"
	"fmt"

	v1 "k8s.io/api/core/v1"
	resourceapi "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/dynamic-resource-allocation/cel"
	"k8s.io/dynamic-resource-allocation/structured"
)

type classes struct{}

func (classes) List() ([]*resourceapi.DeviceClass, error) { return nil, nil }
func (classes) Get(name string) (*resourceapi.DeviceClass, error) {
	return &resourceapi.DeviceClass{ObjectMeta: metav1.ObjectMeta{Name: name}}, nil
}

func request(name string, count int64) resourceapi.DeviceRequest {
	amount := map[resourceapi.QualifiedName]resource.Quantity{"memory": resource.MustParse("20Gi")}
	return resourceapi.DeviceRequest{Name: name, Exactly: &resourceapi.ExactDeviceRequest{
		DeviceClassName: "gpu", AllocationMode: resourceapi.DeviceAllocationModeExactCount, Count: count,
		Capacity: &resourceapi.CapacityRequirements{Requests: amount},
	}}
}

// How many shares of the device the claim gets.
func shares(requests ...resourceapi.DeviceRequest) int {
	node, shareable := "node", true
	smallest := resource.MustParse("1Gi")
	all := resource.MustParse("80Gi")
	policy := resourceapi.CapacityRequestPolicy{Default: &all, ValidRange: &resourceapi.CapacityRequestPolicyRange{Min: &smallest}}
	slice := &resourceapi.ResourceSlice{
		ObjectMeta: metav1.ObjectMeta{Name: "slice"},
		Spec: resourceapi.ResourceSliceSpec{
			Driver: "gpu.example.com", NodeName: &node, Pool: resourceapi.ResourcePool{Name: "pool", ResourceSliceCount: 1},
			Devices: []resourceapi.Device{{
				Name: "gpu-0", AllowMultipleAllocations: &shareable,
				Capacity: map[resourceapi.QualifiedName]resourceapi.DeviceCapacity{"memory": {Value: all, RequestPolicy: &policy}},
			}},
		},
	}
	state := structured.AllocatedState{
		AllocatedDevices:         sets.New[structured.DeviceID](),
		AllocatedSharedDeviceIDs: sets.New[structured.SharedDeviceID](),
		AggregatedCapacity:       structured.NewConsumedCapacityCollection(),
	}
	allocator, err := structured.NewAllocator(context.Background(), structured.Features{ConsumableCapacity: true}, state,
		classes{}, []*resourceapi.ResourceSlice{slice}, cel.NewCache(10, cel.Features{EnableConsumableCapacity: true}))
	if err != nil {
		panic(err)
	}
	claim := &resourceapi.ResourceClaim{ObjectMeta: metav1.ObjectMeta{Name: "claim", UID: "1"}}
	claim.Spec.Devices.Requests = requests
	results, err := allocator.Allocate(context.Background(), &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}},
		[]*resourceapi.ResourceClaim{claim})
	if err != nil {
		panic(err)
	}
	if len(results) == 0 {
		return 0
	}
	return len(results[0].Devices.Results)
}

func main() {
	fmt.Printf("count 2: %d shares, two requests: %d shares\n", shares(request("both", 2)), shares(request("a", 1), request("b", 1)))
}
PROGRAM
failed=0
for expected in "0.35.4 count 2: 2 shares, two requests: 2 shares" "0.36.3 count 2: 0 shares, two requests: 2 shares"; do
  version=${expected%% *}
  mkdir "$folder/$version"
  cp "$folder/main.go" "$folder/$version"
  cd "$folder/$version"
  go mod init finding 2>/dev/null
  go get "k8s.io/dynamic-resource-allocation@v$version" 2>/dev/null
  go mod tidy 2>/dev/null
  seen="$version $(go run .)"
  echo "$seen"
  [ "$seen" = "$expected" ] || failed=1
done
exit "$failed"
