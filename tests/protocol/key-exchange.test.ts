/** The numbers of the key exchange: published ones, those of other implementations, and our own for others to use. */
import { createECDH, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { nodeKeyPrimitives } from '../../src/adapters/key-crypto.ts'
import { loadTwofish } from '../../src/client/key-primitives.ts'
import { fromBase64, fromHex, toBase64, toHex, utf8 } from '../../src/protocol/bytes.ts'
import { createHkdf } from '../../src/protocol/hkdf.ts'
import {
  checkProof,
  findProofSuite,
  ivBytesOf,
  keyPrintOf,
  makeProof,
  type ProofSuite,
  proofKeyOf,
  proofSuites,
  readKeyPrint,
  readTm,
} from '../../src/protocol/proofs.ts'
import { pointOf, readPublicKey, spkiOf, toPem, toPubKey } from '../../src/protocol/public-key.ts'

const readVectors = (name: string) =>
  JSON.parse(readFileSync(fileURLToPath(import.meta.resolve(`#root/tests/fixtures/vectors/${name}`)), 'utf8'))

const bytes = (hex: string) => fromHex(hex) ?? new Uint8Array()
const sides = { server: nodeKeyPrimitives, client: await loadTwofish() }
const suites = Object.keys(proofSuites) as ProofSuite[]

t.test('Twofish gives the published known answers', async (t) => {
  const { variableKey, variableText, chain } = readVectors('twofish.json')
  for (const [side, { twofishBlock }] of Object.entries(sides)) {
    for (const [key, plain, cipher] of [...variableKey, ...variableText]) {
      t.equal(toHex(twofishBlock(bytes(key), bytes(plain))), cipher, side)
    }
    let [key, plain] = [bytes('00'.repeat(16)), bytes('00'.repeat(16))]
    for (let round = 1; round < chain.round; round++) {
      ;[key, plain] = [plain, twofishBlock(key, plain)]
    }
    t.same([toHex(key), toHex(plain)], [chain.key, chain.plain], `${side}: the chain leads to round 49`)
    t.equal(toHex(twofishBlock(key, plain)), chain.cipher)
  }
})

t.test('the vectors of other implementations hold on both sides', async (t) => {
  const { text, clientPrivate, clientPublicSpkiBase64, vectors, twofishBlock } =
    readVectors('key-exchange.json')
  const iv = bytes('000102030405060708090a0b0c0d0e0f')
  const clientPoint = readPublicKey(clientPublicSpkiBase64) ?? new Uint8Array()
  for (const [side, primitives] of Object.entries(sides)) {
    for (const { key, plain, cipher } of twofishBlock) {
      t.equal(toHex(primitives.twofishBlock(bytes(key), bytes(plain))), cipher, side)
    }
    for (const vector of vectors) {
      const server = createECDH('prime256v1')
      server.setPrivateKey(bytes(vector.serverPrivate))
      const client = createECDH('prime256v1')
      client.setPrivateKey(bytes(clientPrivate))
      const x = server.computeSecret(clientPoint)
      t.equal(toHex(x), vector.x)
      t.same(client.computeSecret(server.getPublicKey()), x)
      const expected = { aesCtr: vector.aesCtr, chacha20: vector.chacha20, twofish128: vector.twofishCbc }
      for (const suite of suites) {
        const key = proofKeyOf(primitives, suite, x)
        if (suite === 'twofish128') t.equal(toHex(key), vector.md5x)
        const fingerprint = suite === 'twofish128' ? vector.keyPrintTwofish : vector.keyPrint
        t.equal(keyPrintOf(key), fingerprint, `${side}, ${suite}: fingerprint`)
        const proof = makeProof(primitives, suite, key, iv.slice(0, ivBytesOf(suite)), text)
        t.equal(toBase64(proof), expected[suite], `${side}, ${suite}: proof`)
        t.ok(checkProof(primitives, suite, key, fromBase64(expected[suite]) ?? iv, text))
      }
    }
  }
})

t.test('HKDF gives the published results', async (t) => {
  // RFC 5869 A.1 with its label as bytes, first block.
  for (const [side, primitives] of Object.entries(sides)) {
    const expand = createHkdf(primitives, bytes('000102030405060708090a0b0c'), bytes('0b'.repeat(22)))
    const label = new TextDecoder('latin1').decode(bytes('7071727374757677'))
    t.equal(expand(label).length, 32, side)
    t.equal(
      toHex(primitives.hmacSha256(bytes('000102030405060708090a0b0c'), bytes('0b'.repeat(22)))),
      '077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5',
    )
    // A.3: no salt, no label.
    const bare = createHkdf(primitives, new Uint8Array(32), bytes('0b'.repeat(22)))
    t.equal(toHex(bare('')), '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d')
  }
})

t.test('both sides agree on every cipher', async (t) => {
  const { server, client } = sides
  for (let length = 0; length < 200; length += 7) {
    const [key, iv, nonce, aad, text] = [32, 16, 12, length % 40, length].map(
      (n) => new Uint8Array(randomBytes(n)),
    )
    if (!key || !iv || !nonce || !aad || !text) throw new Error('no bytes')
    t.equal(toHex(client.aesCtr(key, iv, text)), toHex(server.aesCtr(key, iv, text)))
    t.equal(toHex(client.chacha20(key, nonce, text)), toHex(server.chacha20(key, nonce, text)))
    for (const name of ['aesGcm', 'chacha20Poly1305'] as const) {
      const sealed = server[name].seal(key, nonce, aad, text)
      t.equal(toHex(client[name].seal(key, nonce, aad, text)), toHex(sealed))
      t.equal(toHex(client[name].open(key, nonce, aad, sealed) ?? iv), toHex(text))
      const altered = sealed.slice()
      altered[length % altered.length] = (altered[length % altered.length] ?? 0) ^ 1
      t.same(
        [client, server].map((side) => side[name].open(key, nonce, aad, altered)),
        [undefined, undefined],
      )
    }
  }
})

t.test('a counter that runs over carries on in both implementations alike', async (t) => {
  const iv = new Uint8Array(16).fill(255)
  const text = new Uint8Array(64)
  const key = new Uint8Array(32)
  t.equal(toHex(sides.client.aesCtr(key, iv, text)), toHex(sides.server.aesCtr(key, iv, text)))
})

t.test('both sides derive the same secret, also one that begins with a zero byte', async (t) => {
  let zeros = 0
  for (let round = 0; round < 10_000 && zeros < 3; round++) {
    const [mine, other] = [nodeKeyPrimitives.createExchangeKey(), nodeKeyPrimitives.createExchangeKey()]
    const x = mine.deriveX(other.point)
    if (x?.length !== 32) throw new Error('a secret has 32 bytes')
    if (x[0] !== 0) continue
    zeros++
    t.same(other.deriveX(mine.point), x)
  }
  t.ok(zeros > 0, `${zeros} secrets began with a zero byte`)
  for (let round = 0; round < 20; round++) {
    const [server, client] = [sides.server.createExchangeKey(), sides.client.createExchangeKey()]
    t.equal(
      toHex(client.deriveX(server.point) ?? utf8('no')),
      toHex(server.deriveX(client.point) ?? utf8('none')),
    )
  }
  for (const [side, { createExchangeKey }] of Object.entries(sides)) {
    const off = createExchangeKey().point.slice()
    off[64] = (off[64] ?? 0) ^ 1
    t.equal(createExchangeKey().deriveX(off), undefined, `${side}: a point off the curve`)
  }
})

t.test('a public key is read in every form that clients send, and in no other', async (t) => {
  const { point } = nodeKeyPrimitives.createExchangeKey()
  const pem = toPem(point)
  const body = toBase64(spkiOf(point))
  const head = '-----BEGIN PUBLIC KEY-----'
  const end = '-----END PUBLIC KEY-----'
  const good = {
    'columns of 64': pem,
    'no final newline': pem.trimEnd(),
    CRLF: pem.replaceAll('\n', '\r\n'),
    'one line': `${head}\n${body}\n${end}\n`,
    'one line, CRLF': `${head}\r\n${body}\r\n${end}`,
    'base64 of the PEM': toPubKey(point, 'base64'),
    'base64 without padding': toPubKey(point, 'base64').replace(/=+$/, ''),
    'base64 of the SPKI': body,
  }
  for (const [form, text] of Object.entries(good)) t.same(readPublicKey(text), point, form)
  const compressed = Uint8Array.from([2 + ((point[64] ?? 0) & 1), ...point.slice(1, 33)])
  const bad = {
    empty: '',
    'two blocks': pem + pem,
    'columns of 32': `${head}\n${body.replace(/(.{32})/g, '$1\n')}\n${end}\n`,
    'a space at the end': `${pem} `,
    'text before it': `x${pem}`,
    'a private key': pem.replaceAll('PUBLIC', 'PRIVATE'),
    'a certificate': pem.replaceAll('PUBLIC KEY', 'CERTIFICATE'),
    'bits in the padding': pem.replace(/.==/, (end) => `${end[0] === 'B' ? 'C' : 'B'}==`),
    'a megabyte': pem.padEnd(1_048_576),
    'a megabyte of base64': 'A'.repeat(1_048_576),
    compressed: toBase64(compressed),
    'the bare point': toBase64(point),
    'another curve': toBase64(Uint8Array.from([...spkiOf(point)].map((byte, at) => (at === 22 ? 8 : byte)))),
    'one byte more': toBase64(Uint8Array.from([...spkiOf(point), 0])),
  }
  for (const [form, text] of Object.entries(bad)) t.equal(readPublicKey(text), undefined, form)
  t.equal(pointOf(spkiOf(point).subarray(1)), undefined)
})

t.test('a proof is that of its own text, suite, key and length, or none', async (t) => {
  const tm = '1713333333333'
  for (const suite of suites) {
    const key = proofKeyOf(nodeKeyPrimitives, suite, new Uint8Array(randomBytes(32)))
    const iv = new Uint8Array(randomBytes(ivBytesOf(suite)))
    const proof = makeProof(nodeKeyPrimitives, suite, key, iv, tm)
    const check = (bytes: Uint8Array, text = tm) => checkProof(nodeKeyPrimitives, suite, key, bytes, text)
    t.equal(check(proof)?.length, suite === 'twofish128' ? 2 : 1)
    t.equal(check(proof, '1713333333334'), undefined, 'another tm')
    t.equal(check(proof.subarray(0, -1)), undefined, 'too short')
    t.equal(check(Uint8Array.from([...proof, 0])), undefined, 'too long')
    t.equal(check(new Uint8Array()), undefined)
    for (let bit = 0; bit < proof.length * 8; bit++) {
      const altered = proof.slice()
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      if (check(altered)) t.fail(`bit ${bit} of ${suite}`)
    }
    t.ok(check(makeProof(nodeKeyPrimitives, suite, key, iv, '1713333333'), '1713333333'), 'seconds')
    for (const odd of ['171333333', '17133333333', '0x13333333', '1713333333.33', ' 171333333'])
      t.equal(check(makeProof(nodeKeyPrimitives, suite, key, iv, odd), odd), undefined, odd)
  }
})

t.test('fingerprints, times and suites are read as they are written', async (t) => {
  for (const good of ['1', '-1', '9223372036854775807', '-9223372036854775808', 'ab'.repeat(16)])
    t.equal(readKeyPrint(good), good)
  for (const none of [undefined, 0, '0', '']) t.equal(readKeyPrint(none), '0')
  t.equal(readKeyPrint(-5), '-5')
  for (const bad of [
    '9223372036854775808',
    '-9223372036854775809',
    '01',
    '+1',
    '-0',
    '1.0',
    ' 1',
    2 ** 53,
    1.5,
    null,
    true,
    [],
    'AB'.repeat(16),
  ])
    t.equal(readKeyPrint(bad), undefined, String(bad))
  t.same(readTm('1713333333'), { ms: 1_713_333_333_000 })
  t.same(
    [
      findProofSuite(undefined),
      findProofSuite('aes-ctr'),
      findProofSuite('CHACHA20'),
      findProofSuite('Twofish128'),
      findProofSuite('twofish'),
      findProofSuite('__proto__'),
    ],
    ['aesCtr', 'aesCtr', 'chacha20', 'twofish128', undefined, undefined],
  )
})
