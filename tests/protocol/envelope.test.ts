/** The protocol's pure parts against numbers and libraries that are not ours. */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compareSync, hashSync } from 'bcryptjs'
import t, { type Test } from 'tap'
import xxtea from 'xxtea-node'
import { nodePrimitives as primitives } from '../../src/adapters/crypto.ts'
import { bcryptText } from '../../src/protocol/bcrypt-text.ts'
import { createBase64url, fromHex, readUtf8, toBase64url, toHex, utf8 } from '../../src/protocol/bytes.ts'
import { isDeviceId, openEnvelope, readEnvelope, sealEnvelope } from '../../src/protocol/envelope.ts'
import { Failure } from '../../src/protocol/errors.ts'
import { jsonLimits, parseJsonObject } from '../../src/protocol/json.ts'
import { isBcryptSalt, isClientHash, loginSalt, passwordText } from '../../src/protocol/password-kdf.ts'
import {
  type ClockState,
  codeAt,
  deriveStepKeys,
  envelopeKeyText,
  learnClock,
  learnSealed,
  replyStep,
  stepAt,
} from '../../src/protocol/totp.ts'
import { decryptXxtea, encryptXxtea } from '../../src/protocol/xxtea.ts'
import { openText, sealText } from '../harness/totp-client.ts'

const readVectors = (name: string) =>
  JSON.parse(readFileSync(fileURLToPath(import.meta.resolve(`#root/tests/fixtures/vectors/${name}`)), 'utf8'))
const key16 = (text: string) => new Int32Array(new Uint8Array(Buffer.from(text, 'latin1')).buffer)
/** A pseudo-random sequence, so that a failure can be seen again. */
const createRandom = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let z = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z
  return ((z ^ (z >>> 14)) >>> 0) / 4_294_967_296
}
const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const secretOf = (length: number, random: () => number) =>
  Array.from({ length }, () => base32[Math.floor(random() * 32)]).join('')

t.test('the vectors of the original PHP library hold in both directions', async (t) => {
  const { plaintext, vectors } = readVectors('totp-envelope.json')
  for (const { secret, step, code, hashedNumber, md5, j } of vectors) {
    t.equal(codeAt(secret, step), code)
    t.equal(envelopeKeyText(primitives, secret, hashedNumber), md5)
    const keys = deriveStepKeys(primitives, secret, step)
    t.equal(sealEnvelope(plaintext, keys.number), j, 'seals')
    const bytes = readEnvelope(j, 2_000) ?? new Uint8Array()
    const opened = openEnvelope(bytes, () => keys, step)
    t.same(opened, { text: plaintext, step, form: 'number' }, 'opens')
    t.equal(openText({ t: '', secret }, j, step * 30_000), plaintext, 'the old client opens it too')
    t.equal(sealText({ t: '', secret }, plaintext, step * 30_000), j, 'and seals it so')
  }
})

t.test('XXTEA equals the old library for 20,000 random messages and keys', async (t) => {
  let differ = 0
  for (let round = 0; round < 20_000; round++) {
    const message = randomBytes(1 + Math.floor(Math.random() * (round % 100 === 0 ? 9_000 : 300)))
    const key = randomBytes(8).toString('hex')
    const [ours, theirs] = [encryptXxtea(message, key16(key)), xxtea.encrypt(message, key)]
    const [back, theirsBack] = [decryptXxtea(theirs, key16(key)), xxtea.decrypt(ours, key)]
    if (!Buffer.from(ours).equals(Buffer.from(theirs))) differ++
    if (!back || !message.equals(back)) differ++
    if (!theirsBack || !message.equals(theirsBack)) differ++
  }
  t.equal(differ, 0)
})

/** XXTEA of raw words, written after Wheeler and Needham once more: seals what an honest writer never would. */
const encryptWords = (words: Uint32Array, key: Uint32Array) => {
  const n = words.length
  const w = (at: number) => words[at] as number
  let [sum, z] = [0, w(n - 1)]
  for (let rounds = 6 + Math.floor(52 / n); rounds > 0; rounds--) {
    sum = (sum + 0x9e3779b9) >>> 0
    const e = (sum >>> 2) & 3
    for (let p = 0; p < n; p++) {
      const y = w((p + 1) % n)
      const mx =
        (((z >>> 5) ^ (y << 2)) + ((y >>> 3) ^ (z << 4))) ^ ((sum ^ y) + ((key[(p & 3) ^ e] as number) ^ z))
      z = (w(p) + mx) >>> 0
      words[p] = z
    }
  }
  return new Uint8Array(words.buffer)
}

