/** What a user says of another one for themselves: what they call them, and what they grant them. */
import type { Db } from '../../adapters/db/index.ts'
import type { TicketCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import { bitsOf } from '../../protocol/permissions.ts'
import type { Relations } from './api.ts'
import { checkFriends, grantsOf } from './grants.ts'
import { updateRelation } from './repo.ts'
import type { SetInput } from './wire.ts'

type Change = Parameters<typeof updateRelation>[2]

const readChange = ({ remark, granted, usesDefaults }: SetInput): Change => {
  if (granted && usesDefaults) throw new Failure('PARAMETER_INVALID', { info: 'usesDefaults' })
  if (remark === undefined && !granted && !usesDefaults)
    throw new Failure('PARAMETER_MISSING', { info: 'remark, granted or usesDefaults' })
  return {
    ...(remark !== undefined && { remark: remark.trim() || null }),
    ...(granted && { permissions: bitsOf(granted) }),
    ...(usesDefaults && { permissions: null }),
  }
}

export const createSet = ({ db, relations }: { db: Db; relations: Pick<Relations, 'findBetween'> }) =>
  async function set(input: SetInput, { app, ticket: { userId } }: TicketCaller) {
    checkFriends(app)
    const change = readChange(input)
    const otherId = Number(input.setFor)
    const between = await db.transaction(async (trx) => {
      const isThere = await updateRelation(trx, { userId, otherId }, change)
      return isThere ? (await relations.findBetween(trx, userId, [otherId])).get(otherId) : undefined
    })
    // No row: a stranger, or a user who is not there. The caller learns which of the two by no means.
    if (!between) throw new Failure('RELATION_UNKNOWN')
    const { remark, granted } = between
    return { granted: [...grantsOf(app, between, granted)], ...(remark !== undefined && { remark }) }
  }
