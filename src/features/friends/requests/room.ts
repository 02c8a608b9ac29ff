/**
 * Room for one request more in the list of a receiver. A full list shuts no one out, or robots could fill it for ever; nor
 * do new requests push out all others, or robots could empty it: the oldest one gives way, of the network that has the
 * most of them.
 */
import type { Config } from '../../../config/index.ts'
import type { Pair } from '../acts/pair.ts'
import { countReceived, deleteOldestRequest } from './repo.ts'

type Group = { appId: string; site: string; count: number }

const sum = (groups: readonly Group[]) => groups.reduce((total, { count }) => total + count, 0)

/** The network with the most requests; of equal ones the network of the request that comes. */
const findLargest = (groups: readonly Group[], site: string): string => {
  const counts = new Map<string, number>()
  for (const group of groups) counts.set(group.site, (counts.get(group.site) ?? 0) + group.count)
  const most = Math.max(...counts.values())
  if (counts.get(site) === most) return site
  return [...counts].find(([, count]) => count === most)?.[0] ?? site
}

/** True when another request had to give way. */
export const makeRoom = async (
  { trx, they, appId }: Pair,
  site: string,
  limits: Pick<Config['friends'], 'mostReceived' | 'mostReceivedOfApp'>,
): Promise<boolean> => {
  const groups = await countReceived(trx, they)
  const ofApp = groups.filter((group) => group.appId === appId)
  if (sum(ofApp) >= limits.mostReceivedOfApp) {
    await deleteOldestRequest(trx, { toId: they, site: findLargest(ofApp, site), appId })
    return true
  }
  if (sum(groups) < limits.mostReceived) return false
  await deleteOldestRequest(trx, { toId: they, site: findLargest(groups, site), appId: undefined })
  return true
}
