/** The verbs of the client about profiles, and what an app may declare of them. */
import t from 'tap'
import { createClient } from '../../src/client/index.ts'
import { readProfileSchema } from '../../src/protocol/profile-schema.ts'
import { createTestClock, openTestServer } from '../harness/test-server.ts'

t.setTimeout(60_000)

const password = 'correct horse'
const minute = 60_000

t.test('a user sets a profile, takes another name, and is found', async (t) => {
  const clock = createTestClock(Date.now())
  const target = await openTestServer({ environment: { TORII__PASSWORD__COST: '4' }, clock })
  t.teardown(target.close)
  const headers = { host: 'localhost', 'content-type': 'application/json' }
  const open = () =>
    createClient({
      url: 'http://localhost',
      ...target.app,
      transport: 'json',
      minimumKdfCost: 4,
      now: clock.now,
      fetch: async (url, init) => {
        const { pathname } = new URL(String(url))
        const payload = String(init?.body)
        const reply = await target.send({ method: 'POST', url: pathname, headers, payload })
        return new Response(reply.body, { status: reply.status })
      },
    })
  const [amber, boris] = [open(), open()]
  const { user } = await amber.register({ userName: 'amber', password })
  await boris.register({ userName: 'boris', password })

  t.match(await amber.setProfile({ nickName: 'Amber L', region: 'Visby' }), { region: 'Visby' })
  t.match(await amber.userProfile(), { userName: 'amber', privacy: { age: 'friends' } })
  t.match(await boris.userProfile(user.userId), { nickName: 'Amber L', region: 'Visby' })
  await t.rejects(boris.userProfile('999999'), { name: 'USER_UNKNOWN' })
  await t.rejects(amber.setProfile({ icon: 'http://cdn.example.com/a.png' }), { name: 'PARAMETER_INVALID' })

  clock.add(10 * minute)
  await t.rejects(amber.renameUser({ userName: 'amber.lind' }), { name: 'FRESH_LOGIN_NEEDED' })
  await t.rejects(amber.renameUser({ userName: 'amber.lind', password: 'wrong horse' }), {
    name: 'OLD_PASSWORD_WRONG',
  })
  t.match(await amber.renameUser({ userName: 'amber.lind', password }), { userName: 'amber.lind' })
  await t.rejects(amber.renameUser({ userName: 'amber.vis', password }), { name: 'TOO_OFTEN' })
  const renamed = await amber.history({ limit: 1 })
  t.match(renamed.history, [{ kind: 'user.renamed', by: 'user', network: /\/24$/, detail: {} }])
  const before = await amber.history({ cursor: renamed.cursor ?? '' })
  t.match(before.history.at(-1), { kind: 'login', app: 'test' })
  t.notMatch(JSON.stringify([renamed, before]), /amber/, 'neither name')
  t.match([renamed.failures, before.failures], [{ hasMore: false }, undefined])
  await t.rejects(amber.disableUser({ user: 'boris', reason: 'spam' }), { name: 'ROLE_NEEDED' })
  await t.rejects(amber.enableUser({ user: 'boris', capability: 'search' }), { name: 'ROLE_NEEDED' })
  await open().login({ login: 'amber.lind', password })
  await t.rejects(open().login({ login: 'amber', password }), { name: 'LOGIN_FAILED' })

  t.match(await boris.findUsers({ by: 'userName', text: 'AMBER.LIND' }), { users: [{ userId: user.userId }] })
  await boris.setProfile({ nickName: 'Amber B' })
  const { users, cursor } = await boris.findUsers({ by: 'nickName', text: 'amb', limit: 1 })
  t.match(users, [{ nickName: 'Amber B' }])
  t.ok(cursor)
  const next = await boris.findUsers({ by: 'nickName', text: 'amb', limit: 1, cursor: cursor ?? '' })
  t.same(
    next.users.map(({ nickName }) => nickName),
    ['Amber L'],
  )
  t.notOk(next.cursor, 'the end of the list')
})

t.test('a profile schema is read strictly', async (t) => {
  const level = { name: 'level', type: 'integer', audience: 'everyone' }
  const motto = { name: 'motto', type: 'text', length: 80, audience: 'friends' }
  t.same(readProfileSchema(JSON.stringify([level, motto])), [level, { ...motto, words: 'refuse' }])
  t.same(readProfileSchema('[]'), [])
  const refused: [unknown, RegExp][] = [
    [{}, /an array/],
    [Array.from({ length: 33 }, (_, at) => ({ ...level, name: `n${at}` })), /at most 32/],
    [[level, level], /level is there twice/],
    [[{ ...level, name: '1st' }], /field 1 needs a name/],
    [[{ ...level, name: 'x'.repeat(33) }], /needs a name/],
    [[{ ...level, type: 'date' }], /type is one of/],
    [[{ ...level, audience: 'all' }], /audience is one of/],
    [[{ ...level, length: 3 }], /length and words are of texts/],
    [[{ ...motto, length: 2_001 }], /a length from 1 to 2000/],
    [[{ ...motto, words: 'drop' }], /refuse or mask/],
    [[{ ...level, secret: true }], /unknown member secret/],
    [[null], /field 1 needs a name/],
    [Array.from({ length: 5 }, (_, at) => ({ ...motto, name: `n${at}`, length: 2_000 })), /more than 8000/],
  ]
  for (const [fields, says] of refused) t.throws(() => readProfileSchema(JSON.stringify(fields)), says)
  t.throws(() => readProfileSchema('[{'), SyntaxError)
})
