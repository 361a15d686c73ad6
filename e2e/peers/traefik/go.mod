// Pins Traefik, which e2e/peers/traefik.ts builds as its own main module.
module gpumedia.io/e2e/peers/traefik

go 1.26.0

require github.com/traefik/traefik/v3 v3.7.13
