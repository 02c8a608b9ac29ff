/** The SDK sends codes, and another one for a flow. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createClient } from '../../src/client/index.ts'
import { embeddedEnvironment, spawnServer } from '../harness/test-server.ts'
import { refusalOf } from './connected.ts'

t.test('a code, and the next one after the time that the reply tells', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  const demand = [{ purpose: 'code', by: 'network', count: 0, kind: 'work' }]
  const server = await spawnServer({
    ...embeddedEnvironment(folder),
    TORII__CAPTCHA__DEMAND: JSON.stringify(demand),
    TORII__CAPTCHA__WORK__MOST: '1000',
  })
  t.teardown(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })
  if (!server.app) throw new Error('no app')
  const client = createClient({ url: server.url, ...server.app, language: 'en' })
  const address = 'amber@example.com'
  const sent = await client.sendCode({ purpose: 'login', address })
  t.match(sent, { flow: /^login-[0-9a-f]{32}$/, kind: 'email', resendSeconds: 60, expiresSeconds: 600 })
  const { flow } = sent
  const again = await refusalOf(client.sendCode({ flow }))
  t.match(again, { name: 'CODE_TOO_SOON' })
  t.ok(again.retryAfterSeconds > 50, 'the captcha is solved by itself, and the minute is told')
  t.match(await refusalOf(client.sendCode({ flow: `login-${'0'.repeat(32)}` })), { name: 'CODE_EXPIRED' })
})
