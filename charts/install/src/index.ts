export { operatorRbac, type OperatorIdentity } from "./rbac.ts";
