// A certified OpenID provider for the tests; its settings come as JSON in the environment.
import Provider from 'oidc-provider';

const { port, clients, accessTokenSeconds } = JSON.parse(process.env.SETTINGS);

const provider = new Provider(`http://127.0.0.1:${port}`, {
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
  scopes: ['openid', 'offline_access', 'mail', 'email'],
  claims: { openid: ['sub'], email: ['email'] },
  conformIdTokenClaims: false,
  findAccount: (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id, email: id }) }),
  features: {
    devInteractions: { enabled: true },
    introspection: { enabled: true, allowedPolicy: async () => true },
    revocation: { enabled: true },
  },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: async () => true,
  ttl: { AccessToken: accessTokenSeconds, RefreshToken: 86400, AuthorizationCode: 60 },
  cookies: { keys: ['only for tests'] },
});

provider.listen(port, '127.0.0.1', () => console.log('up'));
