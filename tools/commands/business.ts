/** `torii business`: named services of yours that accept pSKeys. */
import type { Command } from 'commander'
import type { Business } from '../../src/features/businesses/api.ts'
import { Failure } from '../../src/protocol/errors.ts'
import { type Admin, type Context, describe } from '../console/context.ts'
import { Refusal } from '../console/refusal.ts'
import { alignFields, alignRows } from '../console/text.ts'
import { readAppIds, readBusiness, readDuration, readRoutes } from '../console/values.ts'

type Options = { apps?: string[]; idle?: number; routes?: string[] }

const noticed = 'Running servers notice it within a second.'
const defaultIdleMs = 600_000

const fieldsOf = ({ name, idleSeconds, routes, appIds }: Business) => ({
  business: name,
  'idle seconds': String(idleSeconds),
  routes: routes.join(' ') || 'any',
  apps: appIds.join(' '),
})

const toData = ({ name, appIds, ...rest }: Business) => ({ business: name, ...rest, apps: appIds })

const checkApps = async ({ apps }: Admin, appIds: readonly string[]) => {
  const known = (await apps.list()).map(({ appId }) => appId)
  const missing = appIds.find((appId) => !known.includes(appId))
  if (missing !== undefined) throw new Refusal(`no app has the id ${missing}; "torii app list" shows them`)
}

const find = async ({ businesses }: Admin, name: string): Promise<Business> => {
  const found = (await businesses.list()).find((one) => one.name === name)
  if (!found) throw new Refusal(`there is no business ${name}; "torii business list" shows them`)
  return found
}

const add = ({ withAdmin, print }: Context, name: string, options: Options) =>
  withAdmin(async (admin) => {
    const { apps: appIds = [], idle = defaultIdleMs, routes = [] } = options
    await checkApps(admin, appIds)
    const business = { name, idleSeconds: idle / 1_000, routes, appIds }
    await admin.businesses.add(business).catch((error) => {
      const isTaken = error instanceof Failure && error.entry.name === 'ALREADY_REGISTERED'
      throw isTaken ? new Refusal(`there is a business ${name}: "torii business set" changes it`) : error
    })
    print(toData(business), [...alignFields(fieldsOf(business)), `Added in ${admin.place}. ${noticed}`])
  })

const list = ({ withAdmin, print }: Context) =>
  withAdmin(async ({ businesses, place }) => {
    const found = await businesses.list()
    const [first] = found
    const rows = first
      ? [Object.keys(fieldsOf(first)), ...found.map((one) => Object.values(fieldsOf(one)))]
      : []
    print(found.map(toData), first ? alignRows(rows) : [`${place} has no business yet`])
  })

const set = ({ withAdmin, print }: Context, name: string, { apps, idle, routes }: Options) =>
  withAdmin(async (admin) => {
    if (!apps && !routes && idle === undefined)
      throw new Refusal('say what to change: --apps, --idle or --routes; see "torii business set --help"')
    await find(admin, name)
    await checkApps(admin, apps ?? [])
    await admin.businesses.set(name, {
      ...(apps && { appIds: apps }),
      ...(routes && { routes }),
      ...(idle !== undefined && { idleSeconds: idle / 1_000 }),
    })
    const business = await find(admin, name)
    print(toData(business), [...alignFields(fieldsOf(business)), `Changed in ${admin.place}. ${noticed}`])
  })

const remove = ({ withAdmin, print, confirm }: Context, name: string, { yes = false }: { yes?: boolean }) =>
  withAdmin(async (admin) => {
    await find(admin, name)
    await confirm(`Remove business ${name} and end its pSKeys, in ${admin.place}?`, yes)
    await admin.businesses.remove(name)
    print({ business: name, removed: true }, [`Business ${name} is removed, in ${admin.place}. ${noticed}`])
  })

export const register = (program: Command, context: Context) => {
  const business = describe(
    program.command('business'),
    'Named services that accept pSKeys and no other ticket',
    'torii business list',
  )
  const withName = (name: string, summary: string, ...examples: string[]) =>
    describe(business.command(name), summary, ...examples).argument(
      '<name>',
      'what clients and backends call it',
      readBusiness,
    )
  const idle = 'a pSKey that is not used for this long ends, such as 10m'
  const routes = 'paths that belong to it, with commas, or "any"'
  const apps = 'appids whose users get its pSKeys, with commas'

  withName(
    'add',
    'Adds a business',
    'torii business add pay --apps 8YqK2mVbX0tLr5Zc --idle 5m --routes /pay,/refund',
  )
    .requiredOption('--apps <ids>', apps, readAppIds)
    .option('--idle <time>', `${idle}; without it 10m`, readDuration)
    .option('--routes <paths>', routes, readRoutes)
    .action((name: string, options: Options) => add(context, name, options))
  describe(business.command('list'), 'Lists the businesses', 'torii business list').action(() =>
    list(context),
  )
  withName('set', 'Changes a business', 'torii business set pay --idle 2m')
    .option('--apps <ids>', apps, readAppIds)
    .option('--idle <time>', idle, readDuration)
    .option('--routes <paths>', routes, readRoutes)
    .action((name: string, options: Options) => set(context, name, options))
  withName('remove', 'Removes a business and ends its pSKeys', 'torii business remove pay')
    .option('--yes', 'do not ask')
    .action((name: string, options: { yes?: boolean }) => remove(context, name, options))
}