t.test('opening leaves the memory of the ciphertext as it was', async (t) => {
  const key = key16('0123456789abcdef')
  const sealed = encryptXxtea(utf8('{"a":1}'), key)
  for (const bytes of [Uint8Array.from(sealed), Buffer.from(sealed)]) {
    t.strictSame(decryptXxtea(bytes, key), utf8('{"a":1}'))
    t.strictSame(Uint8Array.from(bytes), sealed)
  }
})

t.test('refuses padding that is not zero and lengths that do not fit', async (t) => {
  const key = '0123456789abcdef'
  const seal = (text: string, length: number) => {
    const bytes = new Uint8Array(text.length + 4)
    bytes.set(Buffer.from(text, 'latin1'))
    new DataView(bytes.buffer).setUint32(text.length, length, true)
    return encryptWords(new Uint32Array(bytes.buffer), new Uint32Array(key16(key).buffer))
  }
  const open = (bytes: Uint8Array) => {
    const plain = decryptXxtea(bytes, key16(key))
    return plain && Buffer.from(plain).toString('latin1')
  }
  t.equal(open(seal('{"a":12}', 8)), '{"a":12}')
  t.equal(open(seal('{"a":1}\0', 7)), '{"a":1}')
  t.equal(open(seal('{"a":1}x', 7)), undefined, 'padding of another byte than zero')
  t.equal(open(seal('{"a":}\0x', 6)), undefined, 'the last byte of the padding')
  for (const length of [4, 9, 0, 0xffffffff, 0x80000000]) {
    t.equal(open(seal('{"a":12}', length)), undefined, `a length of ${length}`)
  }
  t.equal(open(new Uint8Array(0)), undefined)
  t.equal(open(new Uint8Array(4)), undefined)
  t.equal(open(new Uint8Array(10)), undefined)
})

t.test('base64url has one text for each sequence of bytes', async (t) => {
  // Every text of two or three letters is either refused or comes back as it was.
  const letters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= ')
  const short = letters.flatMap((a) => letters.flatMap((b) => [a + b, `A${a}${b}`]))
  const refused = [
    ...['A', 'AAAAA', 'AB', 'AAB', 'AA==', 'AA=', 'AA A', 'AA\n', 'A+A=', 'AA/A'],
    ...['AAA\u0100', 'AAAé'],
  ]
  for (const [name, codec] of Object.entries({
    'of Node': createBase64url(Buffer),
    'of browsers': createBase64url(undefined),
  })) {
    let differ = 0
    for (let length = 0; length < 600; length++) {
      const bytes = randomBytes(length)
      const text = codec.to(bytes)
      if (text !== bytes.toString('base64url')) differ++
      const read = codec.from(text)
      if (!bytes.equals(read ?? Buffer.from('?')) || read?.buffer.byteLength !== length) differ++
    }
    t.equal(differ, 0, `${name}: the same as Node writes, in memory of its own`)
    for (const text of refused) t.equal(codec.from(text), undefined, `${name}: ${JSON.stringify(text)}`)
    const others = short.filter((text) => {
      const bytes = codec.from(text)
      return bytes && codec.to(bytes) !== text
    })
    t.same(others, [], name)
  }

  t.ok(readEnvelope(toBase64url(new Uint8Array(1_500)), 2_000), 'j of 2,000 characters')
  t.equal(readEnvelope(toBase64url(new Uint8Array(1_503)), 2_000), undefined, 'j of 2,004')
  t.equal(readEnvelope(toBase64url(new Uint8Array(4)), 2_000), undefined, 'less than two words')
  t.equal(readEnvelope(toBase64url(new Uint8Array(14)), 2_000), undefined, 'no whole words')
})

