import { ask, byID } from "./dom.js";
import { showExchanges, startExchanges } from "./exchanges.js";
import { refreshFaults, startFaults } from "./faults.js";
import { refreshKeys } from "./keys.js";
import { showContract } from "./reference.js";

const basePath = "/trade-api/v2";
const baseURL = location.origin + basePath;
const pollEvery = 1000;

byID("base-url").textContent = baseURL;
byID("first-request").textContent =
  `kalshi-keys sign GET ${basePath}/api_keys |\n  curl -H @- ${baseURL}/api_keys`;

startExchanges();
startFaults();
refreshKeys();
showContract(baseURL, basePath);
follow();

// follow reads the exchanges again and again. What else is shown changes only with them.
async function follow() {
  try {
    const { exchanges } = await ask("exchanges");
    say("Connected", "good");
    if (showExchanges(exchanges)) {
      refreshKeys();
      refreshFaults();
    }
  } catch {
    say("Connection lost. Trying again…", "bad");
  }
  setTimeout(follow, pollEvery);
}

function say(text, state) {
  const connection = byID("connection");
  if (connection.dataset.state === state) return;
  connection.textContent = text;
  connection.dataset.state = state;
}
