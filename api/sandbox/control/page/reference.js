import { ask, button, byID, element } from "./dom.js";
import { offerOperations } from "./faults.js";

// showContract renders the operations of an OpenAPI document, as far as this contract uses it.
export async function showContract(baseURL, basePath) {
  try {
    const document = await ask("contract");
    const operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })));
    offerOperations(operations.map(({ operation }) => operation.operationId));
    byID("operations").replaceChildren(...operations.map((each) =>
      show({ ...each, document, curl: curlLine(each, document, baseURL, basePath) })));
  } catch (error) {
    byID("operations").replaceChildren(element("p", { class: "empty" }, `The contract cannot be shown. ${error.message}`));
  }
}

function show({ path, method, operation, document, curl }) {
  return element("details", { id: `operation-${operation.operationId}` },
    element("summary", {},
      element("strong", {}, method), " ", element("code", {}, path), " ",
      element("span", { class: "muted" }, operation.operationId)),
    element("p", {}, prose(operation.description)),
    line(curl),
    parameters(operation, document),
    body(operation, document),
    responses(operation, document));
}

function line(curl) {
  const copied = element("span", { class: "muted", role: "status" });
  return element("div", { class: "curl" },
    element("pre", { tabindex: "0", "aria-label": "curl line" }, element("code", {}, curl)),
    button("Copy", async () => {
      try {
        await navigator.clipboard.writeText(curl);
        copied.textContent = "Copied";
      } catch {
        copied.textContent = "Select it and copy by hand";
      }
    }),
    copied);
}

// curlLine is one command of two lines. Texts of the contract are quoted for the shell.
function curlLine({ path, method, operation }, document, baseURL, basePath) {
  const target = (operation.parameters ?? []).filter((parameter) => parameter.in === "path")
    .reduce((text, { name, example }) => text.replace(`{${name}}`, example), path);
  const options = method === "GET" ? [] : [`-X ${method}`];
  const example = exampleOf(operation.requestBody);
  if (example) options.push("-H 'Content-Type: application/json'", `-d ${quote(JSON.stringify(example))}`);
  return [`kalshi-keys sign ${method} ${quote(basePath + target)} |`,
    `  ${["curl -H @-", ...options, quote(baseURL + target)].join(" ")}`].join("\n");
}

function quote(text) {
  return /^[\w/.:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function exampleOf(requestBody) {
  const examples = requestBody?.content["application/json"].examples;
  return examples && Object.values(examples)[0].value;
}

function parameters(operation, document) {
  return table("Parameters", ["Name", "In", "What it is", "Source"], (operation.parameters ?? []).map((parameter) => [
    name(parameter.name, parameter.required), parameter.in,
    `${parameter.description} ${kind(parameter.schema, document)}`, parameter["x-source"],
  ]));
}

function body(operation, document) {
  const schema = resolve(operation.requestBody?.content["application/json"].schema, document);
  return schema && table("Request body", ["Property", "Type", "What it is", "Source"], properties(schema, document));
}

function responses(operation, document) {
  const rows = Object.entries(operation.responses).map(([status, reference]) => {
    const response = resolve(reference, document);
    return [status, response.description, response["x-source"]];
  });
  const [success] = Object.entries(operation.responses).filter(([status]) => status < 300)
    .map(([, reference]) => resolve(resolve(reference, document).content?.["application/json"].schema, document));
  return [table("Answers", ["Status", "What it means", "Source"], rows),
    success && table("Body of the answer", ["Property", "Type", "What it is", "Source"], properties(success, document))];
}

function properties(schema, document) {
  return Object.entries(schema.properties).map(([property, each]) => [
    name(property, schema.required?.includes(property)), kind(each, document), prose(each.description), each["x-source"],
  ]);
}

function name(text, required) {
  return element("span", {}, element("code", {}, text), required && element("span", { class: "muted" }, " required"));
}

// prose sets as code what stands in backquotes.
function prose(text) {
  return text.split("`").map((part, index) => (index % 2 ? element("code", {}, part) : part));
}

// kind says the type of a schema in a few words.
function kind(reference, document) {
  const schema = resolve(reference.allOf?.[0] ?? reference, document);
  if (schema.enum) return `one of ${schema.enum.join(", ")}`;
  if (schema.type === "array") return `array of ${kind(schema.items, document)}`;
  const range = schema.minimum != null ? ` ${schema.minimum} to ${schema.maximum}` : "";
  const format = schema.format ? ` (${schema.format})` : "";
  const nullable = reference.nullable ? ", or null" : "";
  return `${schema.type ?? "any"}${range}${format}${nullable}`;
}

function resolve(reference, document) {
  return reference?.$ref
    ? reference.$ref.slice(2).split("/").reduce((place, step) => place[step], document)
    : reference;
}

function table(caption, head, rows) {
  return rows.length > 0 && element("div", { class: "scroll" }, element("table", {},
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, head.map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, rows.map((row) => element("tr", {}, row.map((cell) => element("td", {}, cell)))))));
}
