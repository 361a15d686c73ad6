/**
 * What kwok does in place of a kubelet, as its Stages: a stage's selector matches a state, its template is the next one.
 * Everything happens at once. Pods with one of the images below fail, with the kubelet's messages.
 */

/** The annotation of the nodes for which kwok stands in for the kubelet. */
export const fakeNode = { "kwok.x-k8s.io/node": "fake" } as const;

/** Images that make a pod fail. All others start and become Ready. */
export const failingImages = {
  /** The registry has no such image. */
  pullFails: "registry.invalid/pull-fails:1",
  /** It exits with code 1 after each start. */
  crashes: "registry.invalid/crashes:1",
  /** It runs, but its readiness probe fails. */
  neverReady: "registry.invalid/never-ready:1",
} as const;

type Image = (typeof failingImages)[keyof typeof failingImages];

const apiVersion = "kwok.x-k8s.io/v1alpha1";
const isGoingAway = { key: ".metadata.deletionTimestamp", operator: "Exists" };
const isStaying = { key: ".metadata.deletionTimestamp", operator: "DoesNotExist" };
const hasNotStarted = { key: ".status.phase", operator: "In", values: ["Pending"] };
const belongsToJob = { key: ".metadata.ownerReferences.[].kind", operator: "In", values: ["Job"] };
const isNotReady = {
  key: '.status.conditions.[] | select( .type == "Ready" ) | .status',
  operator: "NotIn",
  values: ["True"],
};

function has(image: Image): object {
  return { key: ".spec.containers.[].image", operator: "In", values: [image] };
}

function hasNone(images: readonly Image[]): object {
  return { key: ".spec.containers.[].image", operator: "NotIn", values: images };
}

function stage(kind: "Node" | "Pod", name: string, matchExpressions: readonly object[], next: object): object {
  const resourceRef = { apiGroup: "v1", kind };
  return { apiVersion, kind: "Stage", metadata: { name }, spec: { resourceRef, selector: { matchExpressions }, next } };
}

/** A condition of a pod; false ones with the kubelet's message. */
function condition(type: string, isTrue: boolean): string {
  const because = isTrue ? "" : `, reason: ContainersNotReady, message: "containers with unready status"`;
  return `- {type: ${type}, status: "${isTrue ? "True" : "False"}", lastTransitionTime: {{ Now | Quote }}${because}}`;
}

interface Containers {
  readonly ready: boolean;
  /** Default: when it is ready. */
  readonly started?: boolean;
  readonly restartCount?: number;
  /** YAML flow mappings. */
  readonly state: string;
  readonly lastState?: string;
}

/** Container statuses as a Go template, the same for all containers. */
function containerStatuses({ ready, started = ready, restartCount = 0, state, lastState = "{}" }: Containers): string {
  return `containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: ${ready}
  started: ${started}
  restartCount: ${restartCount}
  state: ${state}
  lastState: ${lastState}
{{ end }}`;
}

const podAddress = `startTime: {{ Now | Quote }}
hostIP: {{ index ( NodeIPsWith .spec.nodeName ) 0 | Quote }}
{{ with PodIPsWith .spec.nodeName ( or .spec.hostNetwork false ) .metadata.uid .metadata.name .metadata.namespace }}
podIP: {{ index . 0 | Quote }}
podIPs:
{{ range . }}
- ip: {{ . | Quote }}
{{ end }}
{{ end }}`;

function podStatus(phase: "Pending" | "Running", containers: Containers): object {
  const statusTemplate = `phase: ${phase}
conditions:
${condition("Initialized", true)}
${condition("ContainersReady", containers.ready)}
${condition("Ready", containers.ready)}
${containerStatuses(containers)}
${podAddress}`;
  return { statusTemplate };
}

const running = "{running: {startedAt: {{ Now | Quote }}}}";
const ended = (reason: string, exitCode: number): string =>
  `{terminated: {reason: ${reason}, exitCode: ${exitCode}, startedAt: {{ Now | Quote }}, finishedAt: {{ Now | Quote }}}}`;
const waits = (reason: string, message: string): string => `{waiting: {reason: ${reason}, message: ${message}}}`;

const allPods = [isStaying, hasNotStarted];

export const kwokStages: readonly object[] = [
  stage("Node", "node-ready", [isNotReady], {
    statusTemplate: `conditions:
- {type: Ready, status: "True", reason: KubeletReady, message: kubelet is posting ready status,
   lastHeartbeatTime: {{ Now | Quote }}, lastTransitionTime: {{ Now | Quote }}}`,
  }),
  stage(
    "Pod",
    "pod-ready",
    [...allPods, isNotReady, hasNone(Object.values(failingImages))],
    podStatus("Running", { ready: true, state: running }),
  ),
  stage(
    "Pod",
    "pod-image-pull-fails",
    [...allPods, { key: ".status.podIP", operator: "DoesNotExist" }, has(failingImages.pullFails)],
    podStatus("Pending", {
      ready: false,
      state: waits(
        "ImagePullBackOff",
        `'Back-off pulling image "${failingImages.pullFails}": ErrImagePull: not found'`,
      ),
    }),
  ),
  stage(
    "Pod",
    "pod-crashes",
    [...allPods, has(failingImages.crashes)],
    podStatus("Running", {
      ready: false,
      restartCount: 3,
      state: waits("CrashLoopBackOff", "back-off 40s restarting failed container"),
      lastState: ended("Error", 1),
    }),
  ),
  stage(
    "Pod",
    "pod-never-ready",
    [...allPods, has(failingImages.neverReady)],
    podStatus("Running", { ready: false, started: true, state: running }),
  ),
  stage("Pod", "pod-of-job-completes", [isStaying, { ...hasNotStarted, values: ["Running"] }, belongsToJob], {
    statusTemplate: `phase: Succeeded\n${containerStatuses({ ready: false, state: ended("Completed", 0) })}`,
  }),
  stage("Pod", "pod-goes-away", [isGoingAway], { delete: true }),
];
