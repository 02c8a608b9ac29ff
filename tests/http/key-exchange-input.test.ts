/** What is no public key, stage, suite or fingerprint gets its number, and nothing else happens. */
import {
  constants,
  createECDH,
  createHash,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
} from 'node:crypto'
import t from 'tap'
import { systemRandom } from '../../src/adapters/random.ts'
import { generateServerKey } from '../../src/adapters/server-key.ts'
import { codes } from '../harness/codes.ts'
import { frame, type Members, messageOf, pemOf, type SharedKey, thirdOf } from '../harness/key-client.ts'
import { helloWith, isRefused, openKeyWorld, openUserWorld } from './key-world.ts'
import { startMs } from './world.ts'

t.setTimeout(60_000)

const label = (text: string, name: string) => text.replaceAll('PUBLIC KEY', name)
const spki = (point: Buffer) =>
  `-----BEGIN PUBLIC KEY-----\n${Buffer.concat([Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex'), point]).toString('base64')}\n-----END PUBLIC KEY-----\n`

t.test('no other public key than a P-256 point in its one form is taken', async (t) => {
  const { call, ways, tm } = await openKeyWorld(t)
  const own = createECDH('prime256v1')
  const point = own.generateKeys()
  const flipped = Buffer.from(point)
  flipped[64] = (flipped[64] ?? 0) ^ 1
  const good = pemOf(point)
  const pem = (type: 'spki' | 'pkcs8', made: { publicKey: unknown; privateKey: unknown }) => {
    const key = (type === 'spki' ? made.publicKey : made.privateKey) as KeyObject
    return String(key.export({ type, format: 'pem' } as never))
  }
  const ec = (namedCurve: string, more = {}) => generateKeyPairSync('ec', { namedCurve, ...more })
  const wrong: Record<string, string> = {
    'explicit curve': pem('spki', ec('prime256v1', { paramEncoding: 'explicit' })),
    'P-384': pem('spki', ec('P-384')),
    'P-521': pem('spki', ec('P-521')),
    secp256k1: pem('spki', ec('secp256k1')),
    RSA: pem('spki', generateKeyPairSync('rsa', { modulusLength: 2048 })),
    Ed25519: pem('spki', generateKeyPairSync('ed25519') as never),
    X25519: pem('spki', generateKeyPairSync('x25519') as never),
    compressed: spki(own.getPublicKey(null, 'compressed') as unknown as Buffer),
    'off the curve': pemOf(flipped),
    'all zero': pemOf(Buffer.concat([Buffer.of(4), Buffer.alloc(64)])),
    'beyond the field': pemOf(Buffer.concat([Buffer.of(4), Buffer.alloc(64, 255)])),
    'hybrid form': pemOf(Buffer.concat([Buffer.of(6), point.subarray(1)])),
    'a private key': pem('pkcs8', ec('prime256v1')),
    'two blocks': good + good,
    'two keys in one block': good.replace('\n-----END', `${good.slice(27, 90)}\n-----END`),
    'a space before': ` ${good}`,
    'text behind': `${good}x`,
    'a header in it': good.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\n'),
    'another label': label(good, 'EC PUBLIC KEY'),
    'a certificate': label(good, 'CERTIFICATE'),
    'as long as a text may be': good.padEnd(12_000, '\n'),
    empty: '',
    'no key': 'zebra',
  }
  const stage1 = (pubKey: unknown, more: Members = {}) =>
    frame('keyEx', { stage: 1, pubKey, nonce: randomBytes(32).toString('base64'), ...more }, tm())
  for (const [title, text] of Object.entries(wrong)) {
    for (const pubKey of [text, Buffer.from(text).toString('base64')])
      for (const kx of [1, 2])
        isRefused(
          t,
          await call('/v1/key-exchange', stage1(pubKey, { kx })),
          codes.KX_PUBLIC_KEY,
          `${title}, kx ${kx}`,
        )
    if (text.length < 700)
      for (const [way, other] of Object.entries(ways))
        t.equal((await other('/v1/key-exchange', stage1(text))).code, codes.KX_PUBLIC_KEY, `${title}, ${way}`)
  }
  for (const pubKey of [5, true, null, [good], { good }])
    isRefused(t, await call('/v1/key-exchange', stage1(pubKey)), codes.KX_CONTENT, JSON.stringify(pubKey))
  isRefused(t, await call('/v1/key-exchange', stage1(undefined)), codes.KX_PUBLIC_KEY, 'no key at all')
  const mega = stage1(good.padEnd(1_000_000, 'A'))
  t.equal((await call('/v1/key-exchange', mega)).code, codes.TOO_LONG, '1 MB as JSON')
  t.equal(
    (await ways['t and j by POST']('/v1/key-exchange', mega)).code,
    codes.ENVELOPE_REFUSED,
    '1 MB in t and j',
  )
  const columns = good.split('\n')
  const forms = [good, good.trimEnd(), good.replaceAll('\n', '\r\n'), columns.join('')]
  for (const pubKey of forms) t.equal((await call('/v1/key-exchange', stage1(pubKey))).code, codes.OK)
})

