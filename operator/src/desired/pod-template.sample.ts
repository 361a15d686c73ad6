/** Parts of the Deployments that the tests expect, in YAML. */

/** Of every pod; the sysctls follow. */
export const securityContext = `securityContext:
                runAsNonRoot: true
                runAsUser: 10001
                runAsGroup: 10001
                fsGroup: 10001
                fsGroupChangePolicy: OnRootMismatch
                seccompProfile:
                  type: RuntimeDefault`;

/** Of every container. */
export const probesAndSecurity = (startPeriod = 5, startFailures = 60, livenessPeriod = 10) => `startupProbe:
                    httpGet:
                      path: /readyz
                      port: http
                    periodSeconds: ${startPeriod}
                    timeoutSeconds: 2
                    failureThreshold: ${startFailures}
                  readinessProbe:
                    httpGet:
                      path: /readyz
                      port: http
                    periodSeconds: 5
                    timeoutSeconds: 2
                    failureThreshold: 2
                  livenessProbe:
                    httpGet:
                      path: /livez
                      port: http
                    periodSeconds: ${livenessPeriod}
                    timeoutSeconds: 5
                    failureThreshold: 3
                  lifecycle:
                    preStop:
                      sleep:
                        seconds: 5
                  securityContext:
                    allowPrivilegeEscalation: false
                    capabilities:
                      drop:
                        - ALL
                    readOnlyRootFilesystem: true`;

/** Of every Deployment, except for what a case adds to a list. */
export const selector = `selector:
            matchLabels:
              app.kubernetes.io/name: gpu-media
              app.kubernetes.io/instance: upscaler`;

export const argsAndPorts = `args:
                    - --config
                    - /etc/gpumedia/config.json
                  ports:
                    - name: http
                      containerPort: 8080
                      protocol: TCP`;

export const volumeMounts = `volumeMounts:
                    - name: config
                      mountPath: /etc/gpumedia
                      readOnly: true
                    - name: tmp
                      mountPath: /tmp`;

export const volumes = `volumes:
                - name: config
                  configMap:
                    name: upscaler-config
                - name: tmp
                  emptyDir:
                    sizeLimit: 1Gi`;

/** Of every container that a user adds. */
export const addedSecurity = (own: string): string =>
  `{ ${own}runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }`;

/** With the guide's values; the parameters are what differs on CPU. */
export const guideDeployment = (
  strategy: string,
  checksum: string,
  {
    replicas = "",
    env = "",
    devices = "",
    scheduling = "",
    directories = "tmp",
    before = "",
    ports = "",
    mounts = "",
    volumes: addedVolumes = "",
  },
): string => `
        apiVersion: apps/v1
        kind: Deployment
        spec:
          ${replicas}
          ${selector}
          strategy: ${strategy}
          progressDeadlineSeconds: 900
          revisionHistoryLimit: 3
          template:
            metadata:
              labels:
                app.kubernetes.io/name: gpu-media
                app.kubernetes.io/instance: upscaler
                app.kubernetes.io/managed-by: gpumedia-operator
                app.kubernetes.io/part-of: gpumedia
                gpumedia.io/service: upscaler
              annotations:
                cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes: ${directories}
                gpumedia.io/config: ${checksum}
            spec:
              serviceAccountName: upscaler
              automountServiceAccountToken: false
              enableServiceLinks: false
              terminationGracePeriodSeconds: 315
              ${securityContext}
                sysctls:
                  - name: net.ipv4.ip_local_port_range
                    value: 10240 65535
              ${before}
              containers:
                - name: gpu-media
                  image: ghcr.io/gpumedia/processor:1.0.0
                  ${argsAndPorts}
                    ${ports}
                  ${env}
                  resources:
                    requests:
                      cpu: "2"
                      memory: 4Gi
                      ${devices}
                    limits:
                      cpu: "4"
                      memory: 8Gi
                      ${devices}
                  ${probesAndSecurity()}
                  ${volumeMounts}
                    ${mounts}
              ${volumes}
                ${addedVolumes}
              ${scheduling}
      `;
