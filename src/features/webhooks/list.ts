/** The webhooks that take events, as this process knows them; the change log renews them. */
import type { Db, Executor } from '../../adapters/db/index.ts'
import type { WebhookEvent } from './api.ts'
import { findListed, type ListedRow } from './repo.ts'

export type ListedWebhook = {
  webhookId: string
  /** The app, and those whose tickets it checks. */
  appIds: readonly string[]
  /** Undefined: all. */
  kinds: readonly string[] | undefined
}

export const allKinds = '*'

/** Empty: all. */
export const readKinds = (text: string): string[] | undefined =>
  text === allKinds ? undefined : text.split(' ')

const toListed = ({ webhookId, appId, checks, kinds }: ListedRow): ListedWebhook => ({
  webhookId,
  appIds: [appId, ...(checks === null ? [] : (JSON.parse(checks) as string[]))],
  kinds: readKinds(kinds),
})

/** An event of an app is for that app and its backends; one that names no app is for all. */
export const takes = (
  { appIds, kinds }: ListedWebhook,
  { kind, appId }: Pick<WebhookEvent, 'kind' | 'appId'>,
): boolean => (kinds === undefined || kinds.includes(kind)) && (appId === null || appIds.includes(appId))

export const createWebhookList = ({ db }: { db: Pick<Db, 'write'> }) => {
  let known: readonly ListedWebhook[] | undefined
  const load = async (executor: Executor) => (await findListed(executor)).map(toListed)
  return {
    /** A server has them since its start; a command reads them with the first event. */
    get: async (trx: Executor): Promise<readonly ListedWebhook[]> => {
      known ??= await load(trx)
      return known
    },
    /** Of a server, without a trip. */
    isEmpty: () => known?.length === 0,
    reload: async () => {
      known = await load(db.write)
    },
  }
}

export type WebhookList = ReturnType<typeof createWebhookList>
