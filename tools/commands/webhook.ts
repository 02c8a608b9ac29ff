/** `torii webhook`: the URLs that are called with events of users. */
import type { Command } from 'commander'
import type { WebhookSummary } from '../../src/features/webhooks/summary.ts'
import { Failure } from '../../src/protocol/errors.ts'
import type { EventKind } from '../../src/protocol/event-kinds.ts'
import { type Admin, type Context, describe } from '../console/context.ts'
import { Refusal } from '../console/refusal.ts'
import { alignFields, alignRows } from '../console/text.ts'
import { readAppId, readMost } from '../console/values.ts'
import { fieldsOf, toData, toDeadLetter } from '../webhook/fields.ts'
import { readEventId, readEventKinds, readWebhookId, readWebhookUrl } from '../webhook/values.ts'

type AddOptions = { app: string; events: EventKind[] }
type SetOptions = { url?: string; events?: EventKind[]; disable?: boolean; enable?: boolean }

const noticed = 'Running servers notice it within a second.'

const unknown = (webhookId: string) =>
  new Refusal(`there is no webhook ${webhookId}; "torii webhook list" shows them`)

const found = <T>(webhookId: string, value: T | undefined): T => {
  if (value === undefined) throw unknown(webhookId)
  return value
}

const getApp = async ({ apps }: Admin, appId: string) => {
  try {
    return await apps.show(appId)
  } catch (error) {
    if (!(error instanceof Failure) || error.entry.name !== 'APP_REFUSED') throw error
    throw new Refusal(`no app has the id ${appId}; "torii app list" shows them`)
  }
}

const checkUrl = async ({ config }: Admin, url: string | undefined) => {
  const { isTrial } = await import('../../src/config/index.ts')
  if (url?.startsWith('http:') && !isTrial(config))
    throw new Refusal('only a trial calls without TLS: name an https:// URL')
}

const showSecret = (webhook: WebhookSummary & { secret: string }, lines: readonly string[]) =>
  [
    { ...toData(webhook), secret: webhook.secret },
    [...alignFields({ ...fieldsOf(webhook), secret: webhook.secret }), ...lines],
  ] as const

const add = ({ withAdmin, print }: Context, url: string, { app, events }: AddOptions) =>
  withAdmin(async (admin) => {
    const { isThirdParty } = await getApp(admin, app)
    if (isThirdParty)
      throw new Refusal(
        `${app} is a third-party app: it knows its users by their OpenIDs, and events name user numbers`,
      )
    await checkUrl(admin, url)
    const { openSealer } = await import('../webhook/call.ts')
    const added = await admin.webhooks.add(openSealer(admin.config), { appId: app, url, kinds: events })
    if (!added)
      throw new Refusal(`${app} has as many webhooks as it may have: "torii webhook remove" one first`)
    const next = `"torii webhook test ${added.webhookId}" tries it.`
    print(...showSecret(added, [`The secret is shown this once. Added in ${admin.place}. ${noticed}`, next]))
  })

const list = ({ withAdmin, print }: Context, { app }: { app?: string }) =>
  withAdmin(async ({ webhooks, place }) => {
    const all = await webhooks.list(app)
    const counts = await webhooks.counts()
    const rows = all.map((one) => fieldsOf(one, counts))
    const [first] = rows
    const table = first ? [Object.keys(first), ...rows.map((row) => Object.values(row))] : []
    print(
      all.map((one) => toData(one, counts)),
      first ? alignRows(table) : [`${place} has no such webhook`],
    )
  })

