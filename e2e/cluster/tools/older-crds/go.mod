module gpumedia.io/e2e/cluster/tools/older-crds

go 1.25.0

require (
	github.com/kedacore/keda/v2 v2.16.1
	sigs.k8s.io/gateway-api v1.0.0
)
