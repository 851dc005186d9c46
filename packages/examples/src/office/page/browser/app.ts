/// <reference lib="dom" />
import { BoardPart } from './board.js'
import { Connection } from './connection.js'
import type { Line, Office } from './connection.js'
import { byId, person, say } from './element.js'
import { OfficePart } from './office.js'

const lineBox = byId('line', HTMLParagraphElement)
const lineText = byId('line-text', HTMLSpanElement)
const refusal = byId('refusal', HTMLParagraphElement)

let line: Line | null = null
let office: Office | null = null

function drawLine(): void {
  lineBox.classList.toggle('waiting', line?.kind === 'waiting' || office?.server === null)
  if (line) say(lineText, sentence(line))
}

function sentence(now: Line): string {
  if (now.kind === 'waiting') {
    const names = now.names.length > 0 ? now.names.map(person).join(', ') : 'the office'
    return `Nobody answers. Waiting for ${names}; what you typed stays here.`
  }
  const where = office ? person(office.self) : ''
  if (office && office.server === null)
    return `Connected to ${where}, but nobody serves yet; what you do is kept.`
  return now.movedFrom === null
    ? `Connected to ${where}`
    : `Moved to ${where}, because ${person(now.movedFrom)} was gone`
}

const board = new BoardPart((command) => connection.send(command))
const peers = new OfficePart((wish) => {
  void connection.wish(wish).then((reply) => {
    refusal.hidden = reply.ok
    say(refusal, reply.ok ? '' : reply.text)
  })
})
const connection = new Connection({
  board: (state) => board.show(state),
  office: (state) => {
    office = state
    peers.show(state)
    drawLine()
  },
  line: (state) => {
    line = state
    drawLine()
  },
})
