// A page as an app has it: the unmodified next-auth/react, and a socket for what is live.
import React from 'react'
import { createRoot } from 'react-dom/client'
import { SessionProvider, getCsrfToken, getProviders, getSession, signIn, signOut, useSession } from 'next-auth/react'

function Who() {
  const { data, status } = useSession()
  return <p id="who" data-status={status}>{data?.user?.email ?? status}</p>
}

// live opens a socket with a ticket and shows each status of a transcription as it comes.
async function live(server, transcription) {
  const { ticket } = await post('/ws-ticket', {})
  const seen = []
  const socket = new WebSocket(server, 'graphql-transport-ws')
  const ended = new Promise((resolve, reject) => {
    socket.onclose = event => reject(new Error(`closed with ${event.code} ${event.reason} after ${seen}`))
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data)
      if (message.type === 'connection_ack') {
        socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: {
          query: 'subscription($id: ID!) { transcriptionStatus(transcriptionId: $id) { status } }', variables: { id: transcription } } }))
      } else if (message.type === 'next') {
        seen.push(message.payload.data ? message.payload.data.transcriptionStatus.status : JSON.stringify(message.payload.errors))
      } else if (message.type === 'ping') {
        socket.send('{"type":"pong"}')
      } else if (message.type === 'complete' || message.type === 'error') {
        socket.onclose = null
        socket.close()
        resolve({ seen, ticket, last: message.type })
      }
    }
  })
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject })
  socket.send(JSON.stringify({ type: 'connection_init', payload: { ticket } }))
  return ended
}

async function graphql(query, variables) {
  const answer = await fetch('/graphql', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ query, variables }) })
  const { data, errors } = await answer.json()
  if (errors) throw new Error(JSON.stringify(errors))
  return data
}

async function post(path, body) {
  const answer = await fetch('/api/auth' + path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
  return { status: answer.status, ...await answer.json() }
}

// transcribe uploads a second of silence and asks for its transcript.
async function transcribe() {
  const { viewer } = await graphql('{ viewer { memberships { organization { id } } } }')
  const audio = new Uint8Array(44 + 16000)
  const view = new DataView(audio.buffer)
  const word = (at, text) => [...text].forEach((c, i) => { audio[at + i] = c.charCodeAt(0) })
  word(0, 'RIFF'); view.setUint32(4, audio.length - 8, true); word(8, 'WAVEfmt '); view.setUint32(16, 16, true)
  view.setUint16(20, 1, true); view.setUint16(22, 1, true); view.setUint32(24, 8000, true); view.setUint32(28, 16000, true)
  view.setUint16(32, 2, true); view.setUint16(34, 16, true); word(36, 'data'); view.setUint32(40, 16000, true)
  const { uploadCreate } = await graphql(
    'mutation($in: UploadCreateInput!) { uploadCreate(input: $in) { upload { id } targets { method url headers { name value } } userErrors { message } } }',
    { in: { organizationId: viewer.memberships[0].organization.id, filename: 'call.wav', contentType: 'audio/wav', sizeBytes: audio.length } })
  const [target] = uploadCreate.targets
  const headers = Object.fromEntries(target.headers.filter(h => h.name.toLowerCase() !== 'content-length').map(h => [h.name, h.value]))
  const put = await fetch(target.url, { method: target.method, headers, body: audio, credentials: 'omit' })
  if (!put.ok) throw new Error(`the upload was answered with ${put.status}`)
  const { uploadComplete } = await graphql(
    'mutation($in: UploadCompleteInput!) { uploadComplete(input: $in) { transcription { id } userErrors { message } } }', { in: { uploadId: uploadCreate.upload.id, transcribe: true } })
  if (!uploadComplete.transcription) throw new Error(JSON.stringify(uploadComplete.userErrors))
  return uploadComplete.transcription.id
}

Object.assign(window, { auth: { getCsrfToken, getProviders, getSession, signIn, signOut }, graphql, live, post, transcribe })

createRoot(document.getElementById('app')).render(<SessionProvider><Who /></SessionProvider>)
