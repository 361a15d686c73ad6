// Pins prometheus-adapter, which e2e/peers/prometheus-adapter.ts builds as its own main module.
module gpumedia.io/e2e/peers/prometheus-adapter

go 1.22.1

require sigs.k8s.io/prometheus-adapter v0.12.0
