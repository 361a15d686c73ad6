/** Traefik without what its module does not contain, and without the SDKs of DNS providers. Both of its providers stay unchanged. */
import type { Edit } from "../module-source.ts";

const unpublished = "the module does not contain its nested module of types, which are empty in Traefik's releases";
const dns = "no certificate is requested by a DNS challenge, and some SDKs of DNS providers are in no module registry";
const fork = "Traefik's fork of this module is in no module registry, and no test sends a password";
const ec2 =
  "one package of the SDK of EC2, which its provider for ECS imports, takes 2 GB and a quarter of an hour to compile";
const staticConfig = "pkg/config/static/static_config.go";
const acme = "pkg/provider/acme/provider.go";
const types = "pkg/config/dynamic/http_config.go";
const copies = "pkg/config/dynamic/zz_generated.deepcopy.go";

export const traefikEdits: readonly Edit[] = [
  { reason: unpublished, file: types, from: '\t"github.com/traefik/traefik/dynamic/ext"\n', until: "\t" },
  { reason: unpublished, file: types, from: '\text.HTTP `yaml:",inline"`\n', until: "\n" },
  { reason: unpublished, file: types, from: '\text.Router `yaml:",inline"`\n', until: "\n" },
  { reason: unpublished, file: copies, from: "\tout.HTTP = in.HTTP\n", until: "\t" },
  { reason: unpublished, file: copies, from: "\tout.Router = in.Router\n", until: "\t" },
  { reason: unpublished, file: "go.mod", from: "\tgithub.com/traefik/traefik/dynamic/ext v", until: "\tgithub.com" },
  {
    reason: unpublished,
    file: "go.mod",
    from: "replace github.com/traefik/traefik/dynamic/ext",
    until: "\n// Containous",
  },
  { reason: ec2, file: staticConfig, from: '\t"github.com/traefik/traefik/v3/pkg/provider/ecs"\n', until: "\t" },
  { reason: ec2, file: staticConfig, from: "\tecs.ProviderName,\n", until: "\t" },
  { reason: ec2, file: staticConfig, from: "\tEcs ", until: "\tConsul " },
  {
    reason: ec2,
    file: "pkg/provider/aggregator/aggregator.go",
    from: "\tif conf.Ecs != nil {",
    until: "\tif conf.ConsulCatalog",
  },
  { reason: dns, file: acme, from: '\t"github.com/go-acme/lego/v5/providers/dns"\n', until: "\t" },
  {
    reason: dns,
    file: acme,
    from: "dns.NewDNSChallengeProviderByName(p.DNSChallenge.Provider)",
    until: "\n",
    by: 'challenge.Provider(nil), errors.New("no provider of DNS challenges was built")',
  },
  { reason: fork, file: "go.mod", from: "\tgithub.com/abbot/go-http-auth =>", until: "\tgithub.com/gorilla/mux" },
  {
    reason: fork,
    file: "go.mod",
    from: "\tgithub.com/abbot/go-http-auth v0.0.0",
    until: "\n",
    by: "\tgithub.com/abbot/go-http-auth v0.4.0",
  },
  {
    reason: fork,
    file: "pkg/middlewares/auth/basic_auth.go",
    from: "goauth.CheckSecret",
    until: ",\n",
    by: "func(string, string) bool { return false }",
  },
  {
    reason: fork,
    file: "pkg/middlewares/auth/digest_auth.go",
    from: "RequireAuthStale",
    until: "(rw",
    by: "RequireAuth",
  },
];
