module gpumedia.io/e2e/cluster/tools/crds

go 1.25.0

require (
	github.com/kedacore/keda/v2 v2.21.0
	github.com/l7mp/stunner v1.1.0
	github.com/prometheus-operator/prometheus-operator v0.92.0
	k8s.io/autoscaler/vertical-pod-autoscaler v1.8.1
	sigs.k8s.io/gateway-api v1.6.3
)
