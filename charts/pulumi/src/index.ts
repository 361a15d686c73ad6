export { GpuMediaOperator, type GpuMediaOperatorArgs } from "./operator.ts";
export { GpuMediaService, type GpuMediaServiceArgs } from "./service.ts";
