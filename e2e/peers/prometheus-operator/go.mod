// Pins prometheus-operator, which e2e/peers/prometheus-operator.ts builds as its own main module.
module gpumedia.io/e2e/peers/prometheus-operator

go 1.26.0

require github.com/prometheus-operator/prometheus-operator v0.92.0
