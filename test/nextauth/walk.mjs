// Walks through an app's sign-in as a person does. The first argument says where everything is.
import assert from 'node:assert/strict'
import puppeteer from 'puppeteer-core'

const { chromium, site, mail, server, walk } = JSON.parse(process.argv[2])
const email = 'ada@example.com'
const browser = await puppeteer.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
const page = await browser.newPage()
page.setDefaultTimeout(30_000)
let step = 'begin'
const begins = name => { step = name; console.log(name) }

const open = async (address = site) => { await page.goto(address); await page.waitForSelector('#who') }
const shows = who => page.waitForFunction(who => document.querySelector('#who')?.textContent === who, {}, who)
const heading = text => page.waitForFunction(text => document.querySelector('h1')?.textContent === text, {}, text)
const press = async () => { await Promise.all([page.waitForNavigation(), page.click('main form button')]) }
const post = (path, body) => page.evaluate((path, body) => post(path, body), path, body)
const credentials = (email, password) => page.evaluate((email, password) => auth.signIn('credentials', { redirect: false, email, password }), email, password)
const signOut = async () => { await page.evaluate(() => auth.signOut({ redirect: false })); await shows('unauthenticated') }

let read = 0 // the last letter's number
async function letter (to, subject) {
  for (const late = Date.now() + 30_000; Date.now() < late; await new Promise(resolve => setTimeout(resolve, 50))) {
    const found = (await (await fetch(`${mail}/messages?to=${to}`)).json()).find(m => m.id > read && m.subject.includes(subject))
    if (found) { read = found.id; return found.links[0] }
  }
  throw new Error(`no mail to ${to} about ${subject}`)
}

async function signUp (password) {
  assert.equal((await post('/signup', { email, password, name: 'Ada' })).success, true)
  await page.goto(await letter(email, 'Confirm your address'))
  await press()
  await heading('Your address is confirmed')
  await open()
}

async function sameOrigin () {
  const password = 'correct horse battery', next = 'another horse battery'
  begins('nobody is signed in')
  await open()
  await shows('unauthenticated')
  assert.deepEqual(Object.keys(await page.evaluate(() => auth.getProviders())).sort(), ['credentials', 'email', 'google', 'oidc', 'sso'])

  begins('sign up, and no way in before the address is confirmed')
  assert.equal((await post('/signup', { email, password: 'password' })).code, 'WEAK_PASSWORD')
  assert.equal((await post('/signup', { email, password, name: 'Ada' })).success, true)
  assert.deepEqual(await credentials(email, password), { error: 'EmailNotVerified', status: 403, ok: false, url: null })
  const confirm = await letter(email, 'Confirm your address')

  begins('a mail scanner that follows the link burns nothing')
  for (let i = 0; i < 2; i++) assert.equal((await fetch(confirm)).status, 200)
  await page.goto(confirm)
  await press()
  await heading('Your address is confirmed')

  begins('a wrong password')
  await open()
  assert.deepEqual(await credentials(email, 'wrong horse battery'), { error: 'CredentialsSignin', status: 401, ok: false, url: null })
  assert.deepEqual(await credentials('nobody@example.com', 'wrong horse battery'), { error: 'CredentialsSignin', status: 401, ok: false, url: null })
  await shows('unauthenticated')

  begins('sign in by a script; the page learns of it')
  const signedIn = await credentials(email, password)
  assert.equal(signedIn.ok, true)
  assert.equal(signedIn.error, null)
  await shows(email)
  const session = await page.evaluate(() => auth.getSession())
  assert.equal(session.user.name, 'Ada')
  assert.ok(new Date(session.expires) - Date.now() > 29 * 24 * 3600_000)
  await open()
  await shows(email)
  assert.equal((await page.evaluate(() => graphql('{ viewer { user { email } } }'))).viewer.user.email, email)
  assert.equal(await page.evaluate(() => document.cookie), '') // no script can read any of it
  await signOut()

  begins('sign in on our own page')
  await Promise.all([page.waitForNavigation(), page.evaluate(() => { auth.signIn(undefined, { callbackUrl: '/?after' }) })])
  await heading('Sign in')
  await page.type('form[action$="/credentials"] input[type=email]', email)
  await page.type('form[action$="/credentials"] input[type=password]', 'wrong horse battery')
  await Promise.all([page.waitForNavigation(), page.click('form[action$="/credentials"] button')])
  await page.waitForSelector('.problem')
  await page.type('form[action$="/credentials"] input[type=email]', email)
  await page.type('form[action$="/credentials"] input[type=password]', password)
  await Promise.all([page.waitForNavigation(), page.click('form[action$="/credentials"] button')])
  await shows(email)
  assert.equal(page.url(), site + '/?after')

  begins('sign out, with the page going on')
  await Promise.all([page.waitForNavigation(), page.evaluate(() => { auth.signOut({ callbackUrl: '/?out' }) })])
  await shows('unauthenticated')
  assert.equal(page.url(), site + '/?out')

  begins('forgot and reset; it signs out everywhere')
  await credentials(email, password)
  await shows(email)
  assert.equal((await post('/forgot-password', { email: 'nobody@example.com' })).success, true)
  assert.equal((await post('/forgot-password', { email })).success, true)
  const reset = await letter(email, 'Choose a new password')
  await page.goto(reset)
  await page.type('input[type=password]', next)
  await press()
  await heading('Your password is changed')
  await page.goto(reset)
  await page.type('input[type=password]', 'a third horse battery')
  await press()
  await page.waitForSelector('.problem') // the link worked once
  await open()
  await shows('unauthenticated')
  assert.equal((await credentials(email, password)).error, 'CredentialsSignin')
  assert.equal((await credentials(email, next)).ok, true)
  await shows(email)
  await signOut()

  begins('a magic link')
  const sent = await page.evaluate(email => auth.signIn('email', { email, redirect: false, callbackUrl: '/?mailed' }), email)
  assert.equal(sent.ok, true)
  assert.ok(sent.url.includes('/api/auth/verify-request'))
  const magic = await letter(email, 'Sign in')
  assert.equal((await fetch(magic)).status, 200)
  await page.goto(magic)
  await press()
  await shows(email)
  assert.equal(page.url(), site + '/?mailed')
  await signOut()
  await page.goto(magic)
  await press()
  await page.waitForSelector('.problem')

  begins('Google, and an OpenID provider')
  await open()
  const atProvider = async (way, who, callbackUrl) => {
    await Promise.all([page.waitForNavigation(), page.evaluate((way, callbackUrl) => { auth.signIn(way, { callbackUrl }) }, way, callbackUrl)])
    await page.type('input[name=login]', who)
    await page.type('input[name=password]', 'any')
    await Promise.all([page.waitForNavigation(), page.click('button[type=submit]')])
    await Promise.all([page.waitForNavigation(), page.click('button[type=submit]')]) // consent
  }
  await atProvider('google', 'grace@example.com', '/?provided')
  await shows('grace@example.com')
  assert.equal(page.url(), site + '/?provided')
  await signOut()
  const forget = async () => { // the provider remembers its visitor
    const client = await page.createCDPSession()
    await client.send('Network.clearBrowserCookies')
  }

  begins('a verified address at the provider is the same person, one that is not is nobody')
  await forget()
  await open()
  await atProvider('oidc', email, '/')
  await shows(email)
  await signOut()
  await forget()
  await open()
  await atProvider('google', 'unverified@example.com', '/')
  await page.waitForSelector('.problem')

  begins('nobody is sent to a page of somebody else')
  await open()
  for (const callbackUrl of ['https://evil.example/', '//evil.example/', '/\\evil.example/', 'javascript:alert(1)']) {
    const { url } = await page.evaluate((email, password, callbackUrl) => auth.signIn('credentials', { redirect: false, email, password, callbackUrl }), email, next, callbackUrl)
    assert.equal(new URL(url).origin, site)
  }
  await shows(email)
}

