/** `torii app`: the programs that may call. */
import type { Command } from 'commander'
import type { AppChange } from '../../src/features/apps/api.ts'
import type { AppRight, TicketFormat } from '../../src/http/caller.ts'
import { Failure } from '../../src/protocol/errors.ts'
import { permissions } from '../../src/protocol/permissions.ts'
import { fieldsOf, toData } from '../console/app-fields.ts'
import { type Context, describe } from '../console/context.ts'
import { Refusal } from '../console/refusal.ts'
import { alignFields, alignRows } from '../console/text.ts'
import {
  readAppId,
  readAppIds,
  readFriends,
  readJumps,
  readLine,
  readMinStrength,
  readOrigin,
  readPermissions,
  readProfileFile,
  readRedirect,
  readRights,
  readScopes,
  readTicketFormat,
} from '../console/values.ts'

type AddOptions = {
  public?: boolean
  backend?: boolean
  checks: string[]
  thirdParty?: boolean
  scopes?: string[]
  minStrength: number
  origin: string[]
  redirect: string[]
}

type Given = 'name' | 'minStrength' | 'friends' | 'friendDefaults' | 'strangerDefaults' | 'profileSchema'

type SetOptions = Pick<AppChange, Given> & {
  origin?: string[]
  removeOrigin?: string[]
  redirect?: string[]
  removeRedirect?: string[]
  public?: boolean
  may?: AppRight[]
  checks?: string[]
  jumpTo?: string[]
  scopes?: string[]
  ticketFormat?: TicketFormat
}

const weakest = 'weakest envelope: 0 plain calls too, 1 t/j and stronger, 2 sealed calls alone'

const addOrigin = (text: string, before: string[] = []) => [...new Set([...before, readOrigin(text)])]

const addRedirect = (text: string, before: string[] = []) => [...new Set([...before, readRedirect(text)])]

const grantable = `${permissions.join(', ')}, with commas, or none`

const noticed = 'Running servers notice it within a second.'

const add = ({ withAdmin, print }: Context, name: string, options: AddOptions) =>
  withAdmin(async ({ apps, config, place }) => {
    const { public: isPublic, backend = false, checks, minStrength, origin } = options
    const { redirect, thirdParty = false, scopes } = options
    if (isPublic && origin.length + config.server.origins.length === 0) {
      throw new Refusal('a public app is called from its origins alone: name them (--origin https://…)')
    }
    if (backend !== checks.length > 0)
      throw new Refusal('a backend names the apps whose tickets it checks: --backend --checks ID,ID')
    if (backend && isPublic) throw new Refusal('a backend keeps a secret, so it is not public')
    if (thirdParty && (isPublic || backend))
      throw new Refusal(
        'a third-party app has a secret and sees its own OpenKeys alone: no --public, no --backend',
      )
    if (scopes && !thirdParty) throw new Refusal('only a third-party app asks for scopes: --third-party')
    for (const checked of checks) await named(checked, apps.show(checked))
    const { appId, appSecret } = await apps.add({
      name,
      ...(backend && { checks }),
      isThirdParty: thirdParty,
      scopes: scopes ?? [],
      isPublic: isPublic ?? false,
      minStrength,
      origins: origin,
      redirects: redirect,
    })
    const app = await apps.show(appId)
    const { appid, ...rest } = toData(app)
    const { appid: id, ...fields } = fieldsOf(app)
    print({ appid, appsecret: appSecret, ...rest }, [
      ...alignFields({ appid: id, appsecret: appSecret, ...fields }),
      `The secret is shown this once. Added in ${place}.`,
    ])
  })

const list = ({ withAdmin, print }: Context) =>
  withAdmin(async ({ apps, place }) => {
    const found = await apps.list()
    const [first] = found
    const head = first ? Object.keys(fieldsOf(first)) : []
    const rows = found.map((app) => Object.values(fieldsOf(app)))
    print(found.map(toData), first ? alignRows([head, ...rows]) : [`${place} has no app yet`])
  })

/** Says which app is not there: an id copied wrong is the usual reason. */
const named = async <T>(appId: string, work: Promise<T>): Promise<T> => {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof Failure) || error.entry.name !== 'APP_REFUSED') throw error
    throw new Refusal(`no app has the id ${appId}; "torii app list" shows them`)
  }
}

const show = ({ withAdmin, print }: Context, appId: string) =>
  withAdmin(async ({ apps }) => {
    const app = await named(appId, apps.show(appId))
    print(toData(app), alignFields(fieldsOf(app)))
  })

