// Pins Kueue, which e2e/peers/kueue.ts builds as its own main module.
module gpumedia.io/e2e/peers/kueue

go 1.26.0

require sigs.k8s.io/kueue v0.17.0
