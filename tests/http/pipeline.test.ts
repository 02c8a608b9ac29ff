/** The table of the pipeline says where each stage is, and what it refuses with. */
import { readdir } from 'node:fs/promises'
import t from 'tap'
import { pipeline } from '../../src/http/pipeline.ts'
import { catalogue } from '../../src/protocol/errors.ts'

const folder = new URL('../../src/http/stages/', import.meta.url)
const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
const order = ['onRequest', 'preValidation', 'preHandler', 'onSend', 'onResponse']

t.test('each stage is a function of its name in the file that the table names', async (t) => {
  for (const { name, file } of pipeline) {
    const module = await import(new URL(file + extension, folder).href)
    t.type(module[name], 'function', `${file}: ${name}`)
  }
})

t.test('every file of stages/ is in the table', async (t) => {
  const files = (await readdir(folder)).filter((name) => name.endsWith(extension))
  const named = new Set(pipeline.map(({ file }) => file + extension))
  t.same(
    files.filter((name) => !named.has(name)),
    [],
  )
})

t.test('the table is in the order in which the stages run', async (t) => {
  const places = pipeline.map(({ hook }) => order.indexOf(hook))
  t.same(
    places,
    places.toSorted((a, b) => a - b),
  )
  for (const hook of order) {
    const scopes = pipeline.filter((stage) => stage.hook === hook).map(({ scope }) => scope)
    t.notMatch(
      scopes.join(' '),
      /operations.* all/,
      `${hook}: stages of operations run behind those of all requests`,
    )
  }
})

t.test('each refusal of the table is in the catalogue', async (t) => {
  for (const { name, refusesWith } of pipeline)
    for (const refusal of refusesWith) t.ok(catalogue[refusal], `${name}: ${refusal}`)
})
