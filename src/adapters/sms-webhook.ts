/**
 * SMS by a webhook: a program of the operator's own, or a function at a vendor, takes a signed JSON call and hands the
 * text to the vendor.
 */
import type { Config } from '../config/index.ts'
import type { Clock } from './clock.ts'
import { type Outgoing, SendError, type Sender } from './sender.ts'
import { readWebhookSecret, signWebhook } from './webhook-signature.ts'

export type SmsConfig = Config['sms']

const compose = ({ to, text, kind, language, appId, variables, createdAt }: Outgoing): string =>
  JSON.stringify({
    type: 'sms.send',
    timestamp: new Date(createdAt).toISOString(),
    data: { to, text, kind, language, appId, variables },
  })

/** The receiver says that no try will ever help: a number that the vendor does not know. */
const finalStatuses = [400, 422]
/** Of this message alone: the vendor wants it later. */
const laterStatuses = [409, 425, 429]

const url = 'sms.webhook.url'
const advices: Record<number, string> = {
  401: 'sms.webhook.secret: the receiver refuses the signature',
  403: 'sms.webhook.secret: the receiver refuses the call',
  404: `${url}: the receiver has nothing at this path`,
}

const checkStatus = (status: number) => {
  if (status >= 200 && status < 300) return
  const isFinal = finalStatuses.includes(status)
  const isOfChannel = !isFinal && !laterStatuses.includes(status)
  throw new SendError(advices[status] ?? `${url}: the receiver answers ${status}`, { isFinal, isOfChannel })
}

const describe = (error: unknown, timeoutMs: number): string => {
  const { name, message, cause } = error as Error & { cause?: Error & { code?: string } }
  if (name === 'TimeoutError') return `no answer within ${timeoutMs} ms (sms.webhook.timeoutMs)`
  return cause?.code ?? cause?.message ?? message
}

export const createSmsWebhook = ({ webhook }: SmsConfig, clock: Clock): Sender => {
  const { timeoutMs } = webhook
  const secret = readWebhookSecret(webhook.secret)
  return {
    atOnce: webhook.connections,
    send: async (message) => {
      const body = compose(message)
      const seconds = Math.floor(clock.now() / 1_000)
      try {
        const reply = await fetch(webhook.url, {
          method: 'POST',
          headers: {
            ...signWebhook([secret], { id: message.id, seconds, body }),
            'content-type': 'application/json',
            'user-agent': 'torii',
          },
          body,
          redirect: 'manual',
          signal: AbortSignal.timeout(timeoutMs),
        })
        await reply.body?.cancel()
        checkStatus(reply.status)
      } catch (error) {
        if (error instanceof SendError) throw error
        throw new SendError(`${url}: ${describe(error, timeoutMs)}`, { isOfChannel: true, cause: error })
      }
    },
    // The specification has no call that sends nothing.
    check: async () => {},
    load: async () => {},
    close: async () => {},
  }
}
