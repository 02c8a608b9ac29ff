/** One call of a webhook: signed, and with the bounds of all calls to servers of others. */
import type { Config } from '../config/index.ts'
import type { Clock } from './clock.ts'
import { createOutgoingFetch, type OutgoingFetch, type Resolve } from './fetch.ts'
import { signWebhook } from './webhook-signature.ts'

export type WebhookCall = {
  url: string
  /** Each signs the call. */
  secrets: readonly Buffer[]
  /** The same at each attempt: by it the receiver tells an event that it has had. */
  id: string
  body: string
}
export type WebhookReply = {
  status: number
  /** When the receiver wants the next call; 0: it does not say. */
  retryAfterSeconds: number
}
/** Throws OutgoingError; any status but a redirect is a reply. */
export type CallWebhook = (call: WebhookCall) => Promise<WebhookReply>

const mostBytes = 64 * 1_024
/** The worker of each webhook bounds its own calls. */
const atOncePerHost = 100_000

const readSeconds = (text: string | null): number => (text && /^\d{1,9}$/.test(text) ? Number(text) : 0)

export const createCallWebhook = (fetch: OutgoingFetch, clock: Pick<Clock, 'now'>): CallWebhook =>
  async function callWebhook({ url, secrets, id, body }) {
    const seconds = Math.floor(clock.now() / 1_000)
    const { status, headers } = await fetch(url, {
      method: 'POST',
      headers: {
        ...signWebhook(secrets, { id, seconds, body }),
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
      },
      body,
    })
    return { status, retryAfterSeconds: readSeconds(headers.get('retry-after')) }
  }

type Needs = {
  config: Pick<Config, 'outgoing' | 'webhooks'>
  clock: Pick<Clock, 'now'>
  isTrial: boolean
  resolve?: Resolve
}

export const openCallWebhook = ({ config, clock, isTrial, resolve }: Needs): CallWebhook => {
  const bounds = {
    mostBytes,
    timeoutMs: config.webhooks.timeoutMs,
    timeoutSetting: 'webhooks.timeoutMs',
    atOncePerHost,
  }
  return createCallWebhook(
    createOutgoingFetch({ config: config.outgoing, isTrial, bounds, ...(resolve && { resolve }) }),
    clock,
  )
}