const set = ({ withAdmin, print }: Context, webhookId: string, options: SetOptions) =>
  withAdmin(async (admin) => {
    const { url, events, disable = false, enable = false } = options
    if (url === undefined && !events && !disable && !enable)
      throw new Refusal('say what to change: --url, --events, --disable or --enable')
    if (disable && enable) throw new Refusal('--disable and --enable contradict each other')
    await checkUrl(admin, url)
    const changed = await admin.webhooks.set(webhookId, {
      ...(url !== undefined && { url }),
      ...(events && { kinds: events }),
      ...((disable || enable) && { isDisabled: disable }),
    })
    const webhook = found(webhookId, changed)
    print(toData(webhook), [...alignFields(fieldsOf(webhook)), `Changed in ${admin.place}. ${noticed}`])
  })

const remove = (
  { withAdmin, print, confirm }: Context,
  webhookId: string,
  { yes = false }: { yes?: boolean },
) =>
  withAdmin(async ({ webhooks, place }) => {
    const { url } = found(webhookId, await webhooks.find(webhookId))
    await confirm(`Remove webhook ${webhookId} (${url}) and its deliveries for good, in ${place}?`, yes)
    await webhooks.remove(webhookId)
    print({ webhook: webhookId, removed: true }, [`Webhook ${webhookId} is removed, in ${place}. ${noticed}`])
  })

const rotate = ({ withAdmin, print }: Context, webhookId: string, { finish = false }: { finish?: boolean }) =>
  withAdmin(async ({ webhooks, config, place }) => {
    const isRotating = found(webhookId, await webhooks.find(webhookId)).previousSealed !== null
    const finishing = `"torii webhook rotate ${webhookId} --finish"`
    if (finish && !isRotating) throw new Refusal(`${webhookId} has one secret only: nothing to finish`)
    if (!finish && isRotating)
      throw new Refusal(
        `${webhookId} has two good secrets already: end the older one with ${finishing} first`,
      )
    if (finish) {
      const webhook = found(webhookId, await webhooks.finishRotation(webhookId))
      const line = `Calls of ${webhookId} are signed by its newest secret alone now, in ${place}. ${noticed}`
      return print(toData(webhook), [line])
    }
    const { openSealer } = await import('../webhook/call.ts')
    const rotated = found(webhookId, await webhooks.rotate(openSealer(config), webhookId))
    const until = `The secret is shown this once. Calls are signed by the old one too, until ${finishing}.`
    print(...showSecret(rotated, [until, `Changed in ${place}. ${noticed}`]))
  })

const test = ({ withAdmin, print }: Context, webhookId: string) =>
  withAdmin(async ({ webhooks, config }) => {
    const webhook = found(webhookId, await webhooks.find(webhookId))
    const { callTest } = await import('../webhook/call.ts')
    const { id, problem } = await callTest(config, webhook)
    const { host } = new URL(webhook.url)
    if (problem !== '') throw new Refusal(`${host} did not take the event: ${problem}`)
    print({ webhook: webhookId, id, taken: true }, [`${host} has taken an event webhook.test (id ${id}).`])
  })

type DeadOptions = { most: number; remove?: boolean; yes?: boolean }

const dead = ({ withAdmin, print, confirm }: Context, webhookId: string, options: DeadOptions) =>
  withAdmin(async ({ webhooks, place }) => {
    found(webhookId, await webhooks.find(webhookId))
    if (options.remove) {
      await confirm(
        `Remove all dead letters of webhook ${webhookId} for good, in ${place}?`,
        options.yes ?? false,
      )
      const removed = await webhooks.removeDead(webhookId)
      return print({ removed }, [`${removed} dead letters are removed, in ${place}.`])
    }
    const rows = (await webhooks.listDead(webhookId, options.most)).map(toDeadLetter)
    const [first] = rows
    const table = first ? [Object.keys(first), ...rows.map((row) => Object.values(row).map(String))] : []
    print(rows, first ? alignRows(table) : [`webhook ${webhookId} has no dead letter`])
  })

