/** A profile as its user, or another one, sees it. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Db } from '../../../adapters/db/index.ts'
import type { TicketCaller } from '../../../http/caller.ts'
import { Failure } from '../../../protocol/errors.ts'
import type { Addresses } from '../../addresses/api.ts'
import type { Relations } from '../../friends/api.ts'
import type { Roles } from '../../roles/api.ts'
import type { Standing } from '../../standing/api.ts'
import type { FindLimits } from '../find/limits.ts'
import { findActive } from '../find/repo.ts'
import { findRenameAt } from '../rename.ts'
import type { GetInput, Person } from '../wire.ts'
import { showBetween } from './between.ts'
import { dayOf } from './birthday.ts'
import { showParams } from './params.ts'
import { findParams, findPerson } from './repo.ts'
import { maySee, showOwn, showTo } from './show.ts'

export type GetNeeds = {
  db: Db
  clock: Clock
  addresses: Pick<Addresses, 'findOf'>
  relations: Pick<Relations, 'findBetween' | 'findCounts'>
  roles: Pick<Roles, 'findNames'>
  standing: Pick<Standing, 'findTold'>
  checkProfile: FindLimits['checkProfile']
  renameDays: number
}

export const createGet = (needs: GetNeeds) => {
  const { db, clock, addresses, relations, roles, standing, checkProfile, renameDays } = needs
  /** From the primary: the user may just have changed it. */
  const getOwn = async ({ app, ticket }: TicketCaller): Promise<Person> => {
    const nowMs = clock.now()
    const { userId } = ticket
    const { appId, profileSchema } = app
    const [row, own, params, counts, [roleNames = []], withheld] = await Promise.all([
      findPerson(db.write, userId),
      addresses.findOf(db.write, userId),
      profileSchema.length > 0 ? findParams(db.write, userId, appId) : [],
      relations.findCounts(db.write, [userId]),
      roles.findNames(db.write, [ticket]),
      standing.findTold(db.write, [userId]),
    ])
    if (!row) throw new Failure('NOT_LOGGED_IN')
    const addressOf = (kind: string) => own.find((address) => address.kind === kind)?.text
    const email = addressOf('email')
    const phone = addressOf('phone')
    const renameAt = findRenameAt(row.renamedAt, renameDays, nowMs)
    const ownParams = showParams(params, profileSchema, () => true)
    const { following = 0, fans = 0, mutual = 0, friends = 0, blocked = 0 } = counts.get(userId) ?? {}
    return {
      ...showOwn(row, dayOf(nowMs)),
      ...(ownParams && { params: ownParams }),
      ...(email !== undefined && { email }),
      ...(phone !== undefined && { phone }),
      roles: roleNames,
      withheld: withheld.get(userId) ?? [],
      counts: { following, fans, mutual, friends, blocked },
      ...(renameAt !== undefined && { renameAt: Math.ceil(renameAt / 1_000) }),
    }
  }

  /**
   * Names and members from a replica; whether the user is there for this viewer from the primary, so that a block or the end
   * of an account holds at once. A user who is not, and one who never was, take the same trips.
   */
  const getOther = async (userId: number, caller: TicketCaller): Promise<Person> => {
    await checkProfile(caller)
    const { app, ticket } = caller
    const nowMs = clock.now()
    const { appId, profileSchema } = app
    const reader = db.readFor(ticket.writtenUntil)
    const [row, params, active, between] = await Promise.all([
      findPerson(reader, userId),
      profileSchema.length > 0 ? findParams(reader, userId, appId) : [],
      findActive(db.write, [userId], nowMs),
      relations.findBetween(db.write, ticket.userId, [userId]),
    ])
    const tie = between.get(userId)
    if (!row || !active.has(userId) || !tie || tie.isBlockingMe) throw new Failure('USER_UNKNOWN')
    const seen = showParams(params, profileSchema, ({ audience }) => maySee(audience, tie.isFriend))
    return {
      ...showTo(row, tie.isFriend, dayOf(nowMs)),
      ...showBetween(tie),
      ...(seen && { params: seen }),
    }
  }

  return {
    getOwn,
    get: ({ userId }: GetInput, caller: TicketCaller): Promise<Person> =>
      userId === undefined || Number(userId) === caller.ticket.userId
        ? getOwn(caller)
        : getOther(Number(userId), caller),
  }
}

export type Get = ReturnType<typeof createGet>
