// Calls getApiKeys with the official TypeScript SDK from a number of concurrent callers, and
// prints what the calls of the measured time cost as one JSON value. It is what caller/main.go is
// for this library, and is given the same flags and environment.
//
// With --parsed-key the SDK is given a key object in place of the PEM text: its declared types
// refuse one, and its code takes it. It then no longer parses the text for every signature.
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import axios from 'axios';
import { ApiKeysApi, Configuration } from 'kalshi-typescript';

const flag = { type: 'string' };
const { values: flags } = parseArgs({
  options: { callers: flag, 'warm-up': flag, duration: flag, 'parsed-key': { type: 'boolean' } },
});
const { KALSHI_API_KEY_ID, KALSHI_PRIVATE_KEY_PATH, KALSHI_BASE_URL } = process.env;

const privateKey = readFileSync(KALSHI_PRIVATE_KEY_PATH, 'utf8');

// What makes axios slower and can be turned off is turned off: new connections, the look at the
// environment for proxies, the layer that follows redirects.
const api = new ApiKeysApi(
  new Configuration({
    apiKey: KALSHI_API_KEY_ID,
    privateKeyPem: flags['parsed-key'] ? createPrivateKey(privateKey) : privateKey,
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
  const { user, system } = process.cpuUsage();
  return { calls, seconds: performance.now() / 1e3, cpu: (user + system) / 1e6 };
}

async function measure() {
  await wait(Number(flags['warm-up']));
  const from = mark();
  await wait(Number(flags.duration));
  const to = mark();
  stopped = true;
  return {
    calls: to.calls - from.calls,
    seconds: to.seconds - from.seconds,
    cpu_seconds: to.cpu - from.cpu,
  };
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