const rotate = ({ withAdmin, print }: Context, appId: string) =>
  withAdmin(async ({ apps, place }) => {
    // A second rotation would end the secret that most callers still have.
    if ((await named(appId, apps.show(appId))).isRotating) {
      throw new Refusal(
        `${appId} has two good secrets already: end the older one with "torii app rotate ${appId} --finish" first`,
      )
    }
    const { appSecret } = await apps.rotate(appId)
    print({ appid: appId, appsecret: appSecret }, [
      ...alignFields({ appid: appId, appsecret: appSecret }),
      `The secret is shown this once. The old one stays good too, until "torii app rotate ${appId} --finish".`,
      `Changed in ${place}. ${noticed}`,
    ])
  })

const finishRotation = ({ withAdmin, print }: Context, appId: string) =>
  withAdmin(async ({ apps, place }) => {
    if (!(await named(appId, apps.show(appId))).isRotating)
      throw new Refusal(`${appId} has one secret only: nothing to finish`)
    await apps.finishRotation(appId)
    print({ appid: appId, rotating: false }, [
      `Only the newest secret of ${appId} is good now, in ${place}. ${noticed}`,
    ])
  })

const setDisabled = ({ withAdmin, print }: Context, appId: string, disabled: boolean) =>
  withAdmin(async ({ apps, place }) => {
    const changed = (await named(appId, apps.show(appId))).isDisabled !== disabled
    if (changed) await (disabled ? apps.disable(appId) : apps.enable(appId))
    const word = disabled ? 'disabled' : 'enabled'
    print({ appid: appId, disabled, changed }, [
      changed
        ? `${appId} is ${word} now, in ${place}. ${noticed}`
        : `${appId} was ${word} already, in ${place}.`,
    ])
  })

const set = ({ withAdmin, print }: Context, appId: string, options: SetOptions) =>
  withAdmin(async ({ apps, config, place }) => {
    if (Object.keys(options).length === 0)
      throw new Refusal(`say what to change: --name, --origin, --min-strength …; see "torii app set --help"`)
    const before = await named(appId, apps.show(appId))
    const { public: isPublic, may, jumpTo, origin = [], removeOrigin = [], ...others } = options
    const { redirect, removeRedirect, ...rest } = others
    if (before.isThirdParty && may !== undefined) throw new Refusal('a third-party app has no further rights')
    if (before.isThirdParty && isPublic)
      throw new Refusal('a third-party app keeps a secret, so it is not public')
    if (options.scopes && !before.isThirdParty)
      throw new Refusal(`${appId} is no third-party app, so it asks for no scopes`)
    if (options.ticketFormat === 'jwt' && config.server.publicUrl === '')
      throw new Refusal('a JWT names its issuer: set server.publicUrl (TORII__SERVER__PUBLIC_URL) first')
    if (options.checks && !before.checks) throw new Refusal(`${appId} is no backend, so it checks no app`)
    for (const checked of options.checks ?? []) await named(checked, apps.show(checked))
    for (const target of jumpTo ?? []) {
      const { isThirdParty } = await named(target, apps.show(target))
      if (isThirdParty)
        throw new Refusal(`${target} is a third-party app: its users get OpenKeys there, and no login`)
    }
    const left = [...before.origins, ...origin].filter((one) => !removeOrigin.includes(one))
    if ((isPublic ?? before.isPublic) && left.length + config.server.origins.length === 0)
      throw new Refusal('a public app is called from its origins alone: leave one (--origin https://…)')
    if (isPublic && before.checks) throw new Refusal('a backend keeps a secret, so it is not public')
    await apps.set(appId, {
      ...rest,
      ...(isPublic !== undefined && { isPublic }),
      ...(may !== undefined && { rights: may }),
      ...(jumpTo !== undefined && { jumpsTo: jumpTo }),
      addOrigins: origin,
      removeOrigins: removeOrigin,
      addRedirects: redirect ?? [],
      removeRedirects: removeRedirect ?? [],
    })
    const app = await apps.show(appId)
    print(toData(app), [...alignFields(fieldsOf(app)), `Changed in ${place}. ${noticed}`])
  })

const remove = ({ withAdmin, print, confirm }: Context, appId: string, { yes = false }: { yes?: boolean }) =>
  withAdmin(async ({ apps, place }) => {
    const { name, isDisabled } = await named(appId, apps.show(appId))
    if (!isDisabled)
      throw new Refusal(`${appId} is enabled: "torii app disable ${appId}" first, which can be taken back`)
    await confirm(`Remove app ${appId} (${name}) and its devices for good, in ${place}?`, yes)
    await apps.remove(appId)
    print({ appid: appId, removed: true }, [
      `App ${appId} (${name}) and its devices are removed, in ${place}. ${noticed}`,
    ])
  })