// The socket's host is another site than the page's, so that no cookie of ours reaches it.
async function anotherSite () {
  begins('sign in at the site of the page, with a session that is kept in a row')
  await open()
  await signUp('correct horse battery')
  assert.equal((await credentials(email, 'wrong horse battery')).error, 'CredentialsSignin')
  assert.equal((await credentials(email, 'correct horse battery')).ok, true)
  await shows(email)
  await open()
  await shows(email)
  const session = await page.evaluate(() => auth.getSession())
  assert.equal(session.user.name, 'Ada')
  assert.ok(new Date(session.expires) - Date.now() > 29 * 24 * 3600_000)
  await signOut()
  await page.evaluate(email => auth.signIn('email', { email, redirect: false, callbackUrl: '/?mailed' }), email)
  await page.goto(await letter(email, 'Sign in'))
  await press()
  await shows(email)
  assert.equal(page.url(), site + '/?mailed')

  begins('without a ticket the other site knows nobody')
  const refused = await page.evaluate(server => new Promise(resolve => {
    const socket = new WebSocket(server, 'graphql-transport-ws')
    socket.onopen = () => socket.send('{"type":"connection_init"}')
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data)
      if (message.type === 'connection_ack') socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: '{ viewer { user { email } } }' } }))
      if (message.type === 'next') { socket.close(); resolve(message.payload.data.viewer) }
    }
    socket.onclose = ({ code }) => resolve(code)
  }), server)
  assert.equal(refused, null)

  begins('with a ticket live status arrives')
  const result = await page.evaluate(async server => live(server, await transcribe()), server)
  assert.equal(result.last, 'complete')
  assert.notEqual(result.seen[0], 'COMPLETED')
  assert.equal(result.seen.at(-1), 'COMPLETED')

  begins('a ticket opens one socket')
  const again = await page.evaluate((server, ticket) => new Promise(resolve => {
    const socket = new WebSocket(server, 'graphql-transport-ws')
    socket.onopen = () => socket.send(JSON.stringify({ type: 'connection_init', payload: { ticket } }))
    socket.onmessage = () => resolve('let in')
    socket.onclose = ({ code }) => resolve(code)
  }), server, result.ticket)
  assert.equal(again, 4403)
}

try {
  await { sameOrigin, anotherSite }[walk]()
} catch (error) {
  console.error(`At "${step}", on ${page.url()}:`, error)
  console.error(await page.evaluate(() => document.body?.innerText).catch(() => ''))
  process.exitCode = 1
} finally {
  await browser.close()
}
