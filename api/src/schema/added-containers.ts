/**
 * Containers that users add to the pods, as in core/v1. They run with the security settings of the `restricted` Pod
 * Security Standard, which no field loosens: otherwise everyone who may write a service could run privileged pods.
 */
import { Type } from "typebox";
import { variables } from "./environment.ts";
import { mounts } from "./pod-volumes.ts";
import { flag, labelName, list, object, oneOf, quantity, settings, text, wholeNumber } from "./scalars.ts";

const words = (description: string, minItems = 0) =>
  list("atomic", { description, maxItems: 64, minItems }, Type.String({ maxLength: 4_096 }));
const port = (description: string) => wholeNumber(description, 1, 65_535);

const probe = (description: string) =>
  Type.Optional(
    settings(
      {
        description: `${description} For a sidecar only.`,
        rules: [
          {
            rule: "[has(self.httpGet), has(self.tcpSocket), has(self.exec)].filter(x, x).size() == 1",
            message: "set exactly one of httpGet, tcpSocket and exec",
          },
        ],
      },
      {
        httpGet: object(
          { description: "An HTTP request that must succeed." },
          {
            port: port("Number of the port."),
            path: Type.Optional(text("Path of the request. Defaults to /.", 1_024, "^/")),
            scheme: Type.Optional(oneOf(["HTTP", "HTTPS"], "Defaults to HTTP.")),
          },
        ),
        tcpSocket: object({ description: "A connection that must succeed." }, { port: port("Number of the port.") }),
        exec: object(
          { description: "A command that must succeed." },
          { command: words("The command and its arguments.", 1) },
        ),
        initialDelaySeconds: wholeNumber("Delay before the first probe, in seconds. Defaults to none.", 1, 3_600),
        periodSeconds: wholeNumber("Interval between two probes, in seconds.", 1, 3_600),
        timeoutSeconds: wholeNumber("Time within which a probe must be answered, in seconds.", 1, 3_600),
        failureThreshold: wholeNumber("Number of consecutive failures after which the kubelet acts.", 1, 1_000),
      },
    ),
  );

const amounts = (description: string) =>
  settings(
    { description },
    {
      cpu: quantity("Amount of CPU."),
      memory: quantity("Amount of memory."),
      "ephemeral-storage": quantity("Amount of local storage."),
    },
  );

export const initContainers = list(
  { keys: ["name"] },
  {
    description:
      "Containers that start before the processor, one after the other. One with restartPolicy: Always is a sidecar: it runs for as long as the pod.",
    maxItems: 8,
  },
  object(
    {
      description: "A container.",
      rules: [
        {
          rule: "self.name != 'gpu-media'",
          message: "the name gpu-media is taken by the processor",
          fieldPath: ".name",
        },
        {
          rule: "has(self.restartPolicy) || !(has(self.startupProbe) || has(self.readinessProbe) || has(self.livenessProbe))",
          message: "only a sidecar has probes: set restartPolicy: Always, or remove the probes",
        },
      ],
    },
    {
      name: labelName("Name of the container."),
      image: text("Image of the container.", 1_024, "^\\S+$"),
      imagePullPolicy: Type.Optional(
        oneOf(
          ["Always", "IfNotPresent", "Never"],
          "When to pull the image. Defaults to Kubernetes' default for the tag.",
        ),
      ),
      restartPolicy: Type.Optional(oneOf(["Always"], "Always makes the container a sidecar.")),
      command: Type.Optional(words("The command. Defaults to that of the image.")),
      args: Type.Optional(words("Arguments of the command.")),
      workingDir: Type.Optional(text("Working directory. Defaults to that of the image.", 1_024, "^/")),
      env: Type.Optional(variables("Environment variables of the container.")),
      ports: Type.Optional(
        list(
          "atomic",
          { description: "Ports of the container. network.networkPolicy admits none of them.", maxItems: 16 },
          object(
            { description: "A port. Neither its number may be 8080 nor its name http: these are the processor's." },
            {
              containerPort: port("Number of the port."),
              protocol: Type.Optional(oneOf(["TCP", "UDP", "SCTP"], "Protocol of the port. Defaults to TCP.")),
              name: Type.Optional(text("Name of the port.", 15, "^[a-z][a-z0-9]*(-[a-z0-9]+)*$")),
            },
          ),
        ),
      ),
      resources: Type.Optional(
        settings(
          { description: "Resource requests and limits of the container." },
          { requests: amounts("Requests by resource."), limits: amounts("Limits by resource.") },
        ),
      ),
      volumeMounts: Type.Optional(mounts("Mounts of the container, of the volumes in spec.volumes.")),
      securityContext: Type.Optional(
        settings(
          {
            description:
              "Security settings of the container. It never runs as root, gains no privileges and has no capabilities.",
          },
          {
            runAsUser: wholeNumber("User of the container. Defaults to that of the pod.", 1, 2_147_483_647),
            runAsGroup: wholeNumber("Group of the container. Defaults to that of the pod.", 1, 2_147_483_647),
            readOnlyRootFilesystem: flag("Whether the root file system is read-only. Defaults to false."),
          },
        ),
      ),
      startupProbe: probe("The next container starts after this probe has succeeded."),
      readinessProbe: probe("The pod is ready only while this probe succeeds."),
      livenessProbe: probe("The container is restarted when this probe fails."),
    },
  ),
);

export const hostAliases = list(
  { keys: ["ip"] },
  { description: "Entries that are added to the pods' /etc/hosts.", maxItems: 64 },
  object(
    { description: "The host names of an address." },
    {
      ip: text("The address.", 45, "^([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$"),
      hostnames: list(
        "atomic",
        { description: "The host names.", minItems: 1 },
        text("A host name.", 253, "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"),
      ),
    },
  ),
);
