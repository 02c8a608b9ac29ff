/** What a backend is told of users beyond their tickets, where it asks for that. */
import type { Db } from '../../adapters/db/index.ts'
import type { CallerTicket } from '../../http/caller.ts'
import type { Roles } from '../roles/api.ts'
import type { Standing, WithheldTold } from '../standing/api.ts'
import type { Wanted } from './wire.ts'

export type Told = { roles?: string[]; withheld?: WithheldTold[] }

export type ToldNeeds = { db: Db; roles: Pick<Roles, 'findNames'>; standing: Pick<Standing, 'findTold'> }

export const createFindTold =
  ({ db, roles, standing }: ToldNeeds) =>
  /** One trip for each that is wanted, to the primary: a backend decides by it. */
  async (tickets: readonly CallerTicket[], wants: readonly Wanted[]): Promise<Map<CallerTicket, Told>> => {
    const userIds = [...new Set(tickets.map(({ userId }) => userId))]
    const [names, withheld] = await Promise.all([
      wants.includes('roles') ? roles.findNames(db.write, tickets) : undefined,
      wants.includes('withheld') ? standing.findTold(db.write, userIds) : undefined,
    ])
    return new Map(
      tickets.map((ticket, place) => [
        ticket,
        {
          ...(names && { roles: names[place] ?? [] }),
          ...(withheld && { withheld: withheld.get(ticket.userId) ?? [] }),
        },
      ]),
    )
  }

export type FindTold = ReturnType<typeof createFindTold>
