// Pins Karpenter, which e2e/peers/karpenter.ts builds as its own main module.
module gpumedia.io/e2e/peers/karpenter

go 1.26.0

require sigs.k8s.io/karpenter v1.15.0