t.test('what is not in the table of stages, suites and fingerprints is refused', async (t) => {
  const world = await openKeyWorld(t)
  const { call, tm } = world
  const pubKey = pemOf(createECDH('prime256v1').generateKeys())
  const send = (message: Members, outer: Members = {}) =>
    call('/v1/key-exchange', { ...frame('keyEx', message, tm()), ...outer })
  for (const stage of [0, 2, 4, -1, 5, 1.5, '1', '3', null, [1], { stage: 1 }, true, undefined])
    isRefused(t, await send({ stage, pubKey }), codes.KX_STAGE, `stage ${JSON.stringify(stage)}`)
  const tempKey = randomBytes(29).toString('base64')
  isRefused(t, await send({ stage: 3, keyPrint: '5', tempKey }), codes.KX_KEY_PRINT, 'stage 3 first')
  isRefused(t, await send({ stage: 3, tempKey }), codes.KX_KEY_PRINT, 'stage 3 of no key')
  for (const encType of [
    ['AES-CTR'],
    {},
    5,
    null,
    true,
    'AES',
    'AES-256-GCM',
    'twofish',
    'AES-CTR ',
    '__proto__',
  ])
    isRefused(t, await send({ stage: 1, pubKey, encType }), codes.KX_ENC_TYPE, JSON.stringify(encType))
  for (const encType of ['', 'aes-ctr', 'CHACHA20', 'TwoFish128'])
    t.equal((await send({ stage: 1, pubKey, encType })).code, codes.OK, encType)
  for (const kx of [0, 3, '2', null, [2], true])
    isRefused(t, await send({ stage: 1, pubKey, kx }), codes.KX_CONTENT, `kx ${JSON.stringify(kx)}`)
  const fingerprints = [
    '9223372036854775808',
    '-9223372036854775809',
    '1e3',
    ' 5',
    '0x5',
    '05',
    '-0',
    true,
    null,
    [],
    {},
    1.5,
  ]
  for (const keyPrint of fingerprints) {
    const title = JSON.stringify(keyPrint)
    isRefused(t, await send({ stage: 3, keyPrint, tempKey }), codes.KX_CONTENT, title)
    isRefused(
      t,
      await call('/v1/hello', helloWith(keyPrint as string, tm(), tempKey)),
      codes.KX_CONTENT,
      title,
    )
    const login = { login: 'x', password: 'x', keyPrint, tm: tm(), checkTokenData: tempKey }
    const { code } = await call('/v1/login', login)
    t.ok(code === codes.KX_CONTENT || code === codes.PARAMETER_INVALID, `login: ${title} ${code}`)
    isRefused(t, await send({ stage: 1, pubKey, rsaPrint: keyPrint }), codes.KX_CONTENT, `rsaPrint ${title}`)
    isRefused(t, await send({ stage: 1, pubKey }, { keyPrint }), codes.KX_CONTENT, `outer ${title}`)
  }
  for (const keyPrint of ['-9223372036854775808', '9223372036854775807', '-5', -5, 5, 'ab'.repeat(16)]) {
    isRefused(t, await send({ stage: 3, keyPrint, tempKey }), codes.KX_KEY_PRINT, `${keyPrint}`)
    isRefused(
      t,
      await call('/v1/hello', helloWith(keyPrint as string, tm(), tempKey)),
      // A fingerprint of version 2, known or not: such keys prove themselves otherwise.
      String(keyPrint).length === 32 ? codes.ENCRYPTION_REQUIRED : codes.KX_KEY_PRINT,
      `${keyPrint}`,
    )
    isRefused(t, await send({ stage: 1, pubKey }, { keyPrint }), codes.KX_CONTENT, `outer ${keyPrint}`)
    isRefused(
      t,
      await send({ stage: 1, pubKey, rsaPrint: keyPrint }),
      codes.KX_RSA_PRINT,
      `rsaPrint ${keyPrint}`,
    )
  }
  const { app, request } = world
  const text = JSON.stringify({
    ...{ appid: app.appId, appsecret: app.appSecret },
    ...frame('keyEx', { stage: 3, keyPrint: 7_000_000_007, tempKey }, tm()),
  })
  for (const unsafe of ['9223372036854775807', '-9007199254740993', '1e400']) {
    const { body } = await request({ url: '/v1/key-exchange', json: text.replace('7000000007', unsafe) })
    isRefused(t, JSON.parse(body), codes.ENVELOPE_REFUSED, `${unsafe} as a number`)
  }
  for (const nonce of [undefined, '', 'AAAA', 5, [], 'A'.repeat(44)])
    isRefused(
      t,
      await send({ stage: 1, pubKey, kx: 2, nonce }),
      codes.KX_CONTENT,
      `nonce ${JSON.stringify(nonce)}`,
    )
  const nonce = randomBytes(32).toString('base64')
  for (const serverKeyIds of ['x', [5], ['x'], Array(5).fill('0'.repeat(16)), {}, null])
    isRefused(
      t,
      await send({ stage: 1, pubKey, kx: 2, nonce, serverKeyIds }),
      codes.KX_CONTENT,
      JSON.stringify(serverKeyIds),
    )
})

