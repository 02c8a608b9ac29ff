import type { DatabaseConfig } from '../../config/index.ts'
import { type Clock, systemClock } from '../clock.ts'
import { StartError } from '../start-error.ts'
import {
  type MigrationNeeds,
  type Migrations,
  readSteps,
  type Step,
  type StepHook,
} from './migration-steps.ts'

export type StepStatus = {
  name: string
  /** `unknown`: the database has run it, and this version of the program does not know it. */
  state: 'pending' | 'started' | 'done' | 'unknown'
  startedAt: number | null
  doneAt: number | null
}

/**
 * Brings a database to the tables of this version, forward only. Each statement is a step with a record of its
 * own, so a run that was killed goes on where it stopped. Of two runs at once, one waits for the other.
 */
export function createMigrator(needs: {
  config: DatabaseConfig
  clock?: Clock
  lockTimeoutMs?: number
  onStep?: StepHook
}) {
  const { config, clock = systemClock, lockTimeoutMs = 60_000, onStep = () => {} } = needs
  const engine = config.write.length > 0 ? 'mysql' : 'sqlite'

  async function use<T>(work: (migrations: Migrations) => Promise<T>): Promise<T> {
    const migrations = await openMigrations(engine, { config, clock, lockTimeoutMs, onStep })
    try {
      return await work(migrations)
    } finally {
      await migrations.close()
    }
  }

  async function findPending(migrations: Migrations): Promise<Step[]> {
    const [steps, records] = await Promise.all([readSteps(engine, config), migrations.records()])
    const done = new Set(records.filter((record) => record.doneAt !== null).map((record) => record.name))
    return steps.filter((step) => !done.has(step.name))
  }

  return {
    /** Every step, in order. */
    status: () =>
      use(async (migrations): Promise<StepStatus[]> => {
        const records = new Map((await migrations.records()).map((record) => [record.name, record]))
        const names = (await readSteps(engine, config)).map((step) => step.name)
        const status = names.map((name): StepStatus => {
          const { startedAt = null, doneAt = null } = records.get(name) ?? {}
          const state = doneAt !== null ? 'done' : startedAt !== null ? 'started' : 'pending'
          return { name, state, startedAt, doneAt }
        })
        const unknown = [...records.values()].filter((record) => !names.includes(record.name))
        return [...status, ...unknown.map((record) => ({ ...record, state: 'unknown' as const }))]
      }),

    /** The names of the steps that this database lacks. */
    pending: async () => (await use(findPending)).map((step) => step.name),

    /** Runs what is pending and returns it; `dryRun` only returns it. */
    up: ({ dryRun = false } = {}) =>
      use(async (migrations): Promise<Step[]> => {
        if (dryRun) return findPending(migrations)
        await migrations.lock()
        const ran: Step[] = []
        for (const step of await findPending(migrations)) if (await migrations.run(step)) ran.push(step)
        return ran
      }),
  }
}

async function openMigrations(engine: 'mysql' | 'sqlite', needs: MigrationNeeds): Promise<Migrations> {
  if (engine === 'mysql') return (await import('./migrate-mysql.ts')).openMysqlMigrations(needs)
  return (await import('./migrate-sqlite.ts')).openSqliteMigrations(needs)
}

const newer = (names: readonly string[]) =>
  `database (TORII__DATABASE__…): a newer version of Torii has migrated it (${names[0]}); run that version, or restore a backup`

/** Migrates the embedded database and returns warnings. Throws StartError when a MySQL database has pending steps. */
export async function ensureMigrated(needs: { config: DatabaseConfig; clock?: Clock }): Promise<string[]> {
  const migrator = createMigrator(needs)
  if (needs.config.write.length === 0) await migrator.up()
  const steps = await migrator.status()
  const namesOf = (wanted: (state: StepStatus['state']) => boolean) =>
    steps.filter(({ state }) => wanted(state)).map(({ name }) => name)
  const pending = namesOf((state) => state === 'pending' || state === 'started')
  if (pending.length > 0)
    throw new StartError(`database: ${pending.length} migrations are pending; run "torii migrate up"`)
  const unknown = namesOf((state) => state === 'unknown')
  return unknown.length > 0 ? [newer(unknown)] : []
}
