/** Operations that refuse members which they do not know. */
import { fastify } from 'fastify'
import t from 'tap'
import type { OperationShape } from '../../src/http/caller.ts'
import { createErrorHandler } from '../../src/http/error-handler.ts'
import { inputSchemaOf } from '../../src/http/input-schema.ts'
import { Type } from '../../src/protocol/schema.ts'
import { codes } from '../harness/codes.ts'

const shape = {
  path: '/v1/a',
  aliases: [],
  summary: 'A strict operation',
  limit: 'a',
  replay: 'read',
  isStrict: true,
  input: Type.Object({
    token: Type.Optional(Type.String({ maxLength: 4 })),
    name: Type.Optional(Type.String()),
    kept: Type.Optional(Type.Object({ size: Type.Optional(Type.Integer()) })),
  }),
  reply: Type.Object({}),
} as const satisfies OperationShape

t.test('a strict shape names the member that it does not know, at any depth', async (t) => {
  const app = fastify({ ajv: { customOptions: { removeAdditional: false, coerceTypes: false } } })
  t.teardown(() => app.close())
  app.decorateRequest('caller', null as never)
  app.addHook('onRequest', async (request) => {
    Object.assign(request, { caller: { language: 'en' } })
  })
  const needs = { now: () => 0, failureStatus: 403, isTrial: false, drawNonce: () => '' }
  app.setErrorHandler(createErrorHandler(needs))
  app.post('/strict', { schema: { body: inputSchemaOf(shape) } }, async () => ({ code: codes.OK }))
  app.post('/open', { schema: { body: inputSchemaOf({ input: shape.input }) } }, async () => ({
    code: codes.OK,
  }))
  const call = async (url: string, payload: object) =>
    (await app.inject({ method: 'POST', url, payload })).json()

  const common = { apiver: '1', appid: 'a', appsecret: 'b', token: 'c', rid: 'd', op: '/v1/a' }
  t.match(await call('/strict', { ...common, name: 'n', kept: { size: 1 } }), { code: codes.OK })
  const refusals: [object, string | undefined][] = [
    [{ ...common, role: 'admin' }, 'role'],
    [{ kept: { size: 1, status: 2 } }, 'kept.status'],
    [{ token: 'longer' }, 'token'],
    [{ constructor: 1 }, 'constructor'],
    [{ ['x'.repeat(41)]: 1 }, ''],
    [{ '<script>': 1 }, ''],
  ]
  for (const [members, info] of refusals) {
    const reply = await call('/strict', members)
    t.match(reply, { code: codes.PARAMETER_INVALID }, JSON.stringify(members))
    t.equal(reply.info ?? '', info, JSON.stringify(members))
  }
  t.match(
    await call('/open', { role: 'admin', kept: { status: 2 } }),
    { code: codes.OK },
    'else they are ignored',
  )
})
