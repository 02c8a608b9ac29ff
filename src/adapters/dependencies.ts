import type { Db } from './db/index.ts'
import type { Random } from './random.ts'
import { findStoreProblem } from './store/check.ts'
import type { Store } from './store/index.ts'

/** Each dependency and what is wrong with it; empty: nothing. A replica is not required: the primary stands in. */
export const checkDependencies = async (db: Db, store: Store, random: Random) => {
  const [storeProblem, found] = await Promise.all([findStoreProblem(store, random), db.health()])
  const hosts = found.map(({ role, problem, isReadOnly }) => ({
    role,
    problem: problem === '' && role === 'write' && isReadOnly ? 'is read-only' : problem,
  }))
  return [
    ...hosts.map(({ role, problem }, at) => ({
      // No host names: any caller may ask.
      name: `database.${role}.${hosts.slice(0, at).filter((it) => it.role === role).length}`,
      problem,
      required:
        role === 'write' && hosts.filter((it) => it.role === 'write').every((it) => it.problem !== ''),
    })),
    { name: 'store', problem: storeProblem, required: true },
  ]
}
