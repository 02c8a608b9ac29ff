import type { FileResult } from './tap-file.ts'

/** Prints how each part of the run went, and counts. */
export function createReport(print: (line: string) => void) {
  let passed = 0
  let failed = 0
  const failedNames: string[] = []
  const line = (word: string, name: string, note: string) => print(`${word.padEnd(8)}${name}  ${note}`)
  const time = (seconds: number) => `(${seconds.toFixed(1)} s)`
  const countFailure = (name: string) => {
    failed += 1
    failedNames.push(name)
  }

  return {
    stepPassed(name: string, seconds: number) {
      passed += 1
      line('ok', name, time(seconds))
    },
    stepFailed(name: string, details: string) {
      countFailure(name)
      line('FAILED', name, '')
      print(details.trimEnd().replaceAll(/^/gm, '    '))
    },
    file(name: string, { passed: good, failures, remarks, seconds }: FileResult) {
      passed += good
      if (failures.length === 0) line('ok', name, `${good} passed ${time(seconds)}`)
      else line('FAILED', name, `${good} passed, ${failures.length} failed ${time(seconds)}`)
      for (const remark of remarks) print(`        ${remark}`)
      for (const { title, details } of failures) {
        countFailure(`${name}: ${title}`)
        print(`    ${title}`)
        if (details !== '') print(details.trimEnd().replaceAll(/^/gm, '        '))
      }
    },
    /** Repeats the names of what failed, and ends with the line that others read. */
    end(remark: string) {
      if (failedNames.length > 0) print(`\nFailed:\n${failedNames.map((name) => `    ${name}`).join('\n')}`)
      print(`\n${passed} passed, ${failed} failed${remark === '' ? '' : ` (${remark})`}`)
      return failed
    },
  }
}
