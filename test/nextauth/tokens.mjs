// Mints and opens session tokens with the real libraries: one JSON line in, one out.
import { createInterface } from 'node:readline'
import * as v5 from '@auth/core/jwt'
import v4 from 'next-auth/jwt'

const does = {
  'v4 encode': ({ secret, claims, maxAge }) => v4.encode({ secret, token: claims, maxAge }),
  'v4 decode': ({ secret, token }) => v4.decode({ secret, token }),
  'v4 getToken': ({ secret, cookies, cookieName }) => v4.getToken({ req: { cookies, headers: {} }, secret, cookieName, secureCookie: cookieName.startsWith('__Secure-') }),
  'v5 encode': ({ secret, claims, maxAge, salt }) => v5.encode({ secret, token: claims, maxAge, salt }),
  'v5 decode': ({ secret, token, salt }) => v5.decode({ secret, token, salt })
}

for await (const line of createInterface({ input: process.stdin })) {
  const { what, ...rest } = JSON.parse(line)
  try {
    console.log(JSON.stringify({ result: await does[what](rest) }))
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }))
  }
}
