import { errorGuide } from '../../src/protocol/error-guide.ts'
import { type CatalogueEntry, catalogue } from '../../src/protocol/errors.ts'

const errorRow = ({ code, name, status, text }: CatalogueEntry) => {
  const { when, todo } = errorGuide[name]
  return `| ${code} | ${name} | ${status} | ${text.en}<br>${text['zh-CN']} | ${when} | ${todo} |`
}

/** docs/errors.md: every code with its texts, when it is sent and what to do. */
export const errorPage = () => {
  const entries = Object.values(catalogue).sort((a, b) => a.code - b.code)
  const sections = [...new Set(Object.values(errorGuide).map(({ section }) => section))]
  return [
    '# Codes',
    '',
    'Generated from `src/protocol/errors.ts` and `error-guide.ts` by `npm run generate`.',
    '',
    'Decide by the number, never by `msg`. `HTTP` is the status of a JSON reply; encrypted replies come with 200.',
    'A number is `ABBCCDD`: A is 1 done, 2 refused, 3 done with a warning. Numbers are appended, never reused.',
    ...sections.flatMap((section) => [
      '',
      `## ${section}`,
      '',
      '| code | name | HTTP | `msg` | when | what to do |',
      '|---|---|---|---|---|---|',
      ...entries.filter(({ name }) => errorGuide[name].section === section).map(errorRow),
    ]),
    '',
  ].join('\n')
}
