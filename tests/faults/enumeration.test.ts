/**
 * Nor does the time of a reply tell whether an account has an address. Known and other addresses take turns in random
 * order, so a busy machine slows down both. `TORII_TEST_LONG=1` measures 10,000 pairs.
 */
import t, { type Test } from 'tap'
import { codes } from '../harness/codes.ts'
import { type Environment, openShared } from '../harness/test-server.ts'
import { croppedWelch, medianGap, welch } from '../harness/welch.ts'
import { calls, openEnumeration, readReply } from '../http/enumeration-world.ts'

t.setTimeout(3_600_000)

const pairs = process.env.TORII_TEST_LONG === '1' ? 10_000 : 300
/** What test vectors of side channels use: beyond it, chance is one in 100,000. */
const most = 4.5
const warmUp = 100

/** MariaDB, with the limits in memory: there they follow the clock of the test. */
const openMariaDb = async (t: Test): Promise<Environment> => {
  const shared = await openShared()
  t.teardown(shared.close)
  const kept = /^TORII__(DATABASE__|SECURITY__KEY_FILE|SERVER__TRIAL)/
  return Object.fromEntries(Object.entries(shared.environment).filter(([name]) => kept.test(name)))
}

const engines: Record<string, (t: Test) => Promise<Environment>> = {
  SQLite: async () => ({}),
  MariaDB: openMariaDb,
}

for (const [engine, open] of Object.entries(engines))
  for (const [call, { make, expected }] of Object.entries(calls)) {
    const name = `${call}, ${engine}`
    t.test(name, async (t) => {
      const { time, addressOf, clock } = await openEnumeration(t, await open(t))
      const times = { known: [] as number[], other: [] as number[] }
      let unequal = 0
      for (let at = -warmUp; at < pairs; at++) {
        clock.add(61_000)
        const order = Math.random() < 0.5 ? (['known', 'other'] as const) : (['other', 'known'] as const)
        const replies = new Set<string>()
        for (const kind of order) {
          const { ms, reply } = await time(...make(addressOf(kind, at + warmUp)))
          if (at >= 0) times[kind].push(ms)
          replies.add(readReply(reply))
          if (JSON.parse(reply.body).code !== codes[expected]) throw new Error(reply.body)
        }
        if (replies.size > 1) unequal++
      }
      const { known, other } = times
      const [raw, cropped] = [welch(known, other), croppedWelch(known, other)]
      t.comment(
        `${name}: ${pairs} pairs, t ${raw.toFixed(2)}, cropped ${cropped.toFixed(2)}, medians ${medianGap(known, other)} µs apart`,
      )
      t.equal(unequal, 0, `${name}: the replies of each pair are byte-equal`)
      t.ok(Math.abs(cropped) < most, `${name}: t ${cropped.toFixed(2)}`)
      t.ok(Math.abs(raw) < most, `${name}: t ${raw.toFixed(2)} of all`)
    })
  }
