/** OpenKeys as JWTs: checked by a library that knows nothing of Torii, with the keys and the list of a real server. */
import { createHmac } from 'node:crypto'
import { createRemoteJWKSet, exportSPKI, importJWK, type JWK, type JWTPayload, jwtVerify } from 'jose'
import t, { type Test } from 'tap'
import { codes } from '../harness/codes.ts'
import { challengeOf } from '../harness/web-codes.ts'
import { type App, openConsents } from '../http/consents-world.ts'
import { startMs } from '../http/world.ts'

t.setTimeout(120_000)

/** A world whose public address is the one that it listens at. */
const openSigned = async (t: Test, environment = {}) => {
  // The port is known only when it listens, and the issuer is part of the configuration.
  const issuer = 'https://login.example'
  const world = await openConsents(t, { TORII__SERVER__PUBLIC_URL: `${issuer}/`, ...environment })
  const { server, map, clock } = world
  await server.apps.set(map.appId, { ticketFormat: 'jwt' })
  await server.apps.reload()
  const keysUrl = new URL(`http://127.0.0.1:${await world.listen()}/.well-known/jwks.json`)
  const keys = createRemoteJWKSet(keysUrl)
  const check = (token: string, audience = map.appId, typ = 'openkey+jwt') =>
    jwtVerify(token, keys, {
      issuer,
      audience,
      typ,
      currentDate: new Date(clock.now()),
      algorithms: ['EdDSA', 'ES256'],
    })
  const readList = async (app: App, known?: string) =>
    (await world.callAs(app, '/v1/ticket/revocations', known ? { known } : {})).reply as unknown as {
      version: string
      isKnown: boolean
      logins: string[]
      consents: { sub: string; below: number }[]
    }
  return { ...world, issuer, keysUrl, check, readList }
}

const hasEnded = (
  { sid, sub, consent }: JWTPayload,
  { logins, consents }: { logins: string[]; consents: { sub: string; below: number }[] },
) =>
  logins.includes(sid as string) || consents.some((one) => one.sub === sub && (consent as number) < one.below)

