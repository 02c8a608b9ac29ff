/** Secrets of webhooks: written as Standard Webhooks does, kept sealed and bound to their webhook. */
import type { Sealer } from '../../adapters/crypto.ts'
import type { Random } from '../../adapters/random.ts'
import type { WebhookRow } from './tables.ts'

const secretBytes = 32
const placeOf = (webhookId: string) => `webhooks.secret.${webhookId}`

/** Its text is shown once. */
export const createSecret = (sealer: Sealer, random: Random, webhookId: string) => {
  const bytes = random.bytes(secretBytes)
  return { secret: `whsec_${bytes.toString('base64')}`, sealed: sealer.seal(placeOf(webhookId), bytes) }
}

/** One, or two while the secret is rotated; the newest first. */
export const openSecrets = (
  sealer: Sealer,
  {
    webhookId,
    secretSealed,
    previousSealed,
  }: Pick<WebhookRow, 'webhookId' | 'secretSealed' | 'previousSealed'>,
): Buffer[] =>
  [secretSealed, ...(previousSealed ? [previousSealed] : [])].map((sealed) =>
    sealer.open(placeOf(webhookId), sealed),
  )
