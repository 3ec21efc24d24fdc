// Calls getApiKeys with the official TypeScript SDK from a number of concurrent callers, and
// prints as one JSON value how many were answered in the measured time. It is what the command
// "caller" of this program is for this library, and is given the same flags and environment.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import axios from 'axios';
import { ApiKeysApi, Configuration } from 'kalshi-typescript';

const flag = { type: 'string' };
const { values: flags } = parseArgs({
  options: { callers: flag, 'warm-up': flag, duration: flag },
});
const { KALSHI_API_KEY_ID, KALSHI_PRIVATE_KEY_PATH, KALSHI_BASE_URL } = process.env;

const privateKey = readFileSync(KALSHI_PRIVATE_KEY_PATH, 'utf8');

// What makes axios slower and can be turned off is turned off: new connections, the look at the
// environment for proxies, the layer that follows redirects.
const api = new ApiKeysApi(
  new Configuration({
    apiKey: KALSHI_API_KEY_ID,
    privateKeyPem: privateKey,
    basePath: KALSHI_BASE_URL,
  }),
  undefined,
  axios.create({ httpAgent: new Agent({ keepAlive: true }), proxy: false, maxRedirects: 0 }),
);

let calls = 0;
let stopped = false;

async function callUntilStopped() {
  while (!stopped) {
    const { status, data } = await api.getApiKeys();
    assert.equal(status, 200);
    assert.equal(data.api_keys[0].api_key_id, KALSHI_API_KEY_ID);
    calls++;
  }
}

function mark() {
  return { calls, seconds: performance.now() / 1e3 };
}

async function measure() {
  await wait(Number(flags['warm-up']));
  const from = mark();
  await wait(Number(flags.duration));
  const to = mark();
  stopped = true;
  return { calls: to.calls - from.calls, seconds: to.seconds - from.seconds };
}

try {
  const callers = Array.from({ length: Number(flags.callers) }, callUntilStopped);
  const [result] = await Promise.all([measure(), ...callers]);
  console.log(JSON.stringify(result));
} catch (error) {
  // An axios error in full would print the request's headers, signature included.
  console.error(`a call failed: ${error.message}`, error.response?.data ?? '');
  process.exit(1);
}
