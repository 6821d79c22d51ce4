// Package authjs speaks Auth.js on the wire: it opens and mints session tokens as next-auth 4 and
// Auth.js 5 do, finds them in cookies and behind Bearer, and checks the CSRF cookie and the hash of a
// sign-in link. It knows keys and claims; who the subject is and whether the session was ended is asked
// elsewhere.
//
// # Formats
//
// A session token is a compact JWE with "alg":"dir". Its key is HKDF-SHA256 of the secret:
//
//	cookie                              enc            salt             info                                             bytes
//	__Secure-authjs.session-token       A256CBC-HS512  the cookie name  Auth.js Generated Encryption Key (<the cookie>)  64
//	authjs.session-token                A256CBC-HS512  the cookie name  Auth.js Generated Encryption Key (<the cookie>)  64
//	__Secure-next-auth.session-token    A256GCM        none             NextAuth.js Generated Encryption Key             32
//	next-auth.session-token             A256GCM        none             NextAuth.js Generated Encryption Key             32
//
// The name decides the one encryption that is taken; the header of the token has no say. Since the salt
// of version 5 holds the prefix, a token of http does not open under the name of https. Both versions
// encrypt what else they keep in a cookie (state, PKCE, nonce) with the salt and info of that cookie,
// so that none of it opens as a session.
//
// Version 5 names its key: kid is the RFC 7638 thumbprint, with SHA-512, of the key. A token with a kid
// is tried with that key alone; one without is tried with the key of each secret, of which there are at
// most a few.
//
// # Cookies
//
// A token that does not fit a cookie is cut into name.0, name.1 and so on, all of one length but the
// last. We take the exact name if it is there, else the chunks from 0 up to the first gap or the first
// shorter one. Auth.js itself joins whatever begins with the name, so that a left-over chunk spoils a
// good token there; here it is not read.
//
// # What is refused
//
// Everything that is not plainly a session is [ErrInvalid]: no exp, no sub, over for more than 15 s or
// issued more than 15 s ahead of us, wrong key or encryption, or too long, which is decided before any
// work. A token cannot be revoked, so that whoever opens one compares its IssuedAt with the time since
// which the sessions of that user are valid. jti is no session id: Auth.js makes a new one at each
// renewal. Ours carry "sid" besides, which names one sign-in and stays the same.
//
// # Signing in
//
// A [Jar] reads and writes all cookies of next-auth 4: the session, the CSRF token, where to go afterwards,
// and what is remembered on the way to a provider and back.
package authjs
