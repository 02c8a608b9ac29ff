/** No text makes an accepted call cost more than ten normal ones: lengths are judged before anything is normalized. */
import t from 'tap'
import type { OperationShape } from '../../src/http/caller.ts'
import { normalCall, shapes, textMembersOf, withText } from './texts.ts'
import { type Members, openWorld } from './world.ts'

t.setTimeout(120_000)

/** Of at most so many code points; each is known to be slow to normalize, to fold or to match. */
const worst: Record<string, (length: number) => string> = {
  'a long run': (length) => 'a'.repeat(length),
  'marks out of order': (length) =>
    `a${'\u0344'.repeat(Math.floor(length / 2))}${'\u0323'.repeat(Math.ceil(length / 2) - 1)}`,
  'ligatures of 18 letters': (length) => '\ufdfa'.repeat(length),
  'marks of all classes': (length) =>
    Array.from({ length }, (_, n) => ['\u0f39', '\u0323', '\u0301'][n % 3]).join(''),
  'letters that grow in capitals': (length) => '\u0390'.repeat(length),
  'wide blanks': (length) => `a${'\u3000'.repeat(length - 2)}b`,
}
/** What the reader of JSON lets through, in bytes of UTF-8. */
const mostBytes = 16_384
const rounds = 3
/** Of the least of some calls: what the machine does beside them can only add. */
const leastFactor = 10
/** What a collection of garbage may add to a short call. The fault that this is about took 222 ms. */
const graceUs = 3_000

t.test('each text member of each operation', async (t) => {
  const { server, app } = await openWorld(t, { TORII__LOG__LEVEL: 'silent' })
  const measure = async ({ path, bare }: OperationShape, members: Members) => {
    const own = bare ? { n: app.appId, s: app.appSecret } : { appid: app.appId, appsecret: app.appSecret }
    const payload = JSON.stringify({ ...own, ...members })
    const headers = { host: 'localhost', 'content-type': 'application/json' }
    const started = process.cpuUsage()
    await server.http.inject({ method: 'POST', url: path, headers, payload })
    const { user, system } = process.cpuUsage(started)
    return user + system
  }
  let count = 0
  const least = async (shape: OperationShape, make: () => Members) => {
    let us = Number.POSITIVE_INFINITY
    for (let round = 0; round < rounds; round++) us = Math.min(us, await measure(shape, make()))
    return us
  }
  for (const shape of shapes) {
    const normalUs = await least(shape, () => normalCall(shape.path, count++))
    const slow: string[] = []
    for (const { path, maxLength } of textMembersOf(shape)) {
      for (const [what, make] of Object.entries(worst)) {
        for (const most of new Set([maxLength ?? mostBytes, mostBytes])) {
          let length = most
          while (Buffer.byteLength(make(length)) > mostBytes) length = Math.floor(length * 0.9)
          const text = make(length)
          const us = await least(shape, () => withText(normalCall(shape.path, count++), path, text))
          if (us > leastFactor * normalUs + graceUs)
            slow.push(`${path.join('.')}, ${what}, ${length}: ${us} of ${normalUs} us`)
        }
      }
    }
    t.same(slow, [], shape.path)
  }
})
