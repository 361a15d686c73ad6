// Pins k6, which e2e/peers/k6.ts builds as its own main module.
module gpumedia.io/e2e/peers/k6

go 1.26.0

require go.k6.io/k6 v1.8.1
