/** `torii migrate`: the tables of the database. */
import type { Command } from 'commander'
import { type Context, describe, placeOf } from '../console/context.ts'
import { alignRows, isoTime } from '../console/text.ts'

const openMigrator = async ({ readConfig }: Context) => {
  const config = await readConfig()
  const { createMigrator } = await import('../../src/adapters/db/migrate.ts')
  return { migrator: createMigrator({ config: config.database }), place: placeOf(config) }
}

const toTime = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

const showStatus = async (context: Context) => {
  const { migrator, place } = await openMigrator(context)
  const steps = await migrator.status()
  const count = (...states: string[]) => steps.filter(({ state }) => states.includes(state)).length
  const [pending, unknown] = [count('pending', 'started'), count('unknown')]
  const remarks = [
    ...(pending > 0 ? [`${place} lacks ${pending} of them: run "torii migrate up"`] : []),
    ...(unknown > 0
      ? [`${place} has ${unknown} that this version does not know: it was used by a newer one`]
      : []),
  ]
  context.print(
    steps.map((step) => ({ ...step, startedAt: toTime(step.startedAt), doneAt: toTime(step.doneAt) })),
    [
      ...alignRows([
        ['migration', 'state', 'done'],
        ...steps.map(({ name, state, doneAt }) => [name, state, doneAt === null ? '-' : isoTime(doneAt)]),
      ]),
      ...(remarks.length > 0 ? remarks : [`${place} has all of them`]),
    ],
  )
}

const runUp = async (context: Context) => {
  const { migrator, place } = await openMigrator(context)
  const names = (await migrator.up()).map(({ name }) => name)
  context.print({ ran: names }, [
    ...names,
    names.length > 0 ? `${place} has them now` : `${place} lacks nothing`,
  ])
}

const showPending = async (context: Context) => {
  const { migrator, place } = await openMigrator(context)
  const steps = await migrator.up({ dryRun: true })
  // Comments and statements, so that it can be read by a person and fed to a client of the database.
  const lines = steps.flatMap(({ name, sql }) => [`-- ${name}`, `${sql};`])
  context.print({ pending: steps }, steps.length > 0 ? lines : [`-- ${place} lacks nothing`])
}

export const register = (program: Command, context: Context) => {
  const migrate = program
    .command('migrate')
    .option('--dry-run', 'show the statements that "up" would run, and run nothing')
    .allowExcessArguments()
    .action((options: { dryRun?: boolean }) => {
      const [unknown] = migrate.args
      if (unknown !== undefined) migrate.error(`unknown command '${unknown}'`)
      return options.dryRun ? showPending(context) : migrate.help({ error: true })
    })
  describe(migrate, 'The tables of the database', 'torii migrate --dry-run')
  describe(
    migrate.command('status'),
    'Shows which migrations the database has',
    'torii migrate status',
  ).action(() => showStatus(context))
  describe(
    migrate.command('up'),
    'Makes the tables, or brings them to this version',
    'torii migrate up',
    'torii migrate up --dry-run',
  )
    .description(
      'Makes the tables, or brings them to this version: forward only, and again where it was interrupted. ' +
        'Makes the embedded database if there is none.',
    )
    .action((_options, command: Command) =>
      command.optsWithGlobals<{ dryRun?: boolean }>().dryRun ? showPending(context) : runUp(context),
    )
}
