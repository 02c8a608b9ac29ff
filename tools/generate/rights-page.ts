import { tierRows } from '../../src/features/tickets/tiers.ts'
import type { Shape } from './shapes.ts'

const list = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ') || '–'

const needOf = ({ tiers = [], bare, right }: Shape) => {
  const tickets = list(tiers)
  const app = bare ? 'none' : right ? `with the right \`${right}\`` : 'any'
  return { tickets, app }
}

const ageOf = ({ maxAuthAgeSeconds, freshFor = [], provesAnew = [] }: Shape) => {
  if (maxAuthAgeSeconds === undefined) return '–'
  const instead = provesAnew.map((member) => `\`${member}\``).join(' or ')
  const only = freshFor.map((member) => `\`${member}\``).join(' or ')
  return `${maxAuthAgeSeconds} s${only && ` for ${only}`}${instead && `, or ${instead}`}`
}

const row = (shape: Shape) => {
  const { tickets, app } = needOf(shape)
  const role = shape.role === undefined ? '–' : `\`${shape.role}\``
  return `| \`${shape.path}\` | ${app} | ${tickets} | ${role} | ${ageOf(shape)} |`
}

/** docs/rights.md: what each operation asks for, from its shape. */
export const rightsPage = (shapes: readonly Shape[]) =>
  [
    '# What each operation asks for',
    '',
    'Generated from the shapes of `src/features/*/wire.ts` by `npm run generate`.',
    '',
    '- **ticket**: the tiers that open the operation. A ticket of another tier is refused with 2100400. Without a tier, no',
    '  login is needed, or the handler judges the ticket that it is asked about.',
    '- **role**: the right that a role of the user must have (`roles` in the configuration, `torii role grant`); otherwise',
    '  the call is refused with 2040510.',
    '- **age**: how long ago the user may have proved who they are; otherwise the call is refused with 2100401. The',
    '  members named behind it prove it anew. Where it is 300 s, it is the setting `password.freshSeconds`.',
    '',
    '| tier | exchanges for |',
    '|---|---|',
    ...Object.entries(tierRows).map(([tier, { exchangesFor }]) => `| \`${tier}\` | ${list(exchangesFor)} |`),
    '',
    '| operation | app | ticket | role | age |',
    '|---|---|---|---|---|',
    ...shapes.map(row),
    '',
  ].join('\n')
