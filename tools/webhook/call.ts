/** Calls a webhook at once, past its deliveries, so that the answer of the receiver is seen. */
import { systemClock } from '../../src/adapters/clock.ts'
import { createSealer, type Sealer } from '../../src/adapters/crypto.ts'
import { systemRandom } from '../../src/adapters/random.ts'
import { openServerKey } from '../../src/adapters/server-key.ts'
import { openCallWebhook } from '../../src/adapters/webhook-call.ts'
import { type Config, isTrial } from '../../src/config/index.ts'
import { judgeError, judgeReply } from '../../src/features/webhooks/deliveries/judge.ts'
import { writePayload } from '../../src/features/webhooks/deliveries/payload.ts'
import { openSecrets } from '../../src/features/webhooks/secrets.ts'
import type { WebhookRow } from '../../src/features/webhooks/tables.ts'

/** Secrets are kept under the server key. */
export const openSealer = ({ security }: Config): Sealer =>
  createSealer(openServerKey(security, { create: false, random: systemRandom }).atRest, systemRandom)

/** What the receiver has against it; empty: it takes calls. */
export const callTest = async (
  config: Config,
  webhook: WebhookRow,
): Promise<{ id: string; problem: string }> => {
  const id = systemRandom.bytes(16).toString('hex')
  const callWebhook = openCallWebhook({ config, clock: systemClock, isTrial: isTrial(config) })
  const body = writePayload({
    kind: 'webhook.test',
    happenedAt: systemClock.now(),
    userId: 0,
    number: 0,
    appId: webhook.appId,
    otherId: null,
    detail: '{}',
  })
  const secrets = openSecrets(openSealer(config), webhook)
  const { problem } = await callWebhook({ url: webhook.url, secrets, id, body }).then(judgeReply, (error) =>
    judgeError(error, webhook.url),
  )
  return { id, problem }
}
