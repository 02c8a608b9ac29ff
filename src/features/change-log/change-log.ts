/**
 * How a running server notices what other processes and the command line changed: an ordered log in the database that
 * each process reads on twice a second (one indexed look-up of the newest row, most of the time).
 *
 * A database that comes back from a backup, or a primary that lacks the last changes, continues the log from a lower
 * number. A process that has read further notices it by the counter, or by another row where its last one was, and
 * starts anew.
 */
import type { Clock } from '../../adapters/clock.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import type { IncrementSetting } from '../settings/api.ts'
import type { ChangeListener, RecordChange } from './api.ts'
import {
  type Change,
  counter,
  findChangedSubjects,
  findChanges,
  findLastVersion,
  insertChange,
} from './repo.ts'

export type ChangeLogNeeds = {
  db: Db
  clock: Clock
  increment: IncrementSetting
  /** How old a change may be that a process which was away has to catch up with. */
  lookBackMs: number
}

export const createChangeLog = ({ db, clock, increment, lookBackMs }: ChangeLogNeeds) => {
  let version = 0
  /** The change of that version, once it was seen. */
  let latest: string | undefined
  let listeners: readonly ChangeListener[] = []
  const textOf = ({ kind, subject, changedAt }: Change) => `${changedAt} ${kind} ${subject}`

  const findChanged = (executor: Executor, kind: ChangeListener['kind'], sinceMs: number) =>
    findChangedSubjects(executor, kind, sinceMs)

  /** From `last` on; a listener that fails leaves everything to the next poll. */
  const startAnew = async (last: number) => {
    await Promise.all(listeners.filter(({ missed }) => missed === 'any').map(({ apply }) => apply('')))
    for (const { kind, apply } of listeners.filter(({ missed }) => missed === 'each')) {
      const subjects = await findChanged(db.write, kind, clock.now() - lookBackMs)
      for (const subject of subjects) await apply(subject)
    }
    version = last
    latest = undefined
  }

  /** The counter's row is locked until the transaction ends, so versions are committed in their order. */
  const record: RecordChange = async (trx, kind, subject) =>
    insertChange(trx, { version: await increment(trx, counter), kind, subject, changedAt: clock.now() })

  const readOn = async () => {
    const { last, changes } = await findChanges(db.write, version)
    const known = changes[0]?.version === version ? changes.shift() : undefined
    const isOther = known && latest !== undefined && textOf(known) !== latest
    if (last < version || isOther) return startAnew(last)
    if (known) latest = textOf(known)
    const applied = new Map<ChangeListener, Set<string>>()
    for (const change of changes) {
      for (const listener of listeners.filter(({ kind }) => kind === change.kind)) {
        const subjects = applied.get(listener) ?? new Set()
        const subject = listener.isWhole ? '' : change.subject
        if (!subjects.has(subject)) await listener.apply(change.subject)
        applied.set(listener, subjects.add(subject))
      }
      version = change.version
      latest = textOf(change)
    }
  }

  let running = Promise.resolve()
  let waiting: Promise<void> | undefined
  /**
   * Applies what is new; a listener that fails is asked again at the next poll. One poll runs at a time, and all who ask
   * meanwhile share the next one, which sees what was committed before they asked.
   */
  const poll = (): Promise<void> => {
    const start = () => {
      waiting = undefined
      return readOn()
    }
    if (!waiting) {
      waiting = running.then(start, start)
      running = waiting
    }
    return waiting
  }

  return {
    record,
    findChanged,
    /** Loads everything, and catches up with what was changed lately; from here on only later changes are applied. */
    start: async (rows: readonly ChangeListener[]) => {
      listeners = rows
      // The log's version first: what is changed while the rest loads is then noticed by the first poll.
      await startAnew(await findLastVersion(db.write))
    },
    poll,
  }
}
