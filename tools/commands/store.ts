/** `torii store`: what servers keep for a short time. */
import type { Command } from 'commander'
import { type Context, describe } from '../console/context.ts'
import { Refusal } from '../console/refusal.ts'
import { placeOf } from '../doctor/store.ts'

const clear = async (context: Context, { yes = false }: { yes?: boolean }) => {
  const { store, words } = await context.readConfig()
  if (!store.url && store.clusterNodes.length === 0)
    throw new Refusal('the store is the memory of the server: restart the server to empty it')
  if (store.keyPrefix === '')
    throw new Refusal('store.keyPrefix is empty, so every key there could be of another program')
  const place = placeOf(store)
  await context.confirm(`Remove all keys that begin with ${store.keyPrefix} from ${place}?`, yes)
  const { clearRedis } = await import('../../src/adapters/store/clear.ts')
  const removed = await clearRedis(store, { kept: [words.redis.key], tell: () => {} })
  const remarks = await context.recordEvent('store.cleared', { keys: String(removed), place })
  context.print({ removed, keyPrefix: store.keyPrefix, place }, [
    `${removed} keys that began with ${store.keyPrefix} are removed from ${place}. Clients exchange their A2 now.`,
    ...remarks,
  ])
}

export const register = (program: Command, context: Context) => {
  const store = describe(program.command('store'), 'The store in Redis', 'torii store clear')
  describe(
    store.command('clear'),
    "Removes this server's keys from the store",
    'torii store clear',
    'torii store clear --yes',
  )
    .description(
      "Removes this server's keys (store.keyPrefix) from a Redis or a Cluster, SKeys first. Word lists and keys of " +
        'others stay. No account is lost: clients exchange their A2 for a new SKey.',
    )
    .option('--yes', 'do not ask')
    .action((options: { yes?: boolean }) => clear(context, options))
}