t.test('hex and t are lower case', async (t) => {
  t.equal(toHex(Uint8Array.of(0, 255, 10)), '00ff0a')
  t.same(fromHex('00ff0a'), Uint8Array.of(0, 255, 10))
  for (const text of ['0', '0F', '0x', 'g0', ' 0']) t.equal(fromHex(text), undefined, text)
  t.ok(isDeviceId('0123456789abcdef0123456789abcdef'))
  const bad = ['0123456789ABCDEF0123456789abcdef', '0123456789abcdef', `${'0'.repeat(32)}\n`, 'g'.repeat(32)]
  for (const text of bad) t.notOk(isDeviceId(text), JSON.stringify(text))
})

t.test('UTF-8 is read strictly', async (t) => {
  t.equal(readUtf8(utf8('中文😀')), '中文😀')
  const bad = ['ff', 'c080', 'eda080', 'f5808080', 'e28', 'e282']
  for (const hex of bad) t.equal(readUtf8(Buffer.from(hex, 'hex')), undefined, hex)
  t.equal(readUtf8(Buffer.from('efbbbf7b7d', 'hex')), '\ufeff{}', 'a byte order mark is not swallowed')
})

const refusal = (text: string): string => {
  try {
    return `read as ${JSON.stringify(parseJsonObject(text))}`
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return error.entry.name
  }
}
const reads = (t: Test, text: string, message = text) =>
  t.same(parseJsonObject(text), JSON.parse(text), message)
const refuses = (t: Test, text: string, message = text) => t.equal(refusal(text), 'ENVELOPE_REFUSED', message)

t.test('JSON that is read equals JSON.parse', async (t) => {
  const texts = [
    '{}',
    ' \t\r\n{ "a" : [ 1 , -0.5e-3 , true , null , "x" ] , "b" : { "c" : { } } } \n',
    '{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\ud83d\\ude00中文😀"}',
    '{"":1,"1a":2,"-1":3,"constructor":4,"toString":5,"hasOwnProperty":6}',
    '{"a":9007199254740991,"b":-9007199254740991,"c":1.5e-300,"d":1e-999,"e":-0,"f":0.1}',
    '{"a":[],"b":[[]],"c":[{}]}',
  ]
  for (const text of texts) reads(t, text)
  let differ = 0
  for (let code = 0; code < 0xd800; code++) {
    const letter = String.fromCharCode(code)
    const text = `{"a":"x${letter}y"}`
    const isPlain = code >= 32 && letter !== '"' && letter !== '\\'
    if (isPlain ? parseJsonObject(text).a !== `x${letter}y` : refusal(text) !== 'ENVELOPE_REFUSED') differ++
  }
  t.equal(differ, 0, 'each letter stands for itself, but for the two that can not')
})

t.test('what is not one JSON object is refused', async (t) => {
  const texts = [
    ...['', ' ', 'null', 'true', '1', '"a"', '[]', '[{}]', '{', '}', '{}{}', '{} x', '{}\0', '\ufeff{}'],
    ...['{"a"}', '{"a":}', '{"a":1,}', '{,}', '{a:1}', "{'a':1}", '{"a":1 "b":2}', '{"a"=1}', '{"a":1]'],
    ...['{"a":[1,]}', '{"a":[,1]}', '{"a":[1 2]}', '{"a":[1}', '{"a":[', '{"a":"', '{"a":"\\'],
    ...['{"a":tru}', '{"a":True}', '{"a":nul}', '{"a":NaN}', '{"a":Infinity}', '{"a":undefined}'],
    ...['{"a":01}', '{"a":+1}', '{"a":.5}', '{"a":1.}', '{"a":1e}', '{"a":0x1}', '{"a":-}', '{"a":1_0}'],
    ...['{"a":"\n"}', '{"a":"\t"}', '{"a":"\0"}', '{"a":"\\x"}', '{"a":"\\u12"}', '{"a":"\\u123g"}'],
    ...['/**/{}', '{}//', '{"a":1/**/}', '\u00a0{}', '{\u2003}'],
  ]
  for (const text of texts) refuses(t, text)
})

