import { ask, button, byID, element, onChange, onClick } from "./dom.js";

const presets = [
  ["503, unavailable", { kind: "status", status: 503, body: '{"error":{"code":"service_unavailable","message":"service_unavailable"}}' }],
  ["429, too many requests", { kind: "status", status: 429, body: '{"error":"too many requests"}' }],
  ["500, after the work", { kind: "status", point: "after", status: 500, body: '{"error":{"code":"internal_server_error","message":"internal server error"}}' }],
  ["Delay of 3 s", { kind: "delay", duration: "3s" }],
  ["Reset before the work", { kind: "reset", point: "before" }],
  ["Reset after the work", { kind: "reset", point: "after" }],
  ["Half an answer", { kind: "half_body" }],
  ["Date an hour ahead", { kind: "wrong_date", duration: "1h" }],
  ["List of 10 s ago", { kind: "stale_list", duration: "10s" }, "getApiKeys"],
  ["List without a name", { kind: "missing_field", field: "/api_keys/0/name" }, "getApiKeys"],
];

let shown = "";

export function startFaults() {
  const choice = byID("fault-operation");
  choice.append(element("option", { value: "" }, "any operation"));
  byID("fault-presets").append(...presets.map(([name, fault, only]) =>
    button(name, () => {
      const asked = { ...fault, operation: only ?? choice.value, times: Number(byID("fault-times").value) };
      onClick(() => add(asked));
    })));
  byID("clear-faults").addEventListener("click", () => onClick(clear));
  refreshFaults();
}

// offerOperations lets faults be set for the operations of the contract.
export function offerOperations(names) {
  byID("fault-operation").append(...names.map((name) => element("option", {}, name)));
}

export function refreshFaults() {
  return onChange(async () => show(await ask("faults")));
}

async function add(fault) {
  const current = await ask("faults");
  show(await replace([...current.faults, fault]));
}

// remove takes the fault out as it is now: it may have happened since it was shown.
async function remove(gone) {
  const { faults } = await ask("faults");
  const at = faults.findIndex((fault) => describe(fault) === describe(gone));
  show(await replace(faults.filter((_, index) => index !== at)));
}

async function clear() {
  await ask("faults", { method: "DELETE" });
  show({ faults: [] });
}

function replace(faults) {
  return ask("faults", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ faults }),
  });
}

function show({ faults }) {
  // What has not changed stays, so that nothing moves under a pointer.
  if (JSON.stringify(faults) === shown) return;
  shown = JSON.stringify(faults);
  const hadFocus = byID("set-faults").contains(document.activeElement);
  byID("set-faults").replaceChildren(...faults.map((fault) => element("li", { class: "fault" },
    element("span", {}, describe(fault), element("span", { class: "muted" }, times(fault))),
    button("Clear", () => onClick(() => remove(fault)), { "aria-label": `Clear ${describe(fault)}` }))));
  byID("no-faults").hidden = faults.length > 0;
  byID("clear-faults").disabled = faults.length === 0;
  if (hadFocus) (byID("set-faults").querySelector("button") ?? byID("fault-operation")).focus();
}

function describe(fault) {
  const what = fault.status ?? fault.duration ?? fault.field ?? "";
  return `${fault.kind.replaceAll("_", " ")} ${what} ${fault.point}, ${fault.operation ?? "any operation"}`;
}

function times({ times }) {
  if (!times) return ", until cleared";
  return times === 1 ? ", once" : `, ${times} times`;
}
