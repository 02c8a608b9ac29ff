/** Headers and signatures of https://www.standardwebhooks.com (version 1). */
import { createHmac } from 'node:crypto'

/** `whsec_` and base64, as the specification writes a symmetric key. */
export const readWebhookSecret = (secret: string): Buffer =>
  Buffer.from(secret.replace(/^whsec_/, ''), 'base64')

/** `id` is the same at each attempt; `seconds` since 1970 are those of the attempt. */
export type SignedParts = { id: string; seconds: number; body: string }

/** The three headers of a call, with a signature of each secret: there are two while a secret is rotated. */
export const signWebhook = (secrets: readonly Buffer[], { id, seconds, body }: SignedParts) => ({
  'webhook-id': id,
  'webhook-timestamp': String(seconds),
  'webhook-signature': secrets
    .map((secret) => `v1,${createHmac('sha256', secret).update(`${id}.${seconds}.${body}`).digest('base64')}`)
    .join(' '),
})
