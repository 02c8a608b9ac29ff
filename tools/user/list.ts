/** `torii user list`: accounts by number, a page at a time. */
import type { Admin, Context } from '../console/context.ts'
import { alignRows, isoTime } from '../console/text.ts'
import { toTime } from './show.ts'

export type ListOptions = { after: number; most?: number; search?: string; csv?: boolean }
type Listed = Awaited<ReturnType<Admin['accounts']['list']>>[number]

const pageLength = 1_000
const head = ['number', 'name', 'nickname', 'status', 'registered'] as const

const fold = (text: string) => text.normalize('NFKC').toLowerCase()

const cellsOf = ({ userId, userName, nickName, status, createdAt }: Listed) => [
  String(userId),
  userName,
  nickName,
  status,
  isoTime(createdAt),
]

const toData = ({ userId, userName, nickName, status, createdAt }: Listed) => ({
  // As on the wire: a number that programs must not calculate with.
  userId: String(userId),
  userName,
  nickName,
  status,
  createdAt: toTime(createdAt),
})

/** RFC 4180; a spreadsheet would take a cell that begins so for a formula. */
const toCsv = (cells: readonly string[]) =>
  cells.map((cell) => `"${cell.replace(/^[=+@\t\r-]/, "'$&").replaceAll('"', '""')}"`).join(',')

/**
 * The owner of a whole address, by the index. Otherwise those whose names fit, read in pages: a search in the database
 * would hold a statement for as long as it has users.
 */
async function* findAll({ accounts }: Admin, { after, search = '' }: ListOptions) {
  const owner = search === '' ? undefined : await accounts.findByAddress(search)
  if (owner) {
    if (owner.userId > after) yield owner
    return
  }
  const wanted = fold(search)
  const fits = ({ userName, nickName }: Listed) =>
    [userName, nickName].some((name) => fold(name).includes(wanted))
  for (let last = after; ; ) {
    const page = await accounts.list(last, pageLength)
    yield* page.filter(fits)
    const end = page.at(-1)
    if (!end || page.length < pageLength) return
    last = end.userId
  }
}

const writeCsv = async (admin: Admin, { write }: Context, options: ListOptions) => {
  write(`${toCsv(head)}\r\n`)
  let left = options.most ?? Number.POSITIVE_INFINITY
  for await (const account of findAll(admin, options)) {
    if (left-- <= 0) return
    write(`${toCsv(cellsOf(account))}\r\n`)
  }
}

const nextPage = ({ search }: ListOptions, last: Listed) =>
  `More: torii user list --after ${last.userId}${search === undefined ? '' : ` --search ${search}`}`

export const list = (context: Context, options: ListOptions) =>
  context.withAdmin(async (admin) => {
    if (options.csv) return writeCsv(admin, context, options)
    const most = options.most ?? 50
    const found: Listed[] = []
    for await (const account of findAll(admin, options)) {
      found.push(account)
      if (found.length === most) break
    }
    const last = found.at(-1)
    const next = last && found.length === most ? [nextPage(options, last)] : []
    const none = `${admin.place} has no ${options.search === undefined ? 'user' : 'such user'} after ${options.after}`
    const lines = [...alignRows([head, ...found.map(cellsOf)]), ...next]
    context.print(found.map(toData), found.length > 0 ? lines : [none])
  })
