/** How events are written, on both engines. */
import t from 'tap'
import { mostPerUser } from '../../../src/features/events/repo.ts'
import { engines, openEvents } from './world.ts'

t.setTimeout(120_000)

for (const [engine, environment] of engines) {
  t.test(`${engine}: the events of a user have numbers without a gap`, async (t) => {
    const { db, recordEvent, rowsOf } = await openEvents(t, await environment(t))
    await db.transaction(async (trx) => {
      await recordEvent(trx, { userId: 7, kind: 'friend.followed', otherId: 8, appId: 'a1' })
      await recordEvent(trx, { userId: 8, kind: 'user.changed', detail: { members: ['nickName'] } })
    })
    const undone = db.transaction(async (trx) => {
      await recordEvent(trx, { userId: 7, kind: 'user.registered' })
      throw new Error('undone')
    })
    await t.rejects(undone, 'an act that fails has no event')
    await db.transaction((trx) => recordEvent(trx, { userId: 7, kind: 'friend.removed', otherId: 8 }))
    t.match(await rowsOf(7), [
      { number: 1, kind: 'friend.followed', otherId: 8, appId: 'a1', detail: '{}' },
      { number: 2, kind: 'friend.removed', otherId: 8, appId: null },
    ])
    t.match(await rowsOf(8), [{ number: 1, detail: '{"members":["nickName"]}' }])
  })

  t.test(`${engine}: a new event takes the row of the oldest beyond the bound`, async (t) => {
    const { db, recordEvent, rowsOf } = await openEvents(t, await environment(t))
    const record = (userId: number) =>
      db.transaction((trx) => recordEvent(trx, { userId, kind: 'user.recovered' }))
    for (const userId of [7, 7, 8]) await record(userId)
    await db.write
      .updateTable('eventLists')
      .set({ lastNumber: mostPerUser })
      .where('userId', '=', 7)
      .execute()
    await record(7)
    t.match(await rowsOf(7), [{ number: 2 }, { number: mostPerUser + 1 }])
    t.match(await rowsOf(8), [{ number: 1 }], 'no row of another user was taken')
  })
}
