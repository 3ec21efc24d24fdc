import { byID, element } from "./dom.js";
import { statusClass, statusText } from "./status.js";

const marks = { passed: "✓", failed: "✗", not_reached: "–" };
const results = { passed: "passed", failed: "failed", not_reached: "not reached" };

// showDetail shows one exchange, or that none is chosen.
export function showDetail(exchange) {
  byID("detail").replaceChildren(...(exchange ? parts(exchange) : [
    element("p", { class: "empty" }, "Choose an exchange to see how its signature was checked."),
  ]));
}

function parts(exchange) {
  return [
    element("h2", { class: "request" }, element("strong", {}, exchange.method), " ", exchange.path),
    element("p", { class: "summary" },
      element("span", { class: `status ${statusClass(exchange)}` }, statusText(exchange)), " ",
      exchange.operation ?? "no operation of the contract",
      exchange.refusal && `, refused: ${exchange.refusal.replaceAll("_", " ")}`),
    exchange.explanation && element("section", { class: "callout bad", id: "explanation" },
      element("h3", {}, "What went wrong"),
      exchange.explanation.text.split("; and ").map((text) => element("p", {}, sentence(text)))),
    exchange.fault && element("section", { class: "callout poor" },
      element("h3", {}, "A fault happened"),
      element("p", {}, `${exchange.fault.replaceAll("_", " ")}: it was set on purpose.`)),
    exchange.checks && signature(exchange),
    contract(exchange),
  ].filter(Boolean);
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

function signature(exchange) {
  return element("section", { "aria-label": "Signature check" },
    element("h3", {}, "Signature"),
    element("ol", { class: "checks" }, exchange.checks.map((check) =>
      element("li", { class: check.result },
        element("span", { class: "mark", "aria-hidden": "true" }, marks[check.result]),
        element("span", {}, check.name, element("span", { class: "visually-hidden" }, `: ${results[check.result]}`)),
        check.detail && element("span", { class: "muted mono" }, check.detail)))),
    texts(exchange));
}

// texts shows the text expected and, where it was found out, the text that was signed.
function texts({ expected, explanation }) {
  if (!expected) return null;
  const signed = explanation?.signed;
  if (!signed) return element("dl", { class: "texts" }, element("dt", {}, "Text expected"), element("dd", {}, expected));
  // The end first: what is missing is mostly a whole part of the path, with the slash before it.
  const end = common(reverse(expected), reverse(signed));
  const start = common(expected.slice(0, expected.length - end), signed.slice(0, signed.length - end));
  return element("dl", { class: "texts" },
    element("dt", {}, "Text expected"), element("dd", {}, marked(expected, start, end)),
    element("dt", {}, "Text signed"), element("dd", {}, marked(signed, start, end)));
}

const reverse = (text) => [...text].reverse().join("");

function common(a, b) {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

// marked marks what is between the first and the last characters that two texts share.
function marked(text, start, end) {
  const different = text.slice(start, text.length - end);
  return [
    text.slice(0, start),
    different
      ? element("mark", {}, different)
      : element("mark", { class: "gap", title: "Nothing here" }, element("span", { class: "visually-hidden" }, " nothing here ")),
    text.slice(text.length - end),
  ];
}

function contract({ violations }) {
  return element("section", { "aria-label": "Contract check" },
    element("h3", {}, "Contract"),
    violations.length === 0
      ? element("p", {}, element("span", { class: "good-text", "aria-hidden": "true" }, "✓ "), "Request and answer keep it.")
      : element("ul", { class: "violations" }, violations.map((violation) => element("li", {},
        element("strong", {}, `${violation.direction}, ${violation.where}`),
        element("span", { class: "muted" }, ` rule ${violation.rule}`),
        element("div", {}, `expected ${violation.expected}; got ${violation.got}`)))));
}
