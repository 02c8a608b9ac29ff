/** What may happen once or so many times in all, asked for at once: on SQLite, and through two servers on MariaDB. */
import t, { type Test } from 'tap'
import { Failure } from '../../src/protocol/errors.ts'
import {
  addressOf,
  ask,
  callerOf,
  type OpenCodes,
  openOne,
  openTwo,
  otherThan,
} from '../features/verification/world.ts'

t.setTimeout(180_000)

const environment = { TORII__SMS__PER_DAY: '10', TORII__DATABASE__QUEUE_LIMIT: '1000' }

const nameOf = (error: unknown) => (error instanceof Failure ? error.entry.name : String(error))
const done = async () => 'done'

const countNames = (names: readonly string[]) => {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

type Place = { one: OpenCodes; other: OpenCodes }

const places: Record<string, (t: Test) => Promise<Place>> = {
  'one process on SQLite': async (t) => {
    const one = await openOne(t, environment)
    return { one, other: one }
  },
  'two servers on MariaDB': (t) => openTwo(t, environment),
}

/** So many at once, in turn at the one and the other; how often each outcome came. */
const race = async (
  { one, other }: Place,
  ways: number,
  act: (place: OpenCodes, at: number) => Promise<unknown>,
) =>
  countNames(
    await Promise.all(
      Array.from({ length: ways }, (_, at) => act(at % 2 ? one : other, at).then(() => 'done', nameOf)),
    ),
  )

/** From a network that has not asked yet, so that the minute between two codes is not in the way. */
const resend = ({ collected }: OpenCodes, flow: string) => {
  const operation = collected.operations.find(({ path }) => path === '/v1/code/send')
  if (!operation) throw new Error('no operation')
  return operation.handle({ flow }, callerOf({ network: '10.2.2.0/24' }))
}

for (const [name, open] of Object.entries(places))
  t.test(name, async (t) => {
    const place = await open(t)
    const { one, other } = place
    const guess = ({ codes }: OpenCodes, flow: string, code: string) =>
      codes.consume({ flow, code, purpose: 'confirm', caller: callerOf() }, done)

    await t.test('one code, submitted 200 times at once, works once', async (t) => {
      const { flow } = await one.codes.send(ask('amber@example.com'))
      const code = one.lastCode()
      let uses = 0
      const outcomes = await race(place, 200, ({ codes }) =>
        codes.consume({ flow, code, purpose: 'confirm', caller: callerOf() }, async (trx) => {
          await trx.selectFrom('accounts').select('userId').limit(1).execute()
          uses++
        }),
      )
      t.same(outcomes, { done: 1, CODE_EXPIRED: 199 })
      t.equal(uses, 1)
    })

    await t.test('of 60 wrong codes at once five are judged', async (t) => {
      const { flow } = await one.codes.send(ask('bella@example.com'))
      const wrong = otherThan(one.lastCode())
      t.same(await race(place, 60, (place) => guess(place, flow, wrong)), { CODE_WRONG: 5, CODE_TRIES: 55 })
      await t.rejects(guess(one, flow, one.lastCode()), 'the right one is too late')
    })

    await t.test('four wrong codes, a new code, two wrong ones', async (t) => {
      const { flow } = await one.codes.send(ask('clara@example.com'))
      const wrong = otherThan(one.lastCode())
      const four = await race(place, 4, (place) => guess(place, flow, wrong))
      t.same(four, { CODE_WRONG: 4 })
      await resend(other, flow)
      const two = await race(place, 2, (place) => guess(place, flow, otherThan(other.lastCode())))
      t.same(two, { CODE_WRONG: 1, CODE_TRIES: 1 })
      t.equal(
        await guess(one, flow, other.lastCode()).catch(nameOf),
        'CODE_TRIES',
        'the right one is too late',
      )
    })

    await t.test('of 40 codes asked for at once one is sent, in a new flow or in an old one', async (t) => {
      t.same(await race(place, 40, ({ codes }) => codes.send(ask('diana@example.com'))), {
        done: 1,
        CODE_TOO_SOON: 39,
      })
      const { flow } = await one.codes.send(ask('emily@example.com'))
      t.same(await race(place, 40, (place) => resend(place, flow)), { done: 1, CODE_TOO_SOON: 39 })
    })

    await t.test('40 SMS at once stay within the budget', async (t) => {
      const send = ({ codes }: OpenCodes, at: number) =>
        codes.send(
          ask(addressOf(`+86138001380${10 + at}`, 'CN'), {
            caller: callerOf({ network: `10.7.${at}.0/24` }),
          }),
        )
      t.same(await race(place, 40, send), { done: 8, SMS_FAILED: 32 })
    })
  })
