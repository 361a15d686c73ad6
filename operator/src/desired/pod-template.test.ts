import { describeChild } from "./child.cases.ts";
import {
  addedSecurity,
  argsAndPorts,
  guideDeployment,
  probesAndSecurity,
  securityContext,
  selector,
  volumeMounts,
  volumes,
} from "./pod-template.sample.ts";

describeChild("deployment", {
  "has the guide's values and meets the restricted Pod Security Standard": {
    expected: guideDeployment(
      "{ type: RollingUpdate, rollingUpdate: { maxSurge: 25%, maxUnavailable: 0 } }",
      "7Z87EoIfvto7ef0K",
      {
        env: `env:
                    - name: CUDA_LAUNCH_BLOCKING
                      value: "0"
                    - name: CUDA_DEVICE_ORDER
                      value: PCI_BUS_ID`,
        devices: 'nvidia.com/gpu: "1"',
        scheduling: `tolerations:
                - key: nvidia.com/gpu
                  operator: Exists
                  effect: NoSchedule
              topologySpreadConstraints:
                - labelSelector:
                    matchLabels:
                      app.kubernetes.io/name: gpu-media
                      app.kubernetes.io/instance: upscaler
                  matchLabelKeys:
                    - pod-template-hash
                  topologyKey: kubernetes.io/hostname
                  whenUnsatisfiable: ScheduleAnyway
                  maxSkew: 1`,
      },
    ),
  },
  "sets every field that the spec sets": {
    spec: {
      image: "registry.example.com/processor:2",
      imagePullPolicy: "Always",
      imagePullSecrets: [{ name: "registry" }],
      serviceAccountName: "existing",
      gpu: { resourceName: "nvidia.com/mig-1g.10gb", count: 2 },
      resources: { requests: { cpu: "500m" }, limits: { cpu: "0" } },
      model: { name: "own", path: "own.onnx", volume: { persistentVolumeClaim: { claimName: "models" } } },
      processing: {
        env: [
          { name: "CUDA_LAUNCH_BLOCKING", value: "1" },
          { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
        ],
      },
      drain: { timeout: "60s" },
      // 20 minutes and 1 s: 120 periods would be too short.
      probes: { startup: { budget: "1201s", periodSeconds: 10 }, liveness: { periodSeconds: 30 } },
      rollout: { strategy: "InPlace" },
      sysctls: {
        "net.core.somaxconn": "4096",
        "net.ipv4.ip_local_port_range": "",
      },
      podMetadata: { labels: { team: "media", "app.kubernetes.io/instance": "other" }, annotations: { note: "mine" } },
      scheduling: {
        nodeSelector: { "nvidia.com/gpu.present": "true" },
        tolerations: [{ key: "dedicated", operator: "Exists" }],
        priorityClassName: "high",
        runtimeClassName: "nvidia",
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: "gpu", operator: "Exists", values: [] }] }],
            },
          },
        },
        topologySpreadConstraints: [
          {
            topologyKey: "topology.kubernetes.io/zone",
            whenUnsatisfiable: "DoNotSchedule",
            maxSkew: 1,
            labelSelector: { matchLabels: { team: "media" } },
          },
        ],
      },
    },
    expected: `
        apiVersion: apps/v1
        kind: Deployment
        spec:
          ${selector}
          strategy:
            type: RollingUpdate
            rollingUpdate:
              maxSurge: 0
              maxUnavailable: 1
          progressDeadlineSeconds: 1801
          revisionHistoryLimit: 3
          template:
            metadata:
              labels:
                team: media
                app.kubernetes.io/instance: upscaler
                app.kubernetes.io/name: gpu-media
                app.kubernetes.io/managed-by: gpumedia-operator
                app.kubernetes.io/part-of: gpumedia
                gpumedia.io/service: upscaler
              annotations:
                cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes: tmp
                note: mine
                gpumedia.io/config: ypj04W0oUSCH1O_c
            spec:
              serviceAccountName: existing
              automountServiceAccountToken: false
              enableServiceLinks: false
              terminationGracePeriodSeconds: 75
              ${securityContext}
                sysctls:
                  - name: net.core.somaxconn
                    value: "4096"
              imagePullSecrets:
                - name: registry
              containers:
                - name: gpu-media
                  image: registry.example.com/processor:2
                  imagePullPolicy: Always
                  ${argsAndPorts}
                  env:
                    - name: CUDA_DEVICE_ORDER
                      value: PCI_BUS_ID
                    - name: CUDA_LAUNCH_BLOCKING
                      value: "1"
                    - name: NODE
                      valueFrom:
                        fieldRef:
                          apiVersion: v1
                          fieldPath: spec.nodeName
                  resources:
                    requests:
                      cpu: 500m
                      memory: 4Gi
                      nvidia.com/mig-1g.10gb: "2"
                    limits:
                      memory: 8Gi
                      nvidia.com/mig-1g.10gb: "2"
                  ${probesAndSecurity(10, 121, 30)}
                  ${volumeMounts}
                    - name: model
                      mountPath: /models
                      readOnly: true
              ${volumes}
                - name: model
                  persistentVolumeClaim:
                    claimName: models
                    readOnly: true
              nodeSelector:
                nvidia.com/gpu.present: "true"
              tolerations:
                - key: dedicated
                  operator: Exists
                - key: nvidia.com/gpu
                  operator: Exists
                  effect: NoSchedule
              affinity:
                nodeAffinity:
                  requiredDuringSchedulingIgnoredDuringExecution:
                    nodeSelectorTerms:
                      - matchExpressions:
                          - key: gpu
                            operator: Exists
              topologySpreadConstraints:
                - topologyKey: topology.kubernetes.io/zone
                  whenUnsatisfiable: DoNotSchedule
                  maxSkew: 1
                  labelSelector:
                    matchLabels:
                      team: media
              priorityClassName: high
              runtimeClassName: nvidia
      `,
  },
  "has what a platform team adds, which loosens nothing": {
    spec: {
      gpu: { count: 0 },
      replicas: 1,
      autoscaling: { horizontal: { enabled: false } },
      rollout: { strategy: "Recreate" },
      scheduling: { topologySpreadConstraints: [] },
      model: { name: "own", path: "own.onnx" },
      volumes: [
        { name: "models", emptyDir: { sizeLimit: "1024Mi" } },
        { name: "ca", configMap: { name: "ca", items: [] } },
        { name: "claim", persistentVolumeClaim: { claimName: "shared", readOnly: false } },
        {
          name: "token",
          projected: {
            sources: [
              { serviceAccountToken: { path: "token", audience: "vault" } },
              { downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
            ],
          },
        },
      ],
      volumeMounts: [
        { name: "models", mountPath: "/models", readOnly: true },
        { name: "ca", mountPath: "/etc/ssl/own", readOnly: false },
      ],
      initContainers: [
        {
          name: "log",
          image: "log:1",
          restartPolicy: "Always",
          ports: [{ containerPort: 9000, name: "log" }],
          resources: { requests: { cpu: "1000m" }, limits: {} },
          readinessProbe: { httpGet: { port: 9000 }, periodSeconds: 5 },
        },
        {
          name: "fetch",
          image: "fetch:1",
          command: ["fetch", ""],
          args: [],
          env: [
            { name: "TO", value: "/models" },
            { name: "EMPTY", value: "" },
          ],
          volumeMounts: [{ name: "models", mountPath: "/models" }],
          securityContext: { runAsUser: 2000, readOnlyRootFilesystem: true },
        },
      ],
      hostAliases: [{ ip: "10.0.0.9", hostnames: ["store.internal"] }],
    },
    expected: guideDeployment("{ type: Recreate }", "Qi7_SwJirBgQ-5Fx", {
      replicas: "replicas: 1",
      directories: "tmp,models",
      before: `initContainers:
                - name: log
                  image: log:1
                  restartPolicy: Always
                  ports:
                    - { containerPort: 9000, name: log, protocol: TCP }
                  resources: { requests: { cpu: "1" } }
                  readinessProbe: { httpGet: { port: 9000 }, periodSeconds: 5 }
                  securityContext: ${addedSecurity("")}
                - name: fetch
                  image: fetch:1
                  command: [fetch, ""]
                  env:
                    - { name: TO, value: /models }
                    - name: EMPTY
                  securityContext: ${addedSecurity("runAsUser: 2000, readOnlyRootFilesystem: true, ")}
                  volumeMounts:
                    - { name: models, mountPath: /models }`,
      mounts: `- { name: models, mountPath: /models, readOnly: true }
                    - { name: ca, mountPath: /etc/ssl/own }`,
      volumes: `- { name: models, emptyDir: { sizeLimit: 1Gi } }
                - { name: ca, configMap: { name: ca } }
                - { name: claim, persistentVolumeClaim: { claimName: shared } }
                - name: token
                  projected:
                    sources:
                      - serviceAccountToken: { path: token, audience: vault, expirationSeconds: 3600 }
                      - downwardAPI:
                          items: [{ path: labels, fieldRef: { apiVersion: v1, fieldPath: metadata.labels } }]`,
      scheduling: "hostAliases: [{ ip: 10.0.0.9, hostnames: [store.internal] }]",
    }),
  },
  "has the UDP port of live video, the pod's address, and the secrets": {
    spec: {
      gpu: { count: 0 },
      replicas: 1,
      autoscaling: { horizontal: { enabled: false } },
      rollout: { strategy: "Recreate" },
      scheduling: { topologySpreadConstraints: [] },
      live: {
        enabled: true,
        tokenSecretRef: { name: "live", key: "token" },
        turnSecretRef: { name: "turn", key: "secret" },
      },
    },
    expected: guideDeployment("{ type: Recreate }", "7zczU0LgdX1etH5s", {
      replicas: "replicas: 1",
      ports: "- { name: live, containerPort: 8080, protocol: UDP }",
      env: `env:
                    - name: GPUMEDIA_POD_IP
                      valueFrom: { fieldRef: { apiVersion: v1, fieldPath: status.podIP } }
                    - name: GPUMEDIA_LIVE_TOKEN
                      valueFrom: { secretKeyRef: { name: live, key: token } }
                    - name: GPUMEDIA_LIVE_TURN_SECRET
                      valueFrom: { secretKeyRef: { name: turn, key: secret } }`,
    }),
  },
  "requests no GPU with gpu.count: 0, and one replica": {
    spec: {
      gpu: { count: 0 },
      replicas: 1,
      autoscaling: { horizontal: { enabled: false } },
      rollout: { strategy: "Recreate" },
      scheduling: { topologySpreadConstraints: [] },
    },
    expected: guideDeployment("{ type: Recreate }", "AFFea_6BIma0lKwT", { replicas: "replicas: 1" }),
  },
});
