import { posix } from 'node:path'
import ts from 'typescript'
import { type Room, rooms } from './rooms.ts'

/** `owners`: each table with the folder of the feature that writes it. */
export type SourceFile = { path: string; text: string; owners: ReadonlyMap<string, string> }

/** The tables that a feature's tables.ts adds. */
export const readOwners = (path: string, text: string): [table: string, feature: string][] => {
  const feature = /^src\/features\/([^/]+)\/tables\.ts$/.exec(path)?.[1]
  const members = /interface Tables \{([^}]*)\}/.exec(text)?.[1] ?? ''
  return feature === undefined
    ? []
    : [...members.matchAll(/(\w+):/g)].map(([, table = '']) => [table, feature])
}

type Report = (node: ts.Node, rule: string) => void
type Import = { node: ts.Node; from: string; typeOnly: boolean }

const maxLines = 300
const isGenerated = /^\/\*\* Made from .* by `npm run generate`\. \*\/\n/
const emptyNames = /(^|\/)(utils?|helpers?|common|misc|lib)(\/|\.ts$)/
const usesProcess = /^(src\/(config\/load|server)\.ts|tools\/.*)$/
const writesQueries = /^src\/(adapters\/db\/.*|features\/.*\/repo\.ts)$/
const isGivenTimeAndChance = /^src\/(features|protocol|http)\//
const queryWrites = ['insertInto', 'updateTable', 'deleteFrom', 'replaceInto', 'mergeInto']
const queryStarts = ['selectFrom', ...queryWrites]

/** One sentence, with file, line and rule, for each rule of the architecture that the file breaks. */
export function checkFile({ path, text, owners }: SourceFile): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true)
  const broken: string[] = []
  const say = (line: number, rule: string) => broken.push(`${path}:${line} ${rule}`)
  const report: Report = (node, rule) =>
    say(file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1, rule)

  const lines = text.trimEnd().split('\n').length
  if (lines > maxLines && !isGenerated.test(text))
    say(lines, `has more than ${maxLines} lines: cut it where a reader would`)
  if (emptyNames.test(path)) say(1, 'has a name that says nothing: put it into the room that uses it')
  const room = rooms.find(({ files }) => files.test(path))
  if (room === undefined) say(1, 'belongs to no room of the architecture')

  const visit = (node: ts.Node): void => {
    const found = findImport(node)
    if (found !== undefined && room !== undefined) checkImport(path, room, found, report)
    for (const check of nodeChecks) check(node, { path, owners }, report)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return broken
}

function findImport(node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const clause = node.importClause
    const named = clause?.namedBindings
    const onlyTypes =
      clause !== undefined &&
      (clause.phaseModifier === ts.SyntaxKind.TypeKeyword ||
        (clause.name === undefined &&
          named !== undefined &&
          ts.isNamedImports(named) &&
          named.elements.length > 0 &&
          named.elements.every((element) => element.isTypeOnly)))
    return { node, from: node.moduleSpecifier.text, typeOnly: onlyTypes }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
    return { node, from: node.moduleSpecifier.text, typeOnly: node.isTypeOnly }
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return { node, from: node.argument.getText().slice(1, -1), typeOnly: true }
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [name] = node.arguments
    if (name && ts.isStringLiteralLike(name)) return { node, from: name.text, typeOnly: false }
  }
  return undefined
}

function checkImport(path: string, room: Room, { node, from, typeOnly }: Import, report: Report): void {
  const refuse = (what: string) =>
    report(node, `imports ${what}: ${room.name} may import only ${room.rule} (arrows of the architecture)`)
  if (from.startsWith('node:')) {
    if (!room.node) refuse(from)
    return
  }
  const target = resolveFile(path, from)
  if (target === undefined) {
    // The shape of a package is not its code; which packages a room runs is what matters.
    const isShape = typeOnly && (room.node || from === 'typebox')
    if (!room.packages.some((name) => matchesPackage(name, from)) && !isShape) refuse(from)
    return
  }
  const own = room.files.exec(path)?.[1] ?? ''
  const matches = (places: readonly string[]) =>
    places.some((place) => matchesPlace(place.replace('{room}', own), target))
  if (matches(room.values)) return
  if (!matches(room.types)) refuse(target)
  else if (!typeOnly) refuse(`values of ${target}`)
}

/** The path from the root of the repository; undefined for a package. */
function resolveFile(path: string, from: string): string | undefined {
  if (from.startsWith('#root/')) return from.slice('#root/'.length)
  if (from.startsWith('.')) return posix.join(posix.dirname(path), from)
  return undefined
}