t.test('JSON members come once and have no dangerous names', async (t) => {
  refuses(t, '{"a":1,"a":1}')
  refuses(t, '{"a":1,"\\u0061":2}', 'a duplicate that an escape hides')
  refuses(t, '{"b":{"a":1,"c":2,"\\u0061":2}}', 'deeper down too')
  refuses(t, '{"\\ud83d\\ude00":1,"😀":2}', 'a duplicate as a pair of escapes')
  reads(t, '{"a":1,"A":2,"á":3,"a\\u0301":4}', 'names that only look alike are others')
  refuses(t, '{"__proto__":1}')
  refuses(t, '{"\\u005f_proto__":{"a":1}}', '__proto__ behind an escape')
  refuses(t, '{"0":1}')
  refuses(t, '{"a":{"12345678901234567890":1}}', 'a name of digits')
  refuses(t, '{"\\u0031":1}', 'a name of digits behind an escape')
})

t.test('JSON numbers are safe and texts are well formed', async (t) => {
  refuses(t, '{"a":1e999}')
  refuses(t, '{"a":-1e999}')
  refuses(t, '{"a":9007199254740992}')
  refuses(t, '{"a":-9007199254740993}')
  refuses(t, '{"a":1e20}', 'an integer that is not safe in another notation')
  refuses(t, '{"a":9007199254740991.9}', 'a number that is read as an unsafe integer')
  refuses(t, '{"a":"\\ud800"}')
  refuses(t, '{"a":"\\udc00\\ud800"}')
  refuses(t, '{"a":"x\\ud83d"}')
  refuses(t, '{"\\udfff":1}', 'a lone surrogate in a name')
  reads(t, '{"a":"\\ud83d\\ude00"}', 'a pair')
})

t.test('each limit of JSON holds at its bound and not one further', async (t) => {
  const nested = (depth: number, open: string, close: string, inner: string) =>
    `{"a":${open.repeat(depth - 1)}${inner}${close.repeat(depth - 1)}}`
  reads(t, nested(jsonLimits.depth, '[', ']', '1'), '16 deep in arrays')
  refuses(t, nested(jsonLimits.depth + 1, '[', ']', '1'), '17 deep in arrays')
  reads(t, nested(jsonLimits.depth, '{"a":', '}', '1'), '16 deep in objects')
  refuses(t, nested(jsonLimits.depth + 1, '{"a":', '}', '1'), '17 deep in objects')
  refuses(t, nested(100_000, '[', ']', ''), 'very deep')
  refuses(t, `{"a":${'['.repeat(60_000)}`, 'very deep and open')

  const members = (count: number) => `{${Array.from({ length: count }, (_, at) => `"m${at}":1`).join()}}`
  reads(t, members(jsonLimits.members), '64 members')
  refuses(t, members(jsonLimits.members + 1), '65 members')
  reads(t, `{"a":${members(64)},"b":${members(64)}}`, '64 in each of two objects')

  const items = (count: number) => `[${Array(count).fill('1').join()}]`
  reads(t, `{"a":${items(jsonLimits.items)}}`, '256 items')
  refuses(t, `{"a":${items(jsonLimits.items + 1)}}`, '257 items')

  // The three full arrays are values themselves.
  const values = (last: number) =>
    `{"a":${items(256)},"b":${items(256)},"c":${items(256)},"d":${items(last)}}`
  reads(t, values(jsonLimits.values - 3 * 257 - 1), '1,000 values')
  refuses(t, values(jsonLimits.values - 3 * 257), '1,001 values')

  const text = (length: number, letter = 'x') => JSON.stringify({ a: letter.repeat(length) })
  reads(t, text(jsonLimits.stringBytes), 'a string of 16 KiB')
  refuses(t, text(jsonLimits.stringBytes + 1), 'a string of 16 KiB and a byte')
  reads(t, text(4_096, '😀'), 'the limit counts bytes: 4,096 emoji')
  refuses(t, text(4_097, '😀'), '4,097 emoji')
  refuses(t, JSON.stringify({ ['x'.repeat(jsonLimits.stringBytes + 1)]: 1 }), 'a name too long')
  const escaped = `{"a":"${'\\u0078'.repeat(jsonLimits.stringBytes)}"}`
  reads(t, escaped, 'escapes count as what they stand for')
})

