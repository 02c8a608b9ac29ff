import { items, type Json, text } from '../../stranger/client.ts'
import { fail, printStep } from '../core.ts'
import { expect, logIn, openLine } from '../line.ts'
import type { Options } from '../script.ts'

export const help =
  'two users become friends, give a remark and a permission, block, unblock and part; the app is of mode friend'
export const needs = ['url', 'app', 'secret'] as const
export const texts = 'NAME PASSWORD OTHER-NAME OTHER-PASSWORD'

const ok = 1_000_000
const unknown = 2_070_001

export const run = async (options: Options) => {
  const [login, password, otherLogin, otherPassword] = options.texts
  if (!login || !password || !otherLogin || !otherPassword) {
    return fail('expected two names, each with its password')
  }
  const line = await openLine(options)
  const tokens = [await logIn(line, login, password), await logIn(line, otherLogin, otherPassword)] as const
  const call = (who: 0 | 1, path: string, members: Json, code = ok) =>
    expect(line, path, { token: tokens[who], ...members }, code)
  const idOf = async (who: 0 | 1) => text(await call(who, '/v1/user/get', {}), 'user', 'userId')
  const [me, they] = [await idOf(0), await idOf(1)]
  const isListed = async (list: string) =>
    items(await call(0, '/v1/friend/list', { list }), 'users').some(({ userId }) => userId === they)

  await call(0, '/v1/friend/request', { requestTo: they, message: 'QA' })
  const waiting = items(await call(1, '/v1/friend/requests', { list: 'received' }), 'requests')
  if (!waiting.some(({ userId }) => userId === me)) fail('/v1/friend/requests: the request is not there')
  await call(1, '/v1/friend/accept', { acceptFrom: me })
  if (!(await isListed('friends'))) fail('/v1/friend/list: the friend is not there')
  printStep('friends', `${me} and ${they}`)

  const { remark } = await call(0, '/v1/friend/set', { setFor: they, remark: 'QA friend', granted: ['chat'] })
  if (remark !== 'QA friend') fail(`/v1/friend/set: the remark is ${remark}`)
  printStep('remark', String(remark))

  await call(0, '/v1/friend/block', { blockUser: they })
  await call(1, '/v1/user/get', { userId: me }, unknown)
  if (!(await isListed('blocked'))) fail('/v1/friend/list: the blocked user is not there')
  printStep('blocked', 'the other user finds no one')
  await call(0, '/v1/friend/unblock', { unblockUser: they })
  await call(1, '/v1/user/get', { userId: me })
  printStep('unblocked', 'and finds the user again; they are friends no more')
}
