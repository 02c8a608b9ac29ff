/** `torii webhook` on a database without a server; the receiver is on loopback. */
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import t, { type Test } from 'tap'
import { openDb } from '../../src/adapters/db/open.ts'
import { systemRandom } from '../../src/adapters/random.ts'
import { generateServerKey } from '../../src/adapters/server-key.ts'
import { loadConfig } from '../../src/config/load.ts'
import { answer, createActs, openReceiver } from '../features/webhooks/world.ts'
import { type Environment, embeddedEnvironment } from '../harness/test-server.ts'
import { ask, createFolder, createTorii } from './torii-process.ts'

t.setTimeout(60_000)

/** A migrated database with a key and an app, and no server. */
const open = async (t: Test, more: Environment = {}) => {
  const folder = createFolder(t)
  const serverKey = generateServerKey(systemRandom)
  const environment = { ...embeddedEnvironment(folder), TORII__SECURITY__SERVER_KEY: serverKey, ...more }
  const torii = createTorii(environment)
  await ask(torii, 'migrate', 'up')
  const config = loadConfig({ ...environment, TORII__DATABASE__FILE: join(folder, 'torii.sqlite') })
  const db = await openDb({ config: config.database })
  t.teardown(() => db.close())
  const acts = createActs(db, config)
  const { appId } = await acts.admin.apps.add({ name: 'shop' })
  return { torii, db, appId, ...acts }
}

t.test('a webhook is added with a secret that is shown once, listed, changed and removed', async (t) => {
  const { torii, appId, db } = await open(t)
  const added = await torii(
    'webhook',
    'add',
    'https://shop.example/torii',
    '--app',
    appId,
    '--events',
    'login.ended',
  )
  t.match(added, { code: 0, stdout: /The secret is shown this once/ })
  const [, secret = '', id = ''] = [
    '',
    ...(/secret +(whsec_\S+)/.exec(added.stdout)?.slice(1) ?? []),
    ...(/webhook +([0-9a-f]{12})/.exec(added.stdout)?.slice(1) ?? []),
  ]
  t.equal(Buffer.from(secret.slice(6), 'base64').length, 32)
  const listed = await torii('webhook', 'list', '--json')
  t.match(JSON.parse(listed.stdout), [
    {
      webhook: id,
      app: appId,
      url: 'https://shop.example/torii',
      events: ['login.ended'],
      state: 'good',
      waiting: 0,
    },
  ])
  t.match((await torii('webhook', 'set', id, '--events', 'all')).stdout, /events +all/)
  t.match((await torii('webhook', 'set', id, '--disable')).stdout, /state +disabled/)
  t.match(await torii('webhook', 'set', id), { code: 1, stderr: /say what to change/ })

  const rotated = await torii('webhook', 'rotate', id)
  const newer = /secret +(whsec_\S+)/.exec(rotated.stdout)?.[1] ?? ''
  t.not(newer, secret)
  t.match(await torii('webhook', 'rotate', id), { code: 1, stderr: /has two good secrets already/ })
  t.match(await torii('webhook', 'rotate', id, '--finish'), { code: 0, stdout: /newest secret alone/ })
  t.match(await torii('webhook', 'rotate', id, '--finish'), { code: 1, stderr: /nothing to finish/ })

  const told = [await torii('webhook', 'list'), listed, await torii('doctor', '--json')]
    .map((one) => one.stdout)
    .join()
  const audit = JSON.stringify(await db.write.selectFrom('auditEvents').selectAll().execute())
  for (const one of [secret, newer]) {
    t.notOk(told.includes(one.slice(6)), 'no list shows a secret')
    t.notOk(audit.includes(one.slice(6)), 'no audit event has it')
  }
  t.match(audit, /webhook\.added.*webhook\.changed.*webhook\.rotated.*webhook\.rotation-finished/)
  t.match(await torii('webhook', 'remove', id), { code: 1, stderr: /Say --yes/ })
  t.match(await torii('webhook', 'remove', id, '--yes'), { code: 0 })
  t.match(await torii('webhook', 'test', id), { code: 1, stderr: /there is no webhook/ })
})

t.test('says which app may have no webhook, and when there are as many as may be', async (t) => {
  const { torii, appId, admin } = await open(t)
  const { appId: third } = await admin.apps.add({ name: 'map', isThirdParty: true })
  const add = (app: string) => torii('webhook', 'add', 'https://shop.example/', '--app', app)
  t.match(await add(third), { code: 1, stderr: /is a third-party app/ })
  t.match(await add('nothing'), { code: 1, stderr: /no app has the id nothing/ })
  for (let count = 0; count < 10; count++) t.equal((await add(appId)).code, 0)
  t.match(await add(appId), { code: 1, stderr: /as many webhooks as it may have/ })
})