t.test('secrets of 16 to 64 characters open', async (t) => {
  const random = createRandom(1)
  for (let length = 16; length <= 64; length += 8) {
    const device = { t: '', secret: secretOf(length, random) }
    const now = 1_800_000_000_000 + length * 30_000
    const sealed = sealText(device, '{"apiver":1}', now)
    const keysAt = (step: number) => deriveStepKeys(primitives, device.secret, step)
    const opened = openEnvelope(readEnvelope(sealed, 2_000) ?? new Uint8Array(), keysAt, stepAt(now))
    t.match(opened, { text: '{"apiver":1}' }, `${length} characters`)
  }
})

t.test('codes with leading zeros are hashed as a number, or with their zeros', async (t) => {
  const { vectors } = readVectors('totp-envelope.json')
  const { secret, step } = vectors[1]
  const keysAt = (at: number) => deriveStepKeys(primitives, secret, at)
  const device = { t: '', secret }
  for (const form of ['number', 'padded'] as const) {
    const sealed = readEnvelope(sealText(device, '{}', step * 30_000, form), 2_000) ?? new Uint8Array()
    for (const distance of [-1, 0, 1]) {
      t.same(openEnvelope(sealed, keysAt, step + distance), { text: '{}', step, form })
    }
    t.equal(openEnvelope(sealed, keysAt, step + 2), undefined)
    t.equal(openEnvelope(sealed, keysAt, step - 2), undefined)
  }
  t.test('a compensation is added to the number, and then there is no padded form', async (t) => {
    for (const compensation of [1, -1, 7, 1_000_000, -1_000_000]) {
      const keys = deriveStepKeys(primitives, secret, step, compensation)
      const text = createHash('md5')
        .update(`${secret}${1_248 + compensation}`)
        .digest('hex')
      t.same(keys, { number: key16(text.slice(0, 16)) }, String(compensation))
    }
  })
})

t.test('the key of a reply at the edge of a step', async (t) => {
  const edge = 60_000_000 * 30_000
  const b = stepAt(edge)
  t.equal(replyStep({}, b - 1, edge - 51), b - 1, 'sealed before the edge: the step that opened')
  t.equal(replyStep({}, b - 1, edge - 50), b, 'sealed 50 ms before the edge: the next, for the way back')
  t.equal(replyStep({}, b - 1, edge + 29_000), b, 'sealed late: the next')
  t.equal(replyStep({}, b - 1, edge + 31_000), b, 'never further than the next')
  t.equal(replyStep({}, b + 1, edge + 5), b + 1, 'never before the one that opened')

  const apart = (step: number, at: number, before: ClockState = {}) => learnClock(before, step, at).apart
  t.equal(apart(b, edge + 15_000), undefined)
  t.equal(apart(b, edge - 500), undefined, 'one ahead with 0.5 s left may be a trip over the edge')
  t.match(apart(b, edge - 501), { offset: 1 }, 'one ahead with more than that left stands ahead')
  t.equal(apart(b - 1, edge + 2_000), undefined, 'one behind 2 s into a step may be a slow trip')
  t.match(apart(b - 1, edge + 2_001), { offset: -1 }, 'one behind later than that stands behind')

  const behind = learnClock({}, b - 1, edge + 12_000)
  t.equal(replyStep(behind, b - 1, edge + 12_100), b - 1, 'a clock apart: the step that opened')
  t.equal(replyStep(behind, b, edge + 29_999), b)
  const waited = 25_000
  const isBehindBy20s = { ...behind, apart: { offset: -1, edgeMs: 19_000, confirmedAt: edge } } as const
  t.equal(
    replyStep(isBehindBy20s, b - 1, edge + 35_000, waited),
    b,
    'a call that waited: the step that began',
  )
  t.equal(replyStep(isBehindBy20s, b - 1, edge + 18_000, waited), b - 1, 'or the one that is not over there')
  const isAheadBy20s = { ...behind, apart: { offset: 1, edgeMs: 11_000, confirmedAt: edge } } as const
  t.equal(replyStep(isAheadBy20s, b, edge + 27_000, waited), b + 1)
  t.equal(replyStep(isAheadBy20s, b + 1, edge + 38_000, waited), b + 1)
  t.ok(learnClock(behind, b, edge + 12_500).apart, 'kept when a step fits that was not forbidden')
  t.ok(learnClock(behind, b, edge + 11_000).apart, 'kept 1 s inside the span that it forbids')
  t.notOk(learnClock(behind, b, edge + 10_999).apart, 'forgotten further inside')
  const ahead = learnClock({}, b + 1, edge + 20_000)
  t.ok(learnClock(ahead, b, edge + 21_000).apart, 'the same for a clock ahead')
  t.notOk(learnClock(ahead, b, edge + 21_001).apart)
  t.ok(learnClock(behind, b + 119, edge + 12_000 + 3_600_000 - 30_000 + 12_000).apart, 'within the hour')
  t.notOk(learnClock(behind, b + 120, edge + 12_001 + 3_600_000).apart, 'after an hour unconfirmed')
  t.match(learnClock(behind, b + 1, edge + 3_000).apart, { offset: 1 }, 'a clock put right the other way')
  t.equal(learnClock({}, b - 1, edge + 1).lastOffset, -1, 'the offset that opened is tried first')
})

