/** The API of gpumedia: schemas, their types, validation and the built-in profiles. */
export type {
  Condition,
  GpuMediaLoadTest,
  GpuMediaLoadTestSpec,
  GpuMediaLoadTestStatus,
  GpuMediaProfile,
  GpuMediaProfileSpec,
  GpuMediaProfileStatus,
  GpuMediaService,
  GpuMediaServiceSpec,
  GpuMediaServiceStatus,
  TunableSpec,
} from "./schema/types.ts";
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
export type { Complete, CompleteSpec } from "./profiles/complete.ts";
export { joinPath, pathOf, type Keys } from "./schema/paths.ts";
export { durationMs, durationSeconds, nginxSizeBytes, quantityValue } from "./units/parse.ts";
export { processorConfig, reloadableProcessorConfig, type ProcessorConfig } from "./processor-config.ts";
export { bytesForPictures, memoryForPixels, workersFor } from "./picture-memory.ts";
export { serviceTargets, targetsFileName, type ServiceTargets } from "./service-targets.ts";
export { utilizationReport, type UtilizationReport } from "./utilization-report.ts";
export { kindNames, type Kind } from "./schema/kinds.ts";
export { isAddress } from "./validate/cidr.ts";
export { validateFile, validateStored } from "./validate/index.ts";
export type { Finding } from "./validate/finding.ts";
export { nearest as nearestName } from "./validate/nearest.ts";
export * from "./load-test-client.ts";
export { loadTestResult } from "./load-test-result/schema.ts";
export { readLoadTestResult } from "./load-test-result/read.ts";
