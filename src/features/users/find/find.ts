/**
 * Finding users. A search for one reads the primary, since it decides what the caller may know; a page of nicknames comes
 * from a replica. Either way the primary then says who is there for this caller, in the same trips for a user who is not
 * and one who never was.
 */
import type { Clock } from '../../../adapters/clock.ts'
import type { Cursors } from '../../../adapters/cursors.ts'
import type { Db } from '../../../adapters/db/index.ts'
import type { TicketCaller } from '../../../http/caller.ts'
import { Failure } from '../../../protocol/errors.ts'
import type { JsonValue } from '../../../protocol/json.ts'
import { usuallyListed } from '../../../protocol/lists.ts'
import { canonicalName } from '../../../protocol/user-name.ts'
import type { Addresses, AddressKind } from '../../addresses/api.ts'
import type { Relations } from '../../friends/api.ts'
import type { Standing } from '../../standing/api.ts'
import { endOfPrefix, foldNick } from '../nick-key.ts'
import { showBetween } from '../profile/between.ts'
import { dayOf } from '../profile/birthday.ts'
import type { PersonRow } from '../profile/repo.ts'
import { showTo } from '../profile/show.ts'
import type { FindInput, FindReply, FindWay, Person } from '../wire.ts'
import type { FindLimits } from './limits.ts'
import { maskAddress } from './mask.ts'
import {
  type FoundRow,
  findActive,
  findByEmail,
  findByName,
  findByNick,
  findByNumber,
  findByPhone,
  type NickRow,
} from './repo.ts'

export type FindNeeds = {
  db: Db
  clock: Clock
  cursors: Cursors
  addresses: Pick<Addresses, 'parse'>
  relations: Pick<Relations, 'findBetween'>
  standing: Standing
  checkFind: FindLimits['checkFind']
}

/** Code points of the beginning of a nickname. */
const fewestTyped = 2
const noUser = 0

const refuse = (info: string): never => {
  throw new Failure('PARAMETER_INVALID', { info })
}

const keyOf = ({ nickKey }: NickRow) => nickKey ?? Buffer.alloc(0)

const inOrder = (rows: NickRow[]) =>
  rows.sort((a, b) => Buffer.compare(keyOf(a), keyOf(b)) || a.userId - b.userId)

export const createFind = (needs: FindNeeds) => {
  const { db, clock, cursors, addresses, relations, standing, checkFind } = needs

  /** Those of the rows that are there for the viewer, as they are shown to them. */
  const showAll = async <Row extends PersonRow>(
    rows: readonly Row[],
    viewerId: number,
    more: (row: Row) => Partial<Person> = () => ({}),
  ): Promise<Person[]> => {
    const nowMs = clock.now()
    const ids = rows.length > 0 ? rows.map(({ userId }) => userId) : [noUser]
    const [active, between] = await Promise.all([
      findActive(db.write, ids, nowMs),
      relations.findBetween(db.write, viewerId, ids),
    ])
    return rows.flatMap((row) => {
      const tie = between.get(row.userId)
      if (!tie || tie.isBlockingMe || !active.has(row.userId)) return []
      return [{ ...showTo(row, tie.isFriend, dayOf(nowMs)), ...showBetween(tie), ...more(row) }]
    })
  }

  const findOfAddress = async (kind: AddressKind, text: string): Promise<FoundRow[]> => {
    const { key } = await addresses.parse(text, kind)
    return kind === 'email' ? findByEmail(db.write, key) : findByPhone(db.write, key)
  }

  const ways: Record<Exclude<FindWay, 'nickName'>, (text: string) => Promise<FoundRow[]>> = {
    number: async (text) =>
      findByNumber(
        db.write,
        /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : refuse('text: not a user number'),
      ),
    userName: (text) => findByName(db.write, Buffer.from(`name:${canonicalName(text)}`)),
    email: (text) => findOfAddress('email', text),
    phone: (text) => findOfAddress('phone', text),
  }

  const findOne = async (
    by: Exclude<FindWay, 'nickName'>,
    text: string,
    viewerId: number,
  ): Promise<FindReply> => {
    const rows = await ways[by](text)
    const users = await showAll(rows, viewerId, ({ address }) =>
      address !== null && (by === 'email' || by === 'phone') ? { [by]: maskAddress(by, address) } : {},
    )
    return { users }
  }

  /** Where the page begins: after the last row of the page before, else at the prefix. */
  const startOf = (position: JsonValue | undefined, prefix: Buffer) => {
    const [key, afterId] = Array.isArray(position) ? position : []
    return typeof key === 'string' && typeof afterId === 'number'
      ? { fromKey: Buffer.from(key), afterId }
      : { fromKey: prefix, afterId: 0 }
  }

  const findPage = async ({ text, cursor, limit = usuallyListed }: FindInput, { ticket }: TicketCaller) => {
    const folded = foldNick(text)
    if (Array.from(folded).length < fewestTyped) refuse('text: at least 2 characters of a nickname')
    const prefix = Buffer.from(folded)
    const place = `find ${folded}`
    const start = startOf(cursors.read(place, ticket.userId, cursor), prefix)
    const range = { ...start, endKey: endOfPrefix(prefix), most: limit + 1 }
    const rows = inOrder(await findByNick(db.readFor(ticket.writtenUntil), range)).slice(0, range.most)
    const page = rows.slice(0, limit)
    const last = rows.length > limit ? page.at(-1) : undefined
    return {
      users: await showAll(page, ticket.userId),
      ...(last && {
        // As text: in hex the longest keys would make a cursor that is too long to come back.
        cursor: cursors.write(place, ticket.userId, [(last.nickKey ?? prefix).toString(), last.userId]),
      }),
    }
  }

  return async function find(input: FindInput, caller: TicketCaller): Promise<FindReply> {
    const { by, text } = input
    await checkFind(by, caller)
    await standing.check(db.write, caller.ticket.userId, 'search')
    return by === 'nickName' ? findPage(input, caller) : findOne(by, text, caller.ticket.userId)
  }
}