for (const algorithm of ['EdDSA', 'ES256'])
  t.test(
    `${algorithm}: an OpenKey as a JWT is checked by a library with the keys of the server`,
    async (t) => {
      const signed = await openSigned(t, { TORII__TICKETS__JWT_ALGORITHM: algorithm })
      const { issuer, keysUrl, map, shop, agree, exchange, verify, check, callAs } = signed
      const { skey, a2, userId } = await agree('amber', map, ['profile'])
      const { openkey } = (await exchange(skey, map)).tickets
      const { payload, protectedHeader } = await check(openkey)
      t.equal(protectedHeader.alg, algorithm)
      const seconds = Math.floor(startMs / 1_000)
      t.match(payload, {
        iss: issuer,
        aud: map.appId,
        scope: 'openid profile',
        iat: seconds,
        exp: seconds + 600,
      })
      t.equal(payload.auth_time, Math.floor(seconds / 60) * 60)
      t.match([payload.jti, payload.sid, payload.sub], [/^[\w-]{22}$/, /^[\w-]{22}$/, /^[\w-]{28}$/])
      const text = JSON.stringify(payload)
      for (const secret of ['amber', `"${userId}"`]) t.notOk(text.includes(secret), secret)
      t.match((await exchange(a2, map)).tickets, { a2: /^a2_/, skey: /^sk_/, openkey: /^eyJ/ })

      const reply = await fetch(keysUrl)
      t.match(reply.headers.get('cache-control'), /^public, max-age=300$/)
      const { keys } = (await reply.json()) as { keys: JWK[] }
      t.notOk(keys.some((key) => 'd' in key))

      const [head = '', body = '', signature = ''] = openkey.split('.')
      const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
      const altered = encode({ ...payload, sub: 'x'.repeat(28) })
      const own = keys.find(({ alg }) => alg === algorithm) ?? {}
      const spki = await exportSPKI((await importJWK(own, algorithm)) as CryptoKey)
      const hmac = `${encode({ ...protectedHeader, alg: 'HS256' })}.${body}`
      const forged = {
        'alg none': `${encode({ ...protectedHeader, alg: 'none' })}.${body}.`,
        'alg none, its signature kept': `${encode({ ...protectedHeader, alg: 'none' })}.${body}.${signature}`,
        'another kid': `${encode({ ...protectedHeader, kid: 'x' })}.${body}.${signature}`,
        'HS256 with the public key': `${hmac}.${createHmac('sha256', spki).update(hmac).digest('base64url')}`,
        'another payload': `${head}.${altered}.${signature}`,
        'another signature': `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
      }
      for (const [name, token] of Object.entries(forged)) await t.rejects(check(token), name)
      await t.rejects(
        check(openkey, shop.appId),
        { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' },
        'another audience',
      )
      await t.rejects(check(openkey, map.appId, 'pskey+jwt'), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' })
      for (const path of ['/v1/ticket/verify', '/v1/session', '/v1/logout'])
        for (const token of [openkey, openkey.slice(0, 256)])
          t.notMatch((await callAs(map, path, { token })).reply, { active: true }, `${path} takes no JWT`)
      t.notMatch(await verify(map, openkey), { active: true })

      const other = await openSigned(t)
      await t.rejects(other.check(openkey), 'the keys of another server')
      signed.clock.add(600_000)
      await t.rejects(check(openkey), { code: 'ERR_JWT_EXPIRED' })
    },
  )

t.test(
  'the list names what has ended, for the app that checks it, and forgets it after minutes',
  async (t) => {
    const { map, shop, agree, exchange, call, callAs, check, readList, clock, server, admin, app } =
      await openSigned(t)
    const amber = await agree('amber', map)
    const beryl = await agree('beryl', map)
    const coral = await agree('coral', map)
    const read = async (token: string) => (await check((await exchange(token, map)).tickets.openkey)).payload
    const [ofAmber, ofBeryl, ofCoral] = [
      await read(amber.skey),
      await read(beryl.skey),
      await read(coral.skey),
    ]
    const empty = await readList(map)
    t.match(empty, { isKnown: false, logins: [], consents: [] })
    t.strictSame(
      { ...(await readList(map, empty.version)), code: 0, msg: '', timestamp: 0 },
      { code: 0, msg: '', version: empty.version, isKnown: true, timestamp: 0 },
    )

    await call('/v1/logout', { token: amber.skey })
    await call('/v1/consent/revoke', { token: beryl.skey, revokeFrom: map.appId })
    clock.add(500)
    const list = await readList(map, empty.version)
    t.strictSame(
      [ofAmber, ofBeryl, ofCoral].map((one) => hasEnded(one, list)),
      [true, true, false],
    )
    t.match(list, { isKnown: false, logins: { length: 1 }, consents: { length: 1 } })

    await call('/v1/consent/grant', { token: beryl.skey, grantTo: map.appId })
    t.notOk(hasEnded(await read(beryl.skey), await readList(map)), 'a JWT of the new consent is good')
    t.ok(hasEnded(ofBeryl, await readList(map)), 'and none of the old one')

    await admin.accounts.remove('coral')
    clock.add(500)
    t.ok(hasEnded(ofCoral, await readList(map)), 'the login of a removed account has ended')
    t.match(await readList(shop), { logins: [], consents: [] }, 'another app learns nothing of it')
    t.match(await readList(app), { logins: { length: 2 }, consents: [] }, 'our own app by its own names')
    t.notOk((await readList(app)).logins.includes(ofAmber.sid as string))
    const open = await server.apps.add({ name: 'page', isPublic: true, origins: ['https://page.example'] })
    t.match((await callAs({ ...open, appSecret: 'x' }, '/v1/ticket/revocations')).reply, {
      code: codes.APP_REFUSED,
    })
    clock.add(12 * 60_000)
    t.match(await readList(map), { logins: [], consents: [] })
  },
)

t.test('the list names a login that a page of another app has taken over', async (t) => {
  const { app, logIn, call, callAs, check, readList, clock, server, admin } = await openSigned(t)
  const [page, last, backend] = await Promise.all([
    server.apps.add({ name: 'page' }),
    server.apps.add({ name: 'last' }),
    server.apps.add({ name: 'backend' }),
  ])
  await server.apps.set(app.appId, { jumpsTo: [page.appId] })
  await server.apps.set(page.appId, { jumpsTo: [last.appId], ticketFormat: 'jwt' })
  await server.apps.set(last.appId, { ticketFormat: 'jwt' })
  await server.apps.set(backend.appId, { checks: [last.appId] })
  const appIds = [page.appId, last.appId]
  await admin.businesses.add({ name: 'pay', idleSeconds: 300, routes: [], appIds })
  await Promise.all([server.apps.reload(), server.businesses.reload()])
  const verifier = 'the-secret-of-the-page-that-asked-for-the-code'
  const jump = async (token: string, from: App, to: App) => {
    const asked = { token, challenge: challengeOf(verifier), app: to.appId }
    const { webCode } = (await callAs(from, '/v1/ticket/web-code', asked)).reply
    const { reply } = await callAs(to, '/v1/ticket/web-code/redeem', { webCode, verifier })
    return (reply as unknown as { tickets: { skey: string } }).tickets.skey
  }
  const lower = async (token: string, by: App) => {
    const asked = { token, to: 'pskey', business: 'pay' }
    const { reply } = await callAs(by, '/v1/ticket/exchange', asked)
    return check((reply as unknown as { tickets: { pskey: string } }).tickets.pskey, 'pay', 'pskey+jwt')
  }
  const { skey } = (await logIn('amber')).tickets
  const onPage = await jump(skey, app, page)
  const onLast = await jump(onPage, page, last)
  const signed = [await lower(onPage, page), await lower(onLast, last)]
  // What led there may be forbidden by now: the tickets live on.
  await server.apps.set(app.appId, { jumpsTo: [] })
  await call('/v1/logout', { token: skey })
  clock.add(500)
  for (const reader of [page, last, backend]) {
    const list = await readList(reader)
    for (const { payload } of signed) t.ok(hasEnded(payload, list), reader.appId)
  }
})

t.test('a pSKey as a JWT is for one business, and ends with its login', async (t) => {
  const { server, app, map, issuer, logIn, call, check, readList, clock } = await openSigned(t)
  for (const name of ['pay', 'mail'])
    await server.businesses.add({ name, idleSeconds: 60, routes: [], appIds: [app.appId] })
  await server.businesses.add({ name: 'other', idleSeconds: 60, routes: [], appIds: [map.appId] })
  await server.businesses.reload()
  await server.apps.set(app.appId, { ticketFormat: 'jwt' })
  await server.apps.reload()
  const { tickets, user } = await logIn('amber')
  const exchange = async (token: string, business: string) => {
    const reply = await call('/v1/ticket/exchange', { token, to: 'pskey', business })
    return reply as typeof reply & { tickets: { pskey: string } }
  }

  const reply = await exchange(tickets.skey, 'pay')
  const seconds = Math.floor(startMs / 1_000)
  t.match(reply, { expiresAt: seconds + 600, idleAt: seconds + 600 }, 'nothing is kept of it that could idle')
  const { payload } = await check(reply.tickets.pskey, 'pay', 'pskey+jwt')
  const { jti, sid, ...claims } = payload
  t.strictSame(claims, {
    iss: issuer,
    aud: 'pay',
    business: 'pay',
    sub: user.userId,
    client_id: app.appId,
    auth_time: seconds,
    iat: seconds,
    exp: seconds + 600,
  })
  t.match([jti, sid], [/^[\w-]{22}$/, /^[\w-]{22}$/])
  await t.rejects(check(reply.tickets.pskey, 'mail', 'pskey+jwt'), 'another business')
  await t.rejects(check(reply.tickets.pskey, 'pay', 'openkey+jwt'), 'another tier')
  t.match(await exchange(tickets.skey, 'other'), { code: codes.BUSINESS_UNKNOWN })
  const fromA2 = await exchange(tickets.a2, 'mail')
  t.match(fromA2.tickets, { a2: /^a2_/, skey: /^sk_/ })
  t.equal((await check(fromA2.tickets.pskey, 'mail', 'pskey+jwt')).payload.sid, sid, 'the same login')
  for (const path of ['/v1/session', '/v1/ticket/exchange']) {
    const { code } = await call(path, { token: reply.tickets.pskey, to: 'pskey', business: 'pay' })
    t.equal(code, codes.PARAMETER_INVALID, `${path} takes no JWT`)
  }

  t.notOk(hasEnded(payload, await readList(app)))
  await call('/v1/logout', { token: tickets.skey })
  clock.add(500)
  t.ok(hasEnded(payload, await readList(app)))
  t.match(await exchange(tickets.skey, 'pay'), { code: codes.NOT_LOGGED_IN })
})
