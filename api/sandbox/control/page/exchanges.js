import { byID, element } from "./dom.js";
import { showDetail } from "./detail.js";
import { statusClass, statusText } from "./status.js";

const announceAfter = 1500;

const list = byID("exchange-list");
const follow = byID("follow");
let chosen = null;
let unannounced = [];

export function startExchanges() {
  list.addEventListener("keydown", move);
  follow.addEventListener("change", () => {
    if (follow.checked && list.firstElementChild) choose(list.firstElementChild);
  });
  showDetail(null);
}

// showExchanges shows what the sandbox keeps, oldest first, and returns whether anything has
// changed. An item that is still there stays, so that nothing moves under a pointer.
export function showExchanges(exchanges) {
  const kept = new Set(exchanges.map(identity));
  const gone = [...list.children].filter((item) => !kept.has(identity(item.exchange)));
  const shown = new Set([...list.children].map((item) => identity(item.exchange)));
  const fresh = exchanges.filter((exchange) => !shown.has(identity(exchange)));
  gone.forEach((item) => item.remove());
  if (gone.includes(chosen)) {
    chosen = null;
    showDetail(null);
  }
  fresh.forEach(add);
  byID("no-exchanges").hidden = exchanges.length > 0;
  return gone.length + fresh.length > 0;
}

// A sandbox that was started anew counts from 1 again.
const identity = ({ number, time }) => `${number} ${time}`;

function add(exchange) {
  const item = element("li", {}, row(exchange));
  item.exchange = exchange;
  item.firstElementChild.addEventListener("click", () => {
    follow.checked = item === list.firstElementChild;
    choose(item);
  });
  list.prepend(item);
  if (follow.checked || !chosen) choose(item);
  announce(exchange);
}

function row(exchange) {
  return element("button", { type: "button", class: "exchange", "data-number": exchange.number },
    element("span", { class: `status ${statusClass(exchange)}` }, statusText(exchange)),
    element("span", { class: "request", title: exchange.path },
      element("strong", {}, exchange.method), " ", element("span", { class: "path" }, exchange.path)),
    element("span", { class: "note" },
      element("time", { datetime: exchange.time }, new Date(exchange.time).toLocaleTimeString()), note(exchange)));
}

// note says why an exchange is worth a look, if it is.
function note(exchange) {
  const notes = [];
  if (exchange.explanation) notes.push(exchange.explanation.text.split(": ")[0]);
  else if (exchange.refusal) notes.push(exchange.refusal.replaceAll("_", " "));
  if (exchange.fault) notes.push(`fault: ${exchange.fault.replaceAll("_", " ")}`);
  if (exchange.violations.length > 0) notes.push("leaves the contract");
  return notes.map((text) => ` · ${text}`).join("");
}

function choose(item) {
  chosen?.firstElementChild.removeAttribute("aria-current");
  chosen = item;
  item.firstElementChild.setAttribute("aria-current", "true");
  showDetail(item.exchange);
}

// move lets the arrow keys walk through the list.
function move(event) {
  const item = event.target.closest("li");
  const target = {
    ArrowDown: item?.nextElementSibling,
    ArrowUp: item?.previousElementSibling,
    Home: list.firstElementChild,
    End: list.lastElementChild,
  }[event.key];
  if (!target) return;
  event.preventDefault();
  target.firstElementChild.focus();
  target.firstElementChild.click();
}

// announce tells those who cannot see the list, in one sentence for a burst.
function announce(exchange) {
  unannounced.push(exchange);
  if (unannounced.length > 1) return;
  setTimeout(() => {
    const last = unannounced.at(-1);
    const count = unannounced.length;
    unannounced = [];
    if (!last) return;
    byID("announcer").textContent =
      `${count === 1 ? "New exchange" : `${count} new exchanges, the last one`}: ${last.method} answered ${statusText(last)}.`;
  }, announceAfter);
}
