import { readdirSync } from 'node:fs'

export type Schema = {
  type?: string | readonly string[]
  properties?: Record<string, Schema>
  required?: readonly string[]
  items?: Schema
  additionalProperties?: boolean
  description?: string
}

export type Shape = {
  path: string
  summary: string
  replay: string
  bare?: true
  tiers?: readonly string[]
  maxAuthAgeSeconds?: number
  freshFor?: readonly string[]
  provesAnew?: readonly string[]
  right?: string
  role?: string
  isStrict?: true
  input: Schema
  reply: Schema
}

const features = new URL('../../src/features/', import.meta.url)

/** Every operation that a `wire.ts` declares, in the order of the paths. */
export async function loadShapes(): Promise<Shape[]> {
  const files = readdirSync(features, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => /^[^/]+\/wire\.js$/.test(name))
  const modules = await Promise.all(files.map((name) => import(new URL(name, features).href)))
  return modules
    .flatMap((module: object) => Object.values(module))
    .filter(isShape)
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

function isShape(value: unknown): value is Shape {
  return typeof value === 'object' && value !== null && 'path' in value && 'reply' in value
}