t.test('in service a webhook has TLS and no private address', async (t) => {
  const { torii, appId } = await open(t, { TORII__SERVER__TRIAL: 'false' })
  const long = await torii('webhook', 'add', `https://a.example/${'é'.repeat(1_900)}`, '--app', appId)
  t.match(long, { code: 2, stderr: /at most 2000 characters/ }, 'as it is kept, in ASCII')
  const inClear = await torii('webhook', 'add', 'http://127.0.0.1:9/', '--app', appId)
  t.match(inClear, { code: 1, stderr: /only a trial calls without TLS/ })
  const { stdout } = await torii(
    'webhook',
    'add',
    'https://127.0.0.1:9/secret-path',
    '--app',
    appId,
    '--json',
  )
  const tried = await torii('webhook', 'test', JSON.parse(stdout).webhook)
  t.match(tried, { code: 1, stderr: /127\.0\.0\.1 is not a public address \(outgoing\.privateNetworks\)/ })
  t.notMatch(tried.stderr, 'secret-path')
})

t.test('doctor tells what gave up deliveries, by the bound of all webhooks too', async (t) => {
  const { torii, appId, add, record } = await open(t, { TORII__WEBHOOKS__MAX_WAITING_IN_ALL: '100' })
  const { webhookId } = await add(appId, 'http://127.0.0.1:1/')
  const event = { userId: 1, kind: 'user.registered', appId } as const
  await record(...Array.from({ length: 99 }, () => event))
  t.notMatch((await torii('doctor', '--json')).stdout, 'too many deliveries wait')
  await record(event)
  const { stdout } = await torii('doctor', '--json')
  t.match(stdout, 'too many deliveries wait (webhooks.maxWaiting, webhooks.maxWaitingInAll)')
  t.match(stdout, `webhook ${webhookId}`)
})

t.test('a test is a signed call, and tells what the receiver has against it', async (t) => {
  const { torii, add, appId } = await open(t)
  const receiver = await openReceiver(t)
  const { webhookId, secret } = await add(appId, receiver.url)
  t.match(await torii('webhook', 'test', webhookId), { code: 0, stdout: /has taken an event webhook\.test/ })
  const [call] = receiver.calls
  t.match(new Webhook(secret).verify(call?.body ?? '', call?.headers ?? {}), { type: 'webhook.test' })
  receiver.reply = answer(401)
  t.match(await torii('webhook', 'test', webhookId), {
    code: 1,
    stderr: /refuses the signature; .*webhook rotate/,
  })
})

t.test(
  'lists dead letters, makes them due again and removes them; the doctor names the webhook',
  async (t) => {
    const { torii, add, appId, record, db, rows } = await open(t)
    const { webhookId } = await add(appId, 'https://shop.example/')
    t.match((await torii('doctor')).stdout, /webhooks +1, and none fails/)
    for (let count = 0; count < 3; count++) await record({ userId: 7, kind: 'user.registered', appId })
    await db.write
      .updateTable('deliveries')
      .set({ state: 'dead', problem: 'answers 500', attempts: 9 })
      .execute()
    const failingSince = Date.now() - 3_600_000
    await db.write
      .updateTable('webhooks')
      .set({ problem: 'answers 500', failures: 9, failingSince })
      .execute()
    const { code, stdout } = await torii('doctor')
    t.equal(code, 1)
    t.match(
      stdout,
      new RegExp(
        `webhook ${webhookId} .shop.example. +has failed for 60 minutes: answers 500: mend its receiver`,
      ),
    )
    t.match(stdout, new RegExp(`3 dead letters: "torii webhook dead ${webhookId}"`))
    const letters = JSON.parse((await torii('webhook', 'dead', webhookId, '--json')).stdout)
    t.match(letters, [
      { event: 'user.registered', userId: '7', number: 1, attempts: 9, problem: 'answers 500' },
      {},
      {},
    ])
    t.match(await torii('webhook', 'replay', webhookId), { code: 1, stderr: /name one dead letter/ })
    t.match(await torii('webhook', 'replay', webhookId, letters[1].id), { code: 0, stdout: /^1 deliveries/ })
    t.same(
      (await rows()).map(({ state }) => state),
      ['dead', 'waiting', 'dead'],
    )
    t.match(await torii('webhook', 'replay', webhookId, letters[1].id), {
      code: 1,
      stderr: /no such dead letter/,
    })
    t.match(await torii('webhook', 'replay', webhookId, '--all'), { code: 0, stdout: /^2 deliveries/ })
    await db.write.updateTable('deliveries').set({ state: 'dead' }).execute()
    t.match(await torii('webhook', 'dead', webhookId, '--remove', '--yes'), {
      code: 0,
      stdout: /^3 dead letters/,
    })
    t.match((await torii('webhook', 'dead', webhookId)).stdout, /has no dead letter/)
  },
)
