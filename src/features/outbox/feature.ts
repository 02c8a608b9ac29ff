/** The outbox: mail and SMS are rows, written with what they tell of and sent by any process. */
import type { PageRequest } from '../../http/pages.ts'
import type { RecordAudit } from '../audit/api.ts'
import { type AdminWorld, feature, type World } from '../feature.ts'
import { createAdd } from './add.ts'
import { createOutboxAdmin } from './admin.ts'
import type { Channel } from './api.ts'
import { type Backlog, createBacklog } from './backlog.ts'
import { openBody } from './body.ts'
import { type Compose, type ComposeNeeds, createCompose } from './compose.ts'
import { renderOutbox, type ShownMessage } from './page.ts'
import { findMessages, removeOldMessages } from './repo.ts'
import type { OutboxRow } from './tables.ts'
import { createTemplates } from './templates.ts'
import { createWorker, type Worker } from './worker.ts'

const times = { workMs: 400, prolongMs: 10_000, countMs: 5_000 } as const
const mostShown = 50

const channels = {
  email: { name: 'mail', setting: 'mail.smtp.host' },
  phone: { name: 'sms', setting: 'sms.webhook.url' },
} as const satisfies Record<Channel, { name: string; setting: string }>
const channelNames = Object.keys(channels) as Channel[]

export const outboxAdmin = feature({
  create: ({ db, clock, random }: AdminWorld, { recordAudit }: { recordAudit: RecordAudit }) => ({
    api: createOutboxAdmin({ db, clock, random, recordAudit }),
  }),
})

type OutboxNeeds = Pick<ComposeNeeds, 'findAppName'>

export const outbox = feature({
  create: (world: World, { findAppName }: OutboxNeeds) => {
    const { config, isTrial, db, clock, random, sealer, logger, senders, templateFiles } = world
    const compose = createCompose({
      findAppName,
      publicUrl: config.server.publicUrl,
      templates: {
        email: createTemplates('email', templateFiles.email),
        phone: createTemplates('phone', templateFiles.phone),
      },
    })
    const giveUpAfterMs = config.outbox.giveUpAfterSeconds * 1_000
    const workers: { channel: Channel; worker: Worker }[] = channelNames.flatMap((channel) => {
      const sender = senders[channel]
      if (!sender) return []
      const needs = { channel, sender, compose, db, clock, random, sealer, logger, giveUpAfterMs }
      return [{ channel, worker: createWorker(needs) }]
    })
    const backlog = createBacklog({ db, clock, most: config.outbox.maxWaiting })
    const refused = new Set<Channel>()
    const findProblem = (channel: Channel): string => {
      if (refused.has(channel)) return `${channels[channel].setting} is not set, and a message was asked for`
      if (backlog.isFull()) return `outbox.maxWaiting: ${config.outbox.maxWaiting} messages wait`
      return workers.find((one) => one.channel === channel)?.worker.problem() ?? ''
    }
    return {
      api: createAdd({
        clock,
        random,
        sealer,
        backlog,
        isSetUp: (channel) => senders[channel] !== undefined,
        noteRefused: (channel) => refused.add(channel),
      }),
      pages: isTrial ? [createPage(world, compose)] : [],
      jobs: [
        ...workers.flatMap(({ channel, worker }) => [
          { everyMs: times.workMs, name: `send messages (${channel})`, work: worker.work },
          { everyMs: times.prolongMs, name: `hold messages (${channel})`, work: worker.prolong },
        ]),
        { everyMs: times.countMs, name: 'count waiting messages', work: backlog.count },
      ],
      retention: [{ name: 'outbox', keptMs: config.outbox.keptSeconds * 1_000, remove: removeOldMessages }],
      health: channelNames.map((channel) => ({
        name: channels[channel].name,
        problem: () => findProblem(channel),
      })),
      gauges: createGauges(workers, backlog),
      close: workers.map(({ worker }) => worker.close),
    }
  },
})

const createGauges = (workers: readonly { channel: Channel; worker: Worker }[], backlog: Backlog) => [
  {
    name: 'torii_outbox_waiting',
    labelNames: ['channel'],
    help: 'Messages that wait, over all processes',
    read: () => channelNames.map((channel) => ({ labels: { channel }, value: backlog.countOf(channel) })),
  },
  {
    name: 'torii_outbox_oldest_seconds',
    labelNames: ['channel'],
    help: 'Age of the oldest message that waits',
    read: () =>
      channelNames.map((channel) => ({ labels: { channel }, value: backlog.oldestSecondsOf(channel) })),
  },
  {
    name: 'torii_outbox_messages_total',
    labelNames: ['channel', 'outcome'],
    help: 'Messages of this process: sent, given up, expired or kept; failed are attempts',
    read: () =>
      workers.flatMap(({ channel, worker }) =>
        Object.entries(worker.totals()).map(([outcome, value]) => ({ labels: { channel, outcome }, value })),
      ),
  },
  {
    name: 'torii_outbox_problem',
    labelNames: ['channel'],
    help: '1 while the messages of a channel cannot be sent',
    read: () =>
      workers.map(({ channel, worker }) => ({ labels: { channel }, value: worker.problem() === '' ? 0 : 1 })),
  },
]

/** Only in a trial, and only on this machine: codes are read here. */
const createPage = ({ db, sealer }: World, compose: Compose) => {
  const show = async (row: OutboxRow): Promise<ShownMessage> => {
    const { messageId, hint, kind, state, problem, createdAt, body } = row
    if (!body) return { to: hint, kind, state, problem, createdAt, subject: '', text: '' }
    const { to, subject, text } = await compose(row, openBody(sealer, messageId, body))
    return { to, kind, state, problem, createdAt, subject, text }
  }
  return {
    path: '/dev/outbox',
    method: 'GET' as const,
    limit: 'other',
    isForThisMachine: true as const,
    render: async ({ caller, nonce }: PageRequest) => {
      const rows = await findMessages(db.write, mostShown)
      const shown = await Promise.all(rows.map(show))
      return { html: renderOutbox(shown, caller.language, nonce) }
    },
  }
}
