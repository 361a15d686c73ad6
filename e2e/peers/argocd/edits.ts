/** Argo CD's application controller and repo server without its other programs, whose SDKs of Git hosts and clouds build longest. */
import type { Edit } from "../module-source.ts";

const others = "the other programs are left out";
const main = "cmd/main.go";

export const argoCdEdits: readonly Edit[] = [
  {
    reason:
      "the folder is a module of its own, which the module's archive lacks; it is published with the same version",
    file: "go.mod",
    from: "replace github.com/argoproj/argo-cd/gitops-engine/v3",
    until: "\n",
  },
  { reason: others, file: main, from: '\tapplicationset "github.com', until: '\treposerver "github.com' },
  {
    reason: others,
    file: main,
    from: '\tapiserver "github.com',
    until: '\t"github.com/argoproj/argo-cd/v3/common"',
  },
  {
    reason:
      "nothing that is left imports gRPC's grpclb, which enables these lookups, and the call fails where they are off",
    file: main,
    from: "\t// Enable the workaround for the SRV GRPC bug",
    until: "\tbinaryName := filepath",
  },
  {
    reason: "nothing uses the import any more",
    file: main,
    from: '\t"github.com/argoproj/argo-cd/v3/util/grpc"\n',
    until: "\t",
  },
  { reason: others, file: main, from: "\tisArgocdCLI := false\n", until: "\tswitch binaryName" },
  {
    reason: others,
    file: main,
    from: "\tcase common.CommandCLI:",
    until: "\tcase common.CommandApplicationController:",
  },
  {
    reason: others,
    file: main,
    from: "\tcase common.CommandCMPServer:",
    until: "\terr := command.Execute()",
    by: '\tdefault:\n\t\tpanic("no program " + binaryName)\n\t}\n\n',
  },
  {
    reason: "only the command line has plug-ins",
    file: main,
    from: "\terr := command.Execute()",
    until: "\n}\n",
    by: "\tif command.Execute() != nil {\n\t\tos.Exit(1)\n\t}",
  },
  { reason: "nothing uses the import any more", file: main, from: '\t"errors"\n', until: "\t" },
  { reason: "nothing uses the import any more", file: main, from: '\t"os/exec"\n', until: "\t" },
];
