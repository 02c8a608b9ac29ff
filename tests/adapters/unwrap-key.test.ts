/** Stage 1 wrapped by RSA: what was not wrapped so costs no time of the event loop. */
import { constants, createPublicKey, generateKeyPairSync, publicEncrypt, randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { openUnwrapKey } from '../../src/adapters/key-crypto.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 3_072 })
const key = openUnwrapKey(privateKey.export({ format: 'der', type: 'pkcs8' }))
const wrap = (text: string) =>
  publicEncrypt(
    {
      key: createPublicKey({ key: key.spki, format: 'der', type: 'spki' }),
      oaepHash: 'sha256',
      padding: constants.RSA_PKCS1_OAEP_PADDING,
    },
    Buffer.from(text),
  )

t.test('opens what was wrapped for it, and nothing else', async (t) => {
  const good = wrap('a point')
  t.same(Buffer.from((await key.unwrap(good)) ?? []), Buffer.from('a point'))
  const changed = Buffer.from(good)
  changed[100] = (changed[100] ?? 0) ^ 1
  for (const wrapped of [changed, randomBytes(384), randomBytes(383), new Uint8Array()])
    t.equal(await key.unwrap(wrapped), undefined)
})

t.test('the event loop goes on while garbage is judged', async (t) => {
  let turns = 0
  let isOver = false
  const count = async () => {
    while (!isOver) {
      await nextTurn()
      turns++
    }
  }
  const counting = count()
  const judged = await Promise.all(Array.from({ length: 20 }, () => key.unwrap(randomBytes(384))))
  isOver = true
  await counting
  t.ok(judged.every((found) => found === undefined))
  t.ok(turns > 20, `${turns} turns meanwhile`)
})
