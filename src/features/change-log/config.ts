import { table } from '../../config/fields.ts'

export const tables = { changeLog: table('change_log') }
