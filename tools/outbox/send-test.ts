/** Sends a test message at once, past the outbox, so that the answer of the other side is seen. */
import { systemClock } from '../../src/adapters/clock.ts'
import { readTemplateFiles } from '../../src/adapters/message-templates.ts'
import { systemRandom } from '../../src/adapters/random.ts'
import type { Outgoing } from '../../src/adapters/sender.ts'
import { createSenders } from '../../src/adapters/senders.ts'
import type { Config } from '../../src/config/index.ts'
import type { Channel } from '../../src/features/outbox/api.ts'
import { createCompose } from '../../src/features/outbox/compose.ts'
import { createMessageId } from '../../src/features/outbox/message-id.ts'
import { createTemplates } from '../../src/features/outbox/templates.ts'
import { Refusal } from '../console/refusal.ts'

/** The texts of both channels, as a server would compose them. */
export const openCompose = (
  { mail, sms, server }: Config,
  findAppName: (appId: string) => Promise<string | undefined>,
) =>
  createCompose({
    findAppName,
    publicUrl: server.publicUrl,
    templates: {
      email: createTemplates('email', readTemplateFiles(mail.templates, 'mail.templates')),
      phone: createTemplates('phone', readTemplateFiles(sms.templates, 'sms.templates')),
    },
  })

const places: Record<Channel, { setting: string; find(config: Config): string }> = {
  email: {
    setting: 'mail.smtp.host',
    find: ({ mail: { smtp } }) => `${smtp.host}:${smtp.port} (${smtp.tls})`,
  },
  phone: { setting: 'sms.webhook.url', find: ({ sms }) => new URL(sms.webhook.url).origin },
}

/** Where it went. Throws SendError. */
export const sendTest = async (
  config: Config,
  channel: Channel,
  to: string,
): Promise<{ id: string; place: string }> => {
  const nothing = () => {}
  const sender = createSenders({ config, clock: systemClock, logger: { info: nothing }, isTrial: false })[
    channel
  ]
  const { setting, find } = places[channel]
  if (!sender) throw new Refusal(`${setting} is not set: nothing can be sent`)
  const compose = openCompose(config, async () => undefined)
  const createdAt = systemClock.now()
  const row = {
    messageId: createMessageId(createdAt, systemRandom),
    channel,
    kind: 'test',
    appId: '',
    createdAt,
  }
  const message: Outgoing = await compose(row, { to, language: config.languages[0] ?? 'en', variables: {} })
  try {
    await sender.send(message)
  } finally {
    await sender.close()
  }
  return { id: message.id, place: find(config) }
}
