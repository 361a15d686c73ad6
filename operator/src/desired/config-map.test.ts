import { describeChild } from "./child.cases.ts";

describeChild("configMap", {
  "holds the processor's configuration": {
    expected: `
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: upscaler-config
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
                "bodyBytes": 10485760
              },
              "memoryCleanup": {
                "interval": "300s"
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
      `,
  },
  "has the path of a custom model, runs on the CPU, and has no Ingress limit": {
    spec: {
      profile: "development",
      gpu: { count: 0 },
      model: { name: "own", path: "own.onnx", volume: { persistentVolumeClaim: { claimName: "models" } } },
      network: { ingress: { maxBodySize: "0" } },
    },
    expected: `
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: upscaler-config
        data:
          config.json: |
            {
              "accelerator": "cpu",
              "environment": "development",
              "logLevel": "debug",
              "accessLog": true,
              "model": {
                "name": "own",
                "size": "s",
                "path": "/models/own.onnx"
              },
              "batch": {
                "maxSize": 2,
                "maxDelay": "0ms"
              },
              "queue": {
                "maxDepth": 32,
                "maxWait": "1s"
              },
              "drain": {
                "timeout": "10s"
              },
              "limits": {
                "bodyBytes": 1073741824
              },
              "memoryCleanup": {
                "interval": "30s"
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
      `,
  },
});
