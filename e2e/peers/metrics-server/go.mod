// Pins metrics-server, which e2e/peers/metrics-server.ts builds as its own main module.
module gpumedia.io/e2e/peers/metrics-server

go 1.26.4

require sigs.k8s.io/metrics-server v0.9.0
