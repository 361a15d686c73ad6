/** The contract of gpumedia: what users write and read. Schemas, the types they stand for, and the built-in profiles. */
import type { Static } from "typebox";
import type * as kinds from "./schema/kinds.ts";
import type { loadTestSpec, loadTestStatus } from "./schema/load-test.ts";
import type { condition, serviceStatus } from "./schema/status.ts";

export type TunableSpec = Static<typeof kinds.tunableSpec>;
export type GpuMediaServiceSpec = Static<typeof kinds.serviceSpec>;
export type GpuMediaProfileSpec = Static<typeof kinds.profileSpec>;
export type GpuMediaServiceStatus = Static<typeof serviceStatus>;
export type Condition = Static<typeof condition>;
export type GpuMediaService = Static<typeof kinds.gpuMediaService>;
export type GpuMediaLoadTest = Static<typeof kinds.gpuMediaLoadTest>;
export type GpuMediaLoadTestSpec = Static<typeof loadTestSpec>;
export type GpuMediaLoadTestStatus = Static<typeof loadTestStatus>;
export type GpuMediaProfile = Static<typeof kinds.gpuMediaProfile>;
export type { ResourceMetadata } from "./schema/kinds.ts";
export { group, version } from "./schema/kinds.ts";
export {
  builtInProfileNames,
  builtInProfiles,
  defaultProfileName,
  type BuiltInProfile,
  type BuiltInProfileName,
} from "./profiles/index.ts";
export type { GuideSection, Source } from "./profiles/sourced.ts";
export type { Complete, CompleteSpec } from "./complete.ts";
export { joinPath, pathOf, type Keys } from "./paths.ts";
export { durationMs, durationSeconds, nginxSizeBytes, quantityValue } from "./quantities.ts";
export { processorConfig, reloadableProcessorConfig, type ProcessorConfig } from "./processor-config.ts";
export { utilizationReport, type UtilizationReport } from "./utilization-report.ts";
export { kindNames, type Kind } from "./schema/kinds.ts";
export { validateFile, validateStored } from "./validate/index.ts";
export type { Finding } from "./validate/finding.ts";
export { nearest as nearestName } from "./validate/nearest.ts";
