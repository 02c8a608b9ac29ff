/** `torii doctor`: what is wrong, and what to do about it. */
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import type { Config } from '../../src/config/index.ts'
import { type Context, describe, isEmbeddedDatabase, placeOf } from '../console/context.ts'
import { explain } from '../console/explain.ts'
import { alignRows } from '../console/text.ts'
import { broken, type Finding, ok, warning } from '../doctor/finding.ts'
import type { Pins } from '../doctor/server-key.ts'

/** A check that fails unexpectedly is a finding too, and the others go on. */
const attempt = async (subject: string, check: () => Finding[] | Promise<Finding[]>): Promise<Finding[]> => {
  try {
    return await check()
  } catch (error) {
    return [broken(subject, explain(error), 'mend this first, then ask again')]
  }
}

const checkDatabase = async (config: Config): Promise<{ findings: Finding[]; pins: Pins | undefined }> => {
  if (isEmbeddedDatabase(config) && !existsSync(config.database.file)) {
    const advice = 'the server makes it at its first start; if one runs, it runs with another configuration'
    return { findings: [warning('database', `none at ${config.database.file}`, advice)], pins: undefined }
  }
  const { openDb } = await import('../../src/adapters/db/open.ts')
  const { checkHosts, checkMigrations } = await import('../doctor/database.ts')
  const { checkIssuer } = await import('../doctor/settings.ts')
  const { checkWebhooks } = await import('../doctor/webhooks.ts')
  const { checkDatabaseWrites, checkKeyRings, readPins } = await import('../doctor/server-key.ts')
  const db = await openDb({ config: config.database })
  let pins: Pins | undefined
  try {
    const hosts = await db.health()
    const findings = checkHosts(hosts, config.database)
    const isAway = hosts.every(({ role, problem }) => role === 'read' || problem !== '')
    if (isAway) return { findings, pins }
    const migrations = await attempt('migrations', async () => [await checkMigrations(config.database)])
    // Before its first migrations a database is bound to nothing, and has no table that could tell.
    pins = await readPins(db, config).catch(() => undefined)
    const writes = pins ? await attempt('database writes', () => checkDatabaseWrites(db)) : []
    const rings = pins ? await checkKeyRings(db, config) : []
    const issuer = pins ? await attempt('JWTs', () => checkIssuer(db, config)) : []
    const webhooks = pins ? await attempt('webhooks', () => checkWebhooks(db, config)) : []
    return { findings: [...findings, ...migrations, ...writes, ...rings, ...issuer, ...webhooks], pins }
  } finally {
    await db.close()
  }
}

type Options = { production?: boolean }

const examine = async (context: Context, { production = false }: Options): Promise<Finding[]> => {
  const config = await context.readConfig({ production })
  const { checkMessages } = await import('../doctor/messages.ts')
  const { checkProviders } = await import('../doctor/providers.ts')
  const { checkStore } = await import('../doctor/store.ts')
  const { checkOtherPins, checkServerKey } = await import('../doctor/server-key.ts')
  const { checkProxies, checkSettings, checkTls } = await import('../doctor/settings.ts')
  let pins: Pins | undefined
  const database = await attempt('database', async () => {
    const result = await checkDatabase(config)
    pins = result.pins
    return [...result.findings, ...(pins ? checkOtherPins(pins) : [])]
  })
  return [
    ok('configuration', `${context.describeConfig()}; database ${placeOf(config)}`),
    ...database,
    ...(await attempt('store', () => checkStore(config.store))),
    ...(await attempt('mail and SMS', () => checkMessages(config))),
    ...(await attempt('providers', () => checkProviders(config))),
    ...(await attempt('server key', () => checkServerKey(config, pins))),
    ...(await attempt('proxies', () => [checkProxies(config)])),
    ...(await attempt('certificate', () => checkTls(config))),
    ...(await attempt('settings', () =>
      checkSettings(config, { environment: context.environment, production }),
    )),
  ]
}

const summarise = (findings: readonly Finding[]) => {
  const count = (state: Finding['state']) => findings.filter((it) => it.state === state).length
  const [faults, warnings] = [count('broken'), count('warning')]
  const state = faults > 0 ? 'broken' : warnings > 0 ? 'warning' : 'ok'
  return { state, line: state === 'ok' ? 'all ok' : `${faults} broken, ${warnings} to look at` }
}

const run = async (context: Context, options: Options) => {
  const findings = await attempt('configuration', () => examine(context, options))
  const { state, line } = summarise(findings)
  const rows = findings.map(({ state, subject, found, advice }) => [
    state,
    subject,
    advice ? `${found}: ${advice}` : found,
  ])
  context.print({ state, checks: findings }, [...alignRows(rows), line])
  if (state === 'broken') context.reportFaults()
}

export const register = (program: Command, context: Context) => {
  describe(
    program.command('doctor'),
    'Looks for faults and says what to do about them',
    'torii doctor',
    'torii doctor --production',
    'torii doctor --json | jq .state',
  )
    .description(
      'Looks at the database and its replicas, the store, the clocks, mail and SMS, login providers, webhooks, the server key and the settings. ' +
        'Each is ok, a warning or broken, with what to do; ends with 1 when something is broken.',
    )
    .option(
      '--production',
      'judge the settings as NODE_ENV=production does, and list what a trial has to change',
    )
    .action((options: Options) => run(context, options))
}