t.test('an old client on a line of any speed reads its replies around the edge of a step', async (t) => {
  const shares: Record<string, string> = {}
  for (const [line, tripMs] of [0, 1, 5, 20, 40].entries()) {
    const random = createRandom(line + 1)
    let [readable, calls] = [0, 0]
    for (let edge = 0; edge < 60; edge++) {
      const edgeMs = (60_000_000 + edge) * 30_000
      const jitter = () => tripMs + random() * (1 + tripMs / 5)
      let state: ClockState = {}
      // A burst of calls, each a moment after the reply to the one before.
      for (let now = edgeMs - 1_500 - random() * 50; now < edgeMs + 50; now += 1 + random() * 3) {
        now += jitter()
        state = learnClock(state, stepAt(now), now)
        const openedStep = stepAt(now)
        now += random() * 2
        const sealedFor = replyStep(state, openedStep, now)
        state = learnSealed(state, now)
        now += jitter()
        if (now < edgeMs - 150) continue
        calls++
        if (sealedFor === stepAt(now)) readable++
      }
    }
    shares[tripMs] = `${calls - readable} of ${calls}`
    t.ok(readable / calls >= 0.98, `${tripMs} ms each way: ${readable} of ${calls} replies readable`)
  }
  t.comment(`not readable by trip in milliseconds: ${JSON.stringify(shares)}`)
})

t.test('the margin of a reply is half a round trip, and 50 ms at most', async (t) => {
  const edge = 60_000_000 * 30_000
  const b = stepAt(edge)
  const marginAfter = (...gaps: number[]) => {
    let state: ClockState = {}
    let now = edge - 20_000
    for (const gap of gaps) {
      state = learnSealed(state, now)
      now += gap
      state = learnClock(state, b - 1, now)
    }
    return (
      Array.from({ length: 60 }, (_, ms) => ms).findLast((ms) => replyStep(state, b - 1, edge - ms) === b) ??
      0
    )
  }
  t.equal(marginAfter(), 50, 'nothing is known')
  t.equal(marginAfter(2), 1)
  t.equal(marginAfter(30), 15)
  t.equal(marginAfter(5_000), 50, 'a pause says nothing')
  t.equal(marginAfter(5_000, 10), 5, 'the quickest answer counts')
  t.ok(marginAfter(10, ...Array.from({ length: 60 }, () => 200)) === 50, 'a line that became slow is learned')
  let state = learnSealed({}, edge - 1_000)
  state = learnClock(state, b - 1, edge - 999)
  state = learnClock(state, b - 1, edge - 998)
  t.equal(replyStep(state, b - 1, edge - 20), b - 1, 'a call beside another one says nothing new')
})

