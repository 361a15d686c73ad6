// The page at `/docs` in development: the OpenAPI document as a reader wants it.

const openApi = await (await fetch("/openapi.json")).json();
const resolve = (node) =>
  node?.$ref
    ? node.$ref
        .slice(2)
        .split("/")
        .reduce((at, key) => at[key], openApi)
    : node;

function make(tag, text = "", ...children) {
  const made = document.createElement(tag);
  made.append(text, ...children);
  return made;
}

function table(heads, rows) {
  const cells = (tag, row) => make("tr", "", ...row.map((cell) => make(tag, cell)));
  return make(
    "table",
    "",
    make("thead", "", cells("th", heads)),
    make("tbody", "", ...rows.map((row) => cells("td", row))),
  );
}

function operation(method, path, { summary, requestBody, responses, parameters = [] }, shared = []) {
  const section = make(
    "section",
    "",
    make("h3", "", make("code", `${method.toUpperCase()} ${path}`)),
    make("p", summary),
  );
  const all = [...shared, ...parameters].map(resolve);
  if (all.length > 0) {
    const rows = all.map(({ name, in: where, required, schema }) => [
      name,
      where,
      required ? "required" : "",
      JSON.stringify(schema),
    ]);
    section.append(table(["parameter", "in", "", "schema"], rows));
  }
  if (requestBody) section.append(make("p", `Body: ${Object.keys(requestBody.content).join(", ")}`));
  const rows = Object.entries(responses).map(([status, response]) => {
    const { description, content = {} } = resolve(response);
    return [status, description, Object.keys(content).join(", ")];
  });
  section.append(table(["status", "meaning", "body"], rows));
  return section;
}

const methods = ["get", "post"];
const operations = Object.entries(openApi.paths).flatMap(([path, item]) =>
  methods
    .filter((method) => item[method])
    .map((method) => ({ tag: item[method].tags[0], section: operation(method, path, item[method], item.parameters) })),
);
for (const tag of new Set(operations.map((each) => each.tag))) {
  document
    .getElementById("operations")
    .append(make("h2", tag), ...operations.filter((each) => each.tag === tag).map((each) => each.section));
}
document
  .getElementById("operations")
  .append(
    make("h2", "Schemas"),
    ...Object.entries(openApi.components.schemas).flatMap(([name, schema]) => [
      make("h3", name),
      make("pre", JSON.stringify(schema, undefined, 2)),
    ]),
  );
