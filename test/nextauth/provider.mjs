// A certified OpenID provider for the walk: whoever names an address at it is that person.
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

const [port, redirect] = process.argv.slice(2)
const issuer = `http://localhost:${port}`
const provider = new Provider(issuer, {
  clients: [{ client_id: 'switchboard', client_secret: 'a secret of the walk', redirect_uris: redirect.split(','), grant_types: ['authorization_code'], response_types: ['code'] }],
  pkce: { required: () => true, methods: ['S256'] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: id, email_verified: !id.startsWith('unverified'), name: 'Somebody' }) }),
  features: { devInteractions: { enabled: true } }
})
createServer(provider.callback()).listen(Number(port), '127.0.0.1', () => console.log('ready'))
