/** What the client brings for itself computes what the server computes. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { nodePrimitives } from '../../src/adapters/crypto.ts'
import { createBrowserStorage, createClient } from '../../src/client/index.ts'
import { verifyEd25519 } from '../../src/client/key-primitives.ts'
import { createKdf } from '../../src/client/password.ts'
import { noblePrimitives } from '../../src/client/primitives.ts'
import { toBase64, toHex, utf8 } from '../../src/protocol/bytes.ts'
import { openEnvelope, readEnvelope, sealEnvelope } from '../../src/protocol/envelope.ts'
import { passwordText } from '../../src/protocol/password-kdf.ts'
import { deriveStepKeys, envelopeKeyText } from '../../src/protocol/totp.ts'

const readVectors = (name: string) =>
  JSON.parse(readFileSync(fileURLToPath(import.meta.resolve(`#root/tests/fixtures/vectors/${name}`)), 'utf8'))

t.test('a browser storage outside of a browser names what is missing', async (t) => {
  const storage = createBrowserStorage()
  const uses: Promise<unknown>[] = [storage.get('a'), storage.set('a', 'b'), storage.remove('a')]
  for (const use of uses) {
    await t.rejects(use, { name: 'RUNTIME_UNSUPPORTED', info: /indexedDB is missing/ })
  }
})

/** The encodings of the eight points of small order, canonical and not, without the bit of x. */
const smallOrder = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]

t.test('a server key that any signature fits is refused when the client is made', async (t) => {
  const optionsOf = (bytes: Uint8Array) => ({
    url: 'https://login.example.com',
    appId: 'a',
    serverKeys: [toBase64(bytes)],
  })
  for (const hex of smallOrder) {
    for (const sign of [0, 128]) {
      const bytes = Uint8Array.from(Buffer.from(hex, 'hex'))
      bytes[31] = (bytes[31] ?? 0) | sign
      t.throws(() => createClient(optionsOf(bytes)), TypeError, toHex(bytes))
    }
  }
  for (const last of [0xed, 0xf0, 0xff]) {
    const bytes = new Uint8Array(32).fill(0xff)
    bytes[0] = last
    t.throws(() => createClient(optionsOf(bytes)), TypeError, 'not a canonical encoding')
  }
  const { publicKey } = generateKeyPairSync('ed25519')
  const good = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
  t.ok(createClient(optionsOf(good)))
})

t.test('an Ed25519 signature is verified strictly', async (t) => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const key = Uint8Array.from(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'))
  const text = utf8('torii')
  const signature = Uint8Array.from(sign(null, text, privateKey))
  t.ok(verifyEd25519(key, text, signature))
  t.notOk(verifyEd25519(key, utf8('other'), signature))
  // The neutral element as key and as R, S = 0: under ZIP-215 this verifies for every text.
  for (const hex of smallOrder) {
    const point = Uint8Array.from(Buffer.from(hex, 'hex'))
    for (const r of smallOrder) {
      const forged = Uint8Array.from([...Buffer.from(r, 'hex'), ...new Uint8Array(32)])
      t.notOk(verifyEd25519(point, text, forged), `${hex.slice(0, 4)} ${r.slice(0, 4)}`)
    }
  }
})

t.test('both sets of primitives give the published results', async (t) => {
  for (const [name, { md5, sha256, hmacSha256 }] of Object.entries({ nodePrimitives, noblePrimitives })) {
    // RFC 1321 A.5, FIPS 180-2 B.1, RFC 4231 4.3.
    t.equal(toHex(md5(utf8('message digest'))), 'f96b697d7cb7938d525a2f31aaf161d0', `${name} md5`)
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    t.equal(toHex(sha256(utf8('abc'))), abc, `${name} sha256`)
    const mac = hmacSha256(utf8('Jefe'), utf8('what do ya want for nothing?'))
    const expected = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
    t.equal(toHex(mac), expected, `${name} hmac`)
  }
})

t.test('both sets of primitives agree on data and keys of any length', async (t) => {
  for (let length = 0; length <= 300; length++) {
    const data = new Uint8Array(randomBytes(length))
    const key = new Uint8Array(randomBytes(length % 150))
    const all = ({ md5, sha256, hmacSha256 }: typeof nodePrimitives) =>
      [md5(data), sha256(data), hmacSha256(key, data)].map(toHex)
    t.same(all(noblePrimitives), all(nodePrimitives), `${length} bytes`)
  }
})

t.test('the vectors of the original PHP library hold with the primitives of the client', async (t) => {
  const { plaintext, vectors } = readVectors('totp-envelope.json')
  for (const { secret, step, hashedNumber, md5, j } of vectors) {
    t.equal(envelopeKeyText(noblePrimitives, secret, hashedNumber), md5)
    const keys = deriveStepKeys(noblePrimitives, secret, step)
    t.equal(sealEnvelope(plaintext, keys.number), j)
    const bytes = readEnvelope(j, 2_000) ?? new Uint8Array()
    t.equal(openEnvelope(bytes, () => keys, step)?.text, plaintext)
  }
})

t.test('the vectors of the password scheme hold with the primitives of the client', async (t) => {
  const kdf = createKdf()
  for (const { password, md5, salt, cost, hash } of readVectors('password-kdf.json').vectors) {
    const text = passwordText(noblePrimitives, password)
    t.equal(text, md5)
    t.equal(await kdf({ text, salt, cost }), hash.slice(-31))
  }
})
