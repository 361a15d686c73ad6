/** What a run measured: the full result, from which table, JSON, report and termination message are made. Pure. */
import type { MeasuredResult, UnreachableResult } from "@gpumedia/api/src/load-test-client.ts";

export type Details = NonNullable<MeasuredResult["details"]>;
export type Result = MeasuredResult & { readonly details: Details };
export type Unreachable = UnreachableResult;
export type LoadDescription = MeasuredResult["load"];
export type PictureDescription = Details["pictures"][number];
export type ClientFigures = Details["client"];
