// A certified OpenID provider for the tests; its settings come as JSON in the environment.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const { port, clients, accessTokenSeconds } = JSON.parse(process.env.SETTINGS);

let keys = [];

function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: `key-${Date.now()}-${Math.random()}`, use: 'sig' };
}

// What has been given lies in the module's own memory, so another instance knows it too.
function provider() {
  return new Provider(`http://127.0.0.1:${port}`, {
    clients: [
      ...clients,
      {
        client_id: 'dovecot',
        client_secret: 'dovecot-secret',
        grant_types: [],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    jwks: { keys },
    scopes: ['openid', 'offline_access', 'mail', 'email'],
    claims: { openid: ['sub'], email: ['email'] },
    conformIdTokenClaims: false,
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    findAccount: (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id, email: id }) }),
    features: {
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      devInteractions: { enabled: true },
      introspection: { enabled: true, allowedPolicy: async () => true },
      revocation: { enabled: true },
    },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: async () => true,
    ttl: {
      AccessToken: accessTokenSeconds,
      ClientCredentials: accessTokenSeconds,
      RefreshToken: 86400,
      AuthorizationCode: 60,
      DeviceCode: 600,
    },
    cookies: { keys: ['only for tests'] },
  }).callback();
}

// A new key signs; the old ones stay published, or not.
function rotate(keepOld) {
  keys = [newKey(), ...(keepOld ? keys : [])];
  return provider();
}

let answer = rotate(false);
createServer((request, response) => {
  // The lab's own switch, which no provider has.
  if (request.method === 'POST' && request.url.startsWith('/lab/rotate-keys')) {
    answer = rotate(request.url.endsWith('?keep-old'));
    response.end();
  } else {
    answer(request, response);
  }
}).listen(port, '127.0.0.1', () => console.log('up'));
