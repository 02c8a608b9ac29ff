import type { Clock } from '../../adapters/clock.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import { type Change, findChangedAccounts, findChanges, findLastVersion, insertChange } from './repo.ts'

/** What an administrator can change: each kind has a listener that drops what it made of the old value. */
export type ChangeKind = 'apps' | 'bans' | 'account' | 'device'
/** Part of the transaction of the change itself. */
export type RecordChange = (trx: Executor, kind: ChangeKind, subject: string) => Promise<void>

/** Hears what was changed; without a subject: nobody knows which of them, so any. */
type Listener = (subject: string) => Promise<void>

/**
 * How a running server notices what the command line changed: an ordered log in the database, read on by each
 * process twice a second (one indexed look-up of the newest row, most of the time).
 *
 * A database that comes back from a backup, or a primary that lacks the last changes, continues the log from a lower
 * number. Whoever has read further then starts anew: by the counter, or by another row where the last one was.
 */
export const createChangeLog = ({ db, clock }: { db: Db; clock: Clock }) => {
  let version = 0
  /** The change of that version, once it was seen. */
  let latest: string | undefined
  let lookBackMs = 0
  const listeners: Record<ChangeKind, Listener> = {
    apps: async () => {},
    bans: async () => {},
    account: async () => {},
    device: async () => {},
  }
  const apply = async ({ kind, subject }: Change) => listeners[kind as ChangeKind]?.(subject)
  const textOf = ({ kind, subject, changedAt }: Change) => `${changedAt} ${kind} ${subject}`

  /** From `last` on; a listener that fails leaves everything to the next poll. */
  const startAnew = async (last: number) => {
    await Promise.all([listeners.apps(''), listeners.bans(''), listeners.device('')])
    const changed = await findChangedAccounts(db.write, clock.now() - lookBackMs)
    for (const userId of changed) await listeners.account(String(userId))
    version = last
    latest = undefined
  }

  return {
    record: (async (trx, kind, subject) =>
      insertChange(trx, kind, subject, clock.now())) satisfies RecordChange,
    listen: (kind: ChangeKind, listener: Listener) => {
      listeners[kind] = listener
    },
    /**
     * Loads everything, and applies what was changed to accounts for so long (ms), in case no process ran then; from
     * here on only later changes are applied.
     */
    start: async (sinceMs: number) => {
      lookBackMs = sinceMs
      // The log's version first: what is changed while the rest loads is then noticed by the first poll.
      await startAnew(await findLastVersion(db.write))
    },
    /** Applies what is new; a listener that fails is asked again at the next poll. */
    poll: async () => {
      const { last, changes } = await findChanges(db.write, version)
      const known = changes[0]?.version === version ? changes.shift() : undefined
      const isOther = known && latest !== undefined && textOf(known) !== latest
      if (last < version || isOther) return startAnew(last)
      if (known) latest = textOf(known)
      const applied = new Set<string>()
      for (const change of changes) {
        // Apps and bans are read as a whole: once is enough for all their changes.
        const isOne = change.kind === 'account' || change.kind === 'device'
        const what = isOne ? `${change.kind} ${change.subject}` : change.kind
        if (!applied.has(what)) await apply(change)
        applied.add(what)
        version = change.version
        latest = textOf(change)
      }
    },
  }
}
