/** `torii reset`: a trial as on its first day. */
import { rmSync } from 'node:fs'
import type { Command } from 'commander'
import { isEmbedded, isTrial } from '../../src/config/index.ts'
import { type Context, describe } from '../console/context.ts'
import { Refusal } from '../console/refusal.ts'

const reset = async (
  { readConfig, checkFile, confirm, print }: Context,
  { yes = false }: { yes?: boolean },
) => {
  const config = await readConfig()
  const { file } = config.database
  if (!isEmbedded(config) || !isTrial(config))
    throw new Refusal('only a trial is reset: this configuration names a database or a store of its own')
  checkFile(config)
  const { ownSqlite } = await import('../../src/adapters/db/sqlite-owner.ts')
  const owned = await ownSqlite(file)
  try {
    await confirm(`Remove ${file} with all apps, users and logins?`, yes)
    for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true })
  } finally {
    await owned.close()
  }
  print({ removed: file }, [
    `${file} is removed. The next start makes a new one, with a new demo app; the server key stays.`,
  ])
}

export const register = (program: Command, context: Context) => {
  describe(
    program.command('reset'),
    'Removes the database of a trial',
    'torii reset',
    'torii reset --yes && npm start',
  )
    .description(
      'Removes the embedded database of a trial, with all apps, users and logins. Stop the server first.',
    )
    .option('--yes', 'do not ask')
    .action((options: { yes?: boolean }) => reset(context, options))
}
