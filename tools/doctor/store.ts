import { systemClock } from '../../src/adapters/clock.ts'
import { systemRandom } from '../../src/adapters/random.ts'
import { checkVerbs } from '../../src/adapters/store/check.ts'
import { openStore } from '../../src/adapters/store/open.ts'
import type { StoreConfig } from '../../src/config/index.ts'
import { explain } from '../console/explain.ts'
import { judgeClock } from './clocks.ts'
import { broken, type Finding, ok, warning } from './finding.ts'

const advices: readonly (readonly [problem: RegExp, advice: string])[] = [
  [/^store\./, 'no server starts: correct it'],
  [/ECONNREFUSED/, 'nothing listens there: start Redis, or correct store.url'],
  [/ENOTFOUND|EAI_AGAIN/, 'this name has no address: correct store.url, or mend the name service'],
  [/NOPERM|can't run this command/, 'this user lacks a right: docs/production.md has the ACL'],
  [/NOAUTH|WRONGPASS/, 'it refuses user or password of store.url'],
  [/READONLY/, 'it is a replica: name the primary in store.url'],
  [/OOM|MISCONF/, 'it takes no writes: look at its memory (maxmemory) and its disk'],
  [/LOADING/, 'it still reads its data: wait'],
  [/CLUSTERDOWN|MOVED/, 'the cluster lacks a shard: see CLUSTER INFO; name its nodes in store.clusterNodes'],
  [
    /certificate|SSL|TLS/i,
    'encryption fails: rediss:// is for a server with TLS; store.tlsCaFile names its authority',
  ],
]

/** Where the store is, without its password. */
export const placeOf = ({ url, clusterNodes }: StoreConfig) =>
  clusterNodes.length > 0 ? clusterNodes.join(' ') : URL.canParse(url) ? new URL(url).host : 'store.url'

/** Whether the store answers and takes every command, and how far its clock is from ours. */
export const checkStore = async (config: StoreConfig): Promise<Finding[]> => {
  if (!config.url && config.clusterNodes.length === 0) return [ok('store', 'memory of the server process')]
  const subject = `store ${placeOf(config)}`
  try {
    const store = await openStore({ config, clock: systemClock })
    try {
      await checkVerbs(store, systemRandom)
      const warnings = await store.findWarnings()
      const start = Date.now()
      const clock = await store.ping()
      const took = Date.now() - start
      return [
        ok(subject, `answers in ${took} ms, takes every command`),
        ...warnings.map((found) => warning(`settings of ${subject}`, found, 'CONFIG SET, and in its file')),
        judgeClock(`clock of ${subject}`, Math.round(clock - start - took / 2)),
      ]
    } finally {
      await store.close()
    }
  } catch (error) {
    const problem = explain(error)
    const advice = advices.find(([pattern]) => pattern.test(problem))?.[1]
    return [broken(subject, problem, advice ?? 'look at its own log, its load and the network')]
  }
}
