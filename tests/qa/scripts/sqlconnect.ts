import { existsSync } from 'node:fs'
import { sql } from 'kysely'
import { openDb } from '../../../src/adapters/db/open.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { fail, printStep } from '../core.ts'

export const help = 'connects the databases of this configuration, and prints their versions'
export const needs = [] as const

export const run = async () => {
  const { database } = loadConfig()
  // Opening it would make an empty one.
  if (database.write.length === 0 && !existsSync(database.file)) fail(`${database.file}: no database there`)
  const db = await openDb({ config: database })
  try {
    const hosts = await db.health()
    for (const { role, host, version, problem } of hosts) printStep(role, `${host} ${problem || version}`)
    const broken = hosts.find(({ problem }) => problem !== '')
    if (broken) fail(`${broken.role} host ${broken.host}: ${broken.problem}`)
    const version =
      db.engine === 'mysql' ? sql`SELECT VERSION() AS version` : sql`SELECT sqlite_version() AS version`
    for (const pool of ['write', 'read'] as const) {
      const { rows } = await version.execute(db[pool])
      printStep(pool, `the pool answers: ${(rows[0] as { version: string }).version}`)
    }
  } finally {
    await db.close()
  }
}
