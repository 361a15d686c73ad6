/** The types of the schemas. */
import type { Static } from "typebox";
import type * as kinds from "./kinds.ts";
import type { loadTestSpec, loadTestStatus } from "./load-test.ts";
import type { condition, profileStatus, serviceStatus } from "./status.ts";

export type TunableSpec = Static<typeof kinds.tunableSpec>;
export type GpuMediaServiceSpec = Static<typeof kinds.serviceSpec>;
export type GpuMediaProfileSpec = Static<typeof kinds.profileSpec>;
export type GpuMediaProfileStatus = Static<typeof profileStatus>;
export type GpuMediaServiceStatus = Static<typeof serviceStatus>;
export type Condition = Static<typeof condition>;
export type GpuMediaService = Static<typeof kinds.gpuMediaService>;
export type GpuMediaLoadTest = Static<typeof kinds.gpuMediaLoadTest>;
export type GpuMediaLoadTestSpec = Static<typeof loadTestSpec>;
export type GpuMediaLoadTestStatus = Static<typeof loadTestStatus>;
export type GpuMediaProfile = Static<typeof kinds.gpuMediaProfile>;
