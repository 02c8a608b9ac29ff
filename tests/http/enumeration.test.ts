/** No reply tells whether an account has an address. */
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { calls, openEnumeration, readReply } from './enumeration-world.ts'

t.test('replies are byte-equal for addresses with and without an account', async (t) => {
  const { time, addressOf, clock } = await openEnumeration(t)
  for (const [name, { expected, make }] of Object.entries(calls)) {
    for (let at = 0; at < 3; at++) {
      clock.add(61_000)
      const known = await time(...make(addressOf('known', at)))
      const other = await time(...make(addressOf('other', at)))
      t.equal(JSON.parse(known.reply.body).code, codes[expected], name)
      t.equal(readReply(known.reply), readReply(other.reply), `${name}: ${known.reply.body}`)
    }
  }
})

t.test('a wrong code, too: with the tries that are left, and when they are used up', async (t) => {
  const { time, addressOf, clock } = await openEnumeration(t)
  clock.add(61_000)
  for (const [purpose, path] of [['login', '/v1/login']] as const) {
    const flows = await Promise.all(
      (['known', 'other'] as const).map(async (kind) => {
        const { reply } = await time('/v1/code/send', { purpose, address: addressOf(kind, 0) })
        return JSON.parse(reply.body).flow as string
      }),
    )
    for (let tries = 0; tries < 7; tries++) {
      const [known, other] = await Promise.all(flows.map((flow) => time(path, { flow, code: '000000' })))
      if (!known || !other) throw new Error('no reply')
      t.equal(readReply(known.reply), readReply(other.reply), known.reply.body)
    }
  }
})
