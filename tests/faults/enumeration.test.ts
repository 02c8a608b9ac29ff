/**
 * Nor does the time of a reply tell whether an account has an address. Known and other addresses take turns in random
 * order, so a busy machine slows down both. `TORII_TEST_LONG=1` measures ten times as many.
 */
import t from 'tap'
import { croppedWelch, medianGap, welch } from '../harness/welch.ts'
import { calls, openEnumeration } from '../http/enumeration-world.ts'

t.setTimeout(3_600_000)

const pairs = process.env.TORII_TEST_LONG === '1' ? 10_000 : 1_000
/** What test vectors of side channels use: beyond it, chance is one in 100,000. */
const most = 4.5
const warmUp = 100

for (const [name, { make }] of Object.entries(calls))
  t.test(name, async (t) => {
    const { time, addressOf, clock } = await openEnumeration(t)
    const times = { known: [] as number[], other: [] as number[] }
    for (let at = -warmUp; at < pairs; at++) {
      clock.add(61_000)
      const order = Math.random() < 0.5 ? (['known', 'other'] as const) : (['other', 'known'] as const)
      for (const kind of order) {
        const { ms } = await time(...make(addressOf(kind, at + warmUp)))
        if (at >= 0) times[kind].push(ms)
      }
    }
    const { known, other } = times
    const [raw, cropped] = [welch(known, other), croppedWelch(known, other)]
    t.comment(
      `${name}: ${pairs} pairs, t ${raw.toFixed(2)}, cropped ${cropped.toFixed(2)}, medians ${medianGap(known, other)} µs apart`,
    )
    t.ok(Math.abs(cropped) < most, `${name}: t ${cropped.toFixed(2)}`)
    t.ok(Math.abs(raw) < most, `${name}: t ${raw.toFixed(2)} of all`)
  })
