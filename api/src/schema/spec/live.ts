/** Live video by WebRTC. */
import { iceServers, iceTransportPolicy, publicAddresses } from "../live-fields.ts";
import {
  annotationMap,
  flag,
  object,
  objectName,
  oneOf,
  positiveSeconds,
  settings,
  text,
  wholeNumber,
} from "../scalars.ts";
import { parentRefs } from "./network.ts";

const secretKey = (description: string) =>
  object(
    { description, atomic: true },
    {
      name: objectName("Name of the Secret, in the service's namespace."),
      key: text("The key to read.", 253, "^[-._a-zA-Z0-9]+$"),
    },
  );

export const live = settings(
  {
    description:
      "Live video by WebRTC: clients send video, each frame goes through the model, and comes back or goes to viewers.",
  },
  {
    enabled: flag("Whether the pods accept live video. The Services and ports for it exist only then."),
    udpPort: wholeNumber(
      "UDP port of all sessions, on the pods and on the Service NAME-live. The pods run without privileges, so it is at least 1024.",
      1_024,
      65_535,
    ),
    service: settings(
      { description: "The Service NAME-live, by which clients reach udpPort." },
      {
        type: oneOf(
          ["LoadBalancer", "NodePort", "ClusterIP"],
          "Type of the Service. LoadBalancer announces the addresses of its status. NodePort needs publicAddresses, those of the nodes, and announces the port that Kubernetes allocates. ClusterIP is for clients within the cluster and for relays, such as those of STUNner: pods announce their own addresses.",
        ),
        annotations: annotationMap("Annotations of the Service, for the controller of the load balancer."),
      },
    ),
    gateway: settings(
      { description: "A UDPRoute of STUNner, created when parentRefs is not empty." },
      { parentRefs: parentRefs("STUNner's Gateways, whose TURN servers may relay to the pods.") },
    ),
    publicAddresses: publicAddresses(
      "IP addresses at which clients reach the Service, the preferred one first. Empty means those in its status, where its type is LoadBalancer.",
    ),
    iceServers: iceServers(
      "URLs of the STUN and TURN servers that clients should use. Empty means none: clients reach the Service directly.",
    ),
    iceTransportPolicy: iceTransportPolicy("Which ways clients may take: all, or only the relays in iceServers."),
    tokenSecretRef: secretKey(
      "The bearer token that clients must send. Pods read it at their start. Defaults to none: whoever reaches the HTTP port may use live video.",
    ),
    turnSecretRef: secretKey(
      "The secret that the TURN servers share, from which pods make credentials that expire after a day. Pods read it at their start. Defaults to none.",
    ),
    sessionsPerProcess: wholeNumber(
      "Number of sessions that one media process serves before a new one is started. A higher number needs less memory per session, but all sessions of a process end if it dies.",
      1,
      1_000,
    ),
    limits: settings(
      { description: "Limits of each pod and of each session." },
      {
        sessions: wholeNumber(
          "Maximum number of sessions of a pod, publishers and viewers; further offers are rejected with status 503.",
          1,
          10_000,
        ),
        pixels: wholeNumber("Maximum size of a received frame, in pixels; larger ones are dropped.", 256, 33_554_432),
        framesPerSecond: wholeNumber(
          "Maximum number of frames of a session that are processed per second; others are dropped.",
          1,
          240,
        ),
        kilobitsPerSecond: wholeNumber("Maximum bit rate of a session in each direction, in kbit/s.", 100, 100_000),
      },
    ),
    timeouts: settings(
      { description: "When sessions end by themselves." },
      {
        connect: positiveSeconds("How long a client may take to connect after its offer."),
        silent: positiveSeconds("How long a client may send no packet."),
      },
    ),
  },
);
