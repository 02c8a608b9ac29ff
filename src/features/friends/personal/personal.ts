/** What the tables of friends hold of a user: for the export, and for the end of the account. */
import type { Db } from '../../../adapters/db/index.ts'
import { namesOf } from '../../../protocol/permissions.ts'
import type { Personal } from '../../feature.ts'
import { beginning, findListed, type Position } from '../lists/repo.ts'
import { findCountsRows } from '../repo.ts'
import { createErase } from './erase.ts'
import {
  collectAnswers,
  collectReceived,
  collectRelations,
  collectSent,
  collectSettings,
  deleteAnswersOf,
  deleteAnswersTo,
  deleteBlocksOf,
  deleteCounts,
  deleteReceived,
  deleteSent,
  deleteSettings,
} from './repo.ts'

const pageRows = 1_000

type Collect = Personal['collect']

/** Pages by the number of the other user. */
const byNumber =
  <Row>(
    collect: (db: Parameters<Collect>[0], userId: number, after: number, most: number) => Promise<Row[]>,
    { idOf, show }: { idOf(row: Row): number; show(row: Row): unknown },
  ): Collect =>
  async (db, userId, after = '0') => {
    const found = await collect(db, userId, Number(after), pageRows)
    const last = found.at(-1)
    return {
      rows: found.map(show),
      ...(last && found.length === pageRows && { next: String(idOf(last)) }),
    }
  }

/** Pages of a list, by its index. */
const byList =
  (list: 'fans' | 'blocked', show: (row: Position) => unknown): Collect =>
  async (db, userId, after) => {
    const [at, id] = (after ?? '').split(' ').map(Number)
    const behind = at !== undefined && id !== undefined ? { at, id } : beginning
    const found = await findListed(db, list, userId, behind, pageRows)
    const last = found.at(-1)
    return {
      rows: found.map(show),
      ...(last && found.length === pageRows && { next: `${last.at} ${last.id}` }),
    }
  }

/** One behind the other, as pages of one table. */
const inTurn =
  (first: Collect, second: Collect): Collect =>
  async (db, userId, after = '1') => {
    const [turn, ...rest] = after.split(' ')
    const position = rest.length > 0 ? rest.join(' ') : undefined
    const { rows, next } = await (turn === '1' ? first : second)(db, userId, position)
    if (next !== undefined) return { rows, next: `${turn} ${next}` }
    return turn === '1' ? { rows, next: '2' } : { rows }
  }

/** To its sender an ignored request looks like one that waits. */
const shownState = (state: string) => (state === 'ignored' ? 'open' : state)

export const createPersonal = ({ db }: { db: Db }): readonly Personal[] => {
  const { eraseRelations, eraseBlocksOn } = createErase({ db })
  const held = byNumber(collectRelations, {
    idOf: ({ otherId }) => otherId,
    show: ({ permissions, ...row }) => ({
      ...row,
      granted: permissions === null ? null : namesOf(permissions),
    }),
  })
  const fans = byList('fans', ({ id, at }) => ({ fanId: id, followedAt: at }))
  const sent = byNumber(collectSent, {
    idOf: ({ toId }) => toId,
    show: (row) => ({ ...row, state: shownState(row.state) }),
  })
  const received = byNumber(collectReceived, { idOf: ({ fromId }) => fromId, show: (row) => row })
  const either =
    (first: Erase, second: Erase): Erase =>
    async (executor, userId, most) =>
      (await first(executor, userId, most)) || second(executor, userId, most)
  return [
    {
      name: 'relations',
      collect: inTurn(held, fans),
      removeSome: (_db, userId, most) => eraseRelations(userId, most),
    },
    {
      name: 'blocks',
      collect: byList('blocked', ({ id, at }) => ({ otherId: id, blockedAt: at })),
      removeSome: either(deleteBlocksOf, (_db, userId, most) => eraseBlocksOn(userId, most)),
    },
    {
      name: 'friendRequests',
      collect: inTurn(sent, received),
      removeSome: either(deleteSent, deleteReceived),
    },
    {
      name: 'friendAnswers',
      collect: byNumber(collectAnswers, { idOf: ({ toId }) => toId, show: (row) => row }),
      removeSome: either(deleteAnswersOf, deleteAnswersTo),
    },
    {
      name: 'friendSettings',
      collect: async (executor, userId) => ({ rows: await collectSettings(executor, userId) }),
      removeSome: deleteSettings,
    },
    {
      name: 'friendCounts',
      collect: async (executor, userId) => ({
        rows: (await findCountsRows(executor, [userId])).map(({ userId: _own, ...counts }) => counts),
      }),
      removeSome: deleteCounts,
    },
  ]
}

type Erase = NonNullable<Personal['removeSome']>