t.test('old clients with clocks that are off read their replies', async (t) => {
  const text = '{"apiver":1,"a":"中文"}'
  const shares: Record<string, string> = {}
  for (const offsetMs of [0, 3_000, -3_000, 12_000, -12_000, 25_000, -25_000]) {
    const random = createRandom(offsetMs + 7)
    let [opened, readable, calls, beyond] = [0, 0, 0, 0]
    for (let id = 0; id < 4; id++) {
      const device = { t: '', secret: secretOf(32, random) }
      const cache = new Map<number, ReturnType<typeof deriveStepKeys>>()
      const keysAt = (step: number) => {
        const keys = cache.get(step) ?? deriveStepKeys(primitives, device.secret, step)
        cache.set(step, keys)
        return keys
      }
      let state: ClockState = {}
      let now = 1_800_000_000_000 + Math.floor(random() * 1e9)
      for (let call = 0; call < 1_000; call++) {
        // Bursts and pauses; trips of 20 to 170 ms each way, 1 to 41 ms of work.
        now += Math.floor(random() < 0.5 ? random() * 2_000 : random() * 60_000)
        const trip = () => 20 + Math.floor(random() * random() * 150)
        const j = sealText(device, text, now + offsetMs)
        now += trip()
        const bytes = readEnvelope(j, 2_000) ?? new Uint8Array()
        const found = openEnvelope(bytes, keysAt, stepAt(now), state.lastOffset)
        calls++
        if (!found) continue
        opened++
        if (found.text !== text || Math.abs(found.step - stepAt(now)) > 1) beyond++
        state = learnClock(state, found.step, now)
        now += 1 + Math.floor(random() * 40)
        const reply = sealEnvelope(text, keysAt(replyStep(state, found.step, now)).number)
        state = learnSealed(state, now)
        now += trip()
        if (openText(device, reply, now + offsetMs) === text) readable++
        for (const distance of [-4, -3, -2, 2, 3, 4]) {
          const far = readEnvelope(sealText(device, text, now + distance * 30_000), 2_000) ?? bytes
          if (call % 20 === 0 && openEnvelope(far, keysAt, stepAt(now), state.lastOffset)) beyond++
        }
      }
    }
    shares[offsetMs / 1_000] = `${((100 * readable) / calls).toFixed(2)} %`
    t.equal(opened, calls, `${offsetMs / 1_000} s: every call opens`)
    t.ok(readable / calls >= 0.99, `${offsetMs / 1_000} s: ${readable} of ${calls} replies readable`)
    t.equal(beyond, 0, `${offsetMs / 1_000} s: no step beyond the neighbours is accepted`)
  }
  t.comment(`readable by offset in seconds: ${JSON.stringify(shares)}`)
})

t.test('the client hash equals that of another bcrypt', async (t) => {
  for (const { password, md5, salt, cost, hash } of readVectors('password-kdf.json').vectors) {
    t.equal(passwordText(primitives, password), md5)
    t.equal(await bcryptText(md5, salt, cost), hash.slice(-31))
    t.ok(compareSync(md5, hash))
    t.ok(isClientHash(hash.slice(-31)))
  }
  // The published vector of crypt_blowfish.
  t.equal(await bcryptText('U*U', 'CCCCCCCCCCCCCCCCCCCCC.', 5), 'E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW')
  for (const text of ['', 'x'.repeat(30), 'x'.repeat(32), `${'x'.repeat(30)}-`, `${'x'.repeat(31)}\n`]) {
    t.notOk(isClientHash(text), JSON.stringify(text))
  }
})

t.test('the salt of a login is one that every bcrypt takes', async (t) => {
  const key = randomBytes(32)
  const endings = new Set<string>()
  for (let n = 0; n < 400; n++) {
    const salt = loginSalt(primitives, key, 'name', `user-${n}`)
    if (!isBcryptSalt(salt)) t.fail(`not a salt: ${salt}`)
    endings.add(salt.slice(-1))
  }
  t.same([...endings].sort(), ['.', 'O', 'e', 'u'], 'it ends in one of four letters')
  const salt = loginSalt(primitives, key, 'name', 'user-1')
  t.equal(salt, loginSalt(primitives, key, 'name', 'user-1'), 'the same login, the same salt')
  t.not(salt, loginSalt(primitives, key, 'mail', 'user-1'), 'another kind of login, another salt')
  t.not(salt, loginSalt(primitives, randomBytes(32), 'name', 'user-1'), 'another key, another salt')
  t.ok(hashSync('x', `$2b$04$${salt}`).startsWith(`$2b$04$${salt}`), 'bcrypt keeps it as it is')
  for (const text of ['', `${salt}x`, `${salt.slice(0, 21)}x`, `${salt.slice(0, 21)}\n`]) {
    t.notOk(isBcryptSalt(text), JSON.stringify(text))
  }
})