export const register = (program: Command, context: Context) => {
  const app = describe(program.command('app'), 'The programs that may call', 'torii app list')
  const withId = (name: string, summary: string, ...examples: string[]) =>
    describe(app.command(name), summary, ...examples).argument('<id>', 'the appid', readAppId)

  describe(
    app.command('add'),
    'Adds an app and shows its appid and appsecret',
    'torii app add "Web shop" --json',
    'torii app add Website --public --origin https://www.example.com',
    'torii app add API --backend --checks 8YqK2mVbX0tLr5Zc,Lm2nB7vC3xZ9qW4e',
    'torii app add "Map of friends" --third-party --scopes profile,places.read',
  )
    .argument('<name>', 'what people call it', readLine(100))
    .option('--public', 'may be called without its secret, by browsers on its origins')
    .option('--min-strength <n>', weakest, readMinStrength, 0)
    .option(
      '--origin <url>',
      'an origin that browsers may call from; may be given again',
      addOrigin,
      [] as string[],
    )
    .option(
      '--redirect <url>',
      'where a browser may go after a login by a provider; may be given again',
      addRedirect,
      [] as string[],
    )
    .option('--backend', 'a service that checks the tickets of other apps')
    .option('--checks <ids>', 'their appids, with commas', readAppIds, [] as string[])
    .option('--third-party', 'an app of others: takes no logins, gets OpenKeys that users agree to')
    .option('--scopes <names>', 'what it may ask users for beside openid, with commas', readScopes)
    .action((name: string, options: AddOptions) => add(context, name, options))
  describe(app.command('list'), 'Lists the apps', 'torii app list').action(() => list(context))
  withId('show', 'Shows one app', 'torii app show 8YqK2mVbX0tLr5Zc').action((id: string) => show(context, id))
  withId(
    'rotate',
    'Gives an app a new secret beside the old one',
    'torii app rotate 8YqK2mVbX0tLr5Zc',
    'torii app rotate 8YqK2mVbX0tLr5Zc --finish',
  )
    .description('Gives an app a new secret; the old one stays good too, until --finish.')
    .option('--finish', 'end the old secret')
    .action((id: string, { finish }: { finish?: boolean }) => (finish ? finishRotation : rotate)(context, id))
  withId(
    'set',
    'Changes an app: name, origins, envelopes, rights, scopes',
    'torii app set 8YqK2mVbX0tLr5Zc --origin https://www.example.com',
    'torii app set 8YqK2mVbX0tLr5Zc --name "Web shop" --min-strength 1 --may words',
  )
    .option('--name <name>', 'what people call it', readLine(100))
    .option('--origin <url>', 'an origin more; may be given again', addOrigin)
    .option('--redirect <url>', 'a target more for logins by a provider; may be given again', addRedirect)
    .option('--remove-redirect <url>', 'a target less; may be given again', addRedirect)
    .option('--remove-origin <url>', 'an origin less; may be given again', addOrigin)
    .option('--min-strength <n>', weakest, readMinStrength)
    .option('--public', 'may be called without its secret, by browsers on its origins')
    .option('--no-public', 'needs its secret')
    .option('--may <rights>', 'all its rights: words (checks of texts), or none', readRights)
    .option('--checks <ids>', 'of a backend: all apps whose tickets it checks', readAppIds)
    .option('--jump-to <ids>', 'all apps that its users may take their login to, or none', readJumps)
    .option('--scopes <names>', 'of a third-party app: all that it may ask for, or none', readScopes)
    .option(
      '--ticket-format <format>',
      'of its OpenKeys, or of the pSKeys of its users: opaque or jwt',
      readTicketFormat,
    )
    .option('--friends <mode>', 'what a request to another user makes: follow, friend, or off', readFriends)
    .option('--friend-defaults <names>', `what users grant friends: ${grantable}`, readPermissions)
    .option('--stranger-defaults <names>', 'what users grant anyone else, the same way', readPermissions)
    .option(
      '--profile-schema <file>',
      'JSON: members that profiles have for it; [] for none',
      readProfileFile,
    )
    .action((id: string, options: SetOptions) => set(context, id, options))
  withId('remove', 'Removes a disabled app and its devices for good', 'torii app remove 8YqK2mVbX0tLr5Zc')
    .option('--yes', 'do not ask')
    .action((id: string, options: { yes?: boolean }) => remove(context, id, options))
  withId('disable', 'Refuses every call of an app', 'torii app disable 8YqK2mVbX0tLr5Zc').action(
    (id: string) => setDisabled(context, id, true),
  )
  withId('enable', 'Answers a disabled app again', 'torii app enable 8YqK2mVbX0tLr5Zc').action((id: string) =>
    setDisabled(context, id, false),
  )
}
