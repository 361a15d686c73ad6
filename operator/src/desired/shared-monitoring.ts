/** The rules and dashboards that services share: one object for each place in which a service needs it. Pure. */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { sharedDashboard } from "./dashboard.ts";
import { dashboardPlace, placeKey, rulesPlace, type SharedPlace } from "./rule-set.ts";
import { sharedRules } from "./shared-rules.ts";

type Monitored = Pick<EffectiveService, "namespace" | "name" | "monitoring">;

export interface SharedContext {
  readonly operatorNamespace: string;
  /** The namespaces that the operator watches; empty: all. */
  readonly namespaces: readonly string[];
  readonly runbookUrl: string;
}

/** The result does not depend on the order of services. */
export function sharedMonitoring(services: readonly Monitored[], context: SharedContext): readonly Manifest[] {
  const { operatorNamespace } = context;
  const ruled = services.filter(({ monitoring }) => monitoring.alerts);
  const shown = services.filter(({ monitoring }) => monitoring.dashboard);
  return [
    ...places(ruled.map((service) => rulesPlace(service, operatorNamespace))).map((place) =>
      sharedRules(place, scopeOf(place, services, context), context.runbookUrl),
    ),
    ...places(shown.map((service) => dashboardPlace(service, operatorNamespace))).map(sharedDashboard),
  ];
}

function places(all: readonly SharedPlace[]): readonly SharedPlace[] {
  const byKey = new Map(all.map((place) => [placeKey(place), place]));
  return [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, place]) => place);
}

function scopeOf(place: SharedPlace, services: readonly Monitored[], context: SharedContext) {
  const { operatorNamespace, namespaces } = context;
  const rules = placeKey(place);
  const within = services.filter(({ namespace }) => place.only === undefined || namespace === place.only);
  const others = within.filter(
    (service) => !service.monitoring.alerts || placeKey(rulesPlace(service, operatorNamespace)) !== rules,
  );
  return {
    rules,
    namespaces: place.only === undefined ? namespaces.toSorted() : [place.only],
    others: others
      .map(({ namespace, name }) => ({ namespace, name }))
      .toSorted((a, b) => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1)),
  };
}
