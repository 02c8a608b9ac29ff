/** Two processes that share everything, with the patience that production has. */
import { type Environment, openShared, spawnServer } from '../harness/test-server.ts'
import { spawnTimed } from './slowness.ts'

/** Undoes some of what `openShared` changes for busy machines. */
const defaults: Environment = {
  TORII__STORE__COMMAND_TIMEOUT_MS: '150',
  TORII__PASSWORD__MAX_WAIT_MS: '600',
}

export const openPair = async (t: { teardown(end: () => unknown): void }, more: Environment = {}) => {
  const shared = await openShared({ ...defaults, ...more })
  t.teardown(() => shared.close())
  const { server: first, slowness } = await spawnTimed(shared.environment)
  const servers = [first, await spawnServer(shared.environment)]
  t.teardown(() => Promise.all(servers.map((server) => server.stop())))
  return { ...shared, servers, slowness, urlAt: (place: number) => servers[place % 2]?.url ?? '' }
}
