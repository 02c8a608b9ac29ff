import { readFileSync } from 'node:fs'
import type { Schema, Shape } from './shapes.ts'

/** What every JSON call names beside its own members. A public app is called without its secret. */
const credentials: Record<string, Schema> = {
  appid: { type: 'string', description: 'App id' },
  appsecret: { type: 'string', description: 'App secret; none for a public app' },
}

const code: Schema = { type: 'integer', description: 'See errors.md; decide by it, never by msg' }

const commonReply: Record<string, Schema> = {
  code,
  msg: { type: 'string', description: 'The text of the code in the language of the caller' },
}

/** docs/openapi.json: the JSON form of every operation (OpenAPI 3.1). The sealed forms are in protocol.md. */
export function composeOpenApi(shapes: readonly Shape[]) {
  const { version, description } = JSON.parse(
    readFileSync(new URL(import.meta.resolve('#root/package.json')), 'utf8'),
  )
  return {
    openapi: '3.1.0',
    info: { title: 'Torii', version, description: `${description}. The form of calls and replies as JSON.` },
    servers: [{ url: 'https://login.example.com' }],
    paths: Object.fromEntries(shapes.map((shape) => [shape.path, composePath(shape)])),
    components: {
      schemas: { Refusal: { type: 'object', properties: commonReply, required: ['code', 'msg'] } },
    },
  }
}

function composePath(shape: Shape) {
  const { path, summary, reply, bare } = shape
  const operation = {
    operationId: path
      .replace('/v1/', '')
      .replaceAll(/[/-](\w)/g, (_, letter: string) => letter.toUpperCase()),
    summary,
    responses: {
      200: { description: 'Done', content: toContent(withMembers(reply, bare ? { code } : commonReply)) },
      default: { description: 'Refused', content: toContent({ $ref: '#/components/schemas/Refusal' }) },
    },
  }
  if (bare) return { get: { ...operation, parameters: composeParameters(shape.input) } }
  const content = toContent(withMembers(strictOf(shape), credentials, ['appid']))
  return { post: { ...operation, requestBody: { required: true, content } } }
}

function strictOf({ input, isStrict }: Shape): Schema {
  return isStrict ? { ...input, additionalProperties: false } : input
}

function composeParameters({ properties = {}, required = [] }: Schema) {
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

function withMembers(schema: Schema, members: Record<string, Schema>, needed = Object.keys(members)): Schema {
  return {
    ...schema,
    type: 'object',
    properties: { ...members, ...schema.properties },
    required: [...needed, ...(schema.required ?? [])],
  }
}

function toContent(schema: Schema | { $ref: string }) {
  return { 'application/json': { schema } }
}
