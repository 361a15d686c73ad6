/**
 * What we use of client-node. Whoever imports all of it at run time takes along what is generated for every kind of Kubernetes:
 * 14 MB in the operator's bundle.
 */
export { KubeConfig } from "@kubernetes/client-node";
