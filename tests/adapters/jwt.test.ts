/** JWTs of the server key's ring, judged by a library that knows nothing of ours. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { calculateJwkThumbprint, createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import t from 'tap'
import { createJwtSigner, jwtAlgorithms } from '../../src/adapters/jwt.ts'
import { systemRandom } from '../../src/adapters/random.ts'
import {
  changeKeyFile,
  generateRingKey,
  generateServerKey,
  parseServerKey,
  ringChanges,
} from '../../src/adapters/server-key.ts'

const claims = () => ({
  iss: 'https://login.example',
  aud: 'app',
  sub: 'x',
  exp: Math.ceil(Date.now() / 1_000) + 60,
})
const ringOf = (...seeds: Buffer[]) => ({
  current: 'k1',
  keys: Object.fromEntries(seeds.map((seed, at) => [`k${at + 1}`, seed])),
})

for (const algorithm of jwtAlgorithms) {
  t.test(`${algorithm}: each key of many verifies, and is named by its thumbprint`, async (t) => {
    for (let count = 0; count < 20; count++) {
      const signer = createJwtSigner(ringOf(randomBytes(32)), algorithm)
      const keys = signer.jwks.keys.map((key) => ({ ...key }))
      const token = await signer.sign('openkey+jwt', claims())
      const verified = await jwtVerify(token, createLocalJWKSet({ keys }), {
        typ: 'openkey+jwt',
        audience: 'app',
      })
      t.match(verified.protectedHeader, {
        alg: algorithm,
        kid: keys.find(({ alg }) => alg === algorithm)?.kid,
      })
      for (const key of keys) t.equal(await calculateJwkThumbprint(key), key.kid)
    }
  })
}

t.test('what is published has no private member', (t) => {
  const { jwks } = createJwtSigner(ringOf(randomBytes(32), randomBytes(32)), 'EdDSA')
  t.equal(jwks.keys.length, 4, 'two algorithms for each key of the ring')
  t.equal(new Set(jwks.keys.map(({ kid }) => kid)).size, 4)
  for (const key of jwks.keys) t.notOk('d' in key || 'k' in key)
  t.end()
})

t.test('a rotation overlaps: both keys are published while the file has them, and one signs', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'torii-test-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'server.key')
  const { signing: _, ...old } = JSON.parse(generateServerKey(systemRandom))
  writeFileSync(file, JSON.stringify(old))
  const open = () => createJwtSigner(parseServerKey(readFileSync(file, 'utf8')).signing, 'EdDSA')
  const kidOf = async (signer: ReturnType<typeof open>) =>
    decodeProtectedHeader(await signer.sign('x', claims())).kid
  const rotate = (change: 'add' | 'finish' | 'retire', id = '') =>
    changeKeyFile(file, 'signing', systemRandom, (ring) =>
      ringChanges[change](ring, change === 'add' ? generateRingKey('signing', systemRandom) : id),
    )
  const first = open()
  t.equal(
    await kidOf(first),
    await kidOf(open()),
    'a file from before there were JWTs has a key, always the same',
  )
  t.equal(rotate('add'), 'k2')
  t.equal(await kidOf(open()), await kidOf(first), 'the new one is published, and does not sign yet')
  t.equal(open().jwks.keys.length, 4)
  rotate('finish')
  const second = open()
  t.not(await kidOf(second), await kidOf(first))
  const set = createLocalJWKSet({ keys: second.jwks.keys.map((key) => ({ ...key })) })
  t.ok(await jwtVerify(await first.sign('x', claims()), set), 'a JWT of the old key is still good')
  rotate('retire', 'k1')
  const third = createLocalJWKSet({ keys: open().jwks.keys.map((key) => ({ ...key })) })
  await t.rejects(jwtVerify(await first.sign('x', claims()), third), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
})