const replay = (
  { withAdmin, print }: Context,
  webhookId: string,
  eventId: Buffer | undefined,
  { all = false }: { all?: boolean },
) =>
  withAdmin(async ({ webhooks }) => {
    if ((eventId === undefined) !== all)
      throw new Refusal('name one dead letter by its id, or all with --all')
    const webhook = found(webhookId, await webhooks.find(webhookId))
    const deliveries = await webhooks.replay(webhookId, eventId)
    if (eventId && deliveries === 0) throw new Refusal(`webhook ${webhookId} has no such dead letter`)
    const until =
      webhook.disabledAt === null
        ? 'a running server sends them within a second'
        : 'it is disabled, so they wait until "torii webhook set --enable"'
    print({ deliveries }, [`${deliveries} deliveries are due now; ${until}.`])
  })

export const register = (program: Command, context: Context) => {
  const webhook = describe(
    program.command('webhook'),
    'URLs that are called with events of users',
    'torii webhook list',
  )
  const withId = (name: string, summary: string, ...examples: string[]) =>
    describe(webhook.command(name), summary, ...examples).argument('<id>', 'of the webhook', readWebhookId)

  describe(
    webhook.command('add'),
    'Adds a webhook of an app and shows its secret',
    'torii webhook add https://shop.example/torii --app 8YqK2mVbX0tLr5Zc',
    'torii webhook add https://shop.example/torii --app 8YqK2mVbX0tLr5Zc --events login.ended,user.deleted',
  )
    .argument('<url>', 'an https:// URL of its backend', readWebhookUrl)
    .requiredOption('--app <id>', 'the appid', readAppId)
    .option('--events <kinds>', 'all, or kinds with commas', readEventKinds, [] as EventKind[])
    .action((url: string, options: AddOptions) => add(context, url, options))
  describe(
    webhook.command('list'),
    'Lists the webhooks, and whether they fail',
    'torii webhook list',
    'torii webhook list --app 8YqK2mVbX0tLr5Zc',
  )
    .option('--app <id>', 'only those of this app', readAppId)
    .action((options) => list(context, options))
  withId('set', 'Changes a webhook', 'torii webhook set 0a1b2c3d4e5f --events all')
    .option('--url <url>', 'where it is called', readWebhookUrl)
    .option('--events <kinds>', 'all, or kinds with commas', readEventKinds)
    .option('--disable', 'it gets no events')
    .option('--enable', 'it gets events again')
    .action((id: string, options: SetOptions) => set(context, id, options))
  withId('remove', 'Removes a webhook and its deliveries for good', 'torii webhook remove 0a1b2c3d4e5f')
    .option('--yes', 'do not ask')
    .action((id: string, options: { yes?: boolean }) => remove(context, id, options))
  withId(
    'rotate',
    'Gives a webhook a new secret beside the old one',
    'torii webhook rotate 0a1b2c3d4e5f',
    'torii webhook rotate 0a1b2c3d4e5f --finish',
  )
    .option('--finish', 'end the old secret')
    .action((id: string, options: { finish?: boolean }) => rotate(context, id, options))
  withId(
    'test',
    'Calls a webhook at once and says what it answers',
    'torii webhook test 0a1b2c3d4e5f',
  ).action((id: string) => test(context, id))
  withId(
    'dead',
    'Lists the dead letters of a webhook, the oldest first',
    'torii webhook dead 0a1b2c3d4e5f',
    'torii webhook dead 0a1b2c3d4e5f --remove',
  )
    .option('--most <count>', 'at most so many', readMost, 50)
    .option('--remove', 'remove all of them for good')
    .option('--yes', 'do not ask')
    .action((id: string, options: DeadOptions) => dead(context, id, options))
  withId(
    'replay',
    'Sends dead letters again',
    'torii webhook replay 0a1b2c3d4e5f 01a3185c50007ec12bf5c17245d00a65',
    'torii webhook replay 0a1b2c3d4e5f --all',
  )
    .argument('[event]', 'the id of one', readEventId)
    .option('--all', 'all of them')
    .action((id: string, event: Buffer | undefined, options) => replay(context, id, event, options))
}
