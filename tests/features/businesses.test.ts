/** Which paths belong to a business: what servers read in different ways belongs to none. */
import t from 'tap'
import { isRoute, isUnderRoute } from '../../src/features/businesses/routes.ts'

t.test('a route has its path and what lies below', async (t) => {
  for (const path of ['/pay', '/pay/', '/pay/card', '/refund', '/pay/a.b/c-d/e~f', '/pay/...'])
    t.ok(isUnderRoute(path, ['/pay', '/refund']), path)
  for (const path of ['/payroll', '/', '', 'pay', '/Pay', '/mail/pay', '/refunds'])
    t.notOk(isUnderRoute(path, ['/pay', '/refund']), path)
  t.ok(isUnderRoute('/anything', ['/']))
})

t.test('a path that a server might read as another one belongs to no business', async (t) => {
  const odd = [
    '/pay/../admin',
    '/pay/..',
    '/pay/./x',
    '/pay//x',
    '//pay',
    '/pay/%2e%2e/admin',
    '/pay%2fx',
    '/pay\\..\\admin',
    '/pay\u0000',
    '/pay\n',
    '/pay?x=1',
    '/pay#x',
    '/pay/付',
  ]
  for (const path of odd) t.notOk(isUnderRoute(path, ['/', '/pay']), JSON.stringify(path))
})

t.test('a business without routes asks for no path', async (t) => {
  for (const path of ['/pay', '/a/../b', '']) t.ok(isUnderRoute(path, []), path)
})

t.test('a route is a plain path without an end', async (t) => {
  for (const route of ['/', '/pay', '/v1/pay', '/a-b/c_d']) t.ok(isRoute(route), route)
  for (const route of ['', 'pay', '/pay/', '/a/../b', '//a', '/a?b', `/${'a'.repeat(200)}`])
    t.notOk(isRoute(route), route)
})
