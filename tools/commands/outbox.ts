/** `torii outbox`: the mail and SMS that wait, were sent or were given up. */
import { type Command, Option } from 'commander'
import type { Channel } from '../../src/features/outbox/api.ts'
import type { MessageState, OutboxRow } from '../../src/features/outbox/tables.ts'
import { type Admin, type Context, describe } from '../console/context.ts'
import { Refusal } from '../console/refusal.ts'
import { alignFields, alignRows, isoTime } from '../console/text.ts'

const states: readonly MessageState[] = ['waiting', 'sent', 'expired', 'given-up', 'kept']
const shortId = 16
const mostListed = 10_000

const isoOf = (ms: number | null) => (ms === null ? '' : isoTime(ms))

const toData = ({
  messageId,
  channel,
  kind,
  appId,
  hint,
  state,
  attempts,
  problem,
  ...times
}: OutboxRow) => ({
  id: messageId.toString('hex'),
  channel,
  kind,
  appId,
  to: hint,
  state,
  attempts,
  problem,
  createdAt: isoOf(times.createdAt),
  nextAt: state === 'waiting' ? isoOf(times.nextAt) : '',
  expiresAt: isoOf(times.expiresAt),
  endedAt: isoOf(times.endedAt),
})

const list = ({ withAdmin, print }: Context, { state, most }: { state?: MessageState; most: number }) =>
  withAdmin(async ({ outbox, place }) => {
    const found = (await outbox.list(most, state)).map(toData)
    const rows = found.map(({ id, channel, kind, to, state, attempts, createdAt, problem }) => [
      ...[id.slice(0, shortId), createdAt, channel, kind, to, state, String(attempts), problem || '-'],
    ])
    const head = ['id', 'written', 'channel', 'kind', 'to', 'state', 'attempts', 'problem']
    print(found, found.length > 0 ? alignRows([head, ...rows]) : [`${place} has no such message`])
  })

const get = async ({ outbox, place }: Admin, id: string): Promise<OutboxRow> => {
  const row = await outbox.find(id)
  if (!row) throw new Refusal(`${place} has no message whose id begins with ${id}`)
  return row
}

/** What a message says, in a trial: in service it has codes that belong to users. */
const readText = async ({ config, apps }: Admin, row: OutboxRow) => {
  const { isTrial } = await import('../../src/config/index.ts')
  if (!isTrial(config) || row.body === null) return undefined
  const { createSealer } = await import('../../src/adapters/crypto.ts')
  const { systemRandom: random } = await import('../../src/adapters/random.ts')
  const { openServerKey } = await import('../../src/adapters/server-key.ts')
  const { openBody } = await import('../../src/features/outbox/body.ts')
  const { openCompose } = await import('../outbox/send-test.ts')
  const key = openServerKey(config.security, { create: false, random })
  const body = openBody(createSealer(key.atRest, random), row.messageId, row.body)
  const { to, subject, text } = await openCompose(config, apps.findName)(row, body)
  return { to, subject, text }
}

const show = ({ withAdmin, print }: Context, id: string) =>
  withAdmin(async (admin) => {
    const row = await get(admin, id)
    const text = await readText(admin, row)
    const data = { ...toData(row), ...text }
    const { text: body = '', attempts, ...fields } = data
    const shown = Object.entries({ ...fields, attempts: String(attempts) }).filter(
      ([, value]) => value !== '',
    )
    const unread = row.body === null ? 'Its text is gone.' : 'Its text is sealed; a trial shows it here.'
    print(data, [
      ...alignFields(Object.fromEntries(shown)),
      '',
      ...(text ? body.trimEnd().split('\n') : [unread]),
    ])
  })

const retry = ({ withAdmin, print }: Context, id: string | undefined, { all = false }: { all?: boolean }) =>
  withAdmin(async (admin) => {
    if ((id === undefined) !== all) throw new Refusal('name one message by its id, or all with --all')
    const row = id === undefined ? undefined : await get(admin, id)
    const messages = await admin.outbox.retry(row?.messageId)
    if (row && messages === 0) {
      const why = row.body === null ? 'its text is gone' : `it is ${row.state}`
      throw new Refusal(`this message cannot be sent again: ${why}`)
    }
    print({ messages }, [`${messages} messages are due now; a running server sends them within a second.`])
  })

const test = async ({ readConfig, print }: Context, channel: Channel, to: string) => {
  const { sendTest } = await import('../outbox/send-test.ts')
  const { id, place } = await sendTest(await readConfig(), channel, to)
  print({ id, to, place }, [`${place} has taken a test message to ${to} (id ${id}).`])
}

const readCount = (text: string) => Math.min(Math.max(Math.trunc(Number(text)) || 1, 1), mostListed)

export const register = (program: Command, context: Context) => {
  const outbox = describe(program.command('outbox'), 'Mail and SMS that are to be sent', 'torii outbox list')
  describe(
    outbox.command('list'),
    'Lists messages, the newest first',
    'torii outbox list',
    'torii outbox list --state given-up',
  )
    .addOption(new Option('--state <state>', 'only those').choices(states))
    .option('--most <count>', 'at most so many', readCount, 50)
    .action((options) => list(context, options))
  describe(
    outbox.command('show'),
    'Shows a message; in a trial with its text',
    'torii outbox show 01a3185c5000',
  )
    .argument('<id>', 'the beginning of its id')
    .action((id: string) => show(context, id))
  describe(
    outbox.command('retry'),
    'Tries messages again that wait or were given up',
    'torii outbox retry 01a3185c5000',
    'torii outbox retry --all',
  )
    .argument('[id]', 'the beginning of its id')
    .option('--all', 'all that wait or were given up')
    .action((id: string | undefined, options) => retry(context, id, options))
  const tests = describe(
    outbox.command('test'),
    'Sends a test message at once and says what the other side answers',
    'torii outbox test mail me@mail.example',
  )
  describe(tests.command('mail'), 'Sends a test mail', 'torii outbox test mail me@mail.example')
    .argument('<address>', 'one address')
    .action((to: string) => test(context, 'email', to))
  describe(tests.command('sms'), 'Sends a test SMS', 'torii outbox test sms +8613800138000')
    .argument('<number>', 'a phone number, as +8613800138000')
    .action((to: string) => test(context, 'phone', to))
}
