// Pins the VerticalPodAutoscaler, which e2e/peers/vpa.ts builds as its own main module.
module gpumedia.io/e2e/peers/vpa

go 1.26.0

require k8s.io/autoscaler/vertical-pod-autoscaler v1.8.1
