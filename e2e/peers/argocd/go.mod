// Pins Argo CD, which e2e/peers/argocd.ts builds as its own main module.
module gpumedia.io/e2e/peers/argocd

go 1.27.0

require github.com/argoproj/argo-cd/v3 v3.6.1
