/** `docs/configuration.md`: every setting with its environment name, default and meaning. */
import { toEnvironmentName } from '../../src/config/error.ts'
import { ConfigSchema } from '../../src/config/index.ts'
import type { SchemaNode } from '../../src/config/shape.ts'

type Row = { path: string[]; schema: SchemaNode }

const introduction = `# Configuration

Generated from \`src/config/\` and \`src/features/*/config.ts\` by \`npm run generate\`.

The server reads, in this order: the defaults below, the JSON file that \`TORII_CONFIG\` names (without it \`config/default.json\`),
and the environment. A later source wins. An unknown key, or a value that does not fit, refuses to start and names its path.

- An environment name is \`TORII__\` and the path, each word in capitals. A list takes \`a,b\` or JSON; \`…__0__HOST\` sets one member.
- \`…__FILE\` after a name reads the value from that file, for secrets that a container mounts.
- Relative files are below the project's folder. \`npm start -- --print-config\` shows the result, with secrets masked.
- \`n\`, in environment names \`N\`, stands for the place in a list, from 0; \`name\` and \`NAME\` for the name of a provider.
`

/** Every setting in the order of the schema; the members of a list of sections, or of a map, follow it. */
const listSettings = (schema: SchemaNode, path: string[]): Row[] =>
  Object.entries(schema.properties ?? {}).flatMap(([key, member]) => {
    const own = [...path, key]
    if (member.properties) return listSettings(member, own)
    const { items, additionalProperties: mapItem } = member
    const item = Array.isArray(items) ? undefined : (items as SchemaNode | undefined)
    const inList = item?.properties ? listSettings(item, [...own, 'n']) : []
    const inMap = typeof mapItem === 'object' ? listSettings(mapItem, [...own, 'name']) : []
    return [{ path: own, schema: member }, ...inList, ...inMap]
  })

const allowed = ({ minimum, maximum, enum: names }: SchemaNode) => {
  if (names) return `One of ${names.map((name) => `\`${name}\``).join(', ')}. `
  return minimum === undefined ? '' : `${minimum} to ${maximum}. `
}

const row = ({ path, schema }: Row) => {
  const description = `${allowed(schema)}${schema.description ?? ''}${schema.secret ? ' (secret)' : ''}`
  const value = JSON.stringify(schema.default)
  return `| \`${path.join('.')}\` | \`${toEnvironmentName(path)}\` | \`${value}\` | ${description.replaceAll('|', '\\|')} |`
}

const heading = ['| key | environment | default | meaning |', '|---|---|---|---|']

export const configurationPage = (): string => {
  const rows = listSettings(ConfigSchema as SchemaNode, [])
  const sections = new Set(rows.map(({ path }) => path[0] ?? ''))
  const parts = [...sections].map((name) =>
    [`## ${name}`, '', ...heading, ...rows.filter(({ path }) => path[0] === name).map(row), ''].join('\n'),
  )
  return [introduction, ...parts].join('\n')
}
