import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { sampleService } from "../desired/service.sample.ts";
import { endpoint } from "./endpoint.ts";

describe("where clients reach a service", () => {
  const ingress = { enabled: true, host: "media.example.com" };
  const gateway = { parentRefs: [{ name: "public" }] };
  const cases: {
    readonly [title: string]: { readonly network: GpuMediaServiceSpec["network"]; readonly url: string };
  } = {
    "in the cluster": { network: {}, url: "http://upscaler.media.svc" },
    "an Ingress": { network: { ingress }, url: "http://media.example.com" },
    "an Ingress with TLS": {
      network: { ingress: { ...ingress, tlsSecretName: "tls" } },
      url: "https://media.example.com",
    },
    "an Ingress that is disabled": {
      network: { ingress: { ...ingress, enabled: false } },
      url: "http://upscaler.media.svc",
    },
    "a Gateway": { network: { gateway: { ...gateway, hostnames: ["gw.example.com"] } }, url: "http://gw.example.com" },
    "a Gateway whose listener has the host": { network: { gateway }, url: "http://upscaler.media.svc" },
  };
  for (const [title, { network = {}, url }] of Object.entries(cases)) {
    it(`${title}: ${url}`, () => assert.equal(endpoint(sampleService({ network })), url));
  }
});
