// Pins KEDA, which e2e/peers/keda.ts builds as its own main module.
module gpumedia.io/e2e/peers/keda

go 1.26.0

require github.com/kedacore/keda/v2 v2.21.0
