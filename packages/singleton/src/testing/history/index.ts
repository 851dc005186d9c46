export { fingerprint } from './fingerprint.js'
export { HistoryRecorder } from './recorder.js'
export { replayOf } from './replay.js'
export type { Replay, Step } from './replay.js'
export type {
  CommittedEntry,
  Echo,
  FinalReplica,
  Healing,
  History,
  JournalConflict,
  Operation,
  OperationOutcome,
  RecordedCommand,
  RecordedEnding,
  RecordedLife,
  RecordedMembers,
  RecordedReign,
  RecordedStart,
  Sample,
  StrangerAct,
  UnavailableAnswer,
} from './types.js'