t.test('stage 1 may be wrapped for an RSA key of the server', async (t) => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pkcs8 = rsa.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64')
  const file = { ...JSON.parse(generateServerKey(systemRandom)), rsa: { current: 'r1', keys: { r1: pkcs8 } } }
  const { call, tm, hello } = await openUserWorld(t, { TORII__SECURITY__SERVER_KEY: JSON.stringify(file) })
  const spki = rsa.publicKey.export({ type: 'spki', format: 'der' })
  const rsaPrint = String(createHash('sha256').update(spki).digest().readBigInt64LE())
  const { rsaKeys } = (await call('/v1/server-keys', {})) as unknown as { rsaKeys: Members[] }
  t.match(rsaKeys, [{ rsaPrint, algorithm: 'RSA-OAEP-SHA256', publicKey: spki.toString('base64') }])
  const wrap = (bytes: Buffer, more: object = { oaepHash: 'sha256' }) =>
    publicEncrypt({ key: rsa.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, ...more }, bytes).toString(
      'base64',
    )
  const own = createECDH('prime256v1')
  const spkiOf = (pem: string) => Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')
  const good = wrap(spkiOf(pemOf(own.generateKeys())))
  const stage1 = (message: Members) =>
    call(
      '/v1/key-exchange',
      frame('keyEx', { stage: 1, nonce: randomBytes(32).toString('base64'), ...message }, tm()),
    )
  for (const kx of [1, 2]) {
    isRefused(
      t,
      await stage1({ kx, rsaPrint: '77', tempKey: good }),
      codes.KX_RSA_PRINT,
      'an unknown fingerprint',
    )
    for (const tempKey of [
      undefined,
      '',
      'AAAA',
      '*',
      randomBytes(256).toString('base64'),
      `${good.slice(0, -4)}AAA=`,
    ])
      isRefused(t, await stage1({ kx, rsaPrint, tempKey }), codes.KX_TEMP_KEY, `${tempKey}`)
    isRefused(
      t,
      await stage1({ kx, rsaPrint, tempKey: wrap(spkiOf(pemOf(own.getPublicKey())), { oaepHash: 'sha1' }) }),
      codes.KX_TEMP_KEY,
      'SHA-1',
    )
    const pkcs1 = wrap(randomBytes(91), { padding: constants.RSA_PKCS1_PADDING })
    isRefused(t, await stage1({ kx, rsaPrint, tempKey: pkcs1 }), codes.KX_TEMP_KEY, 'PKCS #1')
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({
      type: 'spki',
      format: 'der',
    })
    for (const inner of [
      randomBytes(91),
      Buffer.alloc(0),
      p384,
      spkiOf(pemOf(own.getPublicKey())).fill(0, 60),
    ])
      isRefused(
        t,
        await stage1({ kx, rsaPrint, tempKey: wrap(inner) }),
        codes.KX_PUBLIC_KEY,
        'wrapped garbage',
      )
    for (const tempKey of [5, [], {}, null])
      isRefused(t, await stage1({ kx, rsaPrint, tempKey }), codes.KX_CONTENT, 'no text')
  }
  const second = messageOf(await stage1({ rsaPrint, tempKey: good }))
  const point = Buffer.from(second.pubKey ?? '', 'base64').toString()
  const key = own.computeSecret(spkiOf(point).subarray(-65))
  const shared: SharedKey = { suite: 'AES-CTR', key, keyPrint: second.keyPrint ?? '' }
  t.equal(messageOf(await call('/v1/key-exchange', thirdOf(shared, String(startMs)))).status, 'needlogin')
  t.equal(messageOf(await hello(shared)).stage, 'needlogin')
})
