/** Names, labels and annotations by which the operator finds the objects that it manages. */

/** The value of `app.kubernetes.io/managed-by`. */
export const managedBy = "gpumedia-operator";
export const serviceLabel = "gpumedia.io/service";
/** On the pod of a load test: names the service, whose NetworkPolicy admits that pod. */
export const loadTestOfLabel = "gpumedia.io/load-test-of";
/**
 * On pods with claims, and so on their ReplicaSets: the hash of their ResourceClaimTemplate. Of ReplicaSets only the metadata
 * is read.
 */
export const claimTemplateLabel = "gpumedia.io/gpu-claim";

/** The container that runs the processor; the VPA's policy names it, too (guide, Vertical Pod Autoscaler). */
export const containerName = "gpu-media";

/**
 * On a pod: its ReplicaSet deletes ready pods with a lower cost first. The default is 0.
 * @see https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#pod-deletion-cost
 */
export const deletionCostAnnotation = "controller.kubernetes.io/pod-deletion-cost";

/** The one ConfigMap with the metrics of all DCGM exporters, in the operator's namespace. */
export const dcgmMetricsName = "gpumedia-dcgm-metrics";

/** Owns nothing but Karpenter's annotation of pods: an apply removes what else its field manager owns. */
export const disruptionManager = "gpumedia-operator-disruption";

/** On the objects that services share, besides the list for the DCGM exporters. */
export const sharedLabel = "gpumedia.io/shared";
/** PrometheusRule with the alerts of all services; with other labels than the default's, a suffix follows. */
export const sharedRulesName = "gpumedia-services";
/** ConfigMap with the dashboard of all services. */
export const sharedDashboardName = "gpumedia-services-dashboard";
