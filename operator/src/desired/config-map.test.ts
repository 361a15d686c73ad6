import { describeChild } from "./child.cases.ts";

describeChild("configMap", {
  "holds the processor's configuration": {
    expected: `
        apiVersion: v1
        kind: ConfigMap
        data:
          config.json: |
            {
              "accelerator": "cuda",
              "environment": "production",
              "logLevel": "warn",
              "accessLog": false,
              "model": {
                "name": "anime4k-2x",
                "size": "s"
              },
              "batch": {
                "maxSize": 8,
                "maxDelay": "2ms"
              },
              "queue": {
                "maxDepth": 256,
                "maxWait": "1s"
              },
              "drain": {
                "timeout": "300s"
              },
              "limits": {
                "pixels": 52428800,
                "bodyBytes": 33554432
              },
              "memoryCleanup": {
                "interval": "300s"
              },
              "connections": {
                "keepAlive": "3660s",
                "maxAge": "600s",
                "maxRequests": 0
              },
              "cacheMaxAge": "300s",
              "upstream": {
                "allowedHosts": [],
                "connections": 100,
                "connectionsPerHost": 30,
                "dnsCacheTtl": "300s",
                "keepAlive": "30s"
              },
              "stream": {
                "maxSessions": 100
              }
            }
          slo.json: |
            {
              "service": "upscaler",
              "rules": "gpumedia-system/gpumedia-services",
              "alerts": true,
              "gpuMetrics": true,
              "latencyP95Seconds": 0.02,
              "memoryBytes": 4294967296,
              "gpuUtilizationPercent": {
                "min": 60,
                "max": 80
              }
            }
      `,
  },
});
