export { install, installNamespace } from "./install.ts";
export { operatorRbac, type OperatorIdentity } from "./rbac.ts";
export type { Release } from "./release.ts";
export type { PartialValues } from "./values.ts";
export type { Manifest } from "@gpumedia/operator/src/kube/object.ts";
