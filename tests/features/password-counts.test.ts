/** What an administrator is told of a raised cost, where there are more users than one statement counts. */
import t from 'tap'
import { sql } from '../../src/adapters/db/kysely.ts'
import { createAdmin } from '../../src/admin.ts'
import { openWorld } from '../http/world.ts'

t.test('all logins are counted, page by page', async (t) => {
  const { server, config, clock } = await openWorld(t)
  const admin = createAdmin({ db: server.db, config, clock })
  const count = 12_001
  const numbers = sql`with recursive n (i) as (select 1 union all select i + 1 from n where i < ${count})`
  await sql`insert into accounts (user_id, tag, status, status_reason, epoch, created_at, updated_at, must_change)
    ${numbers} select 20000 + i, x'00', 'active', '', 1, 0, 0, 0 from n`.execute(server.db.write)
  await sql`insert into verifiers (login_key, user_id, verifier, created_at, updated_at)
    ${numbers} select cast('name:u' || i as blob), 20000 + i, case when i % 3 = 0 then 'none' else 'hmac$k1$s$m$' || (4 + i % 2) end, 0, 0 from n`.execute(
    server.db.write,
  )
  const withPassword = Array.from({ length: count }, (_, at) => at + 1).filter((i) => i % 3 !== 0)
  t.match(await admin.accounts.raise.status(), {
    logins: withPassword.length,
    moved: withPassword.filter((i) => i % 2 === 0).length,
    waiting: 0,
  })
})
