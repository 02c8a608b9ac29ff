import { table } from '../../config/fields.ts'

export const tables = { heldMarks: table('held_marks') }
