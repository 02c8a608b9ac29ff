/** The client with a shared key when replies get lost, clocks are wrong, keys are gone, or an attacker stands between. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import t from 'tap'
import { nodeKeyPrimitives } from '../../src/adapters/key-crypto.ts'
import type { ClientOptions } from '../../src/client/index.ts'
import type { Fetch } from '../../src/client/post.ts'
import { toBase64 } from '../../src/protocol/bytes.ts'
import { serverKeyIdOf } from '../../src/protocol/key-exchange.ts'
import { toPem } from '../../src/protocol/public-key.ts'
import { codes } from '../harness/codes.ts'
import { loginsOf, openConnected, password, randomUser, refusalOf } from './connected.ts'
import { createImpostor, plainly } from './impostor.ts'
import { headerOf } from './wire.ts'
import { worlds } from './worlds.ts'

type Json = Record<string, unknown>

// Two servers and their clients, on two busy cores.
t.setTimeout(180_000)

for (const { name, open } of worlds) {
  t.test(name, async (t) => {
    const { world, server, connect } = await openConnected(t, open)
    const enter = async (more: Partial<ClientOptions> = {}) => {
      const connected = connect(more)
      await connected.client.exchangeKeys()
      const { user } = await connected.client.register({ userName: randomUser(), password })
      return { ...connected, user }
    }
    const published = await (await fetch(`${server.url}/v1/server-keys`)).json()
    const serverKey: { serverKeyId: string; publicKey: string } = published.keys[0]
    /** Between a client and the server: what is sent and what comes back, as an attacker changes it. */
    const between =
      (change: (path: string, body: string) => { body?: string; answer?: string } | undefined): Fetch =>
      async (address, init) => {
        const changed = change(new URL(address).pathname, String(init.body))
        if (changed?.answer !== undefined) return new Response(changed.answer, { status: 403 })
        return fetch(address, changed?.body === undefined ? init : { ...init, body: changed.body })
      }

    t.test('lost replies of sealed calls are asked for again, and nothing runs twice', async (t) => {
      const { client, wire, storage } = connect()
      wire.loseReply('keyExchange')
      await client.exchangeKeys()
      t.equal(wire.of('keyExchange').length, 3, 'stage 1 was sent again')
      wire.loseReply('register')
      const { user, code } = await client.register({ userName: randomUser(), password })
      t.equal(code, codes.REGISTERED, 'not: already registered')
      const [first, second] = wire.of('register').map(headerOf)
      t.equal(first?.requestId, second?.requestId)
      t.not(first?.nonce, second?.nonce)
      t.ok((second?.sequence ?? 0) > (first?.sequence ?? 0))
      t.equal((await loginsOf(world, user.userId)).length, 1)
      wire.loseReply('exchange')
      const { a2 } = await client.exchange()
      t.equal((await loginsOf(world, user.userId))[0]?.a2Counter, 2, 'traded once')
      t.equal(storage.read('login')?.a2, a2)
      wire.loseReply('login')
      await client.login({ login: user.userName, password })
      t.equal((await loginsOf(world, user.userId)).length, 2, 'one login more')
      wire.loseReply('hello')
      t.same((await client.resume()).user, user)
      wire.loseReply('logout')
      await client.logout()
      t.equal((await client.hello()).stage, 'needlogin')
      wire.loseReply('echo')
      await refusalOf(client.call('/v1/echo', {}, { retry: false }))
      t.equal(wire.of('echo').length, 1)
    })

    t.test('a clock four minutes off is put right by the server alone, also when it is set', async (t) => {
      for (const offMs of [-240_000, 240_000]) {
        let nowMs = () => Date.now() + offMs
        const { client, wire } = connect({ now: () => nowMs(), transport: 'json' })
        await client.exchangeKeys()
        t.equal((await client.echo({ offMs })).offMs, offMs)
        t.equal(wire.of('echo').length, 2, 'refused once, then corrected')
        await client.echo({})
        t.equal(wire.of('echo').length, 3)
        const { user } = await client.register({ userName: randomUser(), password })
        nowMs = () => Date.now()
        t.same((await client.session()).user, user)
        t.equal(wire.of('session').length, 2)
        wire.replaceReply('echo', () => plainly(codes.CLOCK_OFF, { tm: String(Date.now() + 3_600_000) }))
        t.match(await refusalOf(client.echo({})), { name: 'CLOCK_OFF', isAnswer: false })
        await client.echo({})
        const { timestampMs } = headerOf(wire.of('echo').at(-1) ?? { j: '' })
        t.ok(Math.abs(timestampMs - Date.now()) < 30_000, 'a forged refusal does not set it')
        const old = connect({ now: () => Date.now() + offMs })
        await old.client.exchangeKeys({ version: 1 })
        t.equal(
          (await old.client.hello()).stage,
          'needlogin',
          'nor does it keep an old key from being proven',
        )
      }
    })

    t.test('an exchange is trusted by the pinned keys of the server alone', async (t) => {
      const pins = { serverKeys: [toBase64(randomBytes(32)), serverKey.publicKey] }
      const pinned = await enter(pins)
      t.equal(pinned.storage.read('key')?.signer, serverKey.serverKeyId)
      t.same((await connect(pins, pinned.storage).client.resume()).user, pinned.user)
      t.match(await pinned.client.exchangeKeys(), { serverKeyId: serverKey.serverKeyId })

      const wrong = connect({ serverKeys: [toBase64(randomBytes(32))] })
      t.match(await refusalOf(wrong.client.exchangeKeys()), { name: 'SERVER_NOT_TRUSTED', code: 0 })
      t.equal(wrong.storage.read('key'), undefined, 'nothing is kept')

      const unpinned = await enter()
      const { fingerprint } = unpinned.storage.read('key') ?? {}
      const later = connect(pins, unpinned.storage)
      t.same((await later.client.session()).user, unpinned.user)
      t.not(
        unpinned.storage.read('key')?.fingerprint,
        fingerprint,
        'a key that no pinned key has signed is replaced',
      )
      for (const serverKeys of [[], ['AAAA'], Array.from({ length: 5 }, () => toBase64(randomBytes(32)))])
        t.throws(() => connect({ serverKeys }), TypeError)
      await t.rejects(pinned.client.exchangeKeys({ version: 1 }), TypeError)
    })

    t.test('an exchange with another key than the server’s is refused', async (t) => {
      const { publicKey, privateKey } = generateKeyPairSync('ed25519')
      const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
      const signText = (text: Uint8Array) => sign(null, text, privateKey)
      const signers = {
        'signed by another key': { id: serverKeyIdOf(nodeKeyPrimitives, raw), sign: signText },
        'signed in the name of the pinned key': { id: serverKey.serverKeyId, sign: signText },
        'not signed': { id: serverKey.serverKeyId, sign: () => undefined },
      }
      for (const [title, signer] of Object.entries(signers)) {
        const impostor = createImpostor(world.app.appId, signer)
        const pinned = connect({ transport: 'json', fetch: impostor, serverKeys: [serverKey.publicKey] })
        t.match(await refusalOf(pinned.client.exchangeKeys()), { name: 'SERVER_NOT_TRUSTED' }, title)
        t.equal(pinned.storage.read('key'), undefined)
        const trusting = connect({ transport: 'json', fetch: impostor })
        t.match(await trusting.client.exchangeKeys(), { version: 2 }, `${title}: only pins and TLS tell`)
      }
      const point = toPem(nodeKeyPrimitives.createExchangeKey().point)
      const nonce = toBase64(randomBytes(32))
      const keyPrint = randomBytes(16).toString('hex')
      const offers = [{ pubKey: point }, { tempKey: nonce }, { nonce }, { keyPrint }, { kx: 1 }]
      const edits = [...offers.map((edit) => [2, edit] as const), [4, { tempKey: nonce }] as const]
      for (const [stage, edit] of edits) {
        const swap: Fetch = async (address, init) => {
          const reply = await (await fetch(address, init)).json()
          if (reply.keyEx?.stage === stage) Object.assign(reply.keyEx, edit)
          return new Response(JSON.stringify(reply))
        }
        const { client, storage } = connect({ transport: 'json', fetch: swap })
        t.match(
          await refusalOf(client.exchangeKeys()),
          { name: 'SERVER_NOT_TRUSTED' },
          `${Object.keys(edit)}`,
        )
        t.equal(storage.read('key'), undefined)
        if (!('pubKey' in edit)) continue
        const old = await refusalOf(client.exchangeKeys({ version: 1 }))
        t.match(old, { name: 'SERVER_NOT_TRUSTED' }, 'nor in version 1')
      }
    })

    t.test('forged replies never lead a client into a weaker envelope or version', async (t) => {
      const { client, storage, user } = await enter({ serverKeys: [serverKey.publicKey] })
      await client.provision()
      const sent: { path: string; body: string }[] = []
      const go = (change: Parameters<typeof between>[0]) => {
        sent.length = 0
        const watch = between((path, body) => {
          sent.push({ path, body })
          return change(path, body)
        })
        return connect({ fetch: watch, serverKeys: [serverKey.publicKey] }, storage).client
      }
      const isStrong = ({ path, body }: { path: string; body: string }) =>
        path === '/v1/key-exchange' || new URLSearchParams(body).get('v') === '2'
      const { fingerprint } = storage.read('key') ?? {}

      const demanding = go(() => ({ answer: plainly(codes.ENCRYPTION_REQUIRED) }))
      t.match(await refusalOf(demanding.session()), { name: 'ENCRYPTION_REQUIRED', isAnswer: false })
      t.equal(sent.length, 1)
      const success = go(() => ({ answer: plainly(codes.TICKET_VALID, { user }) }))
      t.match(await refusalOf(success.session()), { name: 'REPLY_UNREADABLE' }, 'nor is a plain success one')
      t.equal(storage.read('key')?.fingerprint, fingerprint)

      const refusing = go(() => ({ answer: plainly(codes.ENVELOPE_REFUSED) }))
      t.match(await refusalOf(refusing.session()), { name: 'ENVELOPE_REFUSED' })
      t.ok(sent.every(isStrong))
      t.equal(storage.read('key')?.fingerprint, fingerprint, 'no forged refusal takes the key away')
      const dropping = go((path) => {
        if (path === '/v1/key-exchange') throw new TypeError('the connection broke')
        return { answer: plainly(codes.ENVELOPE_REFUSED) }
      })
      t.match(await refusalOf(dropping.session()), { name: 'UNREACHABLE' })
      t.equal(storage.read('key')?.fingerprint, fingerprint, 'nor an exchange that is dropped')
      t.match(await refusalOf(refusing.login({ login: user.userName, password })), {
        name: 'ENVELOPE_REFUSED',
      })
      t.ok(sent.every(isStrong), 'and nothing weaker takes its place')
      t.ok(storage.read('device'), 'nor another device')
      t.same((await go(() => undefined).session()).user, user)
      t.ok(
        sent.every(({ path }) => path === '/v1/session'),
        'the same key goes on',
      )

      storage.change('key', { fingerprint: randomBytes(16).toString('hex') })
      // An attacker can't edit what is sealed for the device.
      storage.forget('device')
      const editKx = (edit: (message: Json) => void) =>
        go((path, body) => {
          if (path !== '/v1/key-exchange' || !body.startsWith('{')) return undefined
          const frame = JSON.parse(body)
          edit(frame.keyEx)
          return { body: JSON.stringify(frame) }
        })
      const offering = editKx((message) => {
        delete message.kx
        message.encType = 'AES-CTR'
      })
      t.match(await refusalOf(offering.session()), { name: 'SERVER_NOT_TRUSTED' }, 'an answer of version 1')
      const weakening = editKx((message) => {
        message.encType = 'ChaCha20-Poly1305'
      })
      t.match(await refusalOf(weakening.session()), { name: 'SERVER_NOT_TRUSTED' }, 'another suite')
      const unpinning = editKx((message) => {
        delete message.serverKeyIds
      })
      t.match(await refusalOf(unpinning.session()), { name: 'SERVER_NOT_TRUSTED' }, 'other ids')
      const stripping = go((path, body) => {
        const form = new URLSearchParams(body)
        form.delete('v')
        return path === '/v1/key-exchange' ? undefined : { body: form.toString() }
      })
      t.match(await refusalOf(stripping.session()), { name: 'ENVELOPE_REFUSED' }, 'v removed')
      const unpinned = connect({}, storage).client
      t.match(await refusalOf(unpinned.exchangeKeys({ version: 1 })), { name: 'ENCRYPTION_REQUIRED' })

      const honest = go(() => undefined)
      t.same((await honest.session()).user, user, 'without them it goes on')
      t.ok(sent.every(isStrong))
    })

    t.test('a key that the server has lost is exchanged again, and the A2 bound to it', async (t) => {
      const { client, storage, wire, user } = await enter()
      const lose = () => storage.change('key', { fingerprint: randomBytes(16).toString('hex') })
      lose()
      t.same((await client.session()).user, user)
      t.equal(wire.of('keyExchange').length, 4)
      lose()
      t.same((await client.resume()).user, user)
      t.equal(wire.of('keyExchange').length, 6)
      storage.forget('login')
      t.same((await client.resume()).user, user, 'now by the key alone')
      lose()
      storage.forget('login')
      t.match(await refusalOf(client.resume()), { name: 'NOT_LOGGED_IN' })
      await client.login({ login: user.userName, password })
      t.same((await client.resume()).user, user)
      const { keyPrint } = await client.exchangeKeys()
      t.equal(storage.read('key')?.fingerprint, keyPrint)

      const old = connect({ transport: 'json' })
      await old.client.exchangeKeys({ version: 1, suite: 'ChaCha20' })
      await old.client.login({ login: user.userName, password })
      old.storage.change('key', { fingerprint: '123456789' })
      t.same((await old.client.resume()).user, user, 'by the A2')
      t.match(old.storage.read('key'), { version: 1, suite: 'chacha20' }, 'the same version and suite')
      old.storage.change('key', { fingerprint: '123456789' })
      await old.client.login({ login: user.userName, password })
      t.same((await old.client.resume()).user, user)
    })
  })
}
