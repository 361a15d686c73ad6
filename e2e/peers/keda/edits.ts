/**
 * KEDA without the SDKs of the clouds, databases and queues, whose builds take longer than the rest of all programs here. Its controllers,
 * executor, fallback, metrics server and webhooks stay unchanged.
 */
import type { Edit } from "../module-source.ts";

const sdks = "the SDKs of clouds and databases build for more than 20 minutes";
const secrets = "pkg/scaling/resolver";
const scalers = "pkg/scalers";

export const kedaEdits: readonly Edit[] = [
  {
    reason: sdks,
    files: `${scalers}/*.go`,
    except: ["scaler", "cpu_memory_scaler", "cron_scaler", "prometheus_scaler"].map((name) => `${scalers}/${name}.go`),
  },
  {
    reason: "only the scalers of the triggers that we render are left, and cron",
    file: "pkg/scaling/scalers_builder.go",
    from: "\tswitch triggerType {",
    until: '\tdefault:\n\t\treturn nil, fmt.Errorf("no scaler found',
    by: [
      "\tswitch triggerType {",
      '\tcase "cpu":\n\t\treturn scalers.NewCPUMemoryScaler(corev1.ResourceCPU, config)',
      '\tcase "memory":\n\t\treturn scalers.NewCPUMemoryScaler(corev1.ResourceMemory, config)',
      '\tcase "cron":\n\t\treturn scalers.NewCronScaler(config)',
      '\tcase "prometheus":\n\t\treturn scalers.NewPrometheusScaler(config)',
      "",
    ].join("\n"),
  },
  {
    reason: "a Prometheus of ours is none of a cloud's, whose credentials need its SDK",
    file: `${scalers}/prometheus_scaler.go`,
    from: "\t\t// could be the case of azure managed prometheus.",
    until: "\t}\n\n\treturn &prometheusScaler{",
  },
  ...[
    "errors",
    "github.com/kedacore/keda/v2/pkg/scalers/aws",
    "github.com/kedacore/keda/v2/pkg/scalers/azure",
    "github.com/kedacore/keda/v2/pkg/scalers/gcp",
  ].map((name) => unusedImport(`${scalers}/prometheus_scaler.go`, name)),
  { reason: sdks, files: `${secrets}/{aws_secretmanager,azure_keyvault,gcp_secretmanager,hashicorpvault}_handler.go` },
  {
    reason: "the managers of secrets are left out, and no trigger of ours has a TriggerAuthentication",
    file: `${secrets}/scale_resolvers.go`,
    from: "\t\t\tif triggerAuthSpec.HashiCorpVault != nil",
    until: "\t\t\tif triggerAuthSpec.BoundServiceAccountToken != nil",
  },
  {
    reason: "the same",
    file: `${secrets}/scale_resolvers.go`,
    from: "\t\t\tif triggerAuthSpec.AzureServicePrincipal != nil",
    until: "\t\t}\n\t}\n\n\treturn result, podIdentity, err",
  },
  unusedImport(`${secrets}/scale_resolvers.go`, "github.com/kedacore/keda/v2/pkg/scalers/azure"),
  { reason: sdks, files: "pkg/eventemitter/{azure_event_grid_topic,cloudevent_http}_handler.go" },
  {
    reason: "the destinations of CloudEvents are left out",
    file: "pkg/eventemitter/eventemitter.go",
    from: "\tif spec.Destination.HTTP != nil {\n\t\teventHandler, err",
    until: '\te.log.Info("No destionation',
  },
  {
    reason: "only the destinations used them",
    file: "pkg/eventemitter/eventemitter.go",
    from: "\tclusterName := spec.ClusterName",
    until: "\t// Resolve auth related",
  },
  {
    reason: "only the destinations used them",
    file: "pkg/eventemitter/eventemitter.go",
    from: "\tauthParams, podIdentity, err := resolver",
    until: ".ResolveAuthRefAndPodIdentity",
    by: "\t_, _, err := resolver",
  },
  { reason: "its own tests use it, and it needs a test framework", files: "pkg/util/ginkgo_reporter.go" },
  {
    reason: "no scaler that is left uses fasthttp",
    file: `${scalers}/authentication/authentication_helpers.go`,
    from: "\tcase FastHTTP:",
    until: "\t}\n\n\treturn rt",
  },
  unusedImport(
    `${scalers}/authentication/authentication_helpers.go`,
    "github.com/dysnix/predictkube-libs/external/configs",
    "libs ",
  ),
  unusedImport(
    `${scalers}/authentication/authentication_helpers.go`,
    "github.com/dysnix/predictkube-libs/external/http_transport",
  ),
  unusedImport(
    `${scalers}/authentication/authentication_helpers.go`,
    "github.com/prometheus/common/config",
    "pConfig ",
  ),
  {
    reason: "the constant is in a scaler that is left out",
    file: `${scalers}/prometheus_scaler.go`,
    from: "externalMetricType",
    until: ",",
    by: '"External"',
  },
  {
    reason: "the function is in the handler of Vault",
    file: `${secrets}/scale_resolvers.go`,
    from: " || !vaultAddressesEqual(endpoint, endpoint)",
    until: " || strings.Contains",
  },
  {
    reason: "the constant is in the handler of Vault",
    file: "cmd/operator/main.go",
    from: "resolver.DefaultVaultKubernetesAuthTokenFile",
    until: ",",
    by: '""',
  },
];

function unusedImport(file: string, name: string, as = ""): Edit {
  return { reason: "nothing uses the import any more", file, from: `\t${as}"${name}"\n`, until: "\t" };
}
