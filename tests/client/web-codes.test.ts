/** The verbs with which a page takes over a login. */
import t from 'tap'
import { createClient } from '../../src/client/index.ts'
import { openTestServer } from '../harness/test-server.ts'

t.setTimeout(60_000)
const headers = { host: 'localhost', 'content-type': 'application/json' }

t.test('a page takes over the login of an app, and both end together', async (t) => {
  const target = await openTestServer()
  t.teardown(target.close)
  const { apps } = target.server
  const help = await apps.add({ name: 'help pages' })
  await apps.set(target.app.appId, { jumpsTo: [help.appId] })
  await apps.reload()
  const connect = ({ appId, appSecret }: { appId: string; appSecret: string }) =>
    createClient({
      url: 'http://localhost',
      appId,
      appSecret,
      transport: 'json',
      fetch: async (url, init) => {
        const { pathname } = new URL(String(url))
        const payload = String(init?.body)
        const reply = await target.send({ method: 'POST', url: pathname, headers, payload })
        return new Response(reply.body, { status: reply.status })
      },
    })
  const [app, page] = [connect(target.app), connect(help)]
  await app.register({ userName: 'amber', password: 'correct horse' })
  const { verifier, challenge } = page.createWebVerifier()
  t.not(verifier, page.createWebVerifier().verifier)
  const { webCode, expiresSeconds } = await app.webCode({ challenge, app: help.appId })
  t.equal(expiresSeconds, 60)
  t.equal((await page.redeemWebCode({ webCode, verifier })).user.userName, 'amber')
  t.equal((await page.session()).tier, 'skey', 'the page keeps its ticket')
  await t.rejects(page.redeemWebCode({ webCode, verifier }), { name: 'WEB_CODE_INVALID' })
  t.equal((await page.session()).user.userName, 'amber', 'a failed jump leaves the login before')
  await t.rejects(app.webCode({ challenge, app: 'elsewhere' }), { name: 'JUMP_REFUSED' })
  await app.logout()
  await t.rejects(page.session(), { name: 'NOT_LOGGED_IN', reason: 'logged-out' })
})
