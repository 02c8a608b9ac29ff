import type { World } from '../client/worlds.ts'
import { until } from '../harness/test-server.ts'

/** A public app for the pages of an origin, once the running server knows it. */
export const addPageApp = async (world: World, url: string, origin: string) => {
  const { appId } = await world.admin.apps.add({ name: 'page', isPublic: true, origins: [origin] })
  const preflight = { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } }
  const isListed = async () => (await fetch(`${url}/v1/session`, preflight)).status === 204
  await until(`the server lists ${origin}`, isListed, 30_000)
  return { url, appId }
}
