declare module '../../adapters/db/tables.ts' {
  interface Tables {
    settings: SettingRow
  }
}

export type SettingRow = { name: string; value: string }
