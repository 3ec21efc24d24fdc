import { byID } from "./dom.js";
import { addExchange, clearExchanges, startExchanges } from "./exchanges.js";
import { refreshFaults, startFaults } from "./faults.js";
import { refreshKeys } from "./keys.js";
import { showContract } from "./reference.js";

const basePath = "/trade-api/v2";
const baseURL = location.origin + basePath;

byID("base-url").textContent = baseURL;
byID("first-request").textContent =
  `kalshi-keys sign GET ${basePath}/api_keys |\n  curl -H @- ${baseURL}/api_keys`;

startExchanges();
startFaults();
refreshKeys();
showContract(baseURL, basePath);
listen();

// listen follows the exchanges. The browser comes back by itself when the connection is lost,
// and says how far it had come.
function listen() {
  const connection = byID("connection");
  const say = (text, state) => {
    connection.textContent = text;
    connection.dataset.state = state;
  };
  const events = new EventSource("events");
  events.addEventListener("open", () => say("Connected", "good"));
  events.addEventListener("error", () =>
    events.readyState === EventSource.CLOSED
      ? say("Not connected. Reload the page once the sandbox runs.", "bad")
      : say("Connection lost. Trying again…", "bad"));
  events.addEventListener("reset", () => {
    clearExchanges();
    refreshSide();
  });
  events.addEventListener("exchange", (event) => {
    addExchange(JSON.parse(event.data), event.lastEventId);
    refreshSide();
  });
}

// refreshSide reads keys and faults again, once for a burst of exchanges.
let waiting = false;
function refreshSide() {
  if (waiting) return;
  waiting = true;
  setTimeout(() => {
    waiting = false;
    refreshKeys();
    refreshFaults();
  }, 100);
}
