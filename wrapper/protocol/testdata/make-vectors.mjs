// Prints vectors signed by the official TypeScript SDK, driven through its public face: its own
// ApiKeysApi makes and signs each request, and an axios adapter takes the request down instead
// of sending it. One vector comes from the SDK's KalshiAuth directly, for a path that no
// operation has. Run by make-vectors.sh.
import {createRequire} from 'node:module';
import {readFileSync} from 'node:fs';
import {basename, join} from 'node:path';

const [directory, version, keyFile] = process.argv.slice(2);
const require = createRequire(join(directory, 'package.json'));
const axios = require('axios');
const {ApiKeysApi, Configuration} = require('kalshi-typescript');
const {KalshiAuth} = require('kalshi-typescript/dist/auth');

const keyID = '0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11';
const privateKeyPem = readFileSync(keyFile, 'utf8');
let now = 1703123456789;
Date.now = () => now++;

let sent;
const client = axios.create({
  adapter: async (config) => {
    sent = config;
    return {data: {}, status: 200, statusText: 'OK', headers: {}, config};
  },
});
const basePath = 'https://external-api.demo.kalshi.co/trade-api/v2';
const api = new ApiKeysApi(new Configuration({apiKey: keyID, privateKeyPem, basePath}), undefined, client);

function vector(command, headers, method, path) {
  return {
    made_by: version,
    command,
    key: basename(keyFile),
    timestamp: String(headers['KALSHI-ACCESS-TIMESTAMP']),
    method,
    path,
    signature: String(headers['KALSHI-ACCESS-SIGNATURE']),
  };
}

async function request(command, call) {
  await call();
  // The path as axios puts it on the request line.
  const path = new URL(sent.url).pathname;
  return vector(command, sent.headers, sent.method.toUpperCase(), path);
}

const vectors = [
  await request('ApiKeysApi.getApiKeys()', () => api.getApiKeys()),
  await request('ApiKeysApi.createApiKey({name, public_key})', () => api.createApiKey({name: 'bot', public_key: 'PEM'})),
  await request('ApiKeysApi.generateApiKey({name})', () => api.generateApiKey({name: 'bot'})),
  await request(`ApiKeysApi.deleteApiKey('${keyID}')`, () => api.deleteApiKey(keyID)),
  await request(`ApiKeysApi.deleteApiKey('a/b')`, () => api.deleteApiKey('a/b')),
];
const bare = '/trade-api/v2/a%2Fb';
vectors.push(vector(`KalshiAuth.generateAuthHeaders('GET', '${bare}')`,
  new KalshiAuth(keyID, privateKeyPem).generateAuthHeaders('GET', bare), 'GET', bare));

console.log('[\n' + vectors.map((v) => JSON.stringify(v)).join(',\n') + '\n]');
