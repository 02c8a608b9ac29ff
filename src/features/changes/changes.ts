import type { Clock } from '../../adapters/clock.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import {
  type Change,
  findAccountChangesSince,
  findChanges,
  findLastVersion,
  insertChange,
  removeOldChanges,
} from './repo.ts'

/** What an administrator can change: each kind has a listener that drops what it made of the old value. */
export type ChangeKind = 'apps' | 'bans' | 'account' | 'device'
/** Part of the transaction of the change itself. */
export type RecordChange = (trx: Executor, kind: ChangeKind, subject: string) => Promise<void>

/**
 * How a running server notices what the command line changed: an ordered log in the database, read on by each
 * process twice a second (one indexed look-up of nothing, most of the time).
 */
export const createChanges = ({ db, clock }: { db: Db; clock: Clock }) => {
  let version = 0
  const listeners: Record<ChangeKind, (subject: string) => Promise<void>> = {
    apps: async () => {},
    bans: async () => {},
    account: async () => {},
    device: async () => {},
  }
  const apply = async ({ kind, subject }: Change) => listeners[kind as ChangeKind]?.(subject)

  return {
    record: (async (trx, kind, subject) =>
      insertChange(trx, kind, subject, clock.now())) satisfies RecordChange,
    listen: (kind: ChangeKind, listener: (subject: string) => Promise<void>) => {
      listeners[kind] = listener
    },
    /**
     * Applies what was changed to accounts since a moment (ms), in case no process ran then; from here on only
     * later changes are applied.
     */
    start: async (sinceMs: number) => {
      version = await findLastVersion(db.write)
      for (const change of await findAccountChangesSince(db.write, sinceMs)) await apply(change)
    },
    /** Applies what is new; a listener that fails is asked again at the next poll. */
    poll: async () => {
      const applied = new Set<string>()
      for (const change of await findChanges(db.write, version)) {
        // Apps and bans are read as a whole: once is enough for all their changes.
        const isOne = change.kind === 'account' || change.kind === 'device'
        const what = isOne ? `${change.kind} ${change.subject}` : change.kind
        if (!applied.has(what)) await apply(change)
        applied.add(what)
        version = change.version
      }
    },
    removeOld: (beforeMs: number) => removeOldChanges(db.write, beforeMs),
  }
}
