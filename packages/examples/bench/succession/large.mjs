// A take-over with a million entries behind a snapshot and 100 MB of state.
export async function large({ report, snapshots }) {
  report.title('take-over with 1 M entries behind a snapshot and 100 MB of state')
  if (!snapshots) return report.say('skipped: no snapshots in this build')
  return report.say('skipped: this bench does not know the snapshots of this build yet')
}
