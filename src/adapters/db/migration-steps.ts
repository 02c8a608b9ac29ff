import { readdir, readFile } from 'node:fs/promises'
import type { DatabaseConfig } from '../../config.ts'
import type { Clock } from '../clock.ts'
import type { MigrationRow } from './tables.ts'

export type Step = { name: string; sql: string }

/** What happened to a step just now. A test ends the process here. */
export type StepHook = (name: string, moment: 'started' | 'run' | 'done') => void | Promise<void>

/** One engine: how steps are recorded and run. */
export type Migrations = {
  /** Empty when nothing was ever run. Writes nothing. */
  records(): Promise<MigrationRow[]>
  /** Waits until no other process migrates this database, and prepares the table of records. */
  lock(): Promise<void>
  /** False if it was done already. Fails when the step does. */
  run(step: Step): Promise<boolean>
  close(): Promise<void>
}

export type MigrationNeeds = { config: DatabaseConfig; clock: Clock; lockTimeoutMs: number; onStep: StepHook }

/** `loginFailures` -> `login_failures`, as the placeholders are written. */
export const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The steps in order, with the configured names of the tables for their placeholders. */
export async function readSteps(engine: 'mysql' | 'sqlite', config: DatabaseConfig): Promise<Step[]> {
  const tables = new Map(Object.entries(config.tables).map(([key, name]) => [snakeCase(key), name]))
  const folder = new URL(`migrations/${engine}/`, import.meta.resolve('#root/package.json'))
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort()
  return Promise.all(
    files.map(async (file) => {
      const text = await readFile(new URL(file, folder), 'utf8')
      const sql = text.replace(/\{(\w+)\}/g, (placeholder, key) => {
        const name = tables.get(key)
        if (name === undefined) throw new Error(`${file}: there is no table for ${placeholder}`)
        return name
      })
      return { name: file.slice(0, -'.sql'.length), sql: sql.trim() }
    }),
  )
}

export const stepFailed = (step: Step, cause: unknown) => {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new Error(`migration ${step.name} failed: ${reason}`, { cause })
}
