// Runs the official TypeScript SDK against the sandbox, as a program of the SDK's user would.
// Reads the first key and the base URL from the environment that `kalshi-keys sandbox` writes.
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import axios from 'axios';
import { ApiKeysApi, Configuration } from 'kalshi-typescript';

const { KALSHI_API_KEY_ID, KALSHI_PRIVATE_KEY_PATH, KALSHI_BASE_URL } = process.env;

// Each client gets an axios of its own: the SDK hangs its signing on the instance it is given, and
// on the shared one the first key would sign for all.
function client(apiKey, privateKeyPem) {
  const configuration = new Configuration({ apiKey, privateKeyPem, basePath: KALSHI_BASE_URL });
  return new ApiKeysApi(configuration, undefined, axios.create({ timeout: 60_000 }));
}

function ownPair() {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

async function listedIDs(api) {
  const { status, data } = await api.getApiKeys();
  assert.equal(status, 200);
  return data.api_keys.map((key) => key.api_key_id);
}

async function assertUnauthenticated(api, details) {
  await assert.rejects(api.getApiKeys(), ({ response }) => {
    assert.equal(response?.status, 401);
    assert.equal(response.data.error.code, 'authentication_error');
    assert.equal(response.data.error.details, details);
    return true;
  });
}

let passed = 0;
let failed = 0;

async function step(name, run) {
  try {
    await run();
    passed++;
    console.log(`ok    ${name}`);
  } catch (error) {
    failed++;
    // An axios error in full would print the request's headers, signature included.
    console.log(`FAIL  ${name}: ${error.message}`, error.response?.data ?? '');
  }
}

const first = client(KALSHI_API_KEY_ID, readFileSync(KALSHI_PRIVATE_KEY_PATH, 'utf8'));
const pair = ownPair();
let generated;
let created;

await step('list shows the first key', async () => {
  assert.ok((await listedIDs(first)).includes(KALSHI_API_KEY_ID));
});

await step('generate returns an RSA key of 2048 bits as PKCS#1', async () => {
  const { status, data } = await first.generateApiKey({ name: 'interop generated' });
  assert.equal(status, 201);
  generated = data;
  assert.ok(generated.private_key.startsWith('-----BEGIN RSA '));
  assert.equal(createPrivateKey(generated.private_key).asymmetricKeyDetails.modulusLength, 2048);
});

await step('the generated key signs', async () => {
  const ids = await listedIDs(client(generated.api_key_id, generated.private_key));
  assert.ok(ids.includes(generated.api_key_id));
});

await step('create registers an own public key', async () => {
  const { status, data } = await first.createApiKey({
    name: 'interop created',
    public_key: pair.publicKey,
    scopes: ['read'],
  });
  assert.equal(status, 201);
  created = data;
});

await step('the own key signs', async () => {
  const { data } = await client(created.api_key_id, pair.privateKey).getApiKeys();
  const own = data.api_keys.find((key) => key.api_key_id === created.api_key_id);
  assert.equal(own?.name, 'interop created');
  assert.deepEqual(own.scopes, ['read']);
});

await step('a query parameter is not part of what is signed', async () => {
  assert.equal((await first.getApiKeys('nobody_1')).status, 200);
});

await step('delete answers 204 without a body', async () => {
  const { status, data } = await first.deleteApiKey(generated.api_key_id);
  assert.equal(status, 204);
  assert.equal(data, '');
});

await step('the list no longer shows the deleted key', async () => {
  const ids = await listedIDs(first);
  assert.ok(!ids.includes(generated.api_key_id));
  assert.ok(ids.includes(created.api_key_id));
});

await step('the deleted key is answered with 401', async () => {
  await assertUnauthenticated(client(generated.api_key_id, generated.private_key), 'NOT_FOUND');
});

await step('the private key of another key ID is answered with 401', async () => {
  await assertUnauthenticated(client(KALSHI_API_KEY_ID, pair.privateKey), 'INCORRECT_API_KEY_SIGNATURE');
});

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