const matchesPackage = (name: string, from: string) =>
  name === '*' || from === name || from.startsWith(`${name}/`) || isIn(name, '/*', from)

const isIn = (name: string, end: string, from: string) =>
  name.endsWith(end) && from.startsWith(name.slice(0, -1))

function matchesPlace(place: string, target: string): boolean {
  const [before = '', after] = place.split('*')
  if (after !== undefined) return target.startsWith(before) && target.endsWith(after)
  return place.endsWith('/') ? target.startsWith(place) : target === place
}

type NodeCheck = (node: ts.Node, file: Omit<SourceFile, 'text'>, report: Report) => void

const nodeChecks: readonly NodeCheck[] = [
  function processBelongsToConfigAndServer(node, { path }, report) {
    if (usesProcess.test(path)) return
    const isName = ts.isIdentifier(node) && node.text === 'process' && isReference(node)
    const isModule = ts.isStringLiteral(node) && /^(node:)?process$/.test(node.text)
    if (isName || (isModule && ts.isImportDeclaration(node.parent)))
      report(node, 'uses process: only config/load.ts, server.ts and tools may')
  },
  function featuresNeverSeeReply(node, { path }, report) {
    if (!path.startsWith('src/features/') || !ts.isIdentifier(node)) return
    const isParameter = node.text === 'reply' && ts.isParameter(node.parent) && node.parent.name === node
    if (isParameter || node.text === 'FastifyReply')
      report(node, 'takes the reply of Fastify: a feature returns its answer or throws')
  },
  function timeAndChanceComeIn(node, { path }, report) {
    if (!isGivenTimeAndChance.test(path)) return
    const text = ts.isCallExpression(node) ? node.expression.getText() : ''
    const isNow = ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length
    if (text === 'Math.random' || text === 'Date.now' || text === 'performance.now' || isNow)
      report(node, `calls ${text || 'new Date()'}: time and chance come in as arguments`)
  },
  function queriesAreInRepos(node, { path }, report) {
    if (writesQueries.test(path) || !ts.isPropertyAccessExpression(node)) return
    if (queryStarts.includes(node.name.text))
      report(node, `builds a query (${node.name.text}): only repo.ts of a feature and adapters/db may`)
  },
  function toolsHaveNoSql(node, { path }, report) {
    const found = path.startsWith('tools/') ? findImport(node) : undefined
    if (found?.from === 'kysely' && !found.typeOnly)
      report(node, 'imports kysely: tools have no SQL of their own')
  },
  // As they come, these two take half of the time that a start takes.
  function slowPackagesGiveTypes(node, { path }, report) {
    const found = path.startsWith('src/') ? findImport(node) : undefined
    if (found && !found.typeOnly && /^(kysely|typebox)(\/|$)/.test(found.from))
      report(node, `loads ${found.from}: adapters/db/kysely.ts and protocol/schema.ts have what runs`)
  },
  function tablesAreWrittenByTheirOwner(node, { path, owners }, report) {
    const feature = /^src\/features\/([^/]+)\/.*repo\.ts$/.exec(path)?.[1]
    if (!feature || !ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return
    const [table] = node.arguments
    if (!queryWrites.includes(node.expression.name.text) || !table || !ts.isStringLiteralLike(table)) return
    const owner = owners.get(table.text)
    if (owner !== feature)
      report(
        node.expression.name,
        `writes the table ${table.text}: only ${owner ?? 'its owner'} may, and gives the others a function`,
      )
  },
  function literalsAreNotSpread(node, { path }, report) {
    if (!path.startsWith('src/') || !ts.isSpreadAssignment(node)) return
    if (ts.isObjectLiteralExpression(node.expression))
      report(node, 'spreads a literal, whose members the compiler then does not check: one member a line')
  },
  // Table names are replaced in every query, so an alias that is a table's name would be replaced too.
  function noAliasIsATable(node, { path, owners }, report) {
    if (!path.endsWith('/repo.ts') || !ts.isStringLiteralLike(node)) return
    const alias = / as (\w+)$/.exec(node.text)?.[1]
    if (alias !== undefined && owners.has(alias))
      report(node, `gives a table the alias ${alias}, which is the name of a table`)
  },
]

/** Whether the name stands for the global, not for a member or a key that is called the same. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) {
    return parent.expression === node || parent.expression.getText() === 'globalThis'
  }
  return !(
    ts.isPropertyAssignment(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isImportSpecifier(parent)
  )
}
