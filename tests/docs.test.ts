/** The pages that people read: their links lead somewhere, and the files and settings that they name exist. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('.', import.meta.resolve('#root/package.json')))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** The anchor of a heading, as code hosts derive it. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')

const anchorsOf = (path: string) =>
  [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading))

/** What is wrong with the links of a page. */
const checkLinks = (page: string, text: string): string[] => {
  const links = [...text.replace(/```[\s\S]*?```/g, '').matchAll(/\]\(([^)]+)\)/g)].map(
    ([, link = '']) => link,
  )
  return links
    .filter((link) => !/^https?:/.test(link))
    .flatMap((link) => {
      const [file = '', anchor] = link.split('#')
      const path = file === '' ? page : join(dirname(page), file)
      if (!existsSync(join(root, path))) return [`${page}: ${link} leads nowhere`]
      const isThere = anchor === undefined || anchorsOf(path).includes(anchor)
      return isThere ? [] : [`${page}: ${link} names no heading`]
    })
}

t.test('every link of a page leads to a file and a heading', async (t) => {
  t.same(
    pages.flatMap((page) => checkLinks(page, read(page))),
    [],
  )
  t.same(checkLinks('README.md', '[a](docs/none.md) [b](docs/glossary.md#none)'), [
    'README.md: docs/none.md leads nowhere',
    'README.md: docs/glossary.md#none names no heading',
  ])
})

t.test('every test that security.md names is there', async (t) => {
  const names = [...read('docs/security.md').matchAll(/^\|.*\|([^|]*)\|$/gm)]
    .flatMap(([, cell = '']) => [...cell.matchAll(/`([a-z-]+(?:\/[a-z-]+)*)`/g)])
    .map(([, name = '']) => name)
  t.ok(names.length > 20, 'the names are found')
  t.same(
    names.filter((name) => !existsSync(join(root, 'tests', `${name}.test.ts`))),
    [],
  )
})

t.test('the README stays short', async (t) => {
  t.ok(read('README.md').split('\n').length <= 121)
})

/** Names of each operation, and what copies of it do, as its shape has them. */
const shapes = readdirSync(join(root, 'src/features'))
  .map((feature) => `src/features/${feature}/wire.ts`)
  .filter((path) => existsSync(join(root, path)))
  .flatMap((path) => [...read(path).matchAll(/path: '([^']+)'.*?aliases: \[(.*?)\].*?replay: '([a-z]+)'/gs)])
  .map(([, path = '', aliases = '', replay = '']) => ({
    path,
    replay,
    names: [path, ...[...aliases.matchAll(/'([^']+)'/g)].map(([, alias = '']) => alias)],
  }))

t.test('the first table of protocol.md has every operation and its old names', async (t) => {
  const [, first = ''] = read('docs/protocol.md').split(/^## [12]\. .*$/m)
  const names = shapes.flatMap((shape) => shape.names)
  t.ok(names.length > 40, 'the names are found')
  const rows = first.split('\n').filter((line) => line.startsWith('|'))
  t.same(
    names.filter((name) => !rows.some((row) => row.includes(`\`${name}\``))),
    [],
  )
})

t.test('protocol.md says of every operation what copies of it do', async (t) => {
  const rows = read('docs/protocol.md').split('| operations | the same bytes again')[1]?.split('\n') ?? []
  const [once = [], login = []] = rows.slice(2, 4).map((row) => row.split('|')[1]?.trim().split(', '))
  const pathsOf = (replay: string) =>
    shapes.flatMap((shape) => (shape.replay === replay ? [shape.path.replace('/v1/', '')] : []))
  t.same([...once].sort(), pathsOf('once').sort())
  t.same([...login].sort(), pathsOf('login').sort())
})
