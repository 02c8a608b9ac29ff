/** A server process in one of the worlds, clients of it, and what most tests of the client need beside them. */
import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { type ClientOptions, createClient } from '../../src/client/index.ts'
import { spawnServer } from '../harness/test-server.ts'
import { createTestStorage, createWire } from './wire.ts'
import type { World, worlds } from './worlds.ts'

export const password = 'correct horse 🔑'
export const randomUser = () => `user-${randomBytes(6).toString('hex')}`

/** What a call was refused with. */
export const refusalOf = (call: Promise<unknown>) =>
  call.then(
    () => 'nothing',
    (error) => error,
  )

export const loginsOf = async ({ db }: World, userId: string) =>
  db.write.selectFrom('logins').selectAll().where('userId', '=', Number(userId)).execute()

export const openConnected = async (t: Test, open: (typeof worlds)[number]['open']) => {
  const world = await open({ TORII__PASSWORD__COST: '4' })
  const server = await spawnServer(world.environment)
  t.teardown(async () => {
    await server.stop()
    await world.close()
  })
  const connect = (more: Partial<ClientOptions> = {}, storage = createTestStorage(), url = server.url) => {
    const wire = createWire(url)
    const options = {
      url,
      ...world.app,
      language: 'en',
      fetch: wire.fetch,
      storage,
      minimumKdfCost: 4,
      ...more,
    }
    return { wire, storage, client: createClient(options) }
  }
  return { world, server, connect }
}
