import { readdir, readFile } from 'node:fs/promises'
import type { DatabaseConfig } from '../../config/index.ts'
import type { Clock } from '../clock.ts'
import type { MigrationRow } from './tables.ts'

/** One statement of a migration file, named after both: `0002_devices.3` is the third of `0002_devices.sql`. */
export type Step = { name: string; sql: string }

/** Called at each moment of a step. A test kills the process there. */
export type StepHook = (name: string, moment: 'started' | 'run' | 'done') => void | Promise<void>

/** One engine: how steps are recorded and run. */
export type Migrations = {
  /** What has run; empty before the first run. Writes nothing. */
  records(): Promise<MigrationRow[]>
  /** Waits until no other process migrates this database, and creates the table of records. */
  lock(): Promise<void>
  /** Returns false if another process ran the step first. Throws when the statement fails. */
  run(step: Step): Promise<boolean>
  close(): Promise<void>
}

export type MigrationNeeds = { config: DatabaseConfig; clock: Clock; lockTimeoutMs: number; onStep: StepHook }

/** `loginFailures` becomes `login_failures`, as placeholders are written. */
export const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The steps in order. `{login_failures}` in a file becomes the configured name of that table. */
export async function readSteps(engine: 'mysql' | 'sqlite', config: DatabaseConfig): Promise<Step[]> {
  const tables = new Map(Object.entries(config.tables).map(([key, name]) => [snakeCase(key), name]))
  const folder = new URL(`migrations/${engine}/`, import.meta.resolve('#root/package.json'))
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort()
  const steps = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(new URL(file, folder), 'utf8')
      const sql = text.replace(/\{(\w+)\}/g, (placeholder, key) => {
        const name = tables.get(key)
        if (name === undefined) throw new Error(`${file}: there is no table for ${placeholder}`)
        return name
      })
      const name = file.slice(0, -'.sql'.length)
      return splitStatements(sql).map((sql, index) => ({ name: `${name}.${index + 1}`, sql }))
    }),
  )
  return steps.flat()
}

/** A statement ends with a semicolon at the end of a line. */
const splitStatements = (sql: string) =>
  sql
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')

export const stepFailed = (step: Step, cause: unknown) => {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new Error(`migration ${step.name} failed: ${reason}`, { cause })
}
